"""RealAmplitudes and EfficientSU2: rotations and CX layers in turn, as Qiskit defines them."""

from __future__ import annotations

from typing import Any

from ..circuit import Circuit, Layers
from ..circuit.constructors import CX, RY, RZ
from .arrays import as_parameters
from .entanglement import entangled_pairs


def real_amplitudes(params: Any, entanglement: Any = "reverse_linear") -> Circuit:
    """RY on every qubit and a layer of CX, ``layers`` times, then RY on every qubit.

    All amplitudes are real. ``params.reshape(-1)`` is the order of the parameters of Qiskit's
    `real_amplitudes` with ``reps=layers``, whose qubit k is qubit k here.

    Args:
        params: radians, shape ``(layers + 1, n)``; see `real_amplitudes_shape`.
        entanglement: see `entangled_pairs`.

    Returns:
        A circuit on n qubits.

    Raises:
        ParameterError: params of another shape, an unknown entanglement.

    Source: Qiskit 2.x, ``qiskit.circuit.library.real_amplitudes``.

    Example:
        >>> import numpy as np, qjax as qj
        >>> shape = qj.templates.real_amplitudes_shape(n=3, layers=10)
        >>> qj.templates.real_amplitudes(np.zeros(shape)).counts()
        {'RY': 33, 'CX': 20}
    """
    params = as_parameters(
        params,
        ("layers + 1", "n"),
        "real_amplitudes: params",
        "params.reshape(qjax.templates.real_amplitudes_shape(n, layers))",
    )
    layers, n = params.shape[0] - 1, params.shape[1]
    pairs = entangled_pairs(n, entanglement)

    def rotations(angles: Any) -> list:
        return [RY(angles[q], q) for q in range(n)]

    def layer(angles: Any) -> list:
        return [*rotations(angles), *(CX(a, b) for a, b in pairs)]

    repeated = [Layers(layer, params[:-1])] if layers else []
    return Circuit(n, [*repeated, *rotations(params[-1])])


def real_amplitudes_shape(n: int, layers: int) -> tuple[int, int]:
    """The shape of the parameters of `real_amplitudes`: ``(layers + 1, n)``."""
    return layers + 1, n


def efficient_su2(params: Any, entanglement: Any = "reverse_linear") -> Circuit:
    """RY and RZ on every qubit and a layer of CX, ``layers`` times, then RY and RZ once more.

    ``params.reshape(-1)`` is the order of the parameters of Qiskit's `efficient_su2` with
    ``reps=layers``, whose qubit k is qubit k here.

    Args:
        params: radians, shape ``(layers + 1, 2, n)``: RY angles, then RZ angles.
        entanglement: see `entangled_pairs`.

    Returns:
        A circuit on n qubits.

    Raises:
        ParameterError: params of another shape, an unknown entanglement.

    Source: Qiskit 2.x, ``qiskit.circuit.library.efficient_su2``.

    Example:
        >>> import numpy as np, qjax as qj
        >>> shape = qj.templates.efficient_su2_shape(n=3, layers=10)
        >>> qj.templates.efficient_su2(np.zeros(shape)).counts()
        {'RY': 33, 'RZ': 33, 'CX': 20}
    """
    params = as_parameters(
        params,
        ("layers + 1", 2, "n"),
        "efficient_su2: params",
        "params.reshape(qjax.templates.efficient_su2_shape(n, layers))",
    )
    layers, n = params.shape[0] - 1, params.shape[2]
    pairs = entangled_pairs(n, entanglement)

    def rotations(angles: Any) -> list:
        return [gate(angles[k, q], q) for k, gate in enumerate((RY, RZ)) for q in range(n)]

    def layer(angles: Any) -> list:
        return [*rotations(angles), *(CX(a, b) for a, b in pairs)]

    repeated = [Layers(layer, params[:-1])] if layers else []
    return Circuit(n, [*repeated, *rotations(params[-1])])


def efficient_su2_shape(n: int, layers: int) -> tuple[int, int, int]:
    """The shape of the parameters of `efficient_su2`: ``(layers + 1, 2, n)``."""
    return layers + 1, 2, n
