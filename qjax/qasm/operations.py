"""Parsing of what acts on qubits: gates, measurements, resets, barriers; and of assignments."""

from __future__ import annotations

from . import ast
from .declarations import Declarations
from .lexer import Token
from .words import ASSIGNMENTS, MODIFIERS


class Operations(Declarations):
    """The part of the parser that reads operations."""

    def _measure(self, token: Token) -> ast.Node:
        qubits = self.operand()
        target = self.operand() if self.accept("->") else None
        if target is None and self.version == 2:
            self.unexpected("'->' and the bit that takes the outcome")
        self.semicolon()
        return ast.MeasureStatement(token.start, qubits, target)

    def _reset(self, token: Token) -> ast.Node:
        qubits = self.operand()
        self.semicolon()
        return ast.Reset(token.start, qubits)

    def _barrier(self, token: Token) -> ast.Node:
        operands = [] if self.at(";") else self.operands()
        self.semicolon()
        return ast.Barrier(token.start, operands)

    def operands(self) -> list[ast.Node]:
        out = [self.operand()]
        while self.accept(","):
            out.append(self.operand())
        return out

    def gate_call(self) -> ast.Node:
        modifiers: list[ast.Modifier] = []
        while self.lexer.token.text in MODIFIERS:
            token = self.lexer.next()
            argument = None
            if token.text == "pow" and not self.at("("):
                self.unexpected("'(' and the exponent")
            if token.text != "inv" and self.accept("("):
                argument = self.expression()
                self.expect(")", f"to close {token.text}")
            self.expect("@", f"after {token.text}")
            modifiers.append(ast.Modifier(token.start, token.text, argument))
            if len(modifiers) > self.limits.nesting:
                self.lexer.fail(
                    f"a gate has more than {self.limits.nesting} modifiers", token.start, token.text
                )
        name = self.lexer.next() if self.at("gphase") else self.identifier("of a gate")
        return self.call(name, modifiers)

    def call(self, name: Token, modifiers: list[ast.Modifier]) -> ast.Node:
        """What follows the name of a gate."""
        params = self.several(")") if self.accept("(") else []
        if self.at("[") and name.text != "gphase":
            self.lexer.fail("durations of gates are not supported", self.lexer.token.start, "[")
        needs_none = name.text == "gphase" or (self.at(";") and not modifiers and params)
        operands = [] if needs_none and self.at(";") else self.operands()
        self.semicolon()
        return ast.GateCall(name.start, name.text, modifiers, params, operands)

    def _gphase(self, token: Token) -> ast.Node:
        return self.call(token, [])

    def simple(self, token: Token) -> ast.Node:
        """A gate call, an assignment, or the call of a subroutine."""
        following = self.lexer.peek()
        if self.version == 2:
            return self.call(self.identifier("of a gate"), [])
        if token.kind == "name" and (following.kind in ("name", "physical")):
            return self.call(self.identifier("of a gate or a statement"), [])
        if token.kind == "name" and following.text == "(":
            return self.call_or_expression(token)
        target = self.operand()
        operator = self.lexer.token
        if operator.text not in ASSIGNMENTS:
            self.unexpected("a statement")
        self.lexer.next()
        value = self.value() if operator.text == "=" else self.expression()
        self.semicolon()
        return ast.Assignment(token.start, target, operator.text, value)

    def call_or_expression(self, token: Token) -> ast.Node:
        """``name(...)``, followed by operands or not."""
        name = self.identifier("of a gate or a subroutine")
        self.lexer.next()
        params = self.several(")")
        if self.accept(";"):
            return ast.Expression(token.start, ast.Call(token.start, name.text, params))
        operands = self.operands()
        self.semicolon()
        return ast.GateCall(token.start, name.text, [], params, operands)
