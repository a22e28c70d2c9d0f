"""Circuits made longer without changing what they do, so that noise acts more often."""

from __future__ import annotations

import math
from typing import Any

from ..circuit import Barrier, Circuit, Operation, as_circuit
from ..errors import ParameterError

MOST = 1001.0  # a scale beyond this is a mistake


def fold(circuit: Circuit, scale: float | int) -> Circuit:
    """``C (C^dagger C)^k``: the whole circuit run back and forth (global folding).

    Args:
        circuit: gates and blocks only; noise is put in afterwards, with `qjax.noise.insert`.
        scale: how many times as long, at least 1. Odd integers fold all of it; for others the last
            operations are folded once more, as many as come closest.

    Returns:
        An equivalent circuit. A repeated block counts as one operation.

    Raises:
        ParameterError: a scale below 1.
        UnsupportedError: measurements, resets or channels in the circuit.

    Source: Giurgica-Tiron et al., arXiv:2005.10921, section II.

    Example:
        >>> import qjax as qj
        >>> from qjax import noise
        >>> noise.fold(qj.Circuit(1, [qj.S(0), qj.T(0)]), 2)
        Circuit(1, [S(0), T(0), Tdg(0), T(0)])
    """
    circuit = as_circuit(circuit, "fold")
    whole, rest = _folds(scale, len(_proper(circuit)))
    ops: list[Operation] = list(circuit.ops)
    back = list(circuit.inverse().ops) if whole else []
    out = list(ops)
    for _ in range(whole):
        out += [*back, *ops]
    if rest:
        start = _position(circuit, rest)
        tail = ops[start:]
        out += [*(op.inverse() for op in reversed(tail)), *tail]
    return Circuit(circuit.n, out, circuit.bits)


def fold_gates(circuit: Circuit, scale: float | int) -> Circuit:
    """``G (G^dagger G)^k`` for every operation G (local folding).

    Arguments, errors and source as for `fold`; for scales between odd integers operations spread
    evenly over the circuit are folded once more.

    Example:
        >>> import qjax as qj
        >>> from qjax import noise
        >>> noise.fold_gates(qj.Circuit(1, [qj.S(0), qj.T(0)]), 3)
        Circuit(1, [S(0), Sdg(0), S(0), T(0), Tdg(0), T(0)])
    """
    circuit = as_circuit(circuit, "fold_gates")
    count = len(_proper(circuit))
    whole, rest = _folds(scale, count)
    out: list[Operation] = []
    k = 0
    for op in circuit.ops:
        out.append(op)
        if isinstance(op, Barrier):
            continue
        more = whole + ((k + 1) * rest // count - k * rest // count)
        k += 1
        for _ in range(more):
            out += [op.inverse(), op]
    return Circuit(circuit.n, out, circuit.bits)


def _folds(scale: Any, count: int) -> tuple[int, int]:
    """(folds of everything, operations that are folded once more)."""
    if not isinstance(scale, int | float) or isinstance(scale, bool) or not 1 <= scale <= MOST:
        raise ParameterError(
            "fold: scale must be a number of at least 1",
            expected="such as 1, 3, 5 (static, not traced)",
            got=repr(scale),
        )
    whole = math.floor((scale - 1) / 2)
    rest = round(((scale - 1) / 2 - whole) * count)
    return (whole + 1, 0) if rest == count and count else (whole, rest)


def _proper(circuit: Circuit) -> list[Operation]:
    return [op for op in circuit.ops if not isinstance(op, Barrier)]


def _position(circuit: Circuit, rest: int) -> int:
    """Where the last ``rest`` operations begin, barriers not counted."""
    left = rest
    for k in range(len(circuit.ops) - 1, -1, -1):
        left -= not isinstance(circuit.ops[k], Barrier)
        if left == 0:
            return k
    return 0
