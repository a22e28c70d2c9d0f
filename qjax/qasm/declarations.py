"""Parsing of declarations: registers, variables, aliases, and gates without a body."""

from __future__ import annotations

from . import ast
from .expressions import Expressions
from .lexer import Token
from .words import CLASSICAL


class Declarations(Expressions):
    """The part of the parser that reads what introduces a name."""

    def _include(self, token: Token) -> ast.Node:
        path = self.lexer.token
        if path.kind != "string":
            self.unexpected('a file name, such as "stdgates.inc"')
        self.lexer.next()
        self.semicolon()
        return ast.Include(path.start, path.text[1:-1])

    def _qubit(self, token: Token) -> ast.Node:
        size = self.width()
        name = self.identifier("of a qubit register")
        self.semicolon()
        return ast.QubitDeclaration(name.start, name.text, size)

    def _qreg(self, token: Token) -> ast.Node:
        name = self.identifier("of a qubit register")
        size = self.width()
        self.semicolon()
        return ast.QubitDeclaration(name.start, name.text, size or ast.Number(name.start, 1))

    def _creg(self, token: Token) -> ast.Node:
        name = self.identifier("of a bit register")
        size = self.width() or ast.Number(name.start, 1)
        self.semicolon()
        kind = ast.Type(token.start, "bit", size)
        return ast.Declaration(name.start, "", kind, name.text, None)

    def width(self) -> ast.Node | None:
        if not self.accept("["):
            return None
        size = self.expression()
        self.expect("]", "to close the size")
        return size

    def _const(self, token: Token) -> ast.Node:
        return self.declaration("const", token)

    def _input(self, token: Token) -> ast.Node:
        return self.declaration("input", token)

    def _output(self, token: Token) -> ast.Node:
        return self.declaration("output", token)

    def declaration(self, mode: str, token: Token) -> ast.Node:
        if self.lexer.token.text not in CLASSICAL or self.lexer.token.kind != "name":
            self.unexpected("a classical type")
        kind = self.type()
        name = self.identifier("of a variable")
        value = None
        if mode == "const" and not self.at("="):
            self.unexpected("'=': a constant needs a value")
        if mode in ("", "const") and self.accept("="):
            value = self.value()
        self.semicolon()
        return ast.Declaration(name.start, mode, kind, name.text, value)

    def value(self) -> ast.Node:
        """An expression or a measurement."""
        token = self.lexer.token
        if self.at("measure"):
            self.lexer.next()
            return ast.Measurement(token.start, self.operand())
        if self.at("{"):
            self.lexer.fail("arrays are not supported", token.start, "array")
        return self.expression()

    def _let(self, token: Token) -> ast.Node:
        name = self.identifier("of an alias")
        self.expect("=", "after the name of an alias")
        parts = [self.operand()]
        while self.accept("++"):
            parts.append(self.operand())
        self.semicolon()
        value = parts[0] if len(parts) == 1 else ast.Concatenation(parts[0].start, parts)
        return ast.Alias(name.start, name.text, value)

    def _opaque(self, token: Token) -> ast.Node:
        name = self.identifier("of a gate")
        params = self.names(")", "of a parameter") if self.accept("(") else []
        qubits = self.names(";", "of a qubit")
        return ast.GateDefinition(name.start, name.text, params, qubits, [], opaque=True)

    def names(self, closing: str, what: str) -> list[str]:
        out: list[str] = []
        while not self.at(closing):
            token = self.identifier(what)
            if token.text in out:
                self.lexer.fail(f"{token.text!r} is named twice", token.start, token.text)
            out.append(token.text)
            if not self.accept(","):
                break
        self.expect(closing, "or ','")
        return out

    def _extern(self, token: Token) -> ast.Node:
        name = self.identifier("of an external function")
        while not self.at(";"):
            if self.lexer.token.kind == "end":
                self.unexpected("';'")
            self.lexer.next()
        self.semicolon()
        return ast.Extern(name.start, name.text)

    def semicolon(self) -> None:
        self.expect(";", "to end the statement")
