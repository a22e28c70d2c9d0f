"""From a circuit's structure to what happens to a matrix product state on its random way.

The circuit becomes cells: everything that happens to one pair of neighbouring sites before one of
them meets another. In a cell, unitaries and random events (channels, measurements, resets,
projections) follow each other. Cells run in one loop; the loop is only left where classical bits
decide or are assigned. NumPy only, at trace time, cached.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import jax

from ...circuit import (
    Assign,
    Channel,
    Circuit,
    Condition,
    Gate,
    If,
    Measure,
    Project,
    Reset,
    While,
)
from ...errors import UnsupportedError
from ..density.plan import check_bit
from ..mps.gates import Entry, Place, as_items, unrolled
from ..steps.step import Item

MOST_EVENTS = 3  # random events in one cell


@dataclass(frozen=True)
class Event:
    """Something random on sites of a cell: ``where`` are its places (0, 1) there.

    Attributes:
        kind: "channel", "measure", "reset" or "project".
        where: the places of its qubits.
        item: the channel.
        value: the classical bit that is written (None: none), or the outcome projected on.
    """

    kind: str
    where: tuple[int, ...]
    item: Item | None = None
    value: int | None = None


@dataclass
class Cell:
    """What happens to sites ``site`` and ``site + 1``.

    Attributes:
        site: the left one.
        slots: of unitaries; the first acts before all events, then one after each of them.
        events: in order.
        right: whether the centre leaves to the right.
    """

    site: int
    slots: list[int]
    events: list[Event] = field(default_factory=list)
    right: bool = True


@dataclass(frozen=True, eq=False)
class Stretch:
    """Cells that run in one loop, where the switch ``when`` is on (0 always is)."""

    cells: tuple[Cell, ...]
    when: int


@dataclass(frozen=True, eq=False)
class Switch:
    """A new switch: on where ``parent`` is and the condition holds (or, negated, does not)."""

    parent: int
    condition: Condition
    negated: bool


@dataclass(frozen=True, eq=False)
class Setting:
    """A classical bit gets a value where the switch is on."""

    bit: int
    value: int
    when: int


@dataclass(frozen=True, eq=False)
class ChainPlan:
    """The whole way.

    Attributes:
        n: sites.
        entries, slots: the unitaries, as `slot_matrices` takes them.
        parts: what happens, in order.
        channels: how many channels there are.
        projects: whether anything is post-selected.
    """

    n: int
    entries: tuple[Entry, ...]
    slots: int
    parts: tuple[Stretch | Switch | Setting, ...]
    channels: int
    projects: bool

    def __str__(self) -> str:
        stretches = [p for p in self.parts if isinstance(p, Stretch)]
        cells = sum(len(p.cells) for p in stretches)
        return f"{self.n} sites, {cells} updates of pairs in {len(stretches)} loops"


@lru_cache(maxsize=128)
def make_chain_plan(treedef: Any, complex_leaves: tuple[bool, ...]) -> ChainPlan:
    """The plan of a circuit's structure."""
    places = [Place(k, c) for k, c in enumerate(complex_leaves)]
    circuit: Circuit = jax.tree.unflatten(treedef, places)
    if circuit.n < 2:
        raise UnsupportedError(
            "Trajectories: a chain needs at least two qubits", fix="leave out state=MPS(...)"
        )
    builder = _Builder(circuit.n, circuit.bits)
    builder.add(circuit.ops, 0)
    builder.flush()
    return ChainPlan(
        circuit.n,
        tuple(builder.entries),
        builder.slots,
        tuple(builder.parts),
        builder.channels,
        builder.projects,
    )


