"""A short cut for the statements that long files consist of: gates on single qubits."""

from __future__ import annotations

import re
from typing import Any

from . import gates, values
from .machine import Machine
from .parser import Parser
from .scope import Qubits

_CALL = re.compile(
    r"([a-zA-Z]\w*)[ \t]*(?:\(([^()\n;]{0,200})\))?[ \t]+"
    r"([a-zA-Z]\w*)\[(\d{1,9})\][ \t]*(?:,[ \t]*([a-zA-Z]\w*)\[(\d{1,9})\][ \t]*)?;\s*"
)


class Quick:
    """Consumes calls of library gates; leaves everything else, faults included, where it is."""

    def __init__(self, parser: Parser, machine: Machine) -> None:
        self.parser, self.machine = parser, machine
        self.known: dict[str, Any] = {}
        self.params: dict[str, tuple | None] = {}

    def run(self) -> None:
        """Go on as far as the short cut reaches."""
        lexer, machine = self.parser.lexer, self.machine
        text, position = lexer.text, lexer.token.start
        if lexer.token.kind != "name":
            return
        frame, match, ops = machine.scopes.frames[0], _CALL.match, machine.lists[0]
        params, build, library = self.params, gates.gate, machine.library
        start = position
        while True:
            found = match(text, position)
            if found is None:
                break
            name, angles, first, k, second, m = found.groups()
            native = library.get(name)
            if name in frame or not isinstance(native, gates.Native) or native.direct is None:
                break
            register = frame.get(first)
            if register is None or type(register) is not Qubits or register.single:
                break
            place = int(k)
            if place >= len(register.indices):
                break
            qubits: tuple[int, ...] = (register.indices[place],)
            if second is not None:
                register = frame.get(second)
                if register is None or type(register) is not Qubits or register.single:
                    break
                place = int(m)
                if place >= len(register.indices) or register.indices[place] == qubits[0]:
                    break
                qubits = (qubits[0], register.indices[place])
            if native.qubits != len(qubits):
                break
            leaves: tuple | None = ()
            if angles is not None:
                leaves = params.get(angles)
                if leaves is None:
                    leaves = self.leaves(angles)
                    if leaves is None:
                        break
            if len(leaves) != native.params:
                break
            ops.append(build(native.direct, leaves, qubits))
            position = found.end()
        if position != start:
            lexer.move(position)

    def leaves(self, text: str) -> tuple | None:
        """Parameters that are plain decimals, or simple multiples of pi."""
        out = []
        for part in text.split(","):
            number = _number(part.strip())
            if number is None:
                return None
            out.append(gates.leaf(number))
        if len(self.params) < 10_000:
            self.params[text] = tuple(out)
        return tuple(out)


_DECIMAL = re.compile(r"-?\d+\.\d*(?:[eE][+-]?\d+)?")
_MULTIPLE = re.compile(r"(-?)(?:(\d{1,9})[ ]*\*[ ]*)?pi(?:[ ]*/[ ]*(\d{1,9}))?")


def _number(text: str) -> float | None:
    if _DECIMAL.fullmatch(text):
        number = float(text)
        return number if abs(number) != values.INFINITY else None
    multiple = _MULTIPLE.fullmatch(text)
    if multiple is None:
        return None
    sign, factor, divisor = multiple.groups()
    number = values.constant("pi")
    assert number is not None
    if sign and factor is None:
        number = -number
    elif factor is not None:
        number = (-int(factor) if sign else int(factor)) * number
    if divisor is not None:
        if int(divisor) == 0:
            return None
        number = number / int(divisor)
    return number
