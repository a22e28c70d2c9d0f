"""What of a circuit with noise and measurements can influence an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...circuit import Assign, If, Layers, Measure, Project, Repeat, While
from .. import protocol as ask
from ..answers import qubits_seen
from ..repetition import Turns


def seen_by(query: ask.Query | None) -> frozenset[int] | None:
    """The qubits that an answer depends on; None where it may be all, or classical bits."""
    if isinstance(query, ask.DensityQuery):
        return frozenset(query.qubits)
    if isinstance(query, ask.ProbsQuery) and query.bits is None and query.qubits is not None:
        return frozenset(query.qubits)
    return qubits_seen(query) if query is not None else None


def light_cone(ops: Sequence[Any], seen: frozenset[int]) -> list[Any]:
    """The operations that can influence what is seen of the qubits, in order.

    Everything else preserves the trace on qubits that nobody looks at afterwards. A circuit with
    `Project` is kept whole: a projection anywhere changes the norm. Loops are kept or left out
    whole, so that they stay loops.
    """
    if any(_projects(op) for op in ops):
        return list(ops)
    qubits, bits, kept = set(seen), set(), []
    for op in reversed(ops):
        written, read = _bits(op)
        touched = _qubits(op)
        if qubits.isdisjoint(touched) and bits.isdisjoint(written):
            continue
        kept.append(op)
        qubits |= touched
        bits |= written | read
    return kept[::-1]


def _qubits(op: Any) -> set[int]:
    return (
        {q for inner in op.ops for q in inner.qubits} if isinstance(op, Turns) else set(op.qubits)
    )


def _bits(op: Any) -> tuple[set[int], set[int]]:
    """The classical bits that an operation writes and reads."""
    if isinstance(op, Measure | Assign):
        return {op.bit}, set()
    written: set[int] = set()
    read: set[int] = set()
    if isinstance(op, If | While):
        read |= set(op.condition.bits)
    for inner in _bodies(op):
        w, r = _bits(inner)
        written |= w
        read |= r
    return written, read


def _bodies(op: Any) -> tuple[Any, ...]:
    if isinstance(op, If):
        return op.ops + op.else_ops
    return op.ops if isinstance(op, Layers | Repeat | While | Turns) else ()


def _projects(op: Any) -> bool:
    return isinstance(op, Project) or any(_projects(inner) for inner in _bodies(op))
