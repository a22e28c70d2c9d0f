"""`loads` and `load`: text to a circuit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..circuit import Circuit
from ..errors import QjaxError
from . import ast, gates, known
from .error import QasmError
from .lexer import Lexer
from .limits import Limits
from .machine import Machine
from .parser import Parser
from .quick import Quick
from .scope import Defined

_PER_STATEMENT = 16  # operations that every statement of the text may expand to, at no charge
_LIBRARIES = {"stdgates.inc": 3, "qelib1.inc": 2}


def loads(
    text: Any,
    *,
    inputs: Mapping[str, Any] | None = None,
    limits: Limits | None = None,
    include_path: Any = None,
) -> Circuit:
    """A circuit from OpenQASM text: 2.0 in full, and 3.0 or 3.1 as far as circuits go.

    Qubits are numbered in the order of their declarations, classical bits too. An ``input`` that
    has no value becomes a `qjax.Param` of that name; see `Circuit.bind`. ``U``, ``u2`` and ``u3``
    have a real upper left element, as in Qiskit and Braket. Nothing in the text is ever executed
    as code, no file is opened but those that ``include_path`` allows, and what a program may
    expand to is bounded by ``limits``.

    Args:
        text: the program.
        inputs: values of ``input`` variables, known while the file is read.
        limits: bounds on the size of the program, see `Limits`.
        include_path: a folder whose files the program may include (by default none: only the
            built-in ``stdgates.inc`` and ``qelib1.inc``).

    Raises:
        QasmError: whatever is wrong with the text, with line, column, construct and a hint.

    Example:
        >>> from qjax import qasm
        >>> qasm.loads('OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; h q[0]; cx q[0], q[1];')
        Circuit(2, [H(0), CX(0, 1)])
    """
    limits = limits or Limits()
    if not isinstance(text, str):
        raise QasmError("loads: text must be a string", got=type(text).__name__)
    if len(text) > limits.characters:
        raise QasmError(
            f"the text is longer than {limits.characters} characters",
            hint="raise the bound: loads(text, limits=Limits(characters=...))",
            got=len(text),
        )
    try:
        return _Reader(text.removeprefix("\ufeff"), limits, dict(inputs or {}), include_path).read()
    except QasmError:
        raise
    except RecursionError:
        raise QasmError("the program is nested too deeply", construct="nesting") from None
    except (QjaxError, OverflowError, ValueError, MemoryError) as error:
        raise QasmError(f"the program has no circuit: {error}") from error


def load(
    path: Any,
    *,
    inputs: Mapping[str, Any] | None = None,
    limits: Limits | None = None,
    include_path: Any = None,
) -> Circuit:
    """A circuit from an OpenQASM file in UTF-8; see `loads`.

    Args:
        path: the file.
        inputs, limits, include_path: see `loads`.

    Raises:
        QasmError: see `loads`; also a file that cannot be read as text.
    """
    return loads(
        _file(Path(path), limits or Limits()),
        inputs=inputs,
        limits=limits,
        include_path=include_path,
    )


def _file(path: Path, limits: Limits) -> str:
    try:
        with path.open("rb") as stream:
            data = stream.read(limits.characters + 1)
    except OSError as error:
        raise QasmError(f"the file {path.name!r} cannot be opened: {error.strerror}") from None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        raise QasmError(
            "the file is not UTF-8 text",
            line=line,
            column=column,
            construct=f"byte {data[error.start]:#04x}",
        ) from None


class _Reader:
    def __init__(
        self, text: str, limits: Limits, inputs: dict[str, Any], include_path: Any
    ) -> None:
        self.limits, self.include_path = limits, include_path
        self.included = 0
        lexer = Lexer(text)
        self.parser = Parser(lexer, limits)
        self.machine = Machine(lexer, limits, inputs, self.include)

    def read(self) -> Circuit:
        self.start()
        self.statements(self.parser)
        machine = self.machine
        if machine.qubit_count == 0:
            self.parser.lexer.fail(
                "the program declares no qubits",
                self.parser.lexer.token.start,
                hint="declare some: qubit[2] q; (or qreg q[2]; in OpenQASM 2)",
            )
        return Circuit(machine.qubit_count, machine.lists[0], machine.bit_count)

    def start(self) -> None:
        """Settle the version."""
        version = self.parser.header()
        if version is None and "qelib1.inc" in self.parser.lexer.text[:10_000]:
            self.parser.version = 2  # OpenQASM 2 without its first line is common
        machine = self.machine
        machine.version = self.parser.version
        machine.library = dict(gates.BUILT_IN_2 if machine.version == 2 else gates.BUILT_IN_3)
        machine.fixed = frozenset()

    def statements(self, parser: Parser) -> None:
        machine, quick = self.machine, Quick(parser, self.machine)
        while True:
            quick.run()
            if parser.lexer.token.kind == "end":
                return
            if parser.at("OPENQASM"):
                parser.lexer.fail(
                    "the version belongs on the first line", parser.lexer.token.start, "OPENQASM"
                )
            node = parser.statement()
            if node is not None:
                machine.budget.left += _PER_STATEMENT
                machine.execute(node)

    def include(self, node: ast.Include) -> None:
        version = _LIBRARIES.get(node.path)
        if version is not None:
            self.include_library(version)
            return
        lexer = self.parser.lexer
        name = Path(node.path)
        folder = None if self.include_path is None else Path(self.include_path).resolve()
        path = None if folder is None else (folder / name).resolve()
        if folder is None or path is None or not path.is_relative_to(folder):
            lexer.fail(
                f"the file {node.path[:60]!r} is not included",
                node.start,
                "include",
                expected='"stdgates.inc" or "qelib1.inc"',
                hint="name a folder that may be read: loads(text, include_path=...)",
            )
        self.included += 1
        if self.included > self.limits.nesting:
            lexer.fail("too many files are included", node.start, "include")
        inner = Lexer(_file(path, self.limits))
        outer, self.parser = self.parser, Parser(inner, self.limits)
        self.parser.version, self.machine.lexer = outer.version, inner
        try:
            self.parser.header()
            self.statements(self.parser)
        except QasmError as error:
            raise error.within(f"in {node.path[:60]!r}") from None
        finally:
            self.parser, self.machine.lexer = outer, outer.lexer

    def include_library(self, version: int) -> None:
        machine = self.machine
        table = gates.LIBRARY_2 if version == 2 else gates.LIBRARY_3
        fixed = gates.FIXED_2 if version == 2 else gates.FIXED_3
        for name in machine.scopes.frames[0]:
            if name in fixed:
                self.parser.lexer.fail(
                    f"{name!r} is defined already", self.parser.lexer.token.start, name
                )
        machine.library.update(table)
        machine.fixed = machine.fixed | fixed
        if version == 2:
            for name, node in known.parsed(gates.DEFINED_2, 2).items():
                size = len(node.body) + 1
                machine.library[name] = Defined(node, size, 1)  # type: ignore[assignment]
