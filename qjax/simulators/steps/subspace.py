"""A gate under many controls: its matrix on the slice of the state that the controls select."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from ..kernels import Pair, apply_matrix, dagger, split_axes
from .local import reorder
from .step import Item, Step, as_pair, target_matrix


class SubspaceStep(Step):
    """``item`` on the ``2**(n-c)`` amplitudes where its ``c`` controls have their values."""

    kind = "subspace"

    def __init__(self, n: int, item: Item) -> None:
        self.n, self.item = n, item
        self.qubits, self.leaves, self.real = frozenset(item.qubits), item.leaves, item.real
        self.order = tuple(sorted(range(len(item.targets)), key=lambda i: item.targets[i]))
        rest = [q for q in range(n) if q not in item.controls]
        self.inner = tuple(rest.index(item.targets[i]) for i in self.order)

    def prepare(self, leaves: Sequence[Any], dtype: Any) -> Pair:
        return reorder(as_pair(target_matrix(self.item, leaves, dtype), self.real), self.order)

    def apply(self, state: Pair, coefficients: Pair) -> Pair:
        controls = sorted(zip(self.item.controls, self.item.values, strict=True))
        shape, axes = split_axes(self.n, [q for q, _ in controls])
        batch = state[0].shape[1:]
        where: list[Any] = [slice(None)] * (len(shape) + len(batch))
        for axis, (_, value) in zip(axes, controls, strict=True):
            where[axis] = value
        key = tuple(where)
        whole = tuple(None if x is None else x.reshape(*shape, *batch) for x in state)
        part = tuple(None if x is None else x[key] for x in whole)
        small = self.n - len(controls)
        flat = tuple(None if x is None else x.reshape(2**small, *batch) for x in part)
        new = apply_matrix(flat, coefficients, self.inner, small)  # type: ignore[arg-type]
        if whole[1] is None and new[1] is not None:
            assert whole[0] is not None
            whole = (whole[0], jnp.zeros_like(whole[0]))
        return tuple(  # type: ignore[return-value]
            None if x is None else x.at[key].set(y.reshape(x[key].shape)).reshape(-1, *batch)
            for x, y in zip(whole, new, strict=True)
        )

    def undo(self, state: Pair, coefficients: Pair) -> Pair:
        return self.apply(state, dagger(coefficients))

    def cost(self) -> tuple[float, float]:
        k, c = len(self.item.targets), len(self.item.controls)
        return 2.0 * 2 ** (self.n - c + k) * (2 if self.real else 4), 2.0**-c + 1

    def describe(self) -> str:
        return f"{self.item.name} on {self.item.targets} under controls {self.item.controls}"
