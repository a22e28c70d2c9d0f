"""The tree of a program: statements and expressions. Equality ignores where they stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Node:
    """Anything in the tree; ``start`` is an offset into the text."""

    start: int = field(compare=False)


# --- expressions -----------------------------------------------------------------------------


@dataclass(slots=True)
class Number(Node):
    value: int | float | bool


@dataclass(slots=True)
class Bitstring(Node):
    text: str


@dataclass(slots=True)
class Name(Node):
    name: str


@dataclass(slots=True)
class Unary(Node):
    operator: str
    operand: Node


@dataclass(slots=True)
class Binary(Node):
    operator: str
    left: Node
    right: Node


@dataclass(slots=True)
class Call(Node):
    """A function, or a subroutine."""

    name: str
    arguments: list[Node]


@dataclass(slots=True)
class Type(Node):
    name: str
    width: Node | None


@dataclass(slots=True)
class Cast(Node):
    type: Type
    operand: Node


@dataclass(slots=True)
class Range(Node):
    first: Node | None
    step: Node | None
    last: Node | None


@dataclass(slots=True)
class Choice(Node):
    """A set ``{a, b, c}``."""

    items: list[Node]


@dataclass(slots=True)
class Index(Node):
    """``base[index]``; the index is an expression, a range or a set."""

    base: Node
    index: Node


@dataclass(slots=True)
class Physical(Node):
    """``$n``."""

    number: int


@dataclass(slots=True)
class Concatenation(Node):
    """``a ++ b``."""

    parts: list[Node]


@dataclass(slots=True)
class Measurement(Node):
    """``measure q``, where an expression is expected."""

    qubits: Node


# --- statements ------------------------------------------------------------------------------


@dataclass(slots=True)
class Include(Node):
    path: str


@dataclass(slots=True)
class QubitDeclaration(Node):
    name: str
    size: Node | None


@dataclass(slots=True)
class Declaration(Node):
    """``type name = value``; mode is "", "const", "input" or "output"."""

    mode: str
    type: Type
    name: str
    value: Node | None


@dataclass(slots=True)
class Modifier(Node):
    """``ctrl``, ``negctrl``, ``inv`` or ``pow``."""

    name: str
    argument: Node | None


@dataclass(slots=True)
class GateCall(Node):
    name: str
    modifiers: list[Modifier]
    params: list[Node]
    operands: list[Node]


@dataclass(slots=True)
class GateDefinition(Node):
    name: str = field(compare=False)
    params: list[str]
    qubits: list[str]
    body: list[Any]
    opaque: bool = False


@dataclass(slots=True)
class Subroutine(Node):
    name: str
    params: list[tuple[str, Type | None, Node | None]]  # (name, classical type, or qubit size)
    result: Type | None
    body: list[Node]


@dataclass(slots=True)
class Extern(Node):
    name: str


@dataclass(slots=True)
class MeasureStatement(Node):
    qubits: Node
    target: Node | None


@dataclass(slots=True)
class Reset(Node):
    qubits: Node


@dataclass(slots=True)
class Barrier(Node):
    qubits: list[Node]


@dataclass(slots=True)
class If(Node):
    condition: Node
    block: list[Node]
    else_block: list[Node]


@dataclass(slots=True)
class For(Node):
    type: Type
    name: str
    values: Node
    block: list[Node]


@dataclass(slots=True)
class While(Node):
    condition: Node
    block: list[Node]


@dataclass(slots=True)
class Assignment(Node):
    target: Node
    operator: str
    value: Node


@dataclass(slots=True)
class Alias(Node):
    name: str
    value: Node


@dataclass(slots=True)
class Expression(Node):
    """An expression that stands alone: the call of a subroutine."""

    value: Node


@dataclass(slots=True)
class Return(Node):
    value: Node | None
