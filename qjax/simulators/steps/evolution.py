"""Evolution under a Hamiltonian whose eigensystem is known: into its basis, phases, and back.

Two matrix-vector products and no matrix product: the propagator itself is never formed. The basis
changes depend on the eigenvectors alone, so a loop over layers with other times holds them once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from ..kernels import Pair, apply_matrix, complex_pair, conjugate, dagger, multiply_diagonal
from .step import Item, Step, fetch


class BasisStep(Step):
    """Into the eigenbasis of an evolution's Hamiltonian, or back out of it."""

    kind = "basis"

    def __init__(self, n: int, item: Item, into: bool) -> None:
        self.n, self.item, self.into = n, item, into
        self.vectors = item.params[1]
        self.targets = tuple(sorted(item.targets))
        self.qubits = frozenset(item.targets)
        self.leaves = frozenset({self.vectors.index})  # type: ignore[union-attr]
        self.real = not self.vectors.is_complex  # type: ignore[union-attr]

    def prepare(self, leaves: Sequence[Any], dtype: Any) -> Pair:
        (vectors,) = fetch((self.vectors,), leaves, dtype)
        k = len(self.targets)
        if self.item.targets != self.targets:
            order = tuple(sorted(range(k), key=lambda i: self.item.targets[i]))
            rows = vectors.reshape((2,) * k + vectors.shape[1:])
            vectors = rows.transpose(*order, k).reshape(vectors.shape)
        pair = complex_pair(vectors)
        return dagger(pair) if self.into else pair

    def apply(self, state: Pair, coefficients: Pair) -> Pair:
        return apply_matrix(state, coefficients, self.targets, self.n)

    def undo(self, state: Pair, coefficients: Pair) -> Pair:
        return apply_matrix(state, dagger(coefficients), self.targets, self.n)

    def cost(self) -> tuple[float, float]:
        return 2.0 * 2 ** (self.n + len(self.targets)) * (2 if self.real else 4), 1.0

    def describe(self) -> str:
        return f"{'into' if self.into else 'out of'} an eigenbasis on {self.targets}"


class SpectrumStep(Step):
    """The phases of an evolution in its eigenbasis."""

    kind = "spectrum"

    def __init__(self, n: int, item: Item) -> None:
        self.n, self.item = n, item
        self.targets = tuple(sorted(item.targets))
        self.qubits = frozenset(item.targets)
        self.parameters = (item.params[0], item.params[2])
        self.leaves = frozenset(p.index for p in self.parameters)  # type: ignore[union-attr]
        self.real = False

    def prepare(self, leaves: Sequence[Any], dtype: Any) -> Pair:
        values, t = fetch(self.parameters, leaves, dtype)
        phase = values * (t if self.item.inverted else -t)
        return jnp.cos(phase), jnp.sin(phase)

    def apply(self, state: Pair, coefficients: Pair) -> Pair:
        return multiply_diagonal(state, coefficients, self.targets, self.n)

    def undo(self, state: Pair, coefficients: Pair) -> Pair:
        return multiply_diagonal(state, conjugate(coefficients), self.targets, self.n)

    def cost(self) -> tuple[float, float]:
        return 6.0 * 2**self.n, 1.0

    def describe(self) -> str:
        return f"phases of an evolution on {self.targets}"


def evolution_steps(n: int, item: Item) -> tuple[Step, Step, Step]:
    """Into the eigenbasis, its phases, and out again."""
    return BasisStep(n, item, True), SpectrumStep(n, item), BasisStep(n, item, False)
