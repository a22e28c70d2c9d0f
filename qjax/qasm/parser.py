"""Parsing of statements, by recursive descent. What they mean is not decided here."""

from __future__ import annotations

from . import ast
from .lexer import Token
from .operations import Operations
from .words import CLASSICAL, HINTS, MODIFIERS, ONLY_3, STATEMENTS, UNSUPPORTED


class Parser(Operations):
    """Reads one statement at a time, so that a program can run while it is read."""

    def header(self) -> str | None:
        """The version of the ``OPENQASM`` line, if there is one."""
        if not self.at("OPENQASM"):
            return None
        self.lexer.next()
        token = self.lexer.token
        if token.kind not in ("real", "integer"):
            self.unexpected("a version such as 2.0 or 3.0")
        if token.text not in ("2.0", "2", "3.0", "3.1", "3"):
            self.lexer.fail(
                f"OpenQASM {token.text} is not supported",
                token.start,
                "OPENQASM",
                expected="2.0, 3.0 or 3.1",
            )
        self.lexer.next()
        self.semicolon()
        self.version = int(token.text[0])
        return token.text

    def statement(self) -> ast.Node | None:
        """The next statement; None at the end of the file, and for an empty statement."""
        token = self.lexer.token
        if token.text in ("@", "#") and token.kind == "mark":
            self.annotation(token)
            return None
        if token.kind not in ("name", "mark", "physical", "integer", "real", "string"):
            self.unexpected("a statement")
        word = token.text if token.kind == "name" else ""
        if self.version == 2 and word in ONLY_3:
            if word not in ("pow", "inv") and self.lexer.peek().kind in ("name", "mark"):
                self.lexer.fail(
                    f"{word!r} is not part of OpenQASM 2",
                    token.start,
                    word,
                    hint='write "OPENQASM 3.0;" at the top of the file',
                )
        elif word in UNSUPPORTED:
            self.lexer.fail(UNSUPPORTED[word], token.start, word, hint=HINTS.get(word))
        method = getattr(self, f"_{word}", None) if word in STATEMENTS else None
        if method is not None:
            return method(self.lexer.next())
        if word in CLASSICAL and self.version == 3:
            return self.declaration("", token)
        if word in MODIFIERS and self.version == 3:
            return self.gate_call()
        return self.simple(token)

    def annotation(self, token: Token) -> None:
        """``@word ...`` says nothing about the circuit; ``#pragma`` might."""
        if token.text == "#" or self.lexer.peek().kind != "name":
            self.lexer.fail("pragmas are not supported", token.start, token.text)
        end = self.lexer.text.find("\n", token.start)
        self.lexer.move(len(self.lexer.text) if end < 0 else end)

    # --- definitions -----------------------------------------------------------------------------
    def _gate(self, token: Token) -> ast.Node:
        name = self.identifier("of a gate")
        params = self.names(")", "of a parameter") if self.accept("(") else []
        qubits = self.names("{", "of a qubit")
        body: list[ast.Node] = []
        self.deeper(token.start)
        while not self.at("}"):
            if self.lexer.token.kind == "end":
                self.unexpected("'}' to close the gate body")
            inner = self.lexer.token
            statement = self.statement()
            if statement is None:
                continue
            if not isinstance(statement, ast.GateCall | ast.Barrier | ast.For):
                self.lexer.fail(
                    "a gate body holds gates only", inner.start, inner.text, expected="a gate call"
                )
            body.append(statement)
        self.lexer.next()
        self.depth -= 1
        return ast.GateDefinition(name.start, name.text, params, qubits, body)

    def _def(self, token: Token) -> ast.Node:
        name = self.identifier("of a subroutine")
        self.expect("(", "after the name of a subroutine")
        params: list[tuple[str, ast.Type | None, ast.Node | None]] = []
        while not self.at(")"):
            if self.accept("qubit"):
                size = self.width()
                params.append((self.identifier("of a qubit").text, None, size))
            else:
                if self.lexer.token.text in ("readonly", "mutable", "array"):
                    word = self.lexer.token
                    self.lexer.fail("array parameters are not supported", word.start, word.text)
                if self.lexer.token.text not in CLASSICAL:
                    self.unexpected("a type")
                kind = self.type()
                params.append((self.identifier("of a parameter").text, kind, None))
            if not self.accept(","):
                break
        self.expect(")", "or ','")
        result = self.type() if self.accept("->") else None
        return ast.Subroutine(name.start, name.text, params, result, self.block(braces=True))

    # --- control flow ----------------------------------------------------------------------------
    def block(self, braces: bool = False) -> list[ast.Node]:
        """``{ ... }``, or one statement."""
        opening = self.lexer.token
        self.deeper(opening.start)
        if not self.at("{"):
            if braces or self.at(";"):
                self.unexpected("'{'" if braces else "a statement")
            statement = self.statement()
            self.depth -= 1
            return [] if statement is None else [statement]
        self.lexer.next()
        out: list[ast.Node] = []
        while not self.at("}"):
            if self.lexer.token.kind == "end":
                self.unexpected("'}' to close the block")
            statement = self.statement()
            if statement is not None:
                out.append(statement)
        self.lexer.next()
        self.depth -= 1
        return out

    def _if(self, token: Token) -> ast.Node:
        self.expect("(", "after if")
        condition = self.expression()
        self.expect(")", "to close the condition")
        block = self.block()
        other: list[ast.Node] = []
        if self.version == 3 and self.accept("else"):
            other = self.block()
        return ast.If(token.start, condition, block, other)

    def _for(self, token: Token) -> ast.Node:
        if self.lexer.token.text not in CLASSICAL:
            self.unexpected("the type of the loop variable")
        kind = self.type()
        name = self.identifier("of the loop variable")
        self.expect("in", "after the loop variable")
        if self.at("["):
            self.lexer.next()
            values = self.range_or_expression(("]",))
            self.expect("]", "to close the range")
        elif self.at("{"):
            values = self.choice()
        else:
            values = self.expression()
        return ast.For(token.start, kind, name.text, values, self.block())

    def _while(self, token: Token) -> ast.Node:
        self.expect("(", "after while")
        condition = self.expression()
        self.expect(")", "to close the condition")
        return ast.While(token.start, condition, self.block())

    def _return(self, token: Token) -> ast.Node:
        value = None if self.at(";") else self.value()
        self.semicolon()
        return ast.Return(token.start, value)
