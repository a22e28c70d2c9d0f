"""From a circuit's structure to the steps of a density matrix, at trace time, cached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import numpy as np

from ...circuit import (
    Assign,
    Barrier,
    Channel,
    Circuit,
    Gate,
    If,
    Layers,
    Measure,
    Project,
    Repeat,
    Reset,
)
from ...circuit import While as WhileOp
from ...errors import CircuitError, UnsupportedError
from ..repetition import Turns, find_repetition
from ..steps.loop import LoopStep
from ..steps.step import Item, Leaf, Step
from .basis import axes_of
from .blocks import LARGEST, SMALL, BlocksStep, Fusion, Placed
from .lightcone import light_cone
from .monomial import REGISTER, MonomialStep, is_scaling, signed_permutation
from .run import RunStep
from .steps import (
    BranchStep,
    FixedStep,
    OperatorsStep,
    PrepareStep,
    measurement,
    projection,
)
from .transfer import Form

RESET = np.array([[1.0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [1.0, 0, 0, 0]])


@dataclass(frozen=True, eq=False)
class MixedPlan:
    """The steps of a circuit on a density matrix. Printable, as `Plan` is."""

    n: int
    bits: int
    steps: tuple[Step, ...]
    projects: bool

    def cost(self) -> tuple[float, float]:
        """(flops, passes over the state) of one run."""
        costs = [step.cost() for step in self.steps]
        return sum(c[0] for c in costs), sum(c[1] for c in costs)

    def __str__(self) -> str:
        flops, passes = self.cost()
        head = f"{self.n} qubits, {self.bits} classical bits, {len(self.steps)} steps, "
        head += f"{flops:.3g} flops, {passes:.0f} passes over the state"
        return "\n".join([head, *_lines(self.steps, 1)])


def _lines(steps: Sequence[Step], depth: int) -> list[str]:
    out = []
    for step in steps:
        out.append("  " * depth + step.describe())
        bodies = step.bodies if isinstance(step, BranchStep) else [getattr(step, "body", ())]
        for body in bodies:
            out += _lines(body, depth + 1)
    return out


@lru_cache(maxsize=512)
def make_mixed_plan(
    structure: Any, complex_leaves: tuple[bool, ...], seen: frozenset[int] | None = None
) -> MixedPlan:
    """The plan of a circuit's structure (its treedef), given which of its leaves are complex.

    With ``seen``, the qubits that are asked for, what cannot reach them is left out.
    """
    leaves = [Leaf(k, c) for k, c in enumerate(complex_leaves)]
    circuit: Circuit = jax.tree.unflatten(structure, leaves)
    scheduler = _Scheduler(circuit.n, circuit.bits)
    steps = scheduler.schedule(circuit.ops, seen)
    return MixedPlan(circuit.n, circuit.bits, tuple(steps), scheduler.projects)


class _Scheduler:
    def __init__(self, n: int, bits: int) -> None:
        self.n, self.bits, self.register = n, bits, 2 * n + bits
        self.projects = False

    def schedule(self, ops: Sequence[Any], seen: frozenset[int] | None = None) -> list[Step]:
        steps: list[Step] = []
        parts: list[BlocksStep | MonomialStep] = []
        fusion = Fusion(paired=self.register > SMALL)
        run: list[Placed] = []

        def flush() -> None:
            blocks = fusion.close()
            if blocks:
                parts.append(BlocksStep(self.n, blocks, self.register))
            if run:
                parts.append(MonomialStep(self.n, run, self.register))
                run.clear()

        def finish() -> None:
            flush()
            if parts:
                steps.append(RunStep(self.n, parts))
                parts.clear()

        found = find_repetition(ops)
        for op in found if seen is None else light_cone(found, seen):
            small = self._small(op)
            if small is not None:
                for one in small:
                    kind = self._monomial(one, bool(run))
                    if kind is not bool(run):
                        flush()
                    (run.append if kind else fusion.add)(one)
            elif not isinstance(op, Barrier):
                finish()
                steps.append(self._large(op))
        finish()
        return steps

    def _monomial(self, one: Placed, running: bool) -> bool:
        """Whether an operation belongs to a run of signed permutations; one-qubit operations and
        noise do only where such a run has begun."""
        if self.register > REGISTER:
            return False
        if is_scaling(one.form):
            return running
        found = signed_permutation(one.form) is not None
        return found and (running or len(one.qubits) > 1)

    def _small(self, op: Any) -> list[Placed] | None:
        """Operations that join a block; None for what is a step of its own."""
        if isinstance(op, Gate):
            item = gate_item(op)
            if item.name == "StatePrep" or len(item.qubits) > LARGEST:
                return None
            return [] if not item.qubits or item.name == "I" else [placed(item, False)]
        if isinstance(op, Channel):
            item = Item(op.name, tuple(op.params), op.targets)
            if op.name == "Prepare" or len(item.qubits) > LARGEST:
                return None
            return [placed(item, True)]
        return None

    def _large(self, op: Any) -> Step:
        n, register = self.n, self.register
        if isinstance(op, Gate):
            item = gate_item(op)
            if item.name == "StatePrep":
                return PrepareStep(n, item, register)
            return OperatorsStep(n, item, register, channel=False)
        if isinstance(op, Channel):
            item = Item(op.name, tuple(op.params), op.targets)
            if op.name == "Prepare":
                return PrepareStep(n, item, register)
            return OperatorsStep(n, item, register, channel=True)
        if isinstance(op, Turns):
            return LoopStep(n, self.schedule(op.ops), op.length, sources=op.sources)
        if isinstance(op, Layers | Repeat):
            return self._loop(op)
        return self._record(op)

    def _loop(self, op: Layers | Repeat) -> Step:
        stacked: frozenset[int] = frozenset()
        if isinstance(op, Layers):
            leaves = jax.tree.leaves(op.ops, is_leaf=lambda x: isinstance(x, Leaf))
            marked = zip(leaves, op.stacked, strict=True)
            stacked = frozenset(leaf.index for leaf, moves in marked if moves)
        reverse = isinstance(op, Layers) and op.reverse
        return LoopStep(self.n, self.schedule(op.ops), op.length, stacked, reverse)

    def _record(self, op: Any) -> Step:
        n, register = self.n, self.register
        if isinstance(op, Measure):
            axes = (*axes_of((op.qubit,)), self._bit(op.bit, op))
            return FixedStep(n, measurement(), axes, register, repr(op))
        if isinstance(op, Reset):
            return FixedStep(n, RESET, axes_of((op.qubit,)), register, repr(op))
        if isinstance(op, Assign):
            matrix = np.zeros((2, 2))
            matrix[op.value] = 1
            return FixedStep(n, matrix, (self._bit(op.bit, op),), register, repr(op))
        if isinstance(op, Project):
            self.projects = True
            matrix = projection(op.outcome)
            return FixedStep(n, matrix, axes_of((op.qubit,)), register, repr(op))
        if isinstance(op, If | WhileOp):
            for bit in op.condition.bits:
                self._bit(bit, op)
            other = op.else_ops if isinstance(op, If) else ()
            bodies = (self.schedule(op.ops), self.schedule(other))
            turns = 1 if isinstance(op, If) else op.limit
            return BranchStep(n, op.condition, bodies, register, turns)
        raise UnsupportedError(f"a density matrix has no way to run {op!r:.60}")

    def _bit(self, bit: int, op: Any) -> int:
        check_bit(bit, self.bits, op)
        return 2 * self.n + bit


def check_bit(bit: int, bits: int, op: Any) -> None:
    """Raise `CircuitError` where an operation names a classical bit that the circuit lacks."""
    if bit >= bits:
        raise CircuitError(
            f"{op!r:.60}: classical bit {bit} is outside the circuit",
            expected=f"bits 0 to {bits - 1}" if bits else "a circuit with classical bits",
            got=f"bit {bit}",
            fix=f"write Circuit(n, [...], bits={bit + 1})",
        )


def gate_item(gate: Gate) -> Item:
    """A gate as the steps see it, the controls of its name among its controls."""
    gate = gate.resolve()
    params = tuple(p if isinstance(p, Leaf) else float(p) for p in gate.params)
    return Item(
        gate.name, params, gate.targets, gate.controls, gate.values, gate.static, gate.inverted
    )


def placed(item: Item, channel: bool) -> Placed:
    """An operation as blocks see it: its form apart from its qubits and its parameters."""
    ascending = tuple(sorted(item.qubits))
    place = {q: i for i, q in enumerate(ascending)}
    params = tuple(Leaf(i, isinstance(p, Leaf) and p.is_complex) for i, p in enumerate(item.params))
    plain = Item(
        item.name,
        params,
        tuple(place[q] for q in item.targets),
        tuple(place[q] for q in item.controls),
        item.values,
        item.static,
        item.inverted,
    )
    return Placed(Form(plain, channel), ascending, item.params)
