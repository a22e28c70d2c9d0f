"""Running steps with some states kept, so that the way back need not undo them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..kernels import Pair
from .step import Step


def states_kept(steps: Sequence[Step]) -> float:
    """How many states `record` keeps; infinite where a step has no `draw`."""
    seen = {at for at in _looks(steps) if at is not None}
    return float(len(seen) + sum(s.states_kept for s in steps))


def record(steps: Sequence[Step], state: Pair, coefficients: Sequence[Any]) -> tuple[Pair, Any]:
    """The state after all steps, and what `draw` needs."""
    wanted = set(_looks(steps))
    states, own = [], []
    for at, (step, c) in enumerate(zip(steps, coefficients, strict=True)):
        if at in wanted:
            states.append(state)
        state, mine = step.record(state, c)
        own.append(mine)
    if len(steps) in wanted:
        states.append(state)
    return state, (states, own)


def draw(
    steps: Sequence[Step], kept: Any, coefficients: Sequence[Any], cotangent: Pair
) -> tuple[Pair, list[Any]]:
    """The cotangents of the state before all steps and of the coefficients."""
    states, own = kept
    looks = _looks(steps)
    place = {at: k for k, at in enumerate(sorted(at for at in set(looks) if at is not None))}
    gradients = []
    for i in reversed(range(len(steps))):
        at = looks[i]
        state = None if at is None else states[place[at]]
        cotangent, gradient = steps[i].draw(state, own[i], coefficients[i], cotangent, at == i + 1)
        gradients.append(gradient)
    return cotangent, gradients[::-1]


def _looks(steps: Sequence[Step]) -> list[int | None]:
    """For each step how many steps lie before the state that it looks at. Neighbours share one."""
    out: list[int | None] = []
    for i, step in enumerate(steps):
        out.append((i if i in out else i + 1) if step.looks else None)
    return out
