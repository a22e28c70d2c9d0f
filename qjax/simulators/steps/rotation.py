"""A layer of RY rotations on many states at once, as a scan over a turning register."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import reduce
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..kernels import HIGHEST, Pair
from .step import Step
from .turns import Turns, half_angles
from .window import Window


class RotationStep(Step):
    """One real rotation on every qubit, for states that carry a batch axis last.

    Two leading qubits are rotated at a time and written behind all others, so that every turn is
    the same loop over the batch and the register is back in order after the last. One body for all
    pairs: a chain of different loops would be fused, and then computed several times over.

    Args:
        turns: one per qubit of the register; a qubit that is not rotated has a fixed matrix.
    """

    kind = "rotation"

    def __init__(self, n: int, windows: Sequence[Window], turns: Sequence[Turns]) -> None:
        self.n = n
        self.qubits = frozenset(q for w in windows for q in w.qubits)
        self.leaves = frozenset(i for w in windows for item in w.items for i in item.leaves)
        self.real = True
        place = {w.qubits[0]: t for w, t in zip(windows, turns, strict=True)}
        eye = np.eye(2)
        self.even = np.stack([place[q].even[0] if q in place else eye for q in range(n)])
        self.odd = np.stack([place[q].odd[0] if q in place else 0 * eye for q in range(n)])
        # d(matrix)/d(angle) = sign/2 (-iY) matrix: a reflection behind the rotation turns the sign.
        signs = [
            np.sign(np.linalg.det(place[q].even[0]) * place[q].before[0]) if q in place else 0.0
            for q in range(n)
        ]
        self.signs = np.array(signs)
        self.turns = [place.get(q) for q in range(n)]

    def prepare(self, leaves: Sequence[Any], dtype: Any) -> tuple[Any, Any]:
        """``cos(t/2)`` and ``sin(t/2)``, each ``(n,)``."""
        fixed = (jnp.ones(1, dtype), jnp.zeros(1, dtype))
        parts = [fixed if t is None else half_angles(t, leaves, dtype) for t in self.turns]
        c, s = zip(*parts, strict=True)
        return jnp.concatenate(c), jnp.concatenate(s)

    def _sections(self) -> list[tuple[int, int, int]]:
        """(first qubit, qubits at a time, how often): pairs, and a single one if n is odd."""
        odd = self.n % 2
        pairs = [(0, 2, self.n // 2)] if self.n > 1 else []
        return pairs + [(self.n - 1, 1, 1)] * odd

    def _turns(self, cs: tuple[Any, Any], section: tuple[int, int, int]) -> tuple[Any, Any]:
        """What each turn of a section is given: `_matrix` makes its matrix from that."""
        first, k, count = section
        chosen = slice(first, first + k * count)
        rows = [x[chosen].reshape(count, k, *x.shape[1:]) for x in cs]
        halves = jnp.stack(rows, 2)  # (count, k, 2, batch)
        fixed = np.stack([self.even[chosen], self.odd[chosen]], -1).reshape(count, k, 2, 2, 2)
        if k == 1:
            weights, table = halves[:, 0], fixed.reshape(count, 4, 2)
        else:
            a, b = halves[:, 0], halves[:, 1]
            weights = (a[:, :, None] * b[:, None, :]).reshape(count, 4, -1)
            table = np.einsum("tijx,tkly->tikjlxy", fixed[:, 0], fixed[:, 1]).reshape(count, 16, 4)
        return jnp.asarray(table, weights.dtype), weights

    def apply(self, state: Pair, coefficients: tuple[Any, Any]) -> Pair:
        for section in self._sections():
            d = 2 ** section[1]

            def turn(parts: Any, given: Any, d: int = d) -> Any:
                matrix = _matrix(*given)
                return [_to_the_back(x, matrix, d) for x in parts], None

            parts = [x for x in state if x is not None]
            parts, _ = jax.lax.scan(turn, parts, self._turns(coefficients, section))
            state = _as_state(parts, state)
        return state

    def undo(self, state: Pair, coefficients: tuple[Any, Any]) -> Pair:
        for section in reversed(self._sections()):
            d = 2 ** section[1]

            def turn(parts: Any, given: Any, d: int = d) -> Any:
                matrix = _matrix(*given)
                return [_to_the_front(x, matrix, d) for x in parts], None

            parts = [x for x in state if x is not None]
            given = self._turns(coefficients, section)
            parts, _ = jax.lax.scan(turn, parts, given, reverse=True)
            state = _as_state(parts, state)
        return state

    def pull(
        self, state: Pair, coefficients: tuple[Any, Any], cotangent: Pair
    ) -> tuple[Pair, Pair, tuple[Any, Any]]:
        """The transpose of a real rotation is its inverse: state and cotangent turn back alike."""
        slopes = []
        pairs = [(x, y) for x, y in zip(state, cotangent, strict=True) if x is not None]
        for section in reversed(self._sections()):
            k = section[1]

            def turn(pairs: Any, given: Any, k: int = k) -> Any:
                matrix = _matrix(*given)
                slope = _slopes(pairs, k)
                front = [tuple(_to_the_front(x, matrix, 2**k) for x in pair) for pair in pairs]
                return front, slope

            given = self._turns(coefficients, section)
            pairs, slope = jax.lax.scan(turn, pairs, given, reverse=True)
            slopes.append(slope.reshape(-1, slope.shape[-1]))
        c, s = coefficients
        signs = jnp.asarray(self.signs, c.dtype)[:, None]
        slope = signs * jnp.concatenate(slopes[::-1])
        state = _as_state([x for x, _ in pairs], state)
        cotangent = _as_state([y for _, y in pairs], cotangent)
        return state, cotangent, (-s * slope, c * slope)

    def cost(self) -> tuple[float, float]:
        return 2.0 * 2 * 2.0**self.n * 2 * self.n, self.n / 2

    def describe(self) -> str:
        return f"rotations of {len(self.qubits)} qubits, two at a time"


def _matrix(table: Any, weights: Any) -> Any:
    """``(d, d, batch)``. A matrix product, as XLA would fuse anything else into the loop over the
    state and compute it once for every amplitude."""
    d = 2 if weights.shape[0] == 2 else 4
    return jnp.matmul(table, weights, precision=HIGHEST).reshape(d, d, -1)


def _to_the_back(x: Any, matrix: Any, d: int) -> Any:
    """``matrix`` on the leading axis of ``(d, rest, batch)``, which then comes behind ``rest``."""
    x = x.reshape(d, -1, x.shape[-1])
    terms = [matrix[:, j][None] * x[j][:, None] for j in range(d)]
    return reduce(operator.add, terms).reshape(-1, x.shape[-1])


def _to_the_front(x: Any, matrix: Any, d: int) -> Any:
    """The inverse of `_to_the_back`, for a real orthogonal matrix."""
    x = x.reshape(-1, d, x.shape[-1])
    terms = [matrix[j][:, None] * x[:, j][None] for j in range(d)]
    return reduce(operator.add, terms).reshape(-1, x.shape[-1])


def _slopes(pairs: Sequence[tuple[Any, Any]], k: int) -> Any:
    """``Re <cotangent| -iY |state>`` for each of the ``k`` trailing qubits: ``(k, batch)``."""
    out = []
    for q in range(k):
        terms = []
        for x, y in pairs:
            shape = (-1, 2, 2 ** (k - 1 - q), x.shape[-1])
            a, b = x.reshape(shape), y.reshape(shape)
            terms.append(b[:, 1] * a[:, 0] - b[:, 0] * a[:, 1])
        flat = reduce(operator.add, terms).reshape(-1, pairs[0][0].shape[-1])
        # A product with ones: XLA's own long sums go through windows, several times slower.
        ones = jnp.ones(flat.shape[0], flat.dtype)
        out.append(jnp.matmul(ones, flat, precision=HIGHEST))
    return jnp.stack(out)


def _as_state(parts: Sequence[Any], like: Pair) -> Pair:
    return parts[0], None if like[1] is None else parts[1]
