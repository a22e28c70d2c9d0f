"""What the names of a program stand for, and where they are visible."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from . import ast
from .values import Value, Word


@dataclass(slots=True)
class Qubits:
    """A qubit, a register of them, or an alias."""

    indices: tuple[int, ...]
    single: bool = False


@dataclass(slots=True)
class Variable:
    """A classical variable: a value known while the file is read, or bits known at run time.

    Attributes:
        kind: bit, bool, int, uint, float or angle.
        width: bits, or None.
        value: what it holds, where that is known.
        bits: the classical bits of the circuit that hold it, least significant first.
        constant: whether it may change.
        level: how many measurement-dependent blocks its declaration stands in.
    """

    kind: str
    width: int | None
    value: Value | None = None
    bits: tuple[int, ...] | None = None
    constant: bool = False
    level: int = 0


@dataclass(slots=True)
class Defined:
    """A gate defined in the file; size counts the operations that one call expands to."""

    definition: ast.GateDefinition
    size: int
    depth: int


@dataclass(slots=True)
class Function:
    """A subroutine."""

    definition: ast.Subroutine


@dataclass(slots=True)
class External:
    """A function that the file does not define."""

    name: str


@dataclass(slots=True)
class Scopes:
    """Names, innermost block last."""

    frames: list[dict[str, Any]] = field(default_factory=lambda: [{}])

    def find(self, name: str) -> Any:
        """What the name stands for, or None."""
        for frame in reversed(self.frames):
            if name in frame:
                return frame[name]
        return None


def number_of(kind: str, width: int, value: int) -> Value:
    """The value that so many binary digits stand for."""
    if kind == "bool":
        return bool(value)
    if kind == "int" and value >> (width - 1):
        return value - 2**width
    if kind in ("int", "uint"):
        return value
    return Word(kind, width, value)
