"""From a circuit's structure to the steps of a trajectory, at trace time, cached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax

from ...circuit import (
    Assign,
    Barrier,
    Channel,
    Circuit,
    Gate,
    If,
    Layers,
    Measure,
    Operation,
    Project,
    Repeat,
    Reset,
    While,
)
from ...errors import UnsupportedError
from ..density.plan import check_bit
from ..plan import Plan, layout_for, schedule
from ..repetition import Turns, find_repetition
from ..steps.loop import LoopStep
from ..steps.step import Item, Leaf, Step
from .jumps import (
    AssignJump,
    Body,
    BranchJump,
    ChannelJump,
    Count,
    ProjectJump,
    RecordJump,
    Unitary,
)


@dataclass(frozen=True, eq=False)
class RandomPlan:
    """The steps of a trajectory, and where it starts."""

    start: Plan
    steps: tuple[Step, ...]
    projects: bool


@lru_cache(maxsize=512)
def make_random_plan(structure: Any, complex_leaves: tuple[bool, ...]) -> RandomPlan:
    """The plan of a circuit's structure (its treedef), given which of its leaves are complex."""
    leaves = [Leaf(k, c) for k, c in enumerate(complex_leaves)]
    circuit: Circuit = jax.tree.unflatten(structure, leaves)
    preparations, ops = [], []
    for op in circuit.ops:
        if isinstance(op, Gate) and op.name == "StatePrep":
            preparations.append(Item("StatePrep", op.params, op.targets))
        else:
            ops.append(op)
    scheduler = _Scheduler(circuit.n, circuit.bits)
    steps = scheduler.schedule(ops)
    start = Plan(circuit.n, (), tuple(preparations), layout_for(circuit.n))
    return RandomPlan(start, tuple(steps), scheduler.projects)


def is_pure(op: Operation) -> bool:
    """Whether an operation is made of gates alone."""
    if isinstance(op, Layers | Repeat):
        return all(is_pure(o) for o in op.ops)
    return isinstance(op, Gate | Barrier)


class _Scheduler:
    def __init__(self, n: int, bits: int) -> None:
        self.n, self.bits, self.projects = n, bits, False
        self.count, self.turns = Count(), 1

    def schedule(self, ops: Sequence[Any]) -> list[Step]:
        steps: list[Step] = []
        gates: list[Any] = []

        def flush() -> None:
            if gates:
                steps.append(Unitary(self.n, schedule(self.n, tuple(gates), layout_for(self.n))))
                gates.clear()

        for op in find_repetition(ops):
            if not isinstance(op, Turns) and is_pure(op):
                gates.append(op)
            else:
                flush()
                steps.append(self._step(op))
        flush()
        return [Body(self.n, steps)]

    def _body(self, ops: Sequence[Any], turns: int) -> list[Step]:
        """The steps of what runs several times."""
        self.turns *= turns
        steps = self.schedule(ops)
        self.turns //= turns
        return steps

    def _step(self, op: Any) -> Step:
        n = self.n
        if isinstance(op, Turns):
            return LoopStep(n, self._body(op.ops, op.length), op.length, sources=op.sources)
        if isinstance(op, Channel):
            self.count.channels += self.turns
            return ChannelJump(n, Item(op.name, tuple(op.params), op.targets), self.count)
        if isinstance(op, Measure):
            check_bit(op.bit, self.bits, op)
            return RecordJump(n, op.qubit, op.bit)
        if isinstance(op, Reset):
            return RecordJump(n, op.qubit, None)
        if isinstance(op, Assign):
            check_bit(op.bit, self.bits, op)
            return AssignJump(n, op.bit, op.value)
        if isinstance(op, Project):
            self.projects = True
            return ProjectJump(n, op.qubit, op.outcome)
        if isinstance(op, Repeat):
            return LoopStep(n, self._body(op.ops, op.length), op.length)
        if isinstance(op, Layers):
            leaves = jax.tree.leaves(op.ops, is_leaf=lambda x: isinstance(x, Leaf))
            marked = zip(leaves, op.stacked, strict=True)
            stacked = frozenset(leaf.index for leaf, moves in marked if moves)
            return LoopStep(n, self._body(op.ops, op.length), op.length, stacked, op.reverse)
        if isinstance(op, If | While):
            for bit in op.condition.bits:
                check_bit(bit, self.bits, op)
            other = op.else_ops if isinstance(op, If) else ()
            turns = op.limit if isinstance(op, While) else 1
            bodies = (self._body(op.ops, turns), self._body(other, turns))
            return BranchJump(n, op.condition, bodies, turns)
        raise UnsupportedError(f"a trajectory has no way to run {op!r:.60}")
