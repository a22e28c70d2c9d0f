"""A repeated block: one `jax.lax.scan` over the prepared coefficients of its turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from ..kernels import Pair
from .order import pulled
from .record import draw, record, states_kept
from .step import Step


class LoopStep(Step):
    """``body`` run ``length`` times.

    ``stacked`` leaves carry a leading axis over the turns; ``sources`` names leaves whose values
    are collected, turn by turn, from other leaves. ``ordered``: in a reverse pass each step of the
    body waits for the gradient of the one before.
    """

    kind = "loop"

    def __init__(
        self,
        n: int,
        body: Sequence[Step],
        length: int,
        stacked: frozenset[int] = frozenset(),
        reverse: bool = False,
        sources: Mapping[int, tuple[int, ...]] | None = None,
        ordered: bool = False,
    ) -> None:
        self.n, self.body, self.length, self.ordered = n, tuple(body), length, ordered
        self.sources = dict(sources or {})
        self.stacked, self.reverse = stacked | frozenset(self.sources), reverse
        self.qubits = frozenset(q for step in body for q in step.qubits)
        inner = frozenset(i for step in body for i in step.leaves)
        self.leaves = inner.union(*(self.sources.get(i, ()) for i in inner))
        self.real = all(step.real for step in body)
        self.states_kept = length * states_kept(self.body)
        self.slow_undo = any(step.slow_undo for step in body)
        self.moving = tuple(bool(step.leaves & self.stacked) for step in body)

    def prepare(self, leaves: Sequence[Any], dtype: Any) -> tuple[list[Any], list[Any]]:
        """(coefficients with a turn axis, coefficients that all turns share)."""
        leaves = list(leaves)
        collected = {
            first: jnp.stack([jnp.asarray(leaves[i]) for i in each])
            for first, each in self.sources.items()
        }
        for first, values in collected.items():
            leaves[first] = values
        moving, fixed = [], []
        for step, moves in zip(self.body, self.moving, strict=True):
            if not moves:
                fixed.append(step.prepare(leaves, dtype))
                continue
            which = sorted(step.leaves & self.stacked)

            def one(values: list[Any], step: Step = step, which: list[int] = which) -> Any:
                mine = list(leaves)
                for k, v in zip(which, values, strict=True):
                    mine[k] = v
                return step.prepare(mine, dtype)

            moving.append(jax.vmap(one)([leaves[k] for k in which]))
        return moving, fixed

    def _coefficients(self, moving: list[Any], fixed: list[Any]) -> list[Any]:
        a, b = iter(moving), iter(fixed)
        return [next(a) if moves else next(b) for moves in self.moving]

    def apply(self, state: Pair, coefficients: tuple[list[Any], list[Any]]) -> Pair:
        moving, fixed = coefficients

        def turn(state: Pair, part: list[Any]) -> tuple[Pair, None]:
            for step, c in zip(self.body, self._coefficients(part, fixed), strict=True):
                state = step.apply(state, c)
            return state, None

        state, _ = jax.lax.scan(turn, state, moving, self.length, reverse=self.reverse)
        return state

    def undo(self, state: Pair, coefficients: tuple[list[Any], list[Any]]) -> Pair:
        moving, fixed = coefficients

        def turn(state: Pair, part: list[Any]) -> tuple[Pair, None]:
            pairs = list(zip(self.body, self._coefficients(part, fixed), strict=True))
            for step, c in reversed(pairs):
                state = step.undo(state, c)
            return state, None

        state, _ = jax.lax.scan(turn, state, moving, self.length, reverse=not self.reverse)
        return state

    def pull(self, state: Pair, coefficients: Any, cotangent: Pair) -> tuple[Pair, Pair, Any]:
        moving, fixed = coefficients
        zero = jax.tree.map(lambda x: x * 0, fixed)

        def turn(carry: Any, part: list[Any]) -> Any:
            state, cotangent, total = carry
            own = self._coefficients(part, fixed)
            state, cotangent, gradients = pulled(self.body, state, own, cotangent, self.ordered)
            marked = list(zip(self.moving, gradients, strict=True))
            own = [g for moves, g in marked if moves]
            shared = [g for moves, g in marked if not moves]
            total = jax.tree.map(lambda a, b: a + b, total, shared)
            return (state, cotangent, total), own

        (state, cotangent, total), own = jax.lax.scan(
            turn, (state, cotangent, zero), moving, self.length, reverse=not self.reverse
        )
        return state, cotangent, (own, total)

    def record(self, state: Pair, coefficients: Any) -> tuple[Pair, Any]:
        moving, fixed = coefficients

        def turn(state: Pair, part: list[Any]) -> tuple[Pair, Any]:
            return record(self.body, state, self._coefficients(part, fixed))

        return jax.lax.scan(turn, state, moving, self.length, reverse=self.reverse)

    def draw(
        self, state: Any, own: Any, coefficients: Any, cotangent: Pair, after: bool
    ) -> tuple[Pair, Any]:
        moving, fixed = coefficients
        zero = jax.tree.map(lambda x: x * 0, fixed)

        def turn(carry: Any, given: Any) -> Any:
            cotangent, total = carry
            part, kept = given
            here = self._coefficients(part, fixed)
            cotangent, gradients = draw(self.body, kept, here, cotangent)
            marked = list(zip(self.moving, gradients, strict=True))
            shared = [g for moves, g in marked if not moves]
            total = jax.tree.map(lambda a, b: a + b, total, shared)
            return (cotangent, total), [g for moves, g in marked if moves]

        (cotangent, total), gradients = jax.lax.scan(
            turn, (cotangent, zero), (moving, own), self.length, reverse=not self.reverse
        )
        return cotangent, (gradients, total)

    def cost(self) -> tuple[float, float]:
        costs = [step.cost() for step in self.body]
        return self.length * sum(c[0] for c in costs), self.length * sum(c[1] for c in costs)

    def describe(self) -> str:
        return f"{self.length} times:"
