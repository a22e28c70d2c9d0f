"""Parsing of statements, by recursive descent. What they mean is not decided here."""

from __future__ import annotations

from . import ast
from .expressions import Expressions
from .lexer import Token

_DECLARED = frozenset(
    ["bit", "int", "uint", "float", "angle", "bool", "complex", "duration", "stretch", "array"]
)
_UNSUPPORTED = {
    "defcalgrammar": "calibration grammars are not supported",
    "defcal": "calibrations are not supported",
    "cal": "calibration blocks are not supported",
    "delay": "delays are not supported: qjax circuits have no time",
    "box": "boxes are not supported: qjax circuits have no time",
    "durationof": "durations are not supported: qjax circuits have no time",
    "switch": "switch is not supported",
    "pragma": "pragmas are not supported",
    "break": "break is not supported",
    "continue": "continue is not supported",
    "end": "end is not supported",
    "nop": "nop is not supported",
    "readonly": "array parameters are not supported",
    "mutable": "array parameters are not supported",
}
_HINTS = {
    "switch": "use if and else",
    "delay": "remove it, or put noise into the simulator",
    "box": "remove the box and its braces",
}
_ASSIGNMENTS = frozenset(["=", "+=", "-=", "*=", "/=", "%=", "**=", "<<=", ">>=", "&=", "|=", "^="])
_MODIFIERS = ("ctrl", "negctrl", "inv", "pow")
_ONLY_3 = frozenset(
    [
        "qubit",
        "bit",
        "int",
        "uint",
        "float",
        "angle",
        "bool",
        "complex",
        "duration",
        "stretch",
        "array",
        "const",
        "input",
        "output",
        "let",
        "for",
        "while",
        "def",
        "extern",
        "return",
        "gphase",
        "ctrl",
        "negctrl",
        "inv",
        "pow",
    ]
)


class Parser(Expressions):
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
        if self.version == 2 and word in _ONLY_3:
            if word not in ("pow", "inv") and self.lexer.peek().kind in ("name", "mark"):
                self.lexer.fail(
                    f"{word!r} is not part of OpenQASM 2",
                    token.start,
                    word,
                    hint='write "OPENQASM 3.0;" at the top of the file',
                )
        elif word in _UNSUPPORTED:
            self.lexer.fail(_UNSUPPORTED[word], token.start, word, hint=_HINTS.get(word))
        method = getattr(self, f"_{word}", None) if word in _STATEMENTS else None
        if method is not None:
            return method(self.lexer.next())
        if word in _DECLARED and self.version == 3:
            return self.declaration("", token)
        if word in _MODIFIERS and self.version == 3:
            return self.gate_call()
        return self.simple(token)

    def annotation(self, token: Token) -> None:
        """``@word ...`` says nothing about the circuit; ``#pragma`` might."""
        if token.text == "#" or self.lexer.peek().kind != "name":
            self.lexer.fail("pragmas are not supported", token.start, token.text)
        end = self.lexer.text.find("\n", token.start)
        self.lexer.move(len(self.lexer.text) if end < 0 else end)

    # --- registers and variables -----------------------------------------------------------------
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
        if self.lexer.token.text not in _DECLARED or self.lexer.token.kind != "name":
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
                if self.lexer.token.text not in _DECLARED:
                    self.unexpected("a type")
                kind = self.type()
                params.append((self.identifier("of a parameter").text, kind, None))
            if not self.accept(","):
                break
        self.expect(")", "or ','")
        result = self.type() if self.accept("->") else None
        return ast.Subroutine(name.start, name.text, params, result, self.block(braces=True))

    def _extern(self, token: Token) -> ast.Node:
        name = self.identifier("of an external function")
        while not self.at(";"):
            if self.lexer.token.kind == "end":
                self.unexpected("';'")
            self.lexer.next()
        self.semicolon()
        return ast.Extern(name.start, name.text)

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
        if self.lexer.token.text not in _DECLARED:
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

    # --- operations ------------------------------------------------------------------------------
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
        while self.lexer.token.text in _MODIFIERS:
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
        if operator.text not in _ASSIGNMENTS:
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

    def semicolon(self) -> None:
        self.expect(";", "to end the statement")


_STATEMENTS = frozenset(
    [
        "include",
        "qubit",
        "qreg",
        "creg",
        "const",
        "input",
        "output",
        "let",
        "gate",
        "opaque",
        "def",
        "extern",
        "if",
        "for",
        "while",
        "return",
        "measure",
        "reset",
        "barrier",
        "gphase",
    ]
)
