"""Layered ansaetze: hardware-efficient, strongly entangling, brickwork of SU(4)."""

from __future__ import annotations

from typing import Any

from ..circuit import Circuit, Layers
from ..circuit.constructors import CX, CZ, RY, RZ, SU4
from ..circuit.operations import as_qubits
from ..errors import ParameterError
from .arrays import as_parameters
from .entanglement import entangled_pairs


def hardware_efficient(params: Any, entanglement: Any = "linear") -> Circuit:
    """RY and RZ on every qubit and a layer of CZ, ``layers`` times, then RY and RZ once more.

    Args:
        params: radians, shape ``(layers + 1, n, 2)``: per qubit the angles of RY, then of RZ.
        entanglement: pairs joined by CZ, see `entangled_pairs`.

    Returns:
        A circuit on n qubits.

    Raises:
        ParameterError: params of another shape, an unknown entanglement.

    Source: the scheme of Kandala et al., arXiv:1704.05018 (rotations interleaved with a fixed
    entangler), with CZ as the entangler and two of the three Euler angles.

    Example:
        >>> import numpy as np, qjax as qj
        >>> shape = qj.templates.hardware_efficient_shape(n=4, layers=5)
        >>> qj.templates.hardware_efficient(np.zeros(shape)).counts()
        {'RY': 24, 'RZ': 24, 'CZ': 15}
    """
    params = as_parameters(
        params,
        ("layers + 1", "n", 2),
        "hardware_efficient: params",
        "params.reshape(qjax.templates.hardware_efficient_shape(n, layers))",
    )
    layers, n = params.shape[0] - 1, params.shape[1]
    pairs = entangled_pairs(n, entanglement)

    def rotations(angles: Any) -> list:
        return [[RY(angles[q, 0], q), RZ(angles[q, 1], q)] for q in range(n)]

    def layer(angles: Any) -> list:
        return [*rotations(angles), *(CZ(a, b) for a, b in pairs)]

    repeated = [Layers(layer, params[:-1])] if layers else []
    return Circuit(n, [*repeated, *rotations(params[-1])])


def hardware_efficient_shape(n: int, layers: int) -> tuple[int, int, int]:
    """The shape of the parameters of `hardware_efficient`: ``(layers + 1, n, 2)``."""
    return layers + 1, n, 2


def strongly_entangling(params: Any, ranges: Any = None) -> Circuit:
    """RZ, RY, RZ on every qubit, then a ring of CX over a distance that changes with the layer.

    Layer l applies ``RZ(w) RY(t) RZ(p)`` (p first) to every qubit and then ``CX(q, q + r)`` for
    all q in order, modulo n. The same circuit, in the same order of parameters, as PennyLane's
    `StronglyEntanglingLayers`. Layers of one distance repeat with the period of ``ranges``, and
    compile time follows that period, not the depth.

    Args:
        params: radians, shape ``(layers, n, 3)``: per qubit the angles p, t, w.
        ranges: the distance r of each layer, ``layers`` integers from 1 to n - 1; default
            ``1 + l mod (n - 1)``.

    Returns:
        A circuit on n qubits; without CX when n is 1.

    Raises:
        ParameterError: params or ranges of another shape or range.

    Source: Schuld, Bocharov, Svore and Wiebe, arXiv:1804.00633, circuit-centric classifier.

    Example:
        >>> import numpy as np, qjax as qj
        >>> shape = qj.templates.strongly_entangling_shape(n=3, layers=100)
        >>> len(qj.templates.strongly_entangling(np.zeros(shape)))
        1
    """
    params = as_parameters(
        params,
        ("layers", "n", 3),
        "strongly_entangling: params",
        "params.reshape(qjax.templates.strongly_entangling_shape(n, layers))",
    )
    layers, n = params.shape[:2]
    distances = _ranges(ranges, layers, n)
    period = next(p for p in range(1, layers + 1) if distances[p:] == distances[: layers - p])
    whole = layers // period

    def layer(angles: Any, r: int) -> list:
        rotations = [
            [RZ(angles[q, 0], q), RY(angles[q, 1], q), RZ(angles[q, 2], q)] for q in range(n)
        ]
        ring = [CX(q, (q + r) % n) for q in range(n)] if n > 1 else []
        return [*rotations, *ring]

    def turn(angles: Any) -> list:
        return [layer(angles[k], distances[k]) for k in range(period)]

    stacked = params[: whole * period].reshape(whole, period, n, 3)
    rest = [layer(params[k], distances[k]) for k in range(whole * period, layers)]
    return Circuit(n, [Layers(turn, stacked), *rest])


def _ranges(ranges: Any, layers: int, n: int) -> tuple[int, ...]:
    if ranges is None:
        return tuple(1 + k % max(n - 1, 1) for k in range(layers))
    distances = as_qubits(ranges, "strongly_entangling: ranges: ")
    if len(distances) != layers or any(not 0 < r < max(n, 2) for r in distances):
        raise ParameterError(
            "strongly_entangling: ranges must hold one distance per layer",
            expected=f"{layers} integers from 1 to {max(n - 1, 1)}",
            got=distances,
        )
    return distances


def strongly_entangling_shape(n: int, layers: int) -> tuple[int, int, int]:
    """The shape of the parameters of `strongly_entangling`: ``(layers, n, 3)``."""
    return layers, n, 3


def brickwork_su4(params: Any) -> Circuit:
    """General two-qubit gates on neighbours: even bonds, then odd bonds, ``layers`` times.

    Args:
        params: radians, shape ``(layers, n - 1, 15)``; ``params[l, k]`` belongs to qubits k and
            k + 1, in the order of `qjax.SU4`.

    Returns:
        A circuit on n qubits.

    Raises:
        ParameterError: params of another shape.

    Source: the alternating layered ansatz of Cerezo et al., arXiv:2001.00550, with SU(4) blocks.

    Example:
        >>> import numpy as np, qjax as qj
        >>> shape = qj.templates.brickwork_su4_shape(n=4, layers=6)
        >>> qj.templates.brickwork_su4(np.zeros(shape)).counts()
        {'SU4': 18}
    """
    params = as_parameters(
        params,
        ("layers", "n - 1", 15),
        "brickwork_su4: params",
        "params.reshape(qjax.templates.brickwork_su4_shape(n, layers))",
    )
    n = params.shape[1] + 1
    bonds = entangled_pairs(n, "pairwise")

    def layer(angles: Any) -> list:
        return [SU4(angles[a], a, b) for a, b in bonds]

    return Circuit(n, [Layers(layer, params)])


def brickwork_su4_shape(n: int, layers: int) -> tuple[int, int, int]:
    """The shape of the parameters of `brickwork_su4`: ``(layers, n - 1, 15)``."""
    return layers, n - 1, 15
