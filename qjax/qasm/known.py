"""Whether a gate definition in a file is one that the writers put there."""

from __future__ import annotations

from functools import cache

from . import ast, library
from .lexer import Lexer
from .limits import Limits
from .parser import Parser


def parsed(text: str, version: int) -> dict[str, ast.GateDefinition]:
    """The gate definitions in a text, by name."""
    parser = Parser(Lexer(text), Limits())
    parser.version = version
    out = {}
    while parser.lexer.token.kind != "end":
        node = parser.statement()
        assert isinstance(node, ast.GateDefinition)
        out[node.name] = node
    return out


@cache
def _written(version: int) -> list[dict[str, ast.GateDefinition]]:
    dialects = ("qasm2",) if version == 2 else ("qasm3", "qasm3-selfcontained")
    texts = ["\n".join(d.text for d in library.definitions(x).values()) for x in dialects]
    return [parsed(text, version) for text in texts]


def same_as_written(node: ast.GateDefinition, version: int) -> bool:
    """Whether this definition is word for word one of the writers' own."""
    return any(table.get(node.name) == node for table in _written(version))
