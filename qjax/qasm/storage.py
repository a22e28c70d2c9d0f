"""Where operations and classical bits go: what statements leave behind in the circuit."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from ..circuit import Operation
from ..circuit import dynamic as dyn
from . import ast, values
from .evaluate import Evaluator
from .lexer import Lexer
from .limits import Limits
from .scope import External, Function, Variable
from .values import Value, Word


class Storage(Evaluator):
    """The part of the machine that owns the circuit being built."""

    def __init__(self, lexer: Lexer, limits: Limits) -> None:
        super().__init__(lexer, limits)
        self.version = 3
        self.lists: list[list[Operation]] = [[]]  # one per measurement-dependent block
        self.in_loop = 0  # how many of them are loops
        self.qubit_count = self.bit_count = 0
        self.has_physical = False

    @property
    def level(self) -> int:
        """How many measurement-dependent blocks the current statement stands in."""
        return len(self.lists) - 1

    def emit(self, operation: Operation, node: ast.Node) -> None:
        """One more operation."""
        self.spend(1, node, "operation")
        self.lists[-1].append(operation)

    def new_name(self, name: str, what: Any, node: ast.Node, again: bool = False) -> None:
        """A new name in the innermost scope."""
        frame = self.scopes.frames[-1]
        if name in frame and not again:
            self.fail(f"{name!r} is defined already", node, name, hint="choose another name")
        if len(self.scopes.frames) == 1 and values.constant(name) is not None:
            self.fail(f"{name!r} is a constant of the language", node, name)
        frame[name] = what

    def new_bits(self, count: int, node: ast.Node) -> tuple[int, ...]:
        """So many new classical bits of the circuit."""
        if self.bit_count + count > self.limits.bits:
            self.fail(f"the program has more than {self.limits.bits} classical bits", node, "bit")
        self.bit_count += count
        return tuple(range(self.bit_count - count, self.bit_count))

    def physical(self, node: ast.Physical) -> int:
        if self.qubit_count and not self.has_physical:
            self.fail("physical qubits cannot stand beside declared ones", node, f"${node.number}")
        if node.number >= self.limits.qubits:
            self.fail(
                "a qubit number is too large",
                node,
                f"${str(node.number)[:20]}",
                expected=f"below {self.limits.qubits}",
            )
        self.has_physical = True
        self.qubit_count = max(self.qubit_count, node.number + 1)
        return node.number

    # --- variables -------------------------------------------------------------------------------
    def size(self, variable: Variable) -> int:
        """How many bits a variable has; 1 where that does not matter."""
        return len(variable.bits) if variable.bits is not None else variable.width or 1

    def target(self, node: ast.Node) -> tuple[Variable, list[int], bool]:
        """The variable that is written to, which of its bits, and whether it is a single one."""
        base = node.base if isinstance(node, ast.Index) else node
        if not isinstance(base, ast.Name):
            self.fail("only a variable, its bits or a slice of them can be written to", node)
        found = self.scopes.find(base.name)
        if not isinstance(found, Variable):
            what = "is not defined" if found is None else "is not a classical variable"
            self.fail(f"{base.name!r} {what}", node, base.name)
        if found.constant:
            self.fail(f"{base.name!r} cannot be changed", node, base.name)
        if isinstance(node, ast.Index):
            return found, *self.pick(self.size(found), node)
        single = found.width is None and found.kind in ("bit", "bool")
        return found, list(range(self.size(found))), single

    def stored(self, variable: Variable, picked: list[int], node: ast.Node) -> list[int]:
        """The classical bits behind some bits of a variable, which now has to be kept at run time.

        A variable known so far gets bits here; its value so far is written to them before the
        measurement-dependent block that the statement stands in.
        """
        if variable.bits is None:
            if variable.kind not in ("bit", "bool", "int", "uint", "angle") or (
                variable.width is None and variable.kind not in ("bit", "bool")
            ):
                self.fail(
                    f"a {variable.kind} without a width cannot hold a measured value",
                    node,
                    variable.kind,
                    hint=f"give it a width, such as {variable.kind}[8]",
                )
            if self.in_loop and variable.level < self.level:
                self.fail("a loop over measurements can change bits only", node, variable.kind)
            width = variable.width or 1
            value = values.cast("bit", width, variable.value or 0)
            assert isinstance(value, Word)
            variable.bits = self.new_bits(width, node)
            known = [dyn.Assign(b, 1) for k, b in enumerate(variable.bits) if value.value >> k & 1]
            self.lists[variable.level].extend(known)
            variable.value = None
        return [variable.bits[k] for k in picked]

    def assign(
        self, variable: Variable, picked: list[int], value: ast.Node, node: ast.Node, whole: bool
    ) -> None:
        """``variable = value``, or some of its bits."""
        if isinstance(value, ast.Measurement):
            qubits = self.qubits(value.qubits).indices
            bits = self.stored(variable, picked, node)
            if len(qubits) != len(bits):
                self.fail(
                    "a measurement needs one bit for every qubit",
                    node,
                    "measure",
                    expected=f"{len(qubits)} bit(s)",
                    got=len(bits),
                )
            for q, b in zip(qubits, bits, strict=True):
                self.emit(dyn.Measure(q, b), node)
            return
        if isinstance(value, ast.Call) and isinstance(
            self.scopes.find(value.name), Function | External
        ):
            result = self.call_function(value)
            if result is None:
                self.fail("this subroutine returns nothing", value, value.name)
            name = "\0result"  # no program can say this name
            self.scopes.frames.append({name: result})
            try:
                self.assign(variable, picked, ast.Name(value.start, name), node, whole)
            finally:
                self.scopes.frames.pop()
            return
        bits, rows = self.table([value])
        if not bits and variable.bits is None and variable.level == self.level:
            self._set(variable, picked, rows[0][0], node, whole)
            return
        kind = variable.kind if whole else "bit"
        width = len(picked)
        numbers = [self._digits(self._cast(kind, width, r[0], node), width) for r in rows]
        places = self.stored(variable, picked, node)
        self._write(bits, [[n >> j & 1 for n in numbers] for j in range(width)], places, node)

    def _set(
        self, variable: Variable, picked: list[int], value: Value, node: ast.Node, whole: bool
    ) -> None:
        if whole:
            variable.value = self._cast(variable.kind, variable.width, value, node)
            return
        if variable.value is None or variable.kind not in ("int", "uint", "angle", "bool"):
            self.fail(f"the bits of a {variable.kind} cannot be set", node, variable.kind)
        number = self._digits(variable.value, variable.width or 128)
        for j, k in enumerate(picked):
            digit = self._digits(value, len(picked)) >> j & 1
            number = (number & ~(1 << k)) | digit << k
        word = (
            Word("angle", variable.width, number)
            if variable.kind == "angle" and variable.width
            else number
        )
        variable.value = self._cast(variable.kind, variable.width, word, node)

    def _cast(self, kind: str, width: int | None, value: Value, node: ast.Node) -> Value:
        if kind == "bit" and isinstance(value, Word) and width and value.width != width:
            self.fail(
                "bit strings of different lengths",
                node,
                "=",
                expected=f"{width} bit(s)",
                got=f"{value.width} bit(s)",
            )
        try:
            return values.cast(kind, width, value)
        except values.Bad as error:
            self.fail(str(error), node, kind)

    def _digits(self, value: Value, width: int) -> int:
        number = value.value if isinstance(value, Word) else values.plain(value)
        return int(number) % 2**width if isinstance(number, int) else 0

    def _write(
        self, bits: tuple[int, ...], columns: list[list[int]], places: list[int], node: ast.Node
    ) -> None:
        """Give every place its truth table over ``bits``, all at once."""
        waiting = dict(zip(places, columns, strict=True))
        uses = {p: _used(column, len(bits)) for p, column in waiting.items()}
        names = list(bits)
        while waiting:
            held = {names[k] for p in waiting for k in uses[p] if names[k] != p}
            free = [p for p in waiting if p not in held]
            if not free:  # a cycle: move one of them out of the way
                place = next(iter(waiting))
                (spare,) = self.new_bits(1, node)
                self._copy([place], [0, 1], spare, node)
                names = [spare if b == place else b for b in names]
            for place in free:
                column = np.array(waiting.pop(place)).reshape((2,) * len(bits))
                rest = tuple(0 if k not in uses[place] else slice(None) for k in range(len(bits)))
                short = [int(v) for v in column[rest].ravel()]
                self._copy([names[k] for k in uses[place]], short, place, node)

    def _copy(self, bits: list[int], column: list[int], place: int, node: ast.Node) -> None:
        """Give one bit the truth table over bits that it depends on."""
        if len(column) == 1:
            self.emit(dyn.Assign(place, column[0]), node)
        elif bits != [place] or column != [0, 1]:
            patterns = product((0, 1), repeat=len(bits))
            true = [p for p, v in zip(patterns, column, strict=True) if v]
            self.spend(len(true), node, "=")
            condition = dyn.Condition(bits, true)
            self.emit(dyn.If(condition, [dyn.Assign(place, 1)], [dyn.Assign(place, 0)]), node)

    def call_function(self, node: ast.Call) -> Variable | None:
        """The result of a subroutine, if it has one."""
        raise NotImplementedError


def _used(column: list[int], count: int) -> list[int]:
    """Which of ``count`` bits a truth table depends on."""
    table = np.array(column).reshape((2,) * count)
    return [k for k in range(count) if np.any(np.diff(table, axis=k))]
