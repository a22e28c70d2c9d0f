"""From a circuit's operations to runs of gates on places, exchanges between them, and loops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from ...circuit import Gate, Layers, Operation, Repeat
from ..repetition import Turns, find_repetition
from ..steps import Leaf
from .demands import Demand, demand_of, gate_count
from .derived import Extended
from .routing import Event, Exchange, Run, apply_exchange, restore, route

Block = Layers | Repeat | Turns

LARGEST_RUN = 1500  # gates that are laid out one by one; beyond, repeated blocks run as loops
LARGEST_BODY = 1000  # gates of a loop's body, which may hold several turns
MOST_TURNS = 12  # turns in one body


@dataclass(frozen=True)
class Gates:
    """Gates on places, in an order that needs no communication."""

    gates: tuple[Gate, ...]


@dataclass(frozen=True)
class Relabel:
    """Qubits on each device change places: ``sources[p]`` is where that of place ``p`` was."""

    sources: tuple[int, ...]


@dataclass(frozen=True)
class Loop:
    """A body run ``count`` times, after which every qubit is where it was."""

    body: tuple[Part, ...]
    count: int
    number: int


Part = Gates | Exchange | Relabel | Loop


class Itinerary:
    """The parts of a program, and where the qubits lie before and after.

    Args:
        ops: operations with numbers of leaves as parameters.
        place: where each qubit lies at first.
        g: places among the devices.
        extended: the leaves; slices of stacked ones are added.
    """

    def __init__(
        self, ops: Sequence[Operation | Turns], place: Sequence[int], g: int, extended: Extended
    ) -> None:
        self.g, self.extended = g, extended
        self.start = tuple(place)
        self.place = list(place)
        self.parts: list[Part] = []
        self._all(ops)
        self.end = tuple(self.place)

    def _all(self, ops: Sequence[Operation | Turns]) -> None:
        if gate_count(ops) > LARGEST_RUN:
            plain = [op for op in ops if not isinstance(op, Turns)]
            ops = find_repetition(plain) if len(plain) == len(ops) else ops
        flat: list[Gate] = []
        for op in ops:
            if isinstance(op, Block) and gate_count([op]) > LARGEST_RUN:
                self._flat(flat)
                flat = []
                self._loop(op)
            else:
                flat += unrolled([op], self.extended)
        self._flat(flat)

    def _flat(self, gates: Sequence[Gate]) -> None:
        demands = [demand_of(gate) for gate in gates]
        events, _ = route(demands, self.place, self.g)
        self._follow(demands, events)

    def _follow(self, demands: Sequence[Demand], events: Sequence[Event]) -> None:
        """Write down the events of a route."""
        run: list[Gate] = []
        for event in events:
            if isinstance(event, Run):
                demand = demands[event.index]
                if demand.swapped:
                    a, b = demand.swapped
                    self.place[a], self.place[b] = self.place[b], self.place[a]
                else:
                    run.append(demand.payload.map_qubits(dict(enumerate(self.place))))
            else:
                self._close(run)
                run = []
                self.exchange(event)
        self._close(run)

    def _close(self, run: list[Gate]) -> None:
        if run:
            self.parts.append(Gates(tuple(run)))

    def exchange(self, exchange: Exchange) -> None:
        """Append an exchange."""
        self.parts.append(exchange)
        apply_exchange(self.place, exchange.pairs)

    def bring(self, target: Sequence[int]) -> None:
        """Append what brings every qubit to its place in ``target``."""
        exchanges, _ = restore(self.place, target, self.g)
        for exchange in exchanges:
            self.exchange(exchange)
        if tuple(self.place) != tuple(target):
            qubit_at = np.argsort(target).tolist()
            self.parts.append(Relabel(tuple(self.place[q] for q in qubit_at)))
            self.place = list(target)

    def _loop(self, block: Block) -> None:
        length = block.length
        body_gates = gate_count(block.ops)
        turns = 1
        if body_gates <= LARGEST_BODY:
            turns = self._turns(block, body_gates)
        count, rest = divmod(length, turns)
        number = self.extended.loop()
        inside = [
            op
            for j in range(turns)
            for op in _stride(block, j, count, turns, number, self.extended)
        ]
        body = Itinerary(inside, self.place, self.g, self.extended)
        body.bring(self.place)
        self.parts.append(Loop(tuple(body.parts), count, number))
        left = [op for t in range(length - rest, length) for op in _turn(block, t, self.extended)]
        self._all(left)

    def _turns(self, block: Block, body_gates: int) -> int:
        """How many turns one body holds, so that there are fewest exchanges in all."""
        demands = [demand_of(gate) for gate in unrolled(block.ops, Extended(()), views=False)]
        best: tuple[float, int] | None = None
        for turns in range(1, min(block.length, MOST_TURNS, LARGEST_BODY // body_gates) + 1):
            events, end = route(demands * turns, self.place, self.g)
            count, rest = divmod(block.length, turns)
            total = _exchanges(events) + len(restore(end, self.place, self.g)[0])
            left = route(demands * rest, self.place, self.g)[0] if rest else []
            cost = (total * count + _exchanges(left), turns)
            best = min(best, cost) if best else cost
        return best[1] if best else 1


def _exchanges(events: Sequence[Event]) -> int:
    return sum(isinstance(e, Exchange) for e in events)


def unrolled(
    ops: Sequence[Operation | Turns], extended: Extended, views: bool = True
) -> Iterator[Gate]:
    """Every gate in order; ``views`` gives the gates of each turn their own slices."""
    for op in ops:
        if isinstance(op, Gate):
            if op.name != "I":
                yield op
        elif isinstance(op, Block):
            for t in range(op.length):
                inner = _turn(op, t, extended) if views else op.ops
                yield from unrolled(inner, extended, views)


def _turn(block: Block, t: int, extended: Extended) -> Sequence[Operation]:
    """The operations of turn ``t``, in the order in which turns run."""
    if isinstance(block, Repeat):
        return block.ops
    leaves, treedef = jax.tree.flatten(block.ops)
    if isinstance(block, Turns):
        moved = [
            Leaf(block.sources[x.index][t], x.is_complex) if x.index in block.sources else x
            for x in leaves
        ]
        return treedef.unflatten(moved)
    k = block.length - 1 - t if block.reverse else t
    pairs = zip(leaves, block.stacked, strict=True)
    return treedef.unflatten([extended.sliced(x, k) if s else x for x, s in pairs])


def _stride(
    block: Block, j: int, count: int, turns: int, number: int, extended: Extended
) -> Sequence[Operation]:
    """The operations of the turns ``j, j + turns, ...``, whose leaves carry an axis over them."""
    if isinstance(block, Repeat):
        return block.ops
    leaves, treedef = jax.tree.flatten(block.ops)
    if isinstance(block, Turns):
        stacks = [
            extended.stacked([Leaf(i, x.is_complex) for i in block.sources[x.index]])
            if x.index in block.sources
            else None
            for x in leaves
        ]
    else:
        stacks = [x if s else None for x, s in zip(leaves, block.stacked, strict=True)]
    which = slice(j, count * turns, turns)
    if isinstance(block, Layers) and block.reverse:
        first = block.length - 1 - j
        last = first - (count - 1) * turns
        which = slice(first, last - 1 if last else None, -turns)
    moved: list[Any] = [
        x if s is None else extended.sliced(s, which, number)
        for x, s in zip(leaves, stacks, strict=True)
    ]
    return treedef.unflatten(moved)
