"""Entanglers that a device knows in one direction only: gates turned round."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ...errors import CircuitError
from ..operations import Gate
from ..synthesis.named import conjugated
from ..synthesis.one_qubit import make

SYMMETRIC = frozenset(["CZ", "CP", "CS", "CSdg", "SWAP", "ISWAP", "RXX", "RYY", "RZZ", "fSim"])
"""Gates that are the same with their two qubits exchanged."""

_QUARTER = float(np.pi) / 2
Arrows = frozenset[tuple[int, int]]


def arrows(coupling_map: Any, n: int, where: str) -> Arrows:
    """The pairs of qubits of a coupling map, in the order given.

    Args:
        coupling_map: pairs such as ``[(0, 1), (2, 1)]``, or ``"line"`` for every ``(q, q + 1)``.
        n: pairs beyond the first ``n`` qubits are left out.
        where: who asks, for messages.

    Raises:
        CircuitError: pairs that are no pairs.
    """
    pairs: Any = [(q, q + 1) for q in range(n - 1)] if coupling_map == "line" else coupling_map
    try:
        pairs = [tuple(map(operator.index, pair)) for pair in pairs]
        good = all(len(pair) == 2 and min(pair) >= 0 for pair in pairs)
    except TypeError:
        good = False
    if not good:
        raise CircuitError(
            f"{where}: coupling_map must be pairs of qubits",
            expected='"line" or pairs such as [(0, 1), (1, 2)]',
            got=f"{coupling_map!r:.60}",
        )
    return frozenset(pair for pair in pairs if max(pair) < n)


def points_along(gate: Any, allowed: Arrows) -> bool:
    """Whether an operation on two qubits lies along one of the arrows."""
    if gate.qubits in allowed:
        return True
    return (
        isinstance(gate, Gate)
        and not gate.controls
        and gate.name in SYMMETRIC
        and gate.qubits[::-1] in allowed
    )


def turned(gate: Gate, allowed: Arrows) -> list[Gate]:
    """CX, CZ or ECR along an arrow: as it is, or turned round between one-qubit gates.

    Pairs that are not coupled at all are left as they are.

    Example:
        >>> import qjax as qj
        >>> from qjax.circuit.lowering.direction import turned
        >>> turned(qj.CX(0, 1), frozenset([(1, 0)]))
        [H(0), H(1), CX(1, 0), H(1), H(0)]
    """
    a, b = gate.qubits
    if (a, b) in allowed or (b, a) not in allowed:
        return [gate]
    other = make(gate.name, (), (b, a))
    frame = [make("H", (), (a,)), make("H", (), (b,))]
    if gate.name == "CZ":
        return [other]
    if gate.name == "CX":
        return conjugated(frame, [other])
    # ECR is RZX(pi/2) times X on its first qubit, and XZ turns into ZX between Hadamards.
    return [make("RY", (-_QUARTER,), (a,)), make("RY", (_QUARTER,), (b,)), other, *frame]
