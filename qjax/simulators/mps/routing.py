"""Gates in any order on any qubits, as moves of one centre along the chain.

Qubits that must meet are swapped together; nothing is swapped back, the permutation is tracked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from ..steps.step import Item
from .gates import Entry

LOOKAHEAD = 12  # gates whose distance a choice of swaps takes into account


@dataclass(frozen=True)
class Move:
    """One update: slot ``slot`` (None: nothing acts) on sites ``site, site + 1``, after which the
    centre stands on the left of them or on the right. With ``block``, an item on ``size`` sites."""

    site: int
    right: bool
    slot: int | None = None
    block: Item | None = None
    size: int = 2


@dataclass
class _Gate:
    """A slot, or a block, waiting to be carried out."""

    qubits: tuple[int, ...]
    entries: list[tuple[Item, tuple[int, ...]]] = field(default_factory=list)
    block: Item | None = None


def routed(
    n: int, items: Sequence[Item], restore: bool = False
) -> tuple[int, list[Entry], list[Move], tuple[int, ...]]:
    """``(slots, entries, moves, site of every qubit at the end)``.

    One-qubit gates that come before anything else on their qubit have slots ``0 .. n - 1``.
    With ``restore`` the qubits are brought back into their order at the end.
    """
    entries: list[Entry] = []
    gates = _merged(n, items, entries)
    ready = _Order(n, gates)
    site, qubit = list(range(n)), list(range(n))
    moves: list[Move] = []
    slots, centre = n, 0

    def swap(a: int) -> None:
        """What stands at sites ``a`` and ``a + 1`` changes places."""
        nonlocal slots
        entries.append(Entry(Item("SWAP", (), (0, 1)), slots, (0, 1)))
        put(a, slots)
        slots += 1
        p, q = qubit[a], qubit[a + 1]
        qubit[a], qubit[a + 1], site[p], site[q] = q, p, a + 1, a

    def go(a: int, right: bool) -> None:
        """The centre across sites ``a`` and ``a + 1``; the last update may do it by itself."""
        nonlocal centre
        if moves and moves[-1].site == a and moves[-1].block is None:
            moves[-1] = replace(moves[-1], right=right)
        else:
            moves.append(Move(a, right))
        centre = a + right

    def put(a: int, slot: int | None, block: Item | None = None, size: int = 2) -> None:
        nonlocal centre
        while centre < a:
            go(centre, True)
        while centre > a + size - 1:
            go(centre - 1, False)
        moves.append(Move(a, True, slot, block, size))
        centre = a + size - 1

    while (k := ready.nearest(site, *_reach(moves, centre))) is not None:
        gate = gates[k]
        _gather(gate.qubits, site, qubit, swap, [gates[j].qubits for j in ready.coming(k)])
        first = min(site[q] for q in gate.qubits)
        if gate.block is not None:
            places = tuple(site[q] - first for q in gate.block.qubits)
            c = len(gate.block.controls)
            put(first, None, gate.block.on(places[c:], places[:c]), len(places))
        else:
            for item, where in gate.entries:
                flip = site[gate.qubits[0]] > first
                entries.append(Entry(item, slots, tuple(1 - w if flip else w for w in where)))
            put(first, slots)
            slots += 1
        ready.done(k)
    if restore:
        for q in range(n):
            while site[q] > q:
                swap(site[q] - 1)
    return slots, entries, moves, tuple(site)


def _reach(moves: Sequence[Move], centre: int) -> tuple[int, int]:
    """The sites on which the centre may stand as well, at no cost: the last gate's."""
    if moves and moves[-1].block is None and moves[-1].slot is not None:
        return moves[-1].site, moves[-1].site + 1
    return centre, centre


