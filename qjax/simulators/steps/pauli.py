"""Rotations about Pauli words on many qubits that commute and flip the same qubits: one step.

Let the words flip the bits ``x`` and carry the signs ``z_j``. As they commute, their numbers of Y
are all even or all odd, y modulo 2, and ``exp(-i sum_j t_j/2 P_j)`` acts within pairs of
amplitudes: ``cos a(b) psi[b] + i**(y+3) sin a(b^x) psi[b^x]``, where ``a(b)`` is the sum of the
``t_j/2`` with signs. All words together cost what one does. A double excitation of electrons is
eight of them.

``a(b) = (-1)**(b.z_0) f(s(b))``, where the few bits ``s`` say on which side of the first word's
sign the others are: sines and cosines are taken of the values of f, and spread by Walsh sums.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from ...pauli import make_word, word_masks
from ..kernels import HIGHEST, Pair, bit_signs, flip
from ..words import halves, times_i
from .step import Item, Step, fetch

MOST_BITS = 6  # of s: at most 64 sines


class PauliStep(Step):
    """``exp(-i sum_j t_j/2 P_j)`` by index flips and signs."""

    kind = "pauli"

    def __init__(self, n: int, items: Sequence[Item]) -> None:
        self.n, self.items = n, tuple(items)
        self.qubits = frozenset(q for item in items for q in item.qubits)
        self.leaves = frozenset(i for item in items for i in item.leaves)
        masks = [_masks(item, n) for item in items]
        self.x, self.z, first = masks[0]
        self.parity = first % 2
        self.real = self.parity == 1  # -i P is real for an odd number of Y
        basis = _basis(z ^ self.z for _, z, _ in masks)
        # sums of the basis vectors, in the order of the bits of s
        self.sums = [0]
        for vector in basis:
            self.sums = [m ^ e for m in self.sums for e in (0, vector)]
        place = [self.sums.index(z ^ self.z) for _, z, _ in masks]
        self.walsh = _walsh(len(basis))
        sign = [1 - 2 * int((y - self.parity) // 2 % 2) for _, _, y in masks]
        turn = [-1.0 if item.inverted else 1.0 for item in items]
        self.angles = 0.5 * self.walsh[:, place] * np.array(sign) * np.array(turn)
        self.power = self.parity + 3

    def prepare(self, leaves: Sequence[Any], dtype: Any) -> tuple[Any, Any]:
        """Cosine and sine of f, each ``(2**bits,)``."""
        thetas = jnp.stack([fetch(item.params, leaves, dtype)[0] for item in self.items])
        f = jnp.matmul(jnp.asarray(self.angles, dtype), thetas, precision=HIGHEST)
        return jnp.cos(f), jnp.sin(f)

    def apply(self, state: Pair, coefficients: tuple[Any, Any]) -> Pair:
        c, s = coefficients
        even, odd = self._spread(c, self.sums), self._spread(s, self._odd())

        def signed(a: Any) -> Any:
            return None if a is None else flip(self._times(a, odd), self.x, self.n)

        turned = times_i(signed(state[0]), signed(state[1]), self.power)

        def mix(a: Any, b: Any) -> Any:
            if a is None:
                return b
            return self._times(a, even) if b is None else self._times(a, even) + b

        return mix(state[0], turned[0]), mix(state[1], turned[1])

    def undo(self, state: Pair, coefficients: tuple[Any, Any]) -> Pair:
        return self.apply(state, (coefficients[0], -coefficients[1]))

    def pull(
        self, state: Pair, coefficients: tuple[Any, Any], cotangent: Pair
    ) -> tuple[Pair, Pair, tuple[Any, Any]]:
        """The slope in ``a(b)`` is ``Re <cotangent[b^x]| i**(y+3) state[b]>``."""
        c, s = coefficients
        turned = times_i(*state, self.power)
        parts = [
            flip(bar, self.x, self.n) * a
            for bar, a in zip(cotangent, turned, strict=True)
            if bar is not None and a is not None
        ]
        slope = sum(parts[1:], parts[0])
        f = self._collect(slope, self._odd())
        before, cotangent = self.undo(state, coefficients), self.undo(cotangent, coefficients)
        return before, cotangent, (-s * f, c * f)

    def cost(self) -> tuple[float, float]:
        return 6.0 * 2**self.n, 1.0

    def describe(self) -> str:
        words = ", ".join(item.static for item in self.items)
        return f"Pauli rotations {words} on {tuple(sorted(self.qubits))}"

    # --- Walsh sums over half-registers ----------------------------------------------------------
    def _odd(self) -> list[int]:
        return [m ^ self.z for m in self.sums]

    def _sides(self, masks: Sequence[int], dtype: Any) -> tuple[Any, Any, Any]:
        """Signs of the leading and of the trailing half-register, and which belong together."""
        ha, hb = halves(self.n)
        pairs = [(z >> hb, z & (2**hb - 1)) for z in masks]
        left, right = (sorted(set(side)) for side in zip(*pairs, strict=True))
        core = np.zeros((len(left), len(right), len(masks)))
        for k, (a, b) in enumerate(pairs):
            core[left.index(a), right.index(b), k] = 1
        core = core @ self.walsh / len(masks)
        a = np.ones((1, 1)) if left == [0] else np.stack([bit_signs(ha, z) for z in left], 1)
        b = np.ones((1, 1)) if right == [0] else np.stack([bit_signs(hb, z) for z in right], 0)
        return jnp.asarray(a, dtype), jnp.asarray(b, dtype), jnp.asarray(core, dtype)

    def _spread(self, table: Any, masks: Sequence[int]) -> Any:
        """A table over s on all amplitudes with the signs of ``masks``, as ``(A, B, *batch)``,
        where A or B is 1 if nothing depends on that half."""
        a, b, core = self._sides(masks, table.dtype)
        if len(masks) == 1:  # a product of two signs: no array of them is needed
            pad = (1,) * (table.ndim - 1)
            return (a * b).reshape(a.shape[0], b.shape[1], *pad) * table[None]
        return jnp.einsum("al,lrs,rb,s...->ab...", a, core, b, table, precision=HIGHEST)

    def _collect(self, array: Any, masks: Sequence[int]) -> Any:
        """The transpose of `_spread`."""
        a, b, core = self._sides(masks, array.dtype)
        ha, hb = halves(self.n)
        grid = array.reshape(2**ha, 2**hb, *array.shape[1:])
        if a.shape[0] == 1:
            grid = jnp.sum(grid, axis=0, keepdims=True)
        if b.shape[1] == 1:
            grid = jnp.sum(grid, axis=1, keepdims=True)
        return jnp.einsum("al,lrs,rb,ab...->s...", a, core, b, grid, precision=HIGHEST)

    def _times(self, a: Any, factor: Any) -> Any:
        ha, hb = halves(self.n)
        return (a.reshape(2**ha, 2**hb, *a.shape[1:]) * factor).reshape(a.shape)


def joins(step: Sequence[Item], item: Item) -> bool:
    """Whether a rotation flips the same qubits as those of a step and commutes with them."""
    n = 1 + max(q for other in (*step, item) for q in other.targets)
    masks = [_masks(other, n) for other in (*step, item)]
    x, first, y = masks[0]
    if any(m[0] != x or (m[2] - y) % 2 for m in masks):
        return False
    return len(_basis(z ^ first for _, z, _ in masks)) <= MOST_BITS


def _masks(item: Item, n: int) -> tuple[int, int, int]:
    return word_masks(make_word(item.static, item.targets), n)


def _basis(vectors: Iterable[int]) -> list[int]:
    """Some of these bit strings, of which all are sums."""
    basis, span = [], {0}
    for v in vectors:
        if v not in span:
            basis.append(v)
            span |= {v ^ u for u in span}
    return basis


def _walsh(bits: int) -> np.ndarray:
    """``(-1)**(j.k)``."""
    k = np.arange(2**bits)
    return 1.0 - 2.0 * (np.bitwise_count(k[:, None] & k[None]) % 2)
