"""X, CNOT, SWAP, Toffoli and their like: one gather of amplitudes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from ..gather import permute
from ..kernels import Pair
from .step import Item, Step, apart

TABLE_QUBITS = 14  # up to here the whole index is a constant; beyond, it is made from two halves


def permutation_form(item: Item) -> np.ndarray | None:
    """Where each basis state of controls and targets goes; None where the gate does more."""
    table = item.static if item.name == "Permutation" else item.spec.permutation
    if table is None:
        return None
    inner = np.argsort(table) if item.inverted else np.asarray(table)
    if not item.controls:
        return inner
    d = len(inner)
    full = np.arange(d * 2 ** len(item.controls))
    start = int("".join(map(str, item.values)), 2) * d
    full[start : start + d] = start + inner
    return full


def is_affine(table: np.ndarray) -> bool:
    """Whether ``table[i ^ j] = table[i] ^ table[j] ^ table[0]``: built from X, CNOT and SWAP."""
    index = np.arange(len(table))
    bit = 1
    while bit < len(table):
        if np.any(table[index ^ bit] != table ^ (table[bit] ^ table[0])):
            return False
        bit *= 2
    return True


class PermutationStep(Step):
    """``out[p(j)] = state[j]`` for the composed permutation ``p`` of many gates."""

    kind = "permutation"
    real = True
    states_kept = 0
    slow_undo = True
    leaves: frozenset[int] = frozenset()

    def __init__(self, n: int, items: Sequence[Item]) -> None:
        self.n, self.items = n, tuple(items)
        self.qubits = frozenset(q for item in self.items for q in item.qubits)
        self.low = n if n <= TABLE_QUBITS else n // 2
        high = n - self.low
        # An affine map of bits is the XOR of one table over the high and one over the low bits.
        low, rise = np.arange(2**self.low), np.arange(2**high) << self.low
        forward = [self._through(low), self._through(rise) ^ self._through(np.zeros(1, int))]
        back = [
            self._through(low, undo=True),
            self._through(rise, undo=True) ^ self._through(np.zeros(1, int), undo=True),
        ]
        self.forward = [t.astype(np.int32) for t in forward]
        self.back = [t.astype(np.int32) for t in back]

    def _through(self, index: np.ndarray, undo: bool = False) -> np.ndarray:
        """Where basis states go: every gate's own table, in turn."""
        for item in reversed(self.items) if undo else self.items:
            table = permutation_form(item)
            assert table is not None
            if undo:
                table = np.argsort(table)
            k = len(item.qubits)
            places = [self.n - 1 - q for q in item.qubits]
            local = np.zeros_like(index)
            for p in places:
                local = 2 * local + (index >> p & 1)
            new = table[local]
            for i, p in enumerate(places):
                index = index & ~(1 << p) | (new >> (k - 1 - i) & 1) << p
        return index

    def prepare(self, leaves: Sequence[Any], dtype: Any) -> tuple[()]:
        return ()

    def _index(self, tables: list[np.ndarray]) -> Any:
        low, high = tables
        if len(high) == 1:
            return jnp.asarray(low)
        return (jnp.asarray(high)[:, None] ^ jnp.asarray(low)[None, :]).reshape(-1)

    def apply(self, state: Pair, coefficients: Any) -> Pair:
        return self._gather(state, self.back, self.forward)

    def undo(self, state: Pair, coefficients: Any) -> Pair:
        return self._gather(state, self.forward, self.back)

    def record(self, state: Pair, coefficients: Any) -> tuple[Pair, Any]:
        return apart(lambda x: self.apply(x, coefficients), state), ()

    def draw(
        self, state: Any, own: Any, coefficients: Any, cotangent: Pair, after: bool
    ) -> tuple[Pair, Any]:
        """The transpose of a permutation is its inverse."""
        return self.undo(cotangent, coefficients), coefficients

    def _gather(self, state: Pair, index: list[np.ndarray], inverse: list[np.ndarray]) -> Pair:
        re, im = state
        where, back = self._index(index), self._index(inverse)
        return permute(re, where, back), None if im is None else permute(im, where, back)

    def cost(self) -> tuple[float, float]:
        return 0.0, 3.0

    def describe(self) -> str:
        return f"one permutation from {len(self.items)} gates"
