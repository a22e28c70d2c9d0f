"""Blocks and monomials in order, prepared together: what equals in any of them is computed once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..kernels import Pair
from ..steps.step import Step
from .blocks import BlocksStep, block_matrices, chain_matrix, together
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
        blocks = [b for p in self.parts if isinstance(p, BlocksStep) for b in p.blocks]
        jobs = [j for p in self.parts if isinstance(p, MonomialStep) for j in p.jobs(leaves, dtype)]
        matrices = iter(block_matrices(blocks, leaves, dtype))
        scalings = iter(together(jobs, lambda forms, values: chain_matrix(forms, values, dtype)))
        return [
            [next(matrices) for _ in part.blocks]
            if isinstance(part, BlocksStep)
            else [next(scalings) for _ in part.scalings]
            for part in self.parts
        ]

    def apply(self, state: Pair, coefficients: list[list[Any]]) -> Pair:
        for part, c in zip(self.parts, coefficients, strict=True):
            state = part.apply(state, c)
        return state

    def cost(self) -> tuple[float, float]:
        costs = [p.cost() for p in self.parts]
        return sum(c[0] for c in costs), sum(c[1] for c in costs)

    def describe(self) -> str:
        return "; ".join(p.describe() for p in self.parts)
