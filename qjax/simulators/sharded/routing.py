"""When which qubits change places between devices: the order of gates and the exchanges.

The index of an amplitude has ``n`` bits. The first ``g`` say on which device it lies, the others
where on the device; ``place[q]`` is the bit that holds qubit ``q``. A gate runs without
communication where every qubit that it *needs* lies on the device. One exchange swaps any number
of device bits with as many bits within the device, by one all-to-all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .demands import Demand

Pairs = tuple[tuple[int, int], ...]
"""An exchange: (place among the devices, place on the device), device places ascending."""


@dataclass(frozen=True)
class Run:
    """Demand number ``index`` runs now."""

    index: int


@dataclass(frozen=True)
class Exchange:
    """Places swap their qubits, in one all-to-all."""

    pairs: Pairs

    @property
    def volume(self) -> float:
        """The part of a device's state that it sends."""
        return 1 - 0.5 ** len(self.pairs)


Event = Run | Exchange


def route(
    demands: Sequence[Demand], place: Sequence[int], g: int
) -> tuple[list[Event], tuple[int, ...]]:
    """An order of the demands, and the exchanges between them.

    Whatever can run runs, also past gates that cannot yet but commute with it. When nothing more
    can, one exchange brings in the qubits that are needed soonest and sends away those whose next
    use is farthest, counted in layers of the circuit.

    Args:
        demands: in the order of the circuit.
        place: where each qubit lies at first.
        g: how many places there are among the devices.

    Returns:
        The events and the places at the end.
    """
    where = list(place)
    levels = _levels(demands, len(where))
    pending = list(range(len(demands)))
    events: list[Event] = []
    while True:
        pending = _sweep(demands, pending, where, g, events)
        if not pending:
            return events, tuple(where)
        pairs = _choose(demands, pending, levels, where, g)
        events.append(Exchange(pairs))
        apply_exchange(where, pairs)


def apply_exchange(where: list[int], pairs: Pairs) -> None:
    """Update the places of qubits."""
    there = dict(pairs) | {b: a for a, b in pairs}
    where[:] = [there.get(p, p) for p in where]


def _sweep(
    demands: Sequence[Demand], pending: list[int], where: list[int], g: int, events: list[Event]
) -> list[int]:
    """Run everything that can run; what is left."""
    closed: set[int] = set()  # qubits with a general action that waits
    touched: set[int] = set()  # qubits with any action that waits
    rest: list[int] = []
    for k, i in enumerate(pending):
        d = demands[i]
        free = not (d.general & touched) and not (d.diagonal & closed)
        if free and all(where[q] >= g for q in d.needs):
            events.append(Run(i))
            if d.swapped:
                a, b = d.swapped
                where[a], where[b] = where[b], where[a]
        else:
            rest.append(i)
            closed |= d.general
            touched |= d.qubits
            if len(closed) == len(where):
                return rest + pending[k + 1 :]
    return rest


def _levels(demands: Sequence[Demand], n: int) -> list[int]:
    """The layer of each demand, when only demands that need qubits on a device take time."""
    general, diagonal = [0] * n, [0] * n
    levels = []
    for d in demands:
        before = [general[q] for q in d.qubits] + [diagonal[q] for q in d.general]
        level = max(before, default=0) + (1 if d.needs else 0)
        for q in d.general:
            general[q] = level
        for q in d.diagonal:
            diagonal[q] = max(diagonal[q], level)
        levels.append(level)
    return levels


def _choose(
    demands: Sequence[Demand], pending: list[int], levels: list[int], where: list[int], g: int
) -> Pairs:
    n = len(where)
    never = 1 + max(levels)
    following = [never] * n
    for i in pending:
        for q in demands[i].needs:
            following[q] = min(following[q], levels[i])
    first = next(demands[i].needs for i in pending if demands[i].needs)
    # Farthest next use; of equals those that are away already, then the leading ones.
    order = sorted(
        (q for q in range(n) if q not in first),
        key=lambda q: (-following[q], where[q] >= g, where[q]),
    )
    away = set(order[:g])
    incoming = sorted(where[q] for q in range(n) if where[q] < g and q not in away)
    outgoing = sorted(where[q] for q in away if where[q] >= g)
    return tuple(zip(incoming, outgoing, strict=True))


def restore(
    where: Sequence[int], target: Sequence[int], g: int
) -> tuple[list[Exchange], list[int]]:
    """Exchanges after which every place among the devices holds the qubit that ``target`` says.

    Returns:
        The exchanges (at most two where the devices hold as many qubits as are wrong), and the
        places then; places on the device may still differ.
    """
    where = list(where)
    n = len(where)
    exchanges: list[Exchange] = []
    wanted = {p: q for q, p in enumerate(target) if p < g}
    while wrong := [p for p in range(g) if where[wanted[p]] != p]:
        ready = {p: where[wanted[p]] for p in wrong if where[wanted[p]] >= g}
        free = (p for p in range(g, n) if p not in set(ready.values()))
        pairs = []
        for p in wrong:
            if p in ready:
                pairs.append((p, ready[p]))
            else:  # what belongs here lies at another device place, and must come down first
                other = where[wanted[p]]
                if other not in ready and (room := next(free, None)) is not None:
                    pairs.append((other, room))
        exchange = Exchange(tuple(sorted(pairs)))
        apply_exchange(where, exchange.pairs)
        exchanges.append(exchange)
    return exchanges, where


def naive_exchanges(demands: Sequence[Demand], g: int) -> int:
    """Exchanges when qubit ``q`` always lies at place ``q`` and every gate fetches what it needs.

    One for each gate that needs a qubit from among the first ``g``; SWAPs among qubits of which
    one lies there count too.
    """
    swaps = [frozenset(d.swapped) if d.swapped else frozenset() for d in demands]
    pairs = zip(demands, swaps, strict=True)
    return sum(any(q < g for q in d.needs | swap) for d, swap in pairs)
