"""Blocks and monomials in order, prepared together: what equals in any of them is computed once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..kernels import Pair
from ..steps.step import Step
from .blocks import BlocksStep, block_matrices, operands_of
from .monomial import MonomialStep


class RunStep(Step):
    """Steps of small operations that follow each other."""

    kind = "channels"
    real = True

    def __init__(self, n: int, parts: Sequence[BlocksStep | MonomialStep]) -> None:
        self.n, self.parts = n, tuple(parts)
        self.qubits = frozenset(q for p in parts for q in p.qubits)
        self.leaves = frozenset(i for p in parts for i in p.leaves)

    def prepare(self, leaves: Sequence[Any], dtype: Any) -> list[list[Any]]:
        # Those of one kind of part are neighbours in the tables, so that slices name them.
        ordered = sorted(self.parts, key=lambda part: isinstance(part, MonomialStep))
        items = [item for part in ordered for item in part.items]
        operands = operands_of(items, leaves, dtype)
        blocks = [b for p in self.parts if isinstance(p, BlocksStep) for b in p.blocks]
        matrices = iter(block_matrices(blocks, operands, dtype))
        return [
            [next(matrices) for _ in part.blocks]
            if isinstance(part, BlocksStep)
            else part.tables(operands)
            for part in self.parts
        ]

    def apply(self, state: Pair, coefficients: list[list[Any]]) -> Pair:
        for part, c in zip(self.parts, coefficients, strict=True):
            state = part.apply(state, c)
        return state

    def resume(self, state: Pair, coefficients: list[list[Any]]) -> Pair:
        """All parts but the first one."""
        for part, c in zip(self.parts[1:], coefficients[1:], strict=True):
            state = part.apply(state, c)
        return state

    def cost(self) -> tuple[float, float]:
        costs = [p.cost() for p in self.parts]
        return sum(c[0] for c in costs), sum(c[1] for c in costs)

    def describe(self) -> str:
        return "; ".join(p.describe() for p in self.parts)
