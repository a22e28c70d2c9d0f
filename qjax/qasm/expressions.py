"""Parsing of expressions, by precedence climbing: two Python frames per level of parentheses."""

from __future__ import annotations

from typing import NoReturn

from . import ast
from .lexer import Lexer, Token
from .limits import Limits
from .words import CONSTANTS, FUNCTIONS, KEYWORDS_2, KEYWORDS_3, TYPES

_POWER = 13
_PRECEDENCE = {
    "||": 1,
    "&&": 2,
    "|": 3,
    "^": 4,
    "&": 5,
    "==": 6,
    "!=": 6,
    "<": 7,
    ">": 7,
    "<=": 7,
    ">=": 7,
    "<<": 8,
    ">>": 8,
    "+": 9,
    "-": 9,
    "*": 10,
    "/": 10,
    "%": 10,
    "**": _POWER,
}
_UNARY = 12


class Expressions:
    """The part of the parser that reads expressions."""

    def __init__(self, lexer: Lexer, limits: Limits) -> None:
        self.lexer, self.limits = lexer, limits
        self.version = 3
        self.depth = 0

    # --- tokens ----------------------------------------------------------------------------------
    def at(self, text: str) -> bool:
        """Whether the current token is this mark or word."""
        token = self.lexer.token
        return token.text == text and token.kind in ("mark", "name")

    def accept(self, text: str) -> bool:
        """Step past this mark or word, if it is there."""
        if self.at(text):
            self.lexer.next()
            return True
        return False

    def expect(self, text: str, where: str) -> Token:
        """Step past this mark or word, which must be there."""
        if not self.at(text):
            self.unexpected(f"{text!r} {where}")
        return self.lexer.next()

    def unexpected(self, wanted: str) -> NoReturn:
        token = self.lexer.token
        got = token.text if token.kind == "end" else repr(token.text[:40])
        self.lexer.fail(f"unexpected {got}", token.start, token.text[:40], expected=wanted)

    def identifier(self, where: str) -> Token:
        """A name that the program may choose."""
        token = self.lexer.token
        reserved = KEYWORDS_3 if self.version == 3 else KEYWORDS_2
        if token.kind != "name" or token.text in reserved or token.text in CONSTANTS:
            self.unexpected(f"a name {where}")
        return self.lexer.next()

    def deeper(self, start: int) -> None:
        """One level further in."""
        self.depth += 1
        if self.depth > self.limits.nesting:
            self.lexer.fail(
                f"nesting is deeper than {self.limits.nesting} levels",
                start,
                "nesting",
                hint="use named constants or definitions to flatten it",
            )

    # --- expressions ---------------------------------------------------------------------------
    def expression(self, least: int = 1) -> ast.Node:
        """An expression whose operators bind at least as strongly as ``least``."""
        lexer = self.lexer
        self.deeper(lexer.token.start)
        left = self.primary()
        entered = self.depth
        while True:
            token = lexer.token
            operator = token.text
            if token.kind != "mark":
                break
            if operator == "^" and self.version == 2:
                operator = "**"
            rank = _PRECEDENCE.get(operator)
            if rank is None or rank < least:
                break
            lexer.next()
            right = self.expression(rank if operator == "**" else rank + 1)
            left = ast.Binary(token.start, operator, left, right)
            self.deeper(token.start)  # a long chain is as deep a tree as parentheses are
        self.depth = entered - 1
        return left

    def primary(self) -> ast.Node:
        token = self.lexer.token
        kind, text, start = token
        if kind == "integer":
            self.lexer.next()
            node: ast.Node = ast.Number(
                start,
                int(text, 0)
                if text[:1] == "0" and len(text) > 1 and text[1] in "xXoObB"
                else int(text),
            )
        elif kind == "real":
            self.lexer.next()
            node = ast.Number(start, float(text))
        elif kind == "mark" and text in ("-", "+", "~", "!"):
            self.lexer.next()
            return ast.Unary(start, text, self.expression(_UNARY))
        elif text == "(" and kind == "mark":
            self.lexer.next()
            node = self.expression()
            self.expect(")", "to close the parenthesis")
        elif kind == "physical":
            self.lexer.next()
            node = ast.Physical(start, int(text[1:]))
        elif kind == "string":
            self.lexer.next()
            return ast.Bitstring(start, text[1:-1])
        elif kind == "name":
            node = self.named(token)
        else:
            self.unexpected("an expression")
        while self.at("["):
            node = self.index(node)
        return node

    def named(self, token: Token) -> ast.Node:
        text, start = token.text, token.start
        if text in ("true", "false") and self.version == 3:
            self.lexer.next()
            return ast.Number(start, text == "true")
        if text in TYPES and self.version == 3:
            kind = self.type()
            self.expect("(", "after the type of a cast")
            value = self.expression()
            self.expect(")", "to close the cast")
            return ast.Cast(start, kind, value)
        if text not in CONSTANTS and text not in FUNCTIONS:
            if text == "measure":
                self.unexpected("an expression (a measurement cannot stand inside one)")
            self.identifier("or a value")
        else:
            self.lexer.next()
        if self.at("("):
            self.lexer.next()
            arguments = self.several(")")
            return ast.Call(start, text, arguments)
        return ast.Name(start, text)

    def several(self, closing: str) -> list[ast.Node]:
        """Expressions with commas between them, and the closing mark."""
        items: list[ast.Node] = []
        while not self.at(closing):
            items.append(self.expression())
            if not self.accept(","):
                break
        self.expect(closing, "or ','")
        return items

    def type(self) -> ast.Type:
        """``int[8]``, ``bit``, ``angle[20]``, ..."""
        token = self.lexer.next()
        if token.text in ("complex", "duration", "stretch", "array"):
            self.lexer.fail(
                f"the type {token.text} is not supported",
                token.start,
                token.text,
                hint="qjax reads bit, bool, int, uint, float and angle",
            )
        width = None
        if self.at("["):
            if token.text == "bool":
                self.unexpected("no width: bool has none")
            self.lexer.next()
            width = self.expression()
            self.expect("]", "to close the width")
        return ast.Type(token.start, token.text, width)

    def index(self, base: ast.Node) -> ast.Index:
        opening = self.expect("[", "")
        self.deeper(opening.start)
        if self.at("{"):
            inner: ast.Node = self.choice()
        else:
            inner = self.range_or_expression(("]",))
        if self.at(","):
            self.lexer.fail("arrays are not supported", self.lexer.token.start, "array index")
        self.expect("]", "to close the index")
        self.depth -= 1
        return ast.Index(opening.start, base, inner)

    def choice(self) -> ast.Choice:
        opening = self.expect("{", "")
        return ast.Choice(opening.start, self.several("}"))

    def range_or_expression(self, closing: tuple[str, ...]) -> ast.Node:
        start = self.lexer.token.start
        parts: list[ast.Node | None] = []
        while len(parts) < 3:
            empty = self.at(":") or any(self.at(c) for c in closing)
            parts.append(None if empty else self.expression())
            if not self.accept(":"):
                break
        if len(parts) == 1:
            if parts[0] is None:
                self.unexpected("an index")
            return parts[0]
        first, last = parts[0], parts[-1]
        return ast.Range(start, first, parts[1] if len(parts) == 3 else None, last)

    def operand(self) -> ast.Node:
        """A qubit, a register, or a slice of one."""
        token = self.lexer.token
        if token.kind == "physical":
            self.lexer.next()
            node: ast.Node = ast.Physical(token.start, int(token.text[1:]))
        else:
            self.identifier("of a qubit, a bit or a register")
            node = ast.Name(token.start, token.text)
        while self.at("["):
            node = self.index(node)
        return node
