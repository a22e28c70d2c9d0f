"""Runs the statements of a program: what comes out is a list of operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..circuit import Operation, Param
from ..circuit import dynamic as dyn
from . import ast, values
from .calls import Calls
from .lexer import Lexer
from .limits import Limits
from .scope import External, Function, Qubits, Variable
from .values import Value

_TURN = 8  # what a turn of a loop costs, in operations


class Machine(Calls):
    """Everything but gates: registers, variables, measurements and control flow."""

    def __init__(
        self,
        lexer: Lexer,
        limits: Limits,
        inputs: dict[str, Any],
        include: Callable[[ast.Include], None],
    ) -> None:
        super().__init__(lexer, limits)
        self.inputs, self.include = inputs, include
        self._run = {
            ast.GateCall: self.gate_statement,
            ast.Include: include,
            ast.QubitDeclaration: self.declare_qubits,
            ast.Declaration: self.declare,
            ast.GateDefinition: self.define_gate,
            ast.Subroutine: self.define_function,
            ast.Extern: self.define_external,
            ast.MeasureStatement: self.measure_statement,
            ast.Reset: self.reset,
            ast.Barrier: self.barrier,
            ast.If: self.branch,
            ast.For: self.loop,
            ast.While: self.while_loop,
            ast.Assignment: self.assign_statement,
            ast.Alias: self.alias,
            ast.Expression: self.expression_statement,
            ast.Return: self.return_statement,
        }

    def execute(self, node: ast.Node) -> None:
        """Run one statement."""
        self.spend(1, node, "statement")
        self._run[type(node)](node)  # type: ignore[operator]

    def run(self, block: list[ast.Node], names: dict[str, Any] | None = None) -> None:
        """Run a block in a scope of its own."""
        self.scopes.frames.append({} if names is None else names)
        try:
            for statement in block:
                self.execute(statement)
        finally:
            self.scopes.frames.pop()

    def capture(self, block: list[ast.Node]) -> tuple[Operation, ...]:
        """The operations of a block that runs only if a measurement says so."""
        self.lists.append([])
        try:
            self.run(block)
            return tuple(self.lists[-1])
        finally:
            self.lists.pop()

    # --- declarations ----------------------------------------------------------------------------
    def declare_qubits(self, node: ast.QubitDeclaration) -> None:
        size = 1 if node.size is None else self.integer(node.size, "the size of a register")
        if not 1 <= size <= self.limits.qubits - self.qubit_count:
            self.fail(
                "the size of a qubit register is out of range",
                node,
                node.name,
                expected=f"1 to {self.limits.qubits} qubits in all",
                got=size,
            )
        if self.has_physical or len(self.scopes.frames) > 1:
            what = "beside physical qubits" if self.has_physical else "inside a block"
            self.fail(f"qubits cannot be declared {what}", node, node.name)
        indices = tuple(range(self.qubit_count, self.qubit_count + size))
        self.qubit_count += size
        self.new_name(node.name, Qubits(indices, node.size is None), node)

    def declare(self, node: ast.Declaration) -> None:
        kind, width = node.type.name, self.width(node.type)
        if node.mode == "input":
            return self.declare_input(node, kind, width)
        variable = Variable(kind, width, constant=node.mode == "const", level=self.level)
        if kind == "bit" and not variable.constant:
            variable.bits = self.new_bits(width or 1, node)
        elif node.value is None and kind != "bool":
            variable.value = None if kind == "bit" else values.cast(kind, width, 0)
        elif node.value is None:
            variable.value = False
        if node.value is not None:
            if variable.constant:
                variable.value = self.cast(kind, width, self.evaluate(node.value), node)
            else:
                self.assign(variable, list(range(self.size(variable))), node.value, node, True)
        self.new_name(node.name, variable, node)
        return None

    def declare_input(self, node: ast.Declaration, kind: str, width: int | None) -> None:
        if node.name in self.inputs:
            value: Value = self.cast(kind, width, self.inputs[node.name], node)
        elif kind in ("float", "angle"):
            value = Param(node.name)
        else:
            self.fail(
                f"input {kind} needs a value when the file is read",
                node,
                node.name,
                hint=f"loads(text, inputs={{{node.name!r}: ...}})",
            )
        self.new_name(node.name, Variable(kind, width, value, constant=True), node)

    def cast(self, kind: str, width: int | None, value: Value, node: ast.Node) -> Value:
        """A value as a type, the fault reported where it stands."""
        try:
            return values.cast(kind, width, value)
        except values.Bad as error:
            self.fail(str(error), node, kind)
        except (TypeError, ValueError, OverflowError):
            self.fail(f"a value cannot be cast to {kind}", node, kind)

    def define_function(self, node: ast.Subroutine) -> None:
        self.new_name(node.name, Function(node), node)

    def define_external(self, node: ast.Extern) -> None:
        self.new_name(node.name, External(node.name), node)

    def alias(self, node: ast.Alias) -> None:
        value = node.value
        if isinstance(value, ast.Name | ast.Index):
            base = value.base if isinstance(value, ast.Index) else value
            found = self.scopes.find(base.name) if isinstance(base, ast.Name) else None
            if isinstance(found, Variable) and found.bits is not None:
                picked, _ = self.target(value)[1:]
                bits = tuple(found.bits[k] for k in picked)
                self.new_name(node.name, Variable("bit", len(bits), None, bits), node, again=True)
                return
        self.new_name(node.name, self.qubits(value), node, again=True)

    # --- measurement -----------------------------------------------------------------------------
    def measure_statement(self, node: ast.MeasureStatement) -> None:
        qubits = self.qubits(node.qubits)
        if node.target is None:
            bits = self.new_bits(len(qubits.indices), node)
        else:
            variable, picked, single = self.target(node.target)
            bits = self.stored(variable, picked, node)
            self.same_length(qubits, len(bits), single, node)
        for q, b in zip(qubits.indices, bits, strict=True):
            self.emit(dyn.Measure(q, b), node)

    def same_length(self, qubits: Qubits, bits: int, single: bool, node: ast.Node) -> None:
        if len(qubits.indices) != bits or (
            self.version == 2 and qubits.single != single and bits > 1
        ):
            self.fail(
                "a measurement needs one bit for every qubit",
                node,
                "measure",
                expected=f"{len(qubits.indices)} bit(s)",
                got=bits,
            )

    def reset(self, node: ast.Reset) -> None:
        for q in self.qubits(node.qubits).indices:
            self.emit(dyn.Reset(q), node)

    def barrier(self, node: ast.Barrier) -> None:
        if node.qubits:
            found = [q for operand in node.qubits for q in self.qubits(operand).indices]
        else:
            found = list(range(self.qubit_count))
        self.spend(len(found) >> 3, node, "barrier")
        if found:
            self.emit(dyn.Barrier(found), node)

    # --- control flow ----------------------------------------------------------------------------
    def branch(self, node: ast.If) -> None:
        condition, flag = self.condition(node.condition)
        if condition is None:
            self.run(node.block if flag else node.else_block)
            return
        self.spend(len(condition.accepted), node, "if")
        ops, other = self.capture(node.block), self.capture(node.else_block)
        if not flag:
            ops, other = other, ops
        self.emit(dyn.If(condition, ops, other), node)

    def loop(self, node: ast.For) -> None:
        if isinstance(node.values, ast.Choice):
            items: Any = [self.evaluate(i) for i in node.values.items]
        elif isinstance(node.values, ast.Range):
            items = self.range(node.values)
        else:
            word = self.evaluate(node.values)
            if not isinstance(word, values.Word):
                self.fail("a loop runs over a range, a set or a bit string", node, "for")
            items = [values.Word("bit", 1, word.value >> k & 1) for k in range(word.width)]
        try:
            self.spend(len(items) * _TURN, node, "for")
        except OverflowError:
            self.spend(self.budget.left + 1, node, "for")
        width = self.width(node.type)
        for item in items:
            value = self.cast(node.type.name, width, item, node)
            variable = Variable(node.type.name, width, value, level=self.level)
            self.run(node.block, {node.name: variable})

    def range(self, node: ast.Range) -> range:
        """The integers of a range, its last one included."""
        if node.first is None or node.last is None:
            self.fail("a loop needs both ends of its range", node, "for")
        first, last = self.integer(node.first, "a range"), self.integer(node.last, "a range")
        step = 1 if node.step is None else self.integer(node.step, "a step")
        if step == 0:
            self.fail("a step must not be 0", node, "for")
        return range(first, last + (1 if step > 0 else -1), step)

    def while_loop(self, node: ast.While) -> None:
        condition, flag = self.condition(node.condition)
        if condition is None:
            while flag:
                self.spend(_TURN, node, "while")
                self.run(node.block)
                condition, flag = self.condition(node.condition)
                if condition is not None:
                    self.fail(
                        "a while loop must depend on measurements from its first turn on, or not "
                        "at all",
                        node,
                        "while",
                    )
            return
        if not flag:
            bits = condition.bits
            if len(bits) > 12:
                self.fail("a loop on the opposite of more than 12 bits", node, "while")
            condition = dyn.Condition(bits, _others(condition))
        self.in_loop += 1
        try:
            ops = self.capture(node.block)
        finally:
            self.in_loop -= 1
        self.emit(dyn.While(condition, ops, self.limits.while_turns), node)

    # --- assignment ------------------------------------------------------------------------------
    def assign_statement(self, node: ast.Assignment) -> None:
        variable, picked, _ = self.target(node.target)
        value = node.value
        if node.operator != "=":
            value = ast.Binary(node.start, node.operator[:-1], node.target, value)
        whole = not isinstance(node.target, ast.Index)
        self.assign(variable, picked, value, node, whole)

    def expression_statement(self, node: ast.Expression) -> None:
        call = node.value
        assert isinstance(call, ast.Call)
        found = self.scopes.find(call.name)
        if not isinstance(found, Function | External):
            what = "is not a subroutine" if found is not None else "is not defined"
            self.fail(f"{call.name!r} {what}", node, call.name)
        self.call_function(call)


def _others(condition: dyn.Condition) -> list[tuple[int, ...]]:
    accepted = set(condition.accepted)
    k = len(condition.bits)
    every = (tuple(i >> j & 1 for j in range(k)) for i in range(2**k))
    return [p for p in every if p not in accepted]
