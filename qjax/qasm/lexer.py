"""Text to tokens, one at a time. No grammar lives here."""

from __future__ import annotations

import re
from typing import NamedTuple, NoReturn

from .error import QasmError

_TOKEN = re.compile(
    r"""
    (?P<real>(?:\d[\d_]*+\.[\d_]*+|\.\d[\d_]*+|\d[\d_]*+(?=[eE]))(?:[eE][+-]?\d[\d_]*+)?)
  | (?P<integer>0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|\d[\d_]*)
  | (?P<name>[^\W\d]\w*)
  | (?P<string>"[^"\r\n]*"|'[^'\r\n]*')
  | (?P<physical>\$\d+)
  | (?P<mark>\*\*=|<<=|>>=|->|==|!=|<=|>=|&&|\|\||<<|>>|\*\*|\+\+
      |[-+*/%&|^~]=|[-+*/%&|^~!<>=(){}\[\],:;@#])
    """,
    re.VERBOSE,
)
_SPACE = re.compile(r"(?:\s+|//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)*")
_LONGEST = 200  # characters in one number or name


class Token(NamedTuple):
    """A token: its kind, its text and where it starts."""

    kind: str
    text: str
    start: int


class Lexer:
    """Hands out tokens; keeps one of look-ahead."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.token = self._scan()

    def place(self, start: int) -> tuple[int, int]:
        """Line and column, from 1, of an offset."""
        line = self.text.count("\n", 0, start) + 1
        return line, start - (self.text.rfind("\n", 0, start) + 1) + 1

    def fail(self, what: str, start: int, construct: str | None = None, **more: object) -> NoReturn:
        """Raise the error of this file at an offset."""
        line, column = self.place(start)
        raise QasmError(what, line=line, column=column, construct=construct, **more)  # type: ignore[arg-type]

    def move(self, position: int) -> None:
        """Go on at an offset."""
        self.position = position
        self.token = self._scan()

    def next(self) -> Token:
        """The current token, and step past it."""
        token = self.token
        self.token = self._scan()
        return token

    def peek(self) -> Token:
        """The token after the current one."""
        position, token = self.position, self.token
        following = self._scan()
        self.position, self.token = position, token
        return following

    def _scan(self) -> Token:
        text = self.text
        start = self.skip(self.position)
        if start >= len(text):
            self.position = start
            return Token("end", "the end of the file", start)
        match = _TOKEN.match(text, start)
        if match is None:
            self._bad(start)
        kind, end = match.lastgroup or "", match.end()
        if end - start > _LONGEST and kind != "string":
            self.fail("this number or name is too long", start, expected=f"{_LONGEST} characters")
        if kind in ("real", "integer"):
            self._check_number(match.group(), kind, start, end)
        self.position = end
        return Token(kind, match.group(), start)

    def skip(self, position: int) -> int:
        """The offset of whatever follows white space and comments."""
        match = _SPACE.match(self.text, position)
        return match.end() if match else position

    def _check_number(self, number: str, kind: str, start: int, end: int) -> None:
        if "__" in number or number.endswith("_") or "_." in number or "._" in number:
            self.fail("an underscore in a number must stand between digits", start, got=number)
        if end < len(self.text) and (self.text[end].isalnum() or self.text[end] in "_."):
            suffix = re.match(r"[\w.µ]+", self.text[end:])
            what = number + (suffix.group() if suffix else "")
            unit = suffix is not None and suffix.group() in (
                "ns",
                "us",
                "µs",
                "ms",
                "s",
                "dt",
                "im",
            )
            self.fail(
                "times and imaginary numbers are not supported" if unit else "not a number",
                start,
                "duration" if unit else "number",
                got=what,
            )

    def _bad(self, start: int) -> NoReturn:
        character = self.text[start]
        if self.text.startswith("/*", start):
            self.fail("this comment has no end", start, "/*", hint="close it with */")
        if character in "\"'":
            self.fail("this string has no end", start, character, hint="close the quotation mark")
        self.fail(f"the character {character!r} has no place here", start, character)
