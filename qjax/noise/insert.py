"""A noise model put into a circuit: circuit in, circuit out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

import jax

from ..circuit import (
    Circuit,
    Gate,
    If,
    Layers,
    Measure,
    Operation,
    Repeat,
    While,
    as_circuit,
)
from ..errors import ParameterError
from .model import NoiseModel, OverRotation, Rule

Marks = tuple[tuple[bool, ...], ...]
"""For each leaf of an operation: whether it varies along each of the `Layers` around it."""

Marked = tuple[Operation, Marks]


def insert(circuit: Circuit, model: NoiseModel, *, measured: bool = False) -> Circuit:
    """The circuit as a noisy device runs it.

    Every gate is followed by the noise that the model's rules name; with durations and T1, T2,
    qubits relax during gates and while they wait (operations start as early as their qubits allow;
    all qubits wait for each other before and after a repeated or conditional block, at a barrier,
    and at the end). Readout errors stand before every `Measure`.

    Args:
        circuit: what is run; blocks stay blocks.
        model: the device.
        measured: whether all qubits are measured at the end, so that readout errors stand there.

    Returns:
        A circuit for `qjax.DensityMatrix` or `qjax.Trajectories`, differentiable in angles and in
        strengths.

    Raises:
        ParameterError: not a `NoiseModel`.

    Example:
        >>> import qjax as qj
        >>> from qjax import noise
        >>> model = noise.NoiseModel(readout=(0.02, 0.05))
        >>> noise.insert(qj.Circuit(1, [qj.X(0)]), model, measured=True)
        Circuit(1, [X(0), ReadoutError(0.02, 0.05, 0)])
    """
    circuit = as_circuit(circuit, "insert")
    if not isinstance(model, NoiseModel):
        raise ParameterError(
            "insert: model must be a NoiseModel",
            got=repr(model)[:60],
            fix="for a device file write qjax.noise.load_device(path).model()",
        )
    walk = _Walk(model, circuit.n)
    ops = [op for op, _ in walk.through([(op, _fixed(op, 0)) for op in circuit.ops])]
    ops += [op for op, _ in walk.meet(range(circuit.n))]
    if measured:
        ops += [op for q in range(circuit.n) for op in model.reading(q)]
    return Circuit(circuit.n, ops, circuit.bits)


class _Walk:
    """Goes through operations in order and keeps the time at which each qubit is free."""

    def __init__(self, model: NoiseModel, n: int, depth: int = 0) -> None:
        self.model, self.n, self.depth = model, n, depth
        self.time = [0.0] * n

    def still(self, ops: Sequence[Operation]) -> list[Marked]:
        """Operations that are the same in every layer."""
        return [(op, _fixed(op, self.depth)) for op in ops]

    def meet(self, qubits: Any) -> list[Marked]:
        """The qubits wait for the last of them."""
        qubits = list(qubits)
        latest = max((self.time[q] for q in qubits), default=0.0)
        out: list[Marked] = []
        for q in qubits:
            out += self.still(self.model.waiting(q, latest - self.time[q]))
            self.time[q] = latest
        return out

    def spend(self, qubits: Sequence[int], duration: float) -> list[Marked]:
        """The qubits relax while something happens to them."""
        out: list[Marked] = []
        for q in qubits:
            out += self.still(self.model.waiting(q, duration))
            self.time[q] += duration
        return out

    def through(self, ops: Sequence[Marked]) -> list[Marked]:
        out: list[Marked] = []
        for op, marks in ops:
            if isinstance(op, Gate):
                out += self._gate(op, marks)
            elif isinstance(op, Measure):
                out += self.meet([op.qubit])
                out += self.still(self.model.waiting(op.qubit, self.model.measure_duration))
                self.time[op.qubit] += self.model.measure_duration
                out += [*self.still(self.model.reading(op.qubit)), (op, marks)]
            elif isinstance(op, Layers | Repeat | If | While):
                out += [*self.meet(range(self.n)), self._block(op, marks)]
            else:
                out += [*self.meet(op.qubits), (op, marks)]
        return out

    def _gate(self, gate: Gate, marks: Marks) -> list[Marked]:
        out = self.meet(gate.qubits)
        noise: list[Marked] = []
        shown = gate
        for rule in self.model.rules:
            if isinstance(rule, OverRotation) and rule.matches(gate):
                shown = rule.turned(shown)
            elif isinstance(rule, Rule) and rule.matches(gate):
                noise += self.still(rule.after(gate))
        out.append((shown, marks))
        return [*out, *noise, *self.spend(gate.qubits, self.model.duration(gate))]

    def _block(self, op: Any, marks: Marks) -> Marked:
        """The block with noise in its bodies; its leaves keep their marks, those of noise get none.

        Inside `Layers` each leaf has one mark more, which says whether it varies by its layer.
        """
        bodies, static = op.tree_flatten()
        depth = self.depth
        if isinstance(op, Layers):
            depth += 1
            marks = tuple((*m, s) for m, s in zip(marks, op.stacked, strict=True))
        each = iter(marks)
        made = []
        for body in bodies:
            inner = _Walk(self.model, self.n, depth)
            marked = [(o, tuple(islice(each, len(jax.tree.leaves(o))))) for o in body]
            made.append([*inner.through(marked), *inner.meet(range(self.n))])
        marks = tuple(m for body in made for _, ms in body for m in ms)
        if isinstance(op, Layers):
            static = (tuple(m[-1] for m in marks), *static[1:])
            marks = tuple(m[:-1] for m in marks)
        return op.tree_unflatten(static, [tuple(o for o, _ in body) for body in made]), marks


def _fixed(op: Operation, depth: int) -> Marks:
    return ((False,) * depth,) * len(jax.tree.leaves(op))
