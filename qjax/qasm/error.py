"""The one error of reading and writing OpenQASM."""

from __future__ import annotations

from ..errors import QjaxError


class QasmError(QjaxError, ValueError):
    """OpenQASM text that cannot be read, or a circuit that cannot be written.

    Attributes:
        line: line of the fault, counted from 1 (None where a circuit is written).
        column: column of the fault, counted from 1.
        construct: the statement, operator or token at fault.
        hint: what to do about it.
    """

    def __init__(
        self,
        what: str,
        *,
        line: int | None = None,
        column: int | None = None,
        construct: str | None = None,
        hint: str | None = None,
        expected: object = None,
        got: object = None,
        fix: str | None = None,
    ) -> None:
        self.line, self.column, self.construct = line, column, construct
        self.hint = hint if hint is not None else fix
        place = "" if line is None else f"line {line}, column {column}: "
        super().__init__(place + what, expected=expected, got=got, fix=self.hint)

    def within(self, where: str) -> QasmError:
        """The same error, said to have happened at ``where``."""
        return QasmError(
            f"{where}: {self.what}",
            construct=self.construct,
            hint=self.hint,
            expected=self.expected,
            got=self.got,
        )
