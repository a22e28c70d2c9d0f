"""Coupling maps: whether a circuit fits one, and swaps that make it fit."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ...errors import CircuitError, UnsupportedError
from ..blocks import Layers, Repeat
from ..circuit import Circuit, as_circuit
from ..dynamic import Assign, Barrier, If, While
from ..operations import Gate, Operation
from ..synthesis.one_qubit import make
from .direction import arrows, points_along

_AHEAD = 20  # gates that the choice of a swap looks at
Neighbours = list[set[int]]


@dataclass(frozen=True)
class Routed:
    """What `route` returns.

    Attributes:
        circuit: the circuit with swaps; its gates act on neighbours only.
        permutation: qubit ``q`` of the original circuit ends on qubit ``permutation[q]``.
        swaps: how many swaps were put in.
    """

    circuit: Circuit
    permutation: tuple[int, ...]
    swaps: int

    def restored(self) -> Circuit:
        """The circuit with further swaps, of any two qubits, that bring every qubit back."""
        where, swaps = list(self.permutation), []
        for q in range(self.circuit.n):
            if where[q] != q:
                swaps.append(make("SWAP", (), (q, where[q])))
                where[where.index(q)] = where[q]
                where[q] = q
        return self.circuit + Circuit(self.circuit.n, swaps, self.circuit.bits)


def fits(circuit: Circuit, coupling_map: Any, *, directed: bool = False) -> bool:
    """Whether every gate acts on one qubit or on a coupled pair.

    Args:
        circuit: any circuit; `Layers`, `Repeat`, `If` and `While` are looked into.
        coupling_map: pairs of qubits, such as ``[(0, 1), (1, 2)]``; or ``"line"``.
        directed: whether a gate must name its qubits in the order of a pair, as CX or ECR on many
            devices (a gate that is the same either way, such as CZ, need not).

    Raises:
        CircuitError: pairs that are no pairs, or that name qubits which do not exist.

    Example:
        >>> import qjax as qj
        >>> qj.Circuit(3, [qj.H(0), qj.CNOT(0, 2)]).fits("line")
        False
    """
    circuit = as_circuit(circuit, "fits")
    allowed = arrows(coupling_map, circuit.n, "fits")
    if not directed:
        allowed |= {(b, a) for a, b in allowed}
    return all(
        len(op.qubits) < 2 or (len(op.qubits) == 2 and points_along(op, allowed))
        for op in _inside(circuit.ops)
    )


def _inside(ops: Iterable[Operation]) -> Iterable[Operation]:
    for op in ops:
        if isinstance(op, Layers | Repeat | If | While):
            yield from _inside(op.ops)
            yield from _inside(getattr(op, "else_ops", ()))
        elif not isinstance(op, Barrier):
            yield op


def neighbours(coupling_map: Any, n: int, where: str) -> Neighbours:
    """The qubits coupled to each of ``n`` qubits."""
    out: Neighbours = [set() for _ in range(n)]
    for a, b in arrows(coupling_map, n, where):
        out[a].add(b)
        out[b].add(a)
    return out


def route(circuit: Circuit, coupling_map: Any = "line") -> Routed:
    """The circuit with swaps such that every gate on two qubits acts on a coupled pair.

    Each swap brings the two qubits of the next gate one step closer; of those that do, the one
    that serves the following gates best is taken. For large devices, where the choice of the
    first places matters, see `qjax.interop.transpile`. Where pairs hold in one direction only, call
    ``decompose(basis, directions=coupling_map)`` on the result.

    Args:
        circuit: gates on at most two qubits (see `decompose`); `Layers` and `Repeat` are
            unrolled. Blocks under `If` and `While` may act on one qubit each.
        coupling_map: as for `fits`; the graph must be connected as far as the circuit needs it.

    Returns:
        The new circuit, the final permutation, and the number of swaps.

    Raises:
        UnsupportedError: a gate on three or more qubits, or two qubits under a condition.
        CircuitError: a coupling map that is none, or that does not connect two qubits.

    Example:
        >>> import qjax as qj
        >>> routed = qj.Circuit(3, [qj.CNOT(0, 2)]).route("line")
        >>> routed.circuit, routed.permutation
        (Circuit(3, [SWAP(0, 1), CX(1, 2)]), (1, 0, 2))
    """
    circuit = as_circuit(circuit, "route")
    near = neighbours(coupling_map, circuit.n, "route")
    distance = [_distances(near, q) for q in range(circuit.n)]
    ops = list(_unrolled(circuit.ops))
    pairs = [
        op.qubits if len(op.qubits) == 2 and not isinstance(op, Barrier) else None for op in ops
    ]
    ahead = [k for k, pair in enumerate(pairs) if pair]
    place = list(range(circuit.n))  # where each qubit of the original circuit is
    out: list[Operation] = []
    swaps = done = 0
    for k, op in enumerate(ops):
        pair = pairs[k]
        if pair is None:
            _check(op, k)
        else:
            if isinstance(op, If | While):
                _refuse(op, k)
            done += 1
            following = [pairs[j] for j in ahead[done : done + _AHEAD]]
            if distance[place[pair[0]]][place[pair[1]]] is None:
                raise CircuitError(
                    f"route: coupling_map does not connect the qubits of operation {k}",
                    got=f"{op!r:.60}",
                )
            while distance[place[pair[0]]][place[pair[1]]] > 1:
                a, b = _best_swap(pair, following, place, near, distance)
                out.append(make("SWAP", (), (a, b)))
                swaps += 1
                place = [b if p == a else a if p == b else p for p in place]
        out.append(op.map_qubits(dict(enumerate(place))))
    return Routed(Circuit(circuit.n, out, circuit.bits), tuple(place), swaps)


def _unrolled(ops: Iterable[Operation]) -> Iterable[Operation]:
    for op in ops:
        if isinstance(op, Layers | Repeat):
            for turn in op.unroll():
                yield from _unrolled(turn)
        else:
            yield op


def _check(op: Operation, k: int) -> None:
    if isinstance(op, Barrier | Assign):
        return
    if len(op.qubits) > 2 or (isinstance(op, If | While) and len(op.qubits) > 1):
        _refuse(op, k)


def _refuse(op: Operation, k: int) -> None:
    gate = isinstance(op, Gate)
    raise UnsupportedError(
        f"route: operation {k} ({op!r:.60}) acts on {len(op.qubits)} qubits",
        expected="gates on at most two qubits, and on one under a condition",
        fix="call decompose first" if gate else "route the blocks by themselves",
    )


def _distances(near: Neighbours, start: int) -> list[Any]:
    """Steps from one qubit to every other, None where there is no way."""
    out: list[Any] = [None] * len(near)
    out[start] = 0
    queue = deque([start])
    while queue:
        q = queue.popleft()
        for other in near[q]:
            if out[other] is None:
                out[other] = out[q] + 1
                queue.append(other)
    return out


def _best_swap(
    pair: tuple[int, ...],
    following: list[Any],
    place: list[int],
    near: Neighbours,
    distance: list[list[Any]],
) -> tuple[int, int]:
    """The swap that brings the pair closer and leaves the gates to come the shortest ways."""
    best: Any = None
    for q, other in (pair, pair[::-1]):
        here, there = place[q], place[other]
        for step in sorted(near[here]):
            if distance[step][there] != distance[here][there] - 1:
                continue
            then = [step if p == here else here if p == step else p for p in place]
            cost = 0.0
            for k, (x, y) in enumerate(following):
                cost += (distance[then[x]][then[y]] or 0) * 0.8**k
            if best is None or cost < best[0]:
                best = (cost, here, step)
    return best[1:]
