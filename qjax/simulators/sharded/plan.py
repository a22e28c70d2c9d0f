"""The plan of a state on many devices: the ordinary planner's steps, and exchanges between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import jax

from ...circuit import Circuit, Gate
from ...errors import CapacityError, DeviceError
from ..kernels import HIGHEST, Precision
from ..plan import Layout, Plan, layout_for, light_cone, schedule
from ..steps import Item, Leaf, LoopStep, Step
from .demands import as_item, check_operations, demand_of, leaf_list, widest
from .derived import Extended
from .exchange import ExchangeStep, RelabelStep
from .program import Gates, Itinerary, Loop, Part, Relabel, unrolled
from .reading import Reading, read
from .restrict import restricted, restricted_vector
from .routing import Exchange, Pairs, naive_exchanges

LARGE = 14
"""Qubits on a device from which on things are done in the order that needs the least memory; for
smaller states that would only cost time."""


@dataclass(frozen=True, eq=False)
class ShardedPlan:
    """The steps of a circuit on every device. Printable.

    Attributes:
        n: qubits in all.
        g: qubits among the devices, of which there are ``2**g``.
        local: the steps on the ``n - g`` qubits of a device, exchanges among them.
        extended: the circuit's parameters, and those that differ from device to device.
        start: where every qubit lies at first (place 0 to ``g - 1``: among the devices).
        end: where every qubit lies at the end.
        empty: places among the devices that hold no prepared state, so are 0 at first.
        factors: leaves that multiply the initial state (states prepared among the devices alone).
        names: the mesh axis of each place among the devices.
        naive: exchanges that one exchange per gate would take.
        reading: the exchanges between the gates and the answers.
    """

    n: int
    g: int
    local: Plan
    extended: Extended
    start: tuple[int, ...]
    end: tuple[int, ...]
    empty: tuple[int, ...]
    factors: tuple[Leaf, ...]
    names: tuple[str, ...]
    naive: int
    reading: Reading

    @property
    def m(self) -> int:
        """Qubits on a device."""
        return self.n - self.g

    @property
    def real(self) -> bool:
        """Whether the state stays real."""
        return self.local.real and not any(leaf.is_complex for leaf in self.factors)

    def exchanges(self) -> int:
        """All-to-alls of one run, those in loops counted in full."""
        return sum(times for _, times in exchanges_of(self.local.steps)) + len(self.reading.steps)

    def compiled_exchanges(self) -> int:
        """All-to-alls in the compiled program, where the body of a loop stands once."""
        return sum(1 for _ in exchanges_of(self.local.steps)) + len(self.reading.steps)

    def volume(self) -> float:
        """How many times its state every device sends in one run."""
        inside = sum(step.volume * times for step, times in exchanges_of(self.local.steps))
        return float(inside + sum(step.volume for step in self.reading.steps))

    def cost(self) -> tuple[float, float]:
        """(flops, passes over its state) of one run on each device."""
        return self.local.cost()

    def memory(self, itemsize: int) -> tuple[float, float, float]:
        """Bytes on each device of a run, and of a gradient by `Backprop` and by `Adjoint`.

        Those of a plan of that many qubits, and two buffers for an exchange.
        """
        state = itemsize * 2.0**self.m * (1 if self.real else 2)
        run, backprop, adjoint = self.local.memory(itemsize)
        return run + 2 * state, backprop + 2 * state, adjoint + 2 * state

    def __str__(self) -> str:
        flops, passes = self.cost()
        head = [
            f"{self.n} qubits on {2**self.g} devices, {self.m} on each",
            f"{self.exchanges()} exchanges ({self.naive} if every gate made its own), in which "
            f"each device sends {self.volume():.4g} times its state",
            f"on each device {self.local.num_steps()} compiled steps, {flops:.3g} flops, "
            f"{passes:.0f} passes over its state",
        ]
        return "\n".join([*head, *str(self.local).split("\n")[1:]])


def exchanges_of(steps: Sequence[Step], times: int = 1) -> Iterator[tuple[ExchangeStep, int]]:
    """Every exchange and how often it runs."""
    for step in steps:
        if isinstance(step, ExchangeStep):
            yield step, times
        elif isinstance(step, LoopStep):
            yield from exchanges_of(step.body, times * step.length)


@dataclass(frozen=True, eq=False)
class Journey:
    """Where the qubits of a circuit lie when: all of a plan but its steps on each device.

    Attributes:
        g: qubits among the devices.
        parts: runs of gates and the exchanges between them.
        start: where every qubit lies at first.
        end: where every qubit lies after the last gate.
        reading: the exchanges between the gates and the answers.
        extended: the circuit's parameters and slices of them.
        preparations: the gates that prepare states.
        naive: exchanges that one exchange per gate would take.
    """

    g: int
    parts: tuple[Part, ...]
    start: tuple[int, ...]
    end: tuple[int, ...]
    reading: Reading
    extended: Extended
    preparations: tuple[Gate, ...]
    naive: int

    def exchanges(self) -> list[tuple[Pairs, int]]:
        """The pairs of every exchange and how often it runs."""
        return [*_exchanged(self.parts), *((s.pairs, 1) for s in self.reading.steps)]

    def weight(self) -> tuple[int, float]:
        """How many exchanges, and how many times its state every device sends."""
        all_of_them = self.exchanges()
        volume = sum(times * (1 - 0.5 ** len(pairs)) for pairs, times in all_of_them)
        return sum(times for _, times in all_of_them), float(volume)


def _exchanged(parts: Sequence[Part], times: int = 1) -> Iterator[tuple[Pairs, int]]:
    for part in parts:
        if isinstance(part, Exchange):
            yield part.pairs, times
        elif isinstance(part, Loop):
            yield from _exchanged(part.body, times * part.count)


def make_journey(
    circuit: Circuit,
    names: Sequence[str],
    seen: frozenset[int] | None = None,
    home: bool = False,
    reads: Sequence[frozenset[int]] = (),
) -> Journey:
    """Where the qubits of a circuit, with numbers of leaves as parameters, lie when.

    Raises:
        DeviceError: a device would hold no qubit.
        CapacityError: a gate acts on more qubits than a device holds.
    """
    n, g = circuit.n, len(names)
    check_operations(circuit.ops)
    check_size(n, g)
    preparations: list[Gate] = []
    ops: list[Any] = []
    for op in circuit.ops:
        prepares = isinstance(op, Gate) and op.name == "StatePrep"
        (preparations if prepares else ops).append(op)  # type: ignore[arg-type]
    if seen is not None:
        ops = light_cone(ops, seen)
    most, gate = widest(ops)
    if most > n - g:
        raise CapacityError(
            f"{gate!r:.60} acts on more qubits than a device holds",
            expected=f"at most {n - g} of {n} qubits on each of {2**g} devices",
            got=most,
            fix="use fewer devices, or decompose the gate",
        )
    demands = [demand_of(gate) for gate in unrolled(ops, Extended(()), views=False)]
    naive = naive_exchanges(demands, g)
    marks = [leaf.is_complex for leaf in leaf_list(circuit)]
    found = []
    for place in _first_places(n, g, ops, marks):
        extended = Extended(marks)
        itinerary = Itinerary(ops, place, g, extended)
        if home:
            itinerary.bring(range(n))
        reading = read(reads, itinerary.place, g, names)
        found.append(
            Journey(
                g,
                tuple(itinerary.parts),
                tuple(place),
                tuple(itinerary.place),
                reading,
                extended,
                tuple(preparations),
                naive,
            )
        )
    return min(found, key=Journey.weight)


@lru_cache(maxsize=256)
def make_sharded_plan(
    structure: Any,
    complex_leaves: tuple[bool, ...],
    names: tuple[str, ...],
    seen: frozenset[int] | None = None,
    home: bool = False,
    reads: tuple[frozenset[int], ...] = (),
    precision: Precision = HIGHEST,
) -> ShardedPlan:
    """The plan of a circuit's structure (its treedef) on ``2**len(names)`` devices.

    Args:
        structure: as for `make_plan`.
        complex_leaves: as for `make_plan`.
        names: the mesh axis of each qubit among the devices.
        seen: the qubits of an observable; what cannot reach them is left out.
        home: whether every qubit has to end at the place of its own number.
        reads: the qubits that each part of the answer needs on a device.
        precision: of products of matrices with the state.

    Raises:
        DeviceError: a device would hold no qubit.
        CapacityError: a gate acts on more qubits than a device holds.
    """
    leaves = [Leaf(k, c) for k, c in enumerate(complex_leaves)]
    circuit: Circuit = jax.tree.unflatten(structure, leaves)
    journey = make_journey(circuit, names, seen, home, reads)
    n, g, extended = circuit.n, journey.g, journey.extended
    layout = device_layout(n - g, precision)
    steps = _steps(journey.parts, n - g, g, names, extended, _is_real(circuit), layout)
    items, empty, factors = _preparations(journey.preparations, journey.start, g, extended)
    return ShardedPlan(
        n,
        g,
        Plan(n - g, tuple(steps), tuple(items), layout),
        extended,
        journey.start,
        journey.end,
        empty,
        factors,
        tuple(names),
        journey.naive,
        journey.reading,
    )


def device_layout(m: int, precision: Precision = HIGHEST) -> Layout:
    """How the steps on the ``m`` qubits of a device are laid out."""
    return replace(layout_for(m, False, precision), ordered=m >= LARGE)


def check_size(n: int, g: int) -> None:
    """Refuse a mesh with more devices than the circuit has use for.

    Raises:
        DeviceError: a device would hold no qubit.
    """
    if n <= g:
        raise DeviceError(
            f"Sharded: {n} qubits are too few for {2**g} devices",
            expected=f"at least {g + 1} qubits, so that one lies on each device",
            got=f"{n} qubits",
            fix=f"use at most {2 ** max(n - 1, 0)} devices, or sim=qjax.Statevector()",
        )


def _first_places(n: int, g: int, ops: Any, marks: Sequence[bool]) -> list[tuple[int, ...]]:
    """The places to begin with that are tried: qubits in order, and those where the circuit run
    backwards would end, as these are needed late."""
    plain = tuple(range(n))
    backward = Itinerary(_mirrored(ops), plain, g, Extended(marks))
    away = {q for q, p in enumerate(backward.end) if p < g}
    order = [*sorted(away), *(q for q in range(n) if q not in away)]
    other = [0] * n
    for p, q in enumerate(order):
        other[q] = p
    return [plain, tuple(other)] if tuple(other) != plain else [plain]


def _mirrored(ops: Any) -> list[Any]:
    """Gates in reverse order; where they stand in blocks, one turn of each."""
    flat = []
    for op in reversed(ops):
        flat += _mirrored(op.ops) if hasattr(op, "ops") else [op]
    return flat


def _is_real(circuit: Circuit) -> bool:
    gates = unrolled(circuit.ops, Extended(()), views=False)
    return all(as_item(gate).real for gate in gates)


def _steps(
    parts: Sequence[Part],
    m: int,
    g: int,
    names: Sequence[str],
    extended: Extended,
    real: bool,
    layout: Layout,
) -> list[Step]:
    steps: list[Step] = []
    for part in parts:
        if isinstance(part, Gates):
            local = [r for gate in part.gates for r in restricted(gate, g, extended, real)]
            steps += schedule(m, local, layout)
        elif isinstance(part, Exchange):
            steps.append(ExchangeStep(m, part.pairs, g, names))
        elif isinstance(part, Relabel):
            steps.append(RelabelStep(m, [p - g for p in part.sources[g:]]))
        else:
            body = _steps(part.body, m, g, names, extended, real, layout)
            stacked = frozenset(k for k, axes in enumerate(extended.axes) if part.number in axes)
            steps.append(LoopStep(m, body, part.count, stacked, ordered=layout.ordered))
    return steps


def _preparations(
    gates: Sequence[Gate], place: Sequence[int], g: int, extended: Extended
) -> tuple[list[Item], tuple[int, ...], tuple[Leaf, ...]]:
    items, factors, prepared = [], [], set()
    for gate in gates:
        moved = as_item(gate.map_qubits(dict(enumerate(place))))
        if all(p >= g for p in moved.targets):
            items.append(moved.on(tuple(p - g for p in moved.targets), ()))
            continue
        leaf, targets, outer = restricted_vector(moved, g, extended)
        prepared.update(outer)
        if targets:
            items.append(Item("StatePrep", (leaf,), targets))
        else:
            factors.append(leaf)
    return items, tuple(p for p in range(g) if p not in prepared), tuple(factors)
