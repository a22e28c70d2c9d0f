"""Circuits as OpenQASM 3, with stdgates.inc or with every gate defined in the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from ..circuit import Circuit, Gate, Operation
from ..circuit.dynamic import Assign, Barrier, Condition, If, Measure, Reset, While
from ..circuit.synthesis import expand
from . import numbers, walk, words
from .library import NAMES_3, needed


def write(circuit: Circuit, dialect: str) -> str:
    """The circuit as OpenQASM 3.

    Raises:
        QasmError: an operation without an OpenQASM form, a value that is traced or not finite.
    """
    walk.check(circuit)
    names = words.file_names(circuit.params())
    writer = _Writer(circuit.bits, names, dialect)
    body = list(writer.block(circuit.ops, ""))
    lines = ["OPENQASM 3.0;"]
    if dialect == "qasm3":
        lines.append('include "stdgates.inc";')
    lines += needed(writer.called, dialect)
    lines += [f"input float[64] {n};" for n in names.values()]
    lines.append(f"qubit[{circuit.n}] q;")
    if circuit.bits:
        lines.append(f"bit[{circuit.bits}] c;")
    return "\n".join(lines + body) + "\n"


class _Writer:
    def __init__(self, bits: int, names: dict[str, str], dialect: str) -> None:
        self.bits, self.names = bits, names
        self.plain_phase = dialect == "qasm3-selfcontained"  # Braket has no negctrl @ gphase
        self.called: list[str] = []
        self._seen: set[str] = set()

    def block(self, ops: Iterable[Operation], indent: str) -> Iterator[str]:
        for op in walk.unrolled(ops):
            if isinstance(op, Gate):
                yield from (indent + line for line in self.gate(op))
            elif isinstance(op, Measure):
                yield f"{indent}c[{op.bit}] = measure q[{op.qubit}];"
            elif isinstance(op, Reset):
                yield f"{indent}reset q[{op.qubit}];"
            elif isinstance(op, Barrier):
                yield f"{indent}barrier {_qubits(op.qubits)};"
            elif isinstance(op, Assign):
                yield f"{indent}c[{op.bit}] = {op.value};"
            elif isinstance(op, If):
                yield from self.branch(op.condition, op.ops, op.else_ops, indent)
            elif isinstance(op, While):
                yield f"{indent}// at most {op.limit} turns"
                yield f"{indent}while ({self.expression(op.condition)}) {{"
                yield from self.block(op.ops, indent + "  ")
                yield indent + "}"

    def gate(self, gate: Gate) -> Iterator[str]:
        name = NAMES_3.get(gate.name)
        qubits, modifiers = gate.qubits, _modifiers(gate.values, gate.inverted)
        if gate.name == "GlobalPhase":
            name = "gphase"
            if self.plain_phase and not all(gate.values):
                name = f"qjax_phase{gate.values[-1]}"
                modifiers = _modifiers(gate.values[:-1], False)
        elif gate.name == "U3" and not gate.controls:
            name = "U"
        elif gate.name == "SXdg":
            name = "inv @ sx"
        elif name is None:
            plain = gate.resolve()
            if plain is not gate and (plain.name in NAMES_3 or plain.name == "SXdg"):
                yield from self.gate(plain)
            else:
                for part in expand(gate):
                    yield from self.gate(part)
            return
        params = ", ".join(numbers.angle(p, gate.name, self.names) for p in gate.params)
        base = name.split()[-1]
        if base not in self._seen:
            self._seen.add(base)
            self.called.append(base)
        call = f"{modifiers}{name}({params})" if params else f"{modifiers}{name}"
        yield f"{call} {_qubits(qubits)};" if qubits else f"{call};"

    def branch(
        self, condition: Condition, ops: tuple, else_ops: tuple, indent: str
    ) -> Iterator[str]:
        bits, accepted = condition.bits, condition.accepted
        if not bits or not accepted or len(accepted) == 2 ** len(bits):
            yield from self.block(ops if accepted else else_ops, indent)
            return
        first, *rest = bits
        if len(accepted) == 1 and len(bits) > 1 and sorted(bits) == list(range(self.bits)):
            value = sum(v << b for b, v in zip(bits, accepted[0], strict=True))
            yield f"{indent}if (c == {value}) {{"
        elif accepted == ((1,),):
            yield f"{indent}if (c[{first}]) {{"
        elif len(bits) == 1:  # true where the bit is 0
            yield f"{indent}if (!c[{first}]) {{"
        else:
            yes = Condition(rest, [p[1:] for p in accepted if p[0]])
            no = Condition(rest, [p[1:] for p in accepted if not p[0]])
            yield f"{indent}if (c[{first}]) {{"
            yield from self.branch(yes, ops, else_ops, indent + "  ")
            if no.accepted or else_ops:
                yield indent + "} else {"
                yield from self.branch(no, ops, else_ops, indent + "  ")
            yield indent + "}"
            return
        yield from self.block(ops, indent + "  ")
        if else_ops:
            yield indent + "} else {"
            yield from self.block(else_ops, indent + "  ")
        yield indent + "}"

    def expression(self, condition: Condition) -> str:
        """The condition as one boolean expression of bits."""
        terms = [
            " && ".join(
                f"{'' if v else '!'}c[{b}]" for b, v in zip(condition.bits, pattern, strict=True)
            )
            for pattern in condition.accepted
        ]
        if len(terms) == 1:
            return terms[0]
        return " || ".join(f"({t})" for t in terms) or "false"


def _modifiers(values: tuple[int, ...], inverted: bool) -> str:
    text = ""
    for value, run in groupby(values):
        count = len(list(run))
        word = "ctrl" if value else "negctrl"
        text += f"{word} @ " if count == 1 else f"{word}({count}) @ "
    return text + "inv @ " * inverted


def _qubits(qubits: tuple[int, ...]) -> str:
    return ", ".join(f"q[{q}]" for q in qubits)
