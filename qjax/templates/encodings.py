"""Encodings of data into states: by angles, amplitudes, bits, and diagonal feature maps."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..circuit import Circuit, Repeat
from ..circuit.constructors import RX, RY, RZ, RZZ, BasisState, H, P, StatePrep
from ..circuit.operations import is_concrete
from ..errors import DataError, ParameterError
from .arrays import as_parameters
from .entanglement import entangled_pairs

_ONE = "pass one sample; batch with jax.vmap"


def angle_encoding(x: Any, axis: str = "Y") -> Circuit:
    """One rotation per feature: ``exp(-i x_q A / 2)`` on qubit q. PennyLane's `AngleEmbedding`.

    Args:
        x: features as angles in radians, shape ``(n,)``.
        axis: ``"X"``, ``"Y"`` or ``"Z"`` (which acts trivially on ``|0>``: put H first).

    Returns:
        A circuit on n qubits.

    Raises:
        ParameterError: x of another shape, another axis.

    Example:
        >>> import qjax as qj
        >>> qj.templates.angle_encoding([0.1, 0.2])
        Circuit(2, [RY(0.1, 0), RY(0.2, 1)])
    """
    x = as_parameters(x, ("n",), "angle_encoding: x", _ONE)
    gates = {"X": RX, "Y": RY, "Z": RZ}
    if axis not in gates:
        raise ParameterError("angle_encoding: axis must be 'X', 'Y' or 'Z'", got=repr(axis))
    return Circuit(x.shape[0], [gates[axis](x[q], q) for q in range(x.shape[0])])


def basis_encoding(bits: Any) -> Circuit:
    """The basis state ``|bits>``. PennyLane's `BasisEmbedding`.

    Args:
        bits: such as ``"0110"`` or ``(0, 1, 1, 0)``; structure, so not traced.

    Returns:
        A circuit on as many qubits as bits.

    Raises:
        ParameterError: bits other than 0 and 1, none, or traced ones.

    Example:
        >>> import qjax as qj
        >>> qj.templates.basis_encoding("101")
        Circuit(3, [X(0), X(2)])
    """
    if isinstance(bits, jax.Array) and not is_concrete(bits):
        raise ParameterError(
            "basis_encoding: bits must be known when the function is traced",
            fix="use angle_encoding(jnp.pi * bits, axis='X'), the same state up to a phase",
        )
    try:
        values = [int(b) for b in bits]
    except (TypeError, ValueError):
        values = []
    if not values or any(v not in (0, 1) for v in values):
        raise ParameterError(
            "basis_encoding: bits must be zeros and ones",
            expected="such as '0110' or (0, 1, 1, 0)",
            got=repr(bits),
        )
    return Circuit(len(values), BasisState(values))


def amplitude_encoding(x: Any, n: int | None = None, pad: float | int = 0.0) -> Circuit:
    """The normalised vector as amplitudes. PennyLane's `AmplitudeEmbedding` with padding.

    Differentiable in x. A traced vector that turns out to be zero encodes ``|0...0>``, with zero
    gradient, so that one empty sample in a batch brings no NaN.

    Args:
        x: amplitudes, not normalised, real or complex, shape ``(m,)``.
        n: number of qubits, ``2**n >= m``; default the least possible.
        pad: the value of the ``2**n - m`` amplitudes that x does not fill.

    Returns:
        A circuit on n qubits.

    Raises:
        DataError: a vector of zeros (when concrete), or with NaN or infinity.
        ParameterError: x of another shape or not numbers, an n too small.

    Example:
        >>> import numpy as np, qjax as qj
        >>> circuit = qj.templates.amplitude_encoding(np.array([3.0, 0.0, 4.0]))
        >>> circuit.n, circuit[0].params[0].tolist()
        (2, [0.6, 0.0, 0.8, 0.0])
    """
    if not isinstance(x, jax.Array):
        x = np.asarray(x)
    if x.ndim != 1 or x.shape[0] == 0 or x.dtype.kind not in "biufcV":
        raise ParameterError(
            "amplitude_encoding: x must be a vector of numbers",
            expected="shape (m,)",
            got=f"shape {x.shape}, dtype {x.dtype}",
            fix="flatten images; batch with jax.vmap",
        )
    least = max((x.shape[0] - 1).bit_length(), 1)
    size = least if n is None else n
    if size < least:
        raise ParameterError(
            f"amplitude_encoding: n is too small for {x.shape[0]} amplitudes",
            expected=f"at least {least}",
            got=n,
        )
    xp = np if isinstance(x, np.ndarray) else jnp
    if not jnp.issubdtype(x.dtype, jnp.inexact):
        x = x.astype(float)
    x = xp.concatenate([x, xp.full(2**size - x.shape[0], pad, x.dtype)])
    if is_concrete(x):
        largest = float(np.max(np.abs(np.asarray(x))))
        if not 0 < largest < np.inf:
            raise DataError(
                "amplitude_encoding: x must have a finite norm other than zero",
                got="zeros only" if largest == 0 else "NaN or infinity",
            )
    return Circuit(size, [StatePrep(_normalised(x, xp), range(size))])


def _normalised(x: Any, xp: Any) -> Any:
    """``x / |x|``, and the first basis vector where x is zero; smooth elsewhere."""
    # Scaling by the largest element keeps the squares within range; the result does not depend
    # on it, so neither may the gradient.
    size = xp.max(xp.abs(x))
    size = size if xp is np else jax.lax.stop_gradient(size)
    empty = size == 0
    first = xp.asarray(np.eye(1, x.shape[0])[0], x.dtype)
    y = xp.where(empty, first, x) / xp.where(empty, 1, size).astype(x.dtype)
    return y / xp.sqrt(xp.sum((y * y.conj()).real)).astype(x.dtype)


def _check_layers(layers: int, name: str) -> None:
    if layers < 1:
        raise ParameterError(f"{name}: layers must be at least 1", got=layers)


def iqp_encoding(x: Any, layers: int = 1, entanglement: Any = "full") -> Circuit:
    """H, ``RZ(x_q)`` and ``RZZ(x_i x_j)``, repeated. PennyLane's `IQPEmbedding`.

    Args:
        x: features, shape ``(n,)``; as angles in radians.
        layers: how often, at least 1.
        entanglement: the pairs (i, j), see `entangled_pairs`.

    Returns:
        A circuit on n qubits.

    Raises:
        ParameterError: x of another shape, fewer than one layer, an unknown entanglement.

    Source: Havlicek et al., arXiv:1804.11326, with PennyLane's choice of angles.

    Example:
        >>> import qjax as qj
        >>> qj.templates.iqp_encoding([0.1, 0.2, 0.3], layers=2).counts()
        {'H': 6, 'RZ': 6, 'RZZ': 6}
    """
    x = as_parameters(x, ("n",), "iqp_encoding: x", _ONE)
    _check_layers(layers, "iqp_encoding")
    n = x.shape[0]
    block = [
        [H(q) for q in range(n)],
        [RZ(x[q], q) for q in range(n)],
        [RZZ(x[i] * x[j], i, j) for i, j in entangled_pairs(n, entanglement)],
    ]
    return Circuit(n, [Repeat(block, layers)])


def zz_feature_map(x: Any, layers: int = 2, entanglement: Any = "full") -> Circuit:
    """H, ``P(2 x_q)`` and ``exp(-i (pi - x_i)(pi - x_j) Z_i Z_j)``, repeated.

    The state of Qiskit's `zz_feature_map` with ``reps=layers``, up to a global phase; its qubit k
    is qubit k here.

    Args:
        x: features, shape ``(n,)``; as angles in radians.
        layers: how often, at least 1.
        entanglement: the pairs (i, j), see `entangled_pairs`.

    Returns:
        A circuit on n qubits.

    Raises:
        ParameterError: x of another shape, fewer than one layer, an unknown entanglement.

    Source: Havlicek et al., arXiv:1804.11326, the feature map of its main text.

    Example:
        >>> import qjax as qj
        >>> qj.templates.zz_feature_map([0.1, 0.2, 0.3]).counts()
        {'H': 6, 'P': 6, 'RZZ': 6}
    """
    x = as_parameters(x, ("n",), "zz_feature_map: x", _ONE)
    _check_layers(layers, "zz_feature_map")
    n = x.shape[0]
    block = [
        [H(q) for q in range(n)],
        [P(2 * x[q], q) for q in range(n)],
        [
            RZZ(2 * (np.pi - x[i]) * (np.pi - x[j]), i, j)
            for i, j in entangled_pairs(n, entanglement)
        ],
    ]
    return Circuit(n, [Repeat(block, layers)])
