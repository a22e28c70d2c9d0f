"""Circuits as OpenQASM 2, with the 23 gates of the published qelib1.inc and definitions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise, product

from ..circuit import Circuit, Gate, Operation
from ..circuit.dynamic import Barrier, Condition, If, Measure, Reset
from ..circuit.synthesis import elementary, expand
from . import numbers, walk
from .error import QasmError
from .library import NAMES_2, needed

_MOST_PATTERNS = 1024


def write(circuit: Circuit) -> str:
    """The circuit as OpenQASM 2; a global phase is dropped.

    Raises:
        QasmError: unbound parameters, a loop, or a condition on too many bits.
    """
    walk.check(circuit)
    if circuit.params():
        raise QasmError(
            f"OpenQASM 2 has no parameters, and {circuit.params()[0]!r} has no value",
            hint='bind it first, circuit.bind(name=value), or write dialect="qasm3"',
        )
    writer = _Writer(_Registers(circuit))
    body = list(writer.block(circuit.ops, None))
    lines = ["OPENQASM 2.0;", 'include "qelib1.inc";']
    lines += needed(writer.called, "qasm2")
    lines.append(f"qreg q[{circuit.n}];")
    lines += writer.registers.declarations()
    return "\n".join(lines + body) + "\n"


class _Registers:
    """Classical registers such that every condition asks about one whole register."""

    def __init__(self, circuit: Circuit) -> None:
        starts = set(range(circuit.bits))
        conditions = [op.condition for op in walk.every(circuit.ops) if isinstance(op, If)]
        asked = [c.bits for c in conditions if c.bits]
        for bits in asked:
            starts -= set(range(min(bits) + 1, max(bits) + 1))
        if not asked:
            starts = {0} if circuit.bits else set()
        else:  # bits that nothing asks about need no register of their own
            inside = {b for bits in asked for b in range(min(bits), max(bits) + 1)}
            starts = {s for s in starts if s in inside or s == 0 or s - 1 in inside}
        bounds = [*sorted(starts), circuit.bits]
        self.ranges = [range(a, b) for a, b in pairwise(bounds)]
        single = len(self.ranges) == 1
        self.names = ["c" if single else f"c{k}" for k in range(len(self.ranges))]
        self.of_bit = {b: k for k, bits in enumerate(self.ranges) for b in bits}

    def declarations(self) -> list[str]:
        return [f"creg {n}[{len(r)}];" for n, r in zip(self.names, self.ranges, strict=True)]

    def bit(self, bit: int) -> str:
        k = self.of_bit[bit]
        return f"{self.names[k]}[{bit - self.ranges[k].start}]"

    def tests(self, condition: Condition, when: bool) -> list[str]:
        """The ``if (register == value)`` prefixes under which the condition is ``when``."""
        k = self.of_bit[condition.bits[0]]
        bits = self.ranges[k]
        free = [b for b in bits if b not in condition.bits]
        patterns = set(condition.accepted)
        if not when:
            if len(condition.bits) > 10:
                _refuse("the opposite of a condition on more than 10 bits")
            patterns = set(product((0, 1), repeat=len(condition.bits))) - patterns
        if len(patterns) << len(free) > _MOST_PATTERNS:
            _refuse(f"a condition that {self.names[k]} meets in more than {_MOST_PATTERNS} ways")
        out = []
        for pattern in sorted(patterns):
            fixed = dict(zip(condition.bits, pattern, strict=True))
            for rest in product((0, 1), repeat=len(free)):
                values = {**fixed, **dict(zip(free, rest, strict=True))}
                value = sum(v << (b - bits.start) for b, v in values.items())
                out.append(f"if ({self.names[k]} == {value}) ")
        return out


class _Writer:
    def __init__(self, registers: _Registers) -> None:
        self.registers = registers
        self.called: list[str] = []
        self._seen: set[str] = set()

    def block(self, ops: Iterable[Operation], condition: Condition | None) -> Iterator[str]:
        for op in walk.unrolled(ops):
            if isinstance(op, Gate):
                yield from self.gate(op)
            elif isinstance(op, Measure):
                if condition is not None and op.bit in condition.bits:
                    _refuse("a block that changes the bits of its own condition")
                yield f"measure q[{op.qubit}] -> {self.registers.bit(op.bit)};"
            elif isinstance(op, Reset):
                yield f"reset q[{op.qubit}];"
            elif isinstance(op, Barrier):
                if condition is None:  # a conditional barrier cannot be said, and does nothing
                    yield f"barrier {', '.join(f'q[{q}]' for q in op.qubits)};"
            elif isinstance(op, If):
                yield from self.branch(op, condition)
            else:
                _refuse(f"{type(op).__name__}")

    def branch(self, op: If, outer: Condition | None) -> Iterator[str]:
        if outer is not None:
            _refuse("a condition inside a condition")
        bits, accepted = op.condition.bits, op.condition.accepted
        if not bits or not accepted or len(accepted) == 2 ** len(bits):
            yield from self.block(op.ops if accepted else op.else_ops, None)
            return
        register = self.registers.ranges[self.registers.of_bit[bits[0]]]
        watched = Condition(register, [])
        for when, ops in ((True, op.ops), (False, op.else_ops)):
            lines = list(self.block(ops, watched))
            for test in self.registers.tests(op.condition, when) if lines else ():
                yield from (test + line for line in lines)

    def gate(self, gate: Gate) -> Iterator[str]:
        if gate.name == "GlobalPhase" and not gate.controls:
            return
        name = NAMES_2.get(gate.name)
        params = gate.params
        if gate.name == "U3Phase":
            name, params = "u3", params[:3]
        if name is None or gate.controls or gate.inverted:
            simpler = expand(gate) if name is None and not gate.controls else elementary(gate)
            for part in simpler:
                yield from self.gate(part)
            return
        if name not in self._seen:
            self._seen.add(name)
            self.called.append(name)
        text = ",".join(numbers.angle(p, gate.name, {}) for p in params)
        places = ",".join(f"q[{q}]" for q in gate.targets)
        yield f"{name}({text}) {places};" if text else f"{name} {places};"


def _refuse(what: str) -> None:
    raise QasmError(
        f"OpenQASM 2 cannot say {what}",
        hint='write dialect="qasm3"',
    )
