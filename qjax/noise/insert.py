"""A noise model put into a circuit: circuit in, circuit out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax

from ..circuit import (
    Barrier,
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

Marked = tuple[Operation, tuple[bool, ...]]  # an operation, and which of its leaves vary by layer


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
    ops = [op for op, _ in walk.through([(op, ()) for op in circuit.ops], marked=False)]
    ops += [op for op, _ in walk.meet(range(circuit.n))]
    if measured:
        ops += [op for q in range(circuit.n) for op in model.reading(q)]
    return Circuit(circuit.n, ops, circuit.bits)


class _Walk:
    """Goes through operations in order and keeps the time at which each qubit is free."""

    def __init__(self, model: NoiseModel, n: int) -> None:
        self.model, self.n = model, n
        self.time = [0.0] * n

    def meet(self, qubits: Any) -> list[Marked]:
        """The qubits wait for the last of them."""
        qubits = list(qubits)
        latest = max((self.time[q] for q in qubits), default=0.0)
        out: list[Marked] = []
        for q in qubits:
            out += _plain(self.model.waiting(q, latest - self.time[q]))
            self.time[q] = latest
        return out

    def spend(self, qubits: Sequence[int], duration: float) -> list[Marked]:
        """The qubits relax while something happens to them."""
        out: list[Marked] = []
        for q in qubits:
            out += _plain(self.model.waiting(q, duration))
            self.time[q] += duration
        return out

    def through(self, ops: Sequence[Marked], marked: bool) -> list[Marked]:
        out: list[Marked] = []
        for op, marks in ops:
            if isinstance(op, Gate):
                out += self._gate(op, marks)
            elif isinstance(op, Measure):
                out += self.meet([op.qubit])
                out += _plain(self.model.waiting(op.qubit, self.model.measure_duration))
                self.time[op.qubit] += self.model.measure_duration
                out += [*_plain(self.model.reading(op.qubit)), (op, marks)]
            elif isinstance(op, Layers | Repeat | If | While):
                out += self.meet(range(self.n))
                out.append((self._block(op), marks) if not marked else self._nested(op, marks))
            elif isinstance(op, Barrier):
                out += [*self.meet(op.qubits), (op, marks)]
            else:
                out += [*self.meet(op.qubits), (op, marks)]
        return out

    def _gate(self, gate: Gate, marks: tuple[bool, ...]) -> list[Marked]:
        out = self.meet(gate.qubits)
        noise: list[Marked] = []
        shown = gate
        for rule in self.model.rules:
            if isinstance(rule, OverRotation) and rule.matches(gate):
                shown = rule.turned(shown)
            elif isinstance(rule, Rule) and rule.matches(gate):
                noise += _plain(rule.after(gate))
        out.append((shown, marks))
        return [*out, *noise, *self.spend(gate.qubits, self.model.duration(gate))]

    def _body(self, ops: Sequence[Marked], marked: bool) -> list[Marked]:
        inner = _Walk(self.model, self.n)
        return [*inner.through(ops, marked), *inner.meet(range(self.n))]

    def _block(self, op: Operation) -> Operation:
        if isinstance(op, Layers):
            leaves = jax.tree.structure(op.ops).unflatten([_Mark(s) for s in op.stacked])
            body = self._body(
                [
                    (o, tuple(m.moving for m in jax.tree.leaves(marks)))
                    for o, marks in zip(op.ops, leaves, strict=True)
                ],
                marked=True,
            )
            stacked = tuple(m for o, marks in body for m in _marks_of(o, marks))
            ops = tuple(o for o, _ in body)
            return object.__new__(Layers)._set(ops, stacked, op.reverse, op.length)
        bodies = [[(o, ()) for o in op.ops]]  # type: ignore[attr-defined]
        if isinstance(op, If):
            bodies.append([(o, ()) for o in op.else_ops])
        made = [tuple(o for o, _ in self._body(b, marked=False)) for b in bodies]
        if isinstance(op, Repeat):
            return object.__new__(Repeat)._set(made[0], op.times)
        if isinstance(op, While):
            return While(op.condition, list(made[0]), op.limit)
        assert isinstance(op, If)
        return If(op.condition, list(made[0]), list(made[1]) or None)

    def _nested(self, op: Operation, marks: tuple[bool, ...]) -> Marked:
        raise ParameterError(
            "insert: a block within Layers cannot take noise",
            got=repr(op)[:60],
            fix="put the noise in where the layers are written: in layer_fn",
        )


class _Mark:
    """Stands for a leaf and says whether it varies by layer."""

    def __init__(self, moving: bool) -> None:
        self.moving = moving


def _marks_of(op: Operation, marks: tuple[bool, ...]) -> tuple[bool, ...]:
    count = len(jax.tree.leaves(op))
    return marks if len(marks) == count else (False,) * count


def _plain(ops: Sequence[Operation]) -> list[Marked]:
    return [(op, ()) for op in ops]
