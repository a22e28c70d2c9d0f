"""Gates that undo the gate right before them, taken out of a list of operations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..operations import Gate, Operation
from ..param import Param
from .values import known


def cancelled(ops: Iterable[Operation]) -> list[Operation]:
    """The operations without neighbours that are each other's inverse, over and over.

    Two gates are neighbours if nothing acts in between on any of their qubits.

    Example:
        >>> import qjax as qj
        >>> from qjax.circuit.lowering.cancel import cancelled
        >>> cancelled([qj.H(0), qj.CX(0, 1), qj.T(2), qj.CX(0, 1), qj.H(0)])
        [T(2)]
    """
    items: list[Operation | None] = []
    last: dict[int, list[int]] = {}  # places of the operations on each qubit
    for op in ops:
        tops = {last[q][-1] if last.get(q) else -1 for q in op.qubits}
        top = tops.pop() if len(tops) == 1 else -1
        before = items[top] if top >= 0 else None
        if isinstance(op, Gate) and isinstance(before, Gate) and _undoes(op, before):
            items[top] = None
            for q in op.qubits:
                last[q].pop()
            continue
        for q in op.qubits:
            last.setdefault(q, []).append(len(items))
        items.append(op)
    return [op for op in items if op is not None]


def _undoes(gate: Gate, other: Gate) -> bool:
    if "StatePrep" in (gate.name, other.name) or set(gate.qubits) != set(other.qubits):
        return False
    a, b = gate.inverse().named(), other.named()
    return a._aux() == b._aux() and all(map(_equal, a.params, b.params))


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, Param) or isinstance(b, Param):
        return isinstance(a, Param) and isinstance(b, Param) and a == b
    return known(a) and known(b) and np.array_equal(np.asarray(a), np.asarray(b))
