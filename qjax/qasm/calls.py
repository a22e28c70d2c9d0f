"""Gate calls: broadcasting, modifiers, definitions. And the calls of subroutines."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from ..circuit import Operation, Param
from ..circuit import dynamic as dyn
from ..errors import QjaxError
from ..gates import TABLE
from . import ast, gates, values
from .error import QasmError
from .known import same_as_written
from .power import power
from .scope import Defined, External, Function, Qubits, Variable
from .storage import Storage
from .values import Value

_SUMMABLE = frozenset(
    name
    for name, spec in TABLE.items()
    if spec.num_params == 1 and spec.num_qubits and spec.exponents[0] and spec.name != "fSim"
) | {"GlobalPhase"}
_MOST_BRANCHES = 64
_FUNCTION = 16  # what the call of a subroutine costs, in operations


class _Returned(Exception):
    """Unwinds a subroutine."""

    def __init__(self, value: Variable | None) -> None:
        self.value = value


class Calls(Storage):
    """The part of the machine that applies gates."""

    library: dict[str, gates.Native]
    fixed: frozenset[str]
    depth = 0

    # --- definitions -----------------------------------------------------------------------------
    def define_gate(self, node: ast.GateDefinition) -> None:
        if node.name in self.fixed:
            self.fail(f"the library defines {node.name!r} already", node, node.name)
        if len(self.scopes.frames) > 1:
            self.fail("a gate cannot be defined inside a block", node, node.name)
        if not node.qubits:
            self.fail("a gate acts on at least one qubit", node, node.name)
        size, depth, native = 1, 1, True
        for call in _calls(node.body):
            found = self.find_gate(call.name)
            if found is None:
                self.fail(
                    f"the gate {call.name!r} is not defined",
                    call,
                    call.name,
                    hint="a gate can only call gates defined before it",
                )
            if isinstance(found, Defined):
                native = False
                size, depth = size + found.size, max(depth, found.depth + 1)
            size += 1
        new: Any = Defined(node, size, depth)
        if native and same_as_written(node, self.version):
            new = gates.known(node.name, self.version) or new
        self.new_name(node.name, new, node)

    def find_gate(self, name: str) -> Any:
        """A gate defined in the file, or one of the library."""
        found = self.scopes.find(name)
        if isinstance(found, Defined | gates.Native | Function | External):
            return found
        return self.library.get(name) if found is None else None

    # --- calls -----------------------------------------------------------------------------------
    def gate_statement(self, node: ast.GateCall) -> None:
        found = self.find_gate(node.name)
        if isinstance(found, Function | External):
            self.call_function(ast.Call(node.start, node.name, node.params + node.operands))
            return
        bits, rows = self.table(node.params) if node.params else ((), [()])
        for qubits in self.broadcast(node):
            if not bits:
                self.append(self.apply(node, found, rows[0], qubits), node)
            else:
                self.depending(node, found, bits, rows, qubits)

    def append(self, ops: list[Operation], node: ast.Node) -> None:
        self.spend(len(ops), node, "gate")
        self.lists[-1].extend(ops)

    def broadcast(self, node: ast.GateCall) -> list[tuple[int, ...]]:
        """The qubits of every application of a gate to registers."""
        operands = [self.qubits(o) for o in node.operands]
        lengths = {len(o.indices) for o in operands if not o.single}
        if len(lengths) > 1:
            self.fail(
                "registers of different lengths cannot be combined",
                node,
                node.name,
                got=f"lengths {sorted(lengths)}",
            )
        count = lengths.pop() if lengths else 1
        self.spend(count, node, node.name)
        out = []
        for k in range(count):
            qubits = tuple(o.indices[0] if o.single else o.indices[k] for o in operands)
            if len(set(qubits)) != len(qubits):
                self.fail("a gate cannot act on one qubit twice", node, node.name, got=qubits)
            out.append(qubits)
        return out

    def apply(
        self, node: ast.GateCall, found: Any, params: tuple[Value, ...], qubits: tuple[int, ...]
    ) -> list[Operation]:
        """A gate under its modifiers."""
        return self.modified(node, found, params, qubits, 0)

    def modified(
        self, node: ast.GateCall, found: Any, params: tuple, qubits: tuple[int, ...], k: int
    ) -> list[Operation]:
        if k == len(node.modifiers):
            return self.plain_gate(node, found, params, qubits)
        modifier = node.modifiers[k]
        count = 0
        if modifier.name in ("ctrl", "negctrl"):
            count = 1 if modifier.argument is None else self.integer(modifier.argument, "a count")
            if not 1 <= count <= len(qubits):
                self.fail(
                    f"{modifier.name} needs qubits to control by",
                    modifier,
                    modifier.name,
                    expected=f"1 to {len(qubits)}",
                    got=count,
                )
        self.enter(node)
        inner = self.modified(node, found, params, qubits[count:], k + 1)
        self.depth -= 1
        self.spend(len(inner), node, modifier.name)
        try:
            if modifier.name == "inv":
                return [op.inverse() for op in reversed(inner)]
            if modifier.name == "pow":
                assert modifier.argument is not None
                exponent = values.plain(self.evaluate(modifier.argument))
                if isinstance(exponent, Param):
                    self.fail("an exponent must be a number", modifier, "pow")
                return power(inner, float(exponent), lambda n: self.spend(n, node, "pow"))
            value = int(modifier.name == "ctrl")
            return [op.control(qubits[:count], (value,) * count) for op in inner]
        except QjaxError as error:
            if isinstance(error, QasmError):
                raise
            self.fail(error.what, node, modifier.name)

    def plain_gate(
        self, node: ast.GateCall, found: Any, params: tuple, qubits: tuple[int, ...]
    ) -> list[Operation]:
        if found is None:
            defined = self.scopes.find(node.name) is not None
            self.fail(
                f"{node.name!r} is not a gate" if defined else f"no gate {node.name!r} is defined",
                node,
                node.name,
                hint=None if defined or self.fixed else self.include_hint(),
            )
        if isinstance(found, Defined):
            want = (len(found.definition.params), len(found.definition.qubits))
        else:
            want = (found.params, found.qubits)
        if (len(params), len(qubits)) != want:
            self.fail(
                f"the gate {node.name} takes {want[0]} parameter(s) and {want[1]} qubit(s)",
                node,
                node.name,
                got=f"{len(params)} and {len(qubits)}",
            )
        if not isinstance(found, Defined):
            leaves = tuple(gates.leaf(self.real(p, node)) for p in params)
            return list(found.build(leaves, qubits))
        if found.definition.opaque:
            self.fail(f"the opaque gate {node.name!r} has no definition", node, node.name)
        return self.expanded(node, found, params, qubits)

    def include_hint(self) -> str:
        return f'add: include "{"qelib1" if self.version == 2 else "stdgates"}.inc";'

    def real(self, value: Value, node: ast.Node) -> float | Param:
        """A parameter as a leaf of the circuit."""
        number = values.plain(value)
        if isinstance(number, Param):
            return number
        try:
            return float(values.checked(number))
        except (values.Bad, OverflowError):
            self.fail("a parameter must be a finite number", node, got=number)

    def expanded(
        self, node: ast.GateCall, found: Defined, params: tuple, qubits: tuple[int, ...]
    ) -> list[Operation]:
        """The body of a definition."""
        definition = found.definition
        if found.size > self.budget.left:
            self.spend(found.size, node, node.name)
        if found.depth + self.depth > self.limits.nesting:
            self.fail(
                f"definitions are nested deeper than {self.limits.nesting} levels", node, node.name
            )
        names: dict[str, Any] = {
            p: Variable("float", None, v, constant=True)
            for p, v in zip(definition.params, params, strict=True)
        }
        names |= {q: Qubits((k,), True) for q, k in zip(definition.qubits, qubits, strict=True)}
        frames, self.scopes.frames = self.scopes.frames, [self.scopes.frames[0], names]
        lists, self.lists = self.lists, [[]]
        asked, self.asked = self.asked, None
        self.enter(node)
        try:
            for statement in definition.body:
                self.execute(statement)
            return self.lists[0]
        finally:
            self.depth -= 1
            self.scopes.frames, self.lists, self.asked = frames, lists, asked

    def enter(self, node: ast.Node) -> None:
        """One call further in."""
        self.depth += 1
        if self.depth > self.limits.nesting:
            self.fail(f"calls are nested deeper than {self.limits.nesting} levels", node, "call")

    def execute(self, node: ast.Node) -> None:
        """Run one statement."""
        raise NotImplementedError

    def depending(
        self,
        node: ast.GateCall,
        found: Any,
        bits: tuple[int, ...],
        rows: list[tuple[Value, ...]],
        qubits: tuple[int, ...],
    ) -> None:
        """A gate whose parameters depend on measurements."""
        angles = [self.real(r[0], node) for r in rows] if len(rows[0]) == 1 else []
        direct = getattr(found, "direct", None)
        if direct in _SUMMABLE and all(isinstance(a, float) for a in angles):
            table = np.array(angles)
            weights = [table[1 << (len(bits) - 1 - k)] - table[0] for k in range(len(bits))]
            digits = np.array(list(product((0, 1), repeat=len(bits))))
            if np.max(np.abs(digits @ np.array(weights) + table[0] - table)) < 1e-12:
                if table[0]:
                    self.append(self.apply(node, found, (float(table[0]),), qubits), node)
                for bit, weight in zip(bits, weights, strict=True):
                    if weight:
                        ops = self.apply(node, found, (float(weight),), qubits)
                        self.emit(dyn.If(bit, ops), node)
                return
        if len(rows) > _MOST_BRANCHES:
            self.fail("a parameter depends on too many measured bits", node, node.name)
        for pattern, row in zip(product((0, 1), repeat=len(bits)), rows, strict=True):
            ops = self.apply(node, found, row, qubits)
            self.emit(dyn.If(dyn.Condition(bits, [pattern]), ops), node)

    # --- subroutines -----------------------------------------------------------------------------
    def call_function(self, node: ast.Call) -> Variable | None:
        found = self.scopes.find(node.name)
        if isinstance(found, External):
            self.fail(f"the external function {node.name!r} has no definition", node, "extern")
        assert isinstance(found, Function)
        definition = found.definition
        if len(node.arguments) != len(definition.params):
            self.fail(
                f"{node.name} takes {len(definition.params)} argument(s)",
                node,
                node.name,
                got=len(node.arguments),
            )
        names: dict[str, Any] = {}
        for (name, kind, size), argument in zip(definition.params, node.arguments, strict=True):
            if kind is None:
                qubits = self.qubits(argument)
                want = 1 if size is None else self.integer(size, "the size of a register")
                if len(qubits.indices) != want:
                    self.fail(
                        f"{node.name}: {name} has another size",
                        argument,
                        node.name,
                        expected=f"{want} qubit(s)",
                        got=len(qubits.indices),
                    )
                names[name] = Qubits(qubits.indices, size is None)
            else:
                names[name] = self._parameter(kind, argument)
        self.enter(node)
        self.spend(_FUNCTION, node, node.name)
        frames, self.scopes.frames = self.scopes.frames, [self.scopes.frames[0], names]
        level = self.level
        try:
            for statement in definition.body:
                self.execute(statement)
        except _Returned as returned:
            if self.level != level:
                self.fail("return inside a measurement-dependent block", node, "return")
            return self._result(definition, returned.value)
        finally:
            self.depth -= 1
            self.scopes.frames = frames
            del self.lists[level + 1 :]
        return None

    def _parameter(self, kind: ast.Type, argument: ast.Node) -> Variable:
        width = self.width(kind)
        variable = Variable(kind.name, width, level=self.level)
        if kind.name == "bit":
            variable.bits = self.new_bits(width or 1, argument)
        self.assign(variable, list(range(self.size(variable))), argument, argument, True)
        return variable

    def _result(self, definition: ast.Subroutine, value: Variable | None) -> Variable | None:
        kind = definition.result
        if kind is None or value is None:
            return None
        width = self.width(kind)
        if value.bits is not None and len(value.bits) == (width or 1):
            return Variable(kind.name, width, None, value.bits)
        return value

    def return_statement(self, node: ast.Return) -> None:
        if self.depth == 0:
            self.fail("return outside a subroutine", node, "return")
        if node.value is None:
            raise _Returned(None)
        if isinstance(node.value, ast.Measurement):
            qubits = self.qubits(node.value.qubits).indices
            bits = self.new_bits(len(qubits), node)
            for q, b in zip(qubits, bits, strict=True):
                self.emit(dyn.Measure(q, b), node)
            raise _Returned(Variable("bit", len(bits), None, bits))
        if isinstance(node.value, ast.Name):
            found = self.scopes.find(node.value.name)
            if isinstance(found, Variable):
                raise _Returned(found)
        bits, rows = self.table([node.value])
        if bits:
            self.fail(
                "a subroutine returns a measurement, a variable or a known value",
                node,
                "return",
                hint="assign the expression to a variable first",
            )
        raise _Returned(Variable("", None, rows[0][0]))


def _calls(body: list[Any]) -> list[ast.GateCall]:
    out = []
    for statement in body:
        if isinstance(statement, ast.For):
            out += _calls(statement.block)
        elif isinstance(statement, ast.GateCall):
            out.append(statement)
    return out
