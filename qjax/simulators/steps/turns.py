"""Windows of RY rotations and fixed real gates: one fused product, one cheap derivative."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ...gates import TABLE
from ..kernels import HIGHEST, Pair
from .step import Leaf, Parameter, fetch
from .window import Window


class Turns(NamedTuple):
    """A Kronecker product of ``cos(t/2) even + sin(t/2) odd``, one 2 x 2 factor per qubit."""

    angles: tuple[Parameter, ...]
    signs: np.ndarray  # of each angle
    even: np.ndarray  # (k, 2, 2)
    odd: np.ndarray
    before: np.ndarray  # (k,): determinant of the fixed gates before each rotation
    generators: np.ndarray  # (k, 2**k, 2**k): the derivative is generators[q] @ matrix


_TURN = np.array([[0.0, -1.0], [1.0, 0.0]])  # -i Y: RY(t) = cos(t/2) + sin(t/2) (-i Y)


def as_turns(window: Window) -> Turns | None:
    """The window in this form: at most one RY with a free angle per qubit; None where it is not."""
    if not window.product or not window.real or not any(i.leaves for i in window.items):
        return None
    k = len(window.qubits)
    angle: list[Parameter] = [0.0] * k
    sign = np.ones(k)
    before, after = [np.eye(2)] * k, [np.eye(2)] * k
    turned = [False] * k
    for item in window.items:
        q = window.qubits.index(item.qubits[0])
        if item.leaves:
            if item.name != "RY" or turned[q]:
                return None
            turned[q], angle[q] = True, item.params[0]
            sign[q] = -1.0 if item.inverted else 1.0
            continue
        matrix = _fixed(item)
        if turned[q]:
            after[q] = matrix @ after[q]
        else:
            before[q] = matrix @ before[q]
    even = np.stack([a @ b for a, b in zip(after, before, strict=True)])
    odd = np.stack([a @ _TURN @ b for a, b in zip(after, before, strict=True)])
    generators = []
    for q in range(k):
        # Real orthogonal factors: d(after RY before) = (after (-i Y)/2 after^T)(after RY before).
        local = after[q] @ (_TURN / 2) @ after[q].T if turned[q] else np.zeros((2, 2))
        factors = [local if j == q else np.eye(2) for j in range(k)]
        generators.append(reduce(np.kron, factors))
    handed = np.array([np.linalg.det(b) for b in before])
    return Turns(tuple(angle), sign, even, odd, handed, np.stack(generators))


def _fixed(item: Any) -> np.ndarray:
    """The real matrix of a gate without free parameters, in float64."""
    if item.name == "RY":
        half = float(item.params[0]) / 2 * (-1 if item.inverted else 1)
        return np.cos(half) * np.eye(2) + np.sin(half) * _TURN
    return _FIXED[item.name].T if item.inverted else _FIXED[item.name]


_FIXED = {
    "X": np.array([[0.0, 1.0], [1.0, 0.0]]),
    "H": np.array([[1.0, 1.0], [1.0, -1.0]]) / np.sqrt(2),
    "I": np.eye(2),
    "Z": np.diag([1.0, -1.0]),
}
assert all(TABLE[name].real for name in _FIXED)


def half_angles(turns: Turns, leaves: Sequence[Any], dtype: Any) -> tuple[Any, Any]:
    """``cos(t/2)`` and ``sin(t/2)`` of every qubit's angle, each ``(k,)``."""
    angles = _angles(turns, leaves, dtype)
    return jnp.cos(angles / 2), jnp.sin(angles / 2)


def rotate(turns: Turns, leaves: Sequence[Any], dtype: Any) -> Pair:
    """The window's matrix."""
    return _with_derivative(turns)(_angles(turns, leaves, dtype)), None


def _angles(turns: Turns, leaves: Sequence[Any], dtype: Any) -> Any:
    free = [p for p in turns.angles if isinstance(p, Leaf)]
    values = iter(fetch(free, leaves, dtype))
    angles = [next(values) if isinstance(p, Leaf) else jnp.zeros((), dtype) for p in turns.angles]
    return jnp.stack(angles) * jnp.asarray(turns.signs, dtype)


def _kronecker(turns: Turns, c: Any, s: Any) -> Any:
    """The matrix from half-angle cosines and sines ``(k,)``: ``(2**k, 2**k)``."""
    k = len(turns.angles)
    total: Any = None
    for q in range(k):
        shape = [1] * (2 * k)
        shape[q] = shape[k + q] = 2
        even = jnp.asarray(turns.even[q].reshape(shape), c.dtype)
        odd = jnp.asarray(turns.odd[q].reshape(shape), c.dtype)
        factor = c[q] * even + s[q] * odd
        total = factor if total is None else total * factor
    return jnp.reshape(total, (2**k, 2**k))


def _with_derivative(turns: Turns) -> Any:
    @jax.custom_jvp
    def matrix(angles: Any) -> Any:
        return _kronecker(turns, jnp.cos(angles / 2), jnp.sin(angles / 2))

    @matrix.defjvp
    def _(primals: Any, tangents: Any) -> Any:
        (angles,), (moved,) = primals, tangents
        out = matrix(angles)
        generator = jnp.tensordot(
            moved, jnp.asarray(turns.generators, moved.dtype), 1, precision=HIGHEST
        )
        return out, jnp.matmul(generator, out, precision=HIGHEST)

    return matrix
