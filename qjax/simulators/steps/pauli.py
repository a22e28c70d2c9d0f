"""``exp(-i theta/2 P)`` for a Pauli word on many qubits, without a matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from ...pauli import make_word, word_masks
from ..kernels import Pair
from ..words import apply_word
from .step import Item, Step, fetch


class PauliStep(Step):
    """``cos(theta/2) - i sin(theta/2) P`` by index flips and signs."""

    kind = "pauli"

    def __init__(self, n: int, item: Item) -> None:
        self.n, self.item = n, item
        self.qubits = frozenset(item.qubits)
        self.leaves = item.leaves
        self.word = make_word(item.static, item.targets)
        self.masks = word_masks(self.word, n)
        self.real = self.masks[2] % 2 == 1  # -i P is real for an odd number of Y

    def prepare(self, leaves: Sequence[Any], dtype: Any) -> tuple[Any, Any]:
        (theta,) = fetch(self.item.params, leaves, dtype)
        half = (-theta if self.item.inverted else theta) / 2
        return jnp.cos(half), jnp.sin(half)

    def apply(self, state: Pair, coefficients: tuple[Any, Any]) -> Pair:
        c, s = (jnp.expand_dims(x, 0) for x in coefficients)
        # -i P psi, with the factor i**(y - 1) of the word pulled out.
        x, z, y = self.masks
        turned = apply_word(state, x, z, (y + 3) % 4, self.n)

        def mix(a: Any, b: Any) -> Any:
            if a is None:
                return None if b is None else s * b
            return c * a if b is None else c * a + s * b

        return mix(state[0], turned[0]), mix(state[1], turned[1])

    def undo(self, state: Pair, coefficients: tuple[Any, Any]) -> Pair:
        return self.apply(state, (coefficients[0], -coefficients[1]))

    def cost(self) -> tuple[float, float]:
        return 6.0 * 2**self.n, 1.0

    def describe(self) -> str:
        return f"Pauli rotation {self.item.static} on {self.item.targets}"