def _merged(n: int, items: Sequence[Item], entries: list[Entry]) -> list[_Gate]:
    """Items on one pair of qubits, and one-qubit items beside them, as one gate."""
    gates: list[_Gate] = []
    last: list[_Gate | None] = [None] * n
    for item in items:
        qubits = item.qubits
        if len(qubits) > 2 or (len(qubits) == 1 and n > 1 and _is_block(last[qubits[0]])):
            if len(qubits) == 1:  # after a block: a gate of its own, with a neighbour
                q = qubits[0]
                gate = _Gate((q, q + 1 if q + 1 < n else q - 1))
                gate.entries.append((item, (0,)))
            else:
                gate = _Gate(tuple(qubits), block=item)
            gates.append(gate)
            for q in gate.qubits:
                last[q] = gate
            continue
        if len(qubits) < 2:
            q = qubits[0] if qubits else 0
            gate = last[q]
            if not qubits and _is_block(gate):
                free = next((g for g in reversed(gates) if g.block is None), None)
                if free is not None:
                    free.entries.append((item, ()))
                else:
                    entries.append(Entry(item, 0, ()))
            elif gate is None:
                entries.append(Entry(item, q, (0,) if qubits else ()))
            else:
                gate.entries.append((item, (gate.qubits.index(q),) if qubits else ()))
            continue
        a, b = qubits
        gate = last[a]
        if gate is None or gate is not last[b] or gate.block is not None:
            gate = _Gate((a, b))
            gates.append(gate)
            last[a] = last[b] = gate
        gate.entries.append((item, (gate.qubits.index(a), gate.qubits.index(b))))
    return gates


def _is_block(gate: _Gate | None) -> bool:
    return gate is not None and gate.block is not None


class _Order:
    """Which gates may come next, and which of them is nearest."""

    def __init__(self, n: int, gates: Sequence[_Gate]) -> None:
        self.gates = gates
        self.left = [0] * len(gates)
        self.after: list[list[int]] = [[] for _ in gates]
        self.level = [0] * len(gates)
        last: dict[int, int] = {}
        for k, gate in enumerate(gates):
            before = {last[q] for q in gate.qubits if q in last}
            self.left[k] = len(before)
            self.level[k] = max((self.level[j] + 1 for j in before), default=0)
            for j in before:
                self.after[j].append(k)
            last.update(dict.fromkeys(gate.qubits, k))
        self.ready = [k for k, count in enumerate(self.left) if not count]
        # Where no swap is needed, layer after layer: bonds that run ahead are truncated more.
        spans = (max(g.qubits) - min(g.qubits) + 1 - len(g.qubits) for g in gates)
        self.layered = not any(spans)

    def nearest(self, site: Sequence[int], low: int, high: int) -> int | None:
        """The ready gate nearest to a centre that stands anywhere from ``low`` to ``high``; where
        no swap is needed, the next of its layer."""
        if not self.ready:
            return None

        def distance(k: int) -> tuple[int, int, int]:
            places = [site[q] for q in self.gates[k].qubits]
            if self.layered:
                return self.level[k], min(places), k
            spread = max(places) - min(places) + 1 - len(places)
            away = max(min(places) - high, low - max(places), 0)
            return 0, 2 * spread + away, k

        return min(self.ready, key=distance)

    def coming(self, k: int) -> list[int]:
        """The gates that will be looked at next."""
        return [j for j in sorted({*self.ready, *self.after[k]}) if j != k][:LOOKAHEAD]

    def done(self, k: int) -> None:
        self.ready.remove(k)
        for j in self.after[k]:
            self.left[j] -= 1
            if not self.left[j]:
                self.ready.append(j)


def _gather(
    qubits: tuple[int, ...],
    site: list[int],
    qubit: list[int],
    swap: Callable[[int], None],
    coming: Sequence[tuple[int, ...]],
) -> None:
    """Swap the qubits of a gate together, at the meeting point that serves what comes next."""
    order = sorted(qubits, key=lambda q: site[q])
    k = len(order)
    low, high = site[order[0]], site[order[-1]] - k + 1
    if low == high:
        return

    def cost(start: int) -> float:
        new = _after(order, start, site, qubit)
        swaps = sum(abs(site[q] - (start + j)) for j, q in enumerate(order))
        later = 0.0
        for j, others in enumerate(coming):
            places = [new.get(q, site[q]) for q in others]
            later += (max(places) - min(places) + 1 - len(places)) * 0.9**j
        return swaps + later

    start = min(range(low, max(high, low) + 1), key=cost)
    for j, q in enumerate(order):  # those that move left, the left-most first
        while site[q] > start + j:
            swap(site[q] - 1)
    for j, q in reversed(list(enumerate(order))):
        while site[q] < start + j:
            swap(site[q])


def _after(
    order: Sequence[int], start: int, site: Sequence[int], qubit: Sequence[int]
) -> dict[int, int]:
    """Where the qubits between end when ``order`` is gathered at ``start``."""
    low, high = site[order[0]], site[order[-1]]
    between = [qubit[s] for s in range(low, high + 1) if qubit[s] not in order]
    row = between[: start - low] + list(order) + between[start - low :]
    return {q: low + j for j, q in enumerate(row)}