class _Builder:
    def __init__(self, n: int, bits: int) -> None:
        self.n, self.bits = n, bits
        self.entries: list[Entry] = []
        self.slots, self.channels, self.projects = 0, 0, False
        self.parts: list[Stretch | Switch | Setting] = []
        self.switches, self.centre = 1, 0
        self._open()

    def _open(self) -> None:
        self.cells: list[_Pending] = []
        self.last: list[_Pending | None] = [None] * self.n
        self.written: set[int] = set()

    def flush(self, when: int = 0) -> None:
        """What has gathered becomes a stretch; the centre returns to where all bodies begin."""
        if self.cells:
            order = _Router(self.n, self.centre, self)
            order.route(self.cells)
            self.parts.append(Stretch(tuple(order.done), when))
            self.centre = order.centre
        self._open()

    def add(self, ops: Sequence[Any], when: int) -> None:
        for op in unrolled(ops):
            if isinstance(op, Gate):
                self._gate(op)
            elif isinstance(op, Channel):
                self.channels += 1
                item = Item(op.name, tuple(op.params), op.targets)
                self._event(op.targets, "channel", item=item)
            elif isinstance(op, Measure):
                check_bit(op.bit, self.bits, op)
                if op.bit in self.written:
                    self.flush(when)
                self.written.add(op.bit)
                self._event((op.qubit,), "measure", value=op.bit)
            elif isinstance(op, Reset):
                self._event((op.qubit,), "reset")
            elif isinstance(op, Project):
                self.projects = True
                self._event((op.qubit,), "project", value=op.outcome)
            elif isinstance(op, Assign):
                check_bit(op.bit, self.bits, op)
                self.flush(when)
                self.parts.append(Setting(op.bit, op.value, when))
            elif isinstance(op, If):
                self._branches(op, when)
            elif isinstance(op, While):
                self.flush(when)
                inner = when
                for _ in range(op.limit):
                    inner = self._switch(inner, op.condition, False, op)
                    self.add(op.ops, inner)
                    self.flush(inner)
            else:
                raise UnsupportedError(f"a chain of sites has no way to run {op!r:.60}")

    def _branches(self, op: If, when: int) -> None:
        self.flush(when)
        # Both conditions are read before either body may change the bits.
        yes = self._switch(when, op.condition, False, op)
        no = self._switch(when, op.condition, True, op) if op.else_ops else 0
        self.add(op.ops, yes)
        self.flush(yes)
        if op.else_ops:
            self.add(op.else_ops, no)
            self.flush(no)

    def _switch(self, parent: int, condition: Condition, negated: bool, op: Any) -> int:
        for bit in condition.bits:
            check_bit(bit, self.bits, op)
        self.parts.append(Switch(parent, condition, negated))
        self.switches += 1
        return self.switches - 1

    def _gate(self, gate: Gate) -> None:
        if gate.name == "StatePrep" and len(gate.targets) > 2:
            raise UnsupportedError(
                "Trajectories: a chain of sites prepares at most two qubits at once",
                fix="prepare the state with gates: qjax.tensor.to_circuit",
            )
        for item in as_items(gate):
            qubits = item.qubits
            if len(qubits) > 2:
                raise UnsupportedError(
                    f"Trajectories: {item.name} acts on {len(qubits)} qubits of a chain at once",
                    expected="at most 2",
                    fix='call circuit.decompose("u,cx") first',
                )
            cell = self._cell(qubits or (0,))  # a global phase may happen anywhere
            where = tuple(cell.qubits.index(q) for q in qubits)
            cell.acts.append((item, where))

    def _event(self, qubits: tuple[int, ...], kind: str, **fields: Any) -> None:
        cell = self._cell(qubits, random=True)
        cell.acts.append(Event(kind, tuple(cell.qubits.index(q) for q in qubits), **fields))
        cell.random += 1

    def _cell(self, qubits: tuple[int, ...], random: bool = False) -> _Pending:
        """The cell in which something may happen to the qubits next: an open one, or a new one."""
        cell = self.last[qubits[0]]
        same = cell is not None and all(self.last[q] is cell for q in qubits)
        if cell is not None and same and not (random and cell.random >= MOST_EVENTS):
            return cell
        if len(qubits) == 1:
            (q,) = qubits
            pair = (q, q + 1) if q + 1 < self.n else (q - 1, q)
            cell = _Pending(pair, alone=q)
        else:
            cell = _Pending(tuple(sorted(qubits)))
            for q in cell.qubits:
                self._absorb(cell, q)
        self.cells.append(cell)
        for q in qubits:
            self.last[q] = cell
        return cell

    def _absorb(self, cell: _Pending, q: int) -> None:
        """What has happened to a qubit alone goes into the cell where it meets another."""
        old = self.last[q]
        if old is None or old.alone != q or old.random + cell.random > MOST_EVENTS - 1:
            return
        here = (cell.qubits.index(q),)
        for act in old.acts:
            moved = replace(act, where=here) if isinstance(act, Event) else (act[0], here)
            cell.acts.append(moved)
        cell.random += old.random
        self.cells.remove(old)


@dataclass(eq=False)
class _Pending:
    """A cell before it is known where the centre is; ``acts`` are items with places, and events.

    ``alone`` is the qubit of a cell in which nothing happens to its other one.
    """

    qubits: tuple[int, ...]
    acts: list[Any] = field(default_factory=list)
    random: int = 0
    alone: int | None = None


class _Router:
    """The nearest cell that may come next, with swaps there and back around distant ones."""

    def __init__(self, n: int, centre: int, builder: _Builder) -> None:
        self.n, self.centre, self.builder = n, centre, builder
        self.done: list[Cell] = []

    def route(self, cells: Sequence[_Pending]) -> None:
        before: list[set[int]] = []
        last: dict[int, int] = {}
        for k, cell in enumerate(cells):
            before.append({last[q] for q in cell.qubits if q in last})
            last.update(dict.fromkeys(cell.qubits, k))
        waiting, finished = list(range(len(cells))), set()
        while waiting:
            ready = [k for k in waiting[: 4 * self.n] if before[k] <= finished]
            k = min(ready, key=lambda k: (self._away(cells[k].qubits), k))
            waiting.remove(k)
            finished.add(k)
            self._place(cells[k])

    def _away(self, qubits: tuple[int, ...]) -> int:
        return max(qubits[0] - self.centre, self.centre - qubits[1], 0)

    def _place(self, cell: _Pending) -> None:
        a, b = cell.qubits
        swaps = range(b - 1, a, -1)
        for site in swaps:
            self._swap(site)
        self._put(self._made(a, cell.acts))
        for site in reversed(swaps):
            self._swap(site)

    def _swap(self, site: int) -> None:
        self._put(self._made(site, [(Item("SWAP", (), (0, 1)), (0, 1))]))

    def _made(self, site: int, acts: Sequence[Any]) -> Cell:
        cell = Cell(site, [self._slot()])
        for act in acts:
            if isinstance(act, Event):
                cell.events.append(act)
                cell.slots.append(self._slot())
            else:
                item, where = act
                self.builder.entries.append(Entry(item, cell.slots[-1], where))
        return cell

    def _slot(self) -> int:
        self.builder.slots += 1
        return self.builder.slots - 1

    def _put(self, cell: Cell) -> None:
        while self.centre < cell.site:
            self._go(self.centre, True)
        while self.centre > cell.site + 1:
            self._go(self.centre - 1, False)
        self.done.append(cell)
        self.centre = cell.site + 1

    def _go(self, site: int, right: bool) -> None:
        """The centre across two sites; the last update may do it by itself."""
        if self.done and self.done[-1].site == site:
            self.done[-1].right = right
        else:
            self.done.append(Cell(site, [self._slot()], right=right))
        self.centre = site + right
