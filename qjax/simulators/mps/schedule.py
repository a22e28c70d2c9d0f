"""When and where each gate acts: brick layers where they are dense, single moves elsewhere.

NumPy only, at trace time, cached; no parameter value is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax

from ...circuit import Circuit, Gate
from ...errors import UnsupportedError
from ..steps.step import Item
from .gates import Entry, Place, as_items, unrolled
from .routing import Move, routed

LARGEST_BLOCK = 12  # qubits of one gate, controls included


@dataclass(frozen=True, eq=False)
class Schedule:
    """What runs, in which order.

    Attributes:
        n: sites.
        preparations: state preparations, done first.
        slots: how many two-site matrices there are. The first ``n`` are special: slot ``q`` holds
            what acts on site ``q`` before any other gate does.
        entries: the items of every slot, in order of application.
        layers, parity: brick layers; slot ``n + layer * pairs + pair``. No layers: ``moves`` run.
        moves: what the moving centre does.
        site: the site at which each qubit ends.
    """

    n: int
    preparations: tuple[Item, ...]
    slots: int
    entries: tuple[Entry, ...]
    layers: int
    parity: int
    moves: tuple[Move, ...]
    site: tuple[int, ...]

    def __str__(self) -> str:
        way = f"a moving centre, {len(self.moves)} moves"
        if self.layers:
            way = f"{self.layers} brick layers"
        return f"{self.n} sites, {len(self.entries)} gates in {way}"


@lru_cache(maxsize=256)
def make_schedule(
    treedef: Any, complex_leaves: tuple[bool, ...], layout: str, restore: bool = False
) -> Schedule:
    """The schedule of a circuit's structure; with ``restore`` every qubit ends at its site."""
    places = [Place(k, c) for k, c in enumerate(complex_leaves)]
    circuit: Circuit = jax.tree.unflatten(treedef, places)
    n = circuit.n
    preparations, items = [], []
    for op in unrolled(circuit.ops):
        if not isinstance(op, Gate):
            raise UnsupportedError(
                f"{op!r:.60} cannot run on matrix product states",
                fix="leave it out: read the final state with qjax.probs or qjax.sample",
            )
        if op.name == "StatePrep" and len(op.targets) > 2:
            preparations.append(Item("StatePrep", op.params, op.targets))
        else:
            items += as_items(op)
    for item in items:
        if len(item.qubits) > LARGEST_BLOCK:
            raise UnsupportedError(
                f"MPS: {item.name} acts on {len(item.qubits)} qubits at once",
                expected=f"at most {LARGEST_BLOCK}",
                fix="write it as smaller gates (PauliRotation may be as long as you like)",
            )
    neighbours = all(
        len(i.qubits) < 2 or (len(i.qubits) == 2 and abs(i.qubits[0] - i.qubits[1]) == 1)
        for i in items
    )
    bricks = layout in ("brick", "parallel")
    if bricks and not neighbours:
        raise UnsupportedError(
            f"MPS: layout={layout!r} needs gates on neighbouring qubits only",
            fix="use layout='auto' or 'sweep'",
        )
    if neighbours and not preparations and layout != "sweep":
        brick = min((_brick(n, items, parity) for parity in (0, 1)), key=lambda b: b[0])
        layers, parity, entries, filled = brick
        pairs = (n + 1) // 2
        # A layer of bonds costs about as much as half as many steps of the moving centre.
        if bricks or layers * pairs <= 3 * filled + pairs:
            slots = n + layers * pairs
            return Schedule(
                n, tuple(preparations), slots, entries, layers, parity, (), tuple(range(n))
            )
    slots, entries, moves, site = routed(n, items, restore)
    return Schedule(n, tuple(preparations), slots, tuple(entries), 0, 0, tuple(moves), site)


def _brick(n: int, items: Sequence[Item], parity: int) -> tuple[int, int, tuple[Entry, ...], int]:
    """``(layers, parity, entries, filled slots)`` of gates on neighbours, each as early as the
    order allows; bond ``b`` is updated in layers ``t`` with ``t + b + parity`` even."""
    pairs = (n + 1) // 2
    free = [0] * n  # the first layer in which each site may act next
    last: list[int | None] = [None] * n  # the slot that acted last
    slots: dict[tuple[int, int], int] = {}
    entries: list[Entry] = []
    layers = 0
    for item in items:
        qubits = item.qubits
        if len(qubits) < 2:
            q = qubits[0] if qubits else 0
            slot = last[q]
            on_left = slot is None or _left(slot, n, pairs, parity) == q
            where = ((0,) if on_left else (1,)) if qubits else ()
            entries.append(Entry(item, q if slot is None else slot, where))
            continue
        a = min(qubits)
        where = (0, 1) if qubits[0] == a else (1, 0)
        slot = last[a]
        if slot is None or slot != last[a + 1]:
            layer = max(free[a], free[a + 1])
            layer += (layer + a + parity) % 2
            slot = n + layer * pairs + (a - (layer + parity) % 2) // 2
            slots[layer, a] = slot
            free[a] = free[a + 1] = layer + 1
            last[a] = last[a + 1] = slot
            layers = max(layers, layer + 1)
        entries.append(Entry(item, slot, where))
    return layers, parity, tuple(entries), len(slots)


def _left(slot: int, n: int, pairs: int, parity: int) -> int:
    """The left site of a brick slot."""
    layer, pair = divmod(slot - n, pairs)
    return 2 * pair + (layer + parity) % 2
