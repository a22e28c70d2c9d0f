"""What running a circuit would do and cost, without running it."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isnan

from ..circuit import Circuit, as_circuit
from ..simulators import (
    MPS,
    DensityMatrix,
    MixedPlan,
    Plan,
    Sharded,
    ShardedPlan,
    Simulator,
    Statevector,
    Structure,
)
from ..simulators.memory import available_memory, size
from ..simulators.mps.schedule import Schedule
from .program import DEFAULT_SIM, structure_of


@dataclass(frozen=True)
class Explanation:
    """What a run would do and cost; print it. Of `Sharded`, bytes and flops are those of a device.

    Attributes:
        n: qubits.
        gates: gates, repeated blocks counted in full.
        plan: the steps, or the schedule of updates (None for simulators without either).
        bytes_forward: memory of a run.
        bytes_backprop: memory of a gradient by `Backprop` (not a number where it is not known).
        bytes_adjoint: memory of a gradient by `Adjoint` (not a number where there is none).
        flops: floating-point operations of a run (likewise).
        available: memory of the device, bytes.
    """

    n: int
    gates: int
    simulator: str
    plan: Plan | MixedPlan | ShardedPlan | Schedule | None
    bytes_forward: float
    bytes_backprop: float
    bytes_adjoint: float
    flops: float
    available: float
    notes: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        lines = [
            f"{self.simulator}: {self.n} qubits, {self.gates} gates",
            f"memory: run {size(self.bytes_forward)}{self._gradient()}; "
            f"{size(self.available)} available",
        ]
        if not isnan(self.flops):
            lines.append(f"work: {self.flops:.3g} flops a run")
        if self.plan is not None:
            lines.append(f"plan: {self.plan}")
        return "\n".join([*lines, *self.notes])

    def _gradient(self) -> str:
        if isnan(self.bytes_backprop):
            return ""
        text = f", gradient {size(self.bytes_backprop)} (Backprop)"
        return (
            text
            if isnan(self.bytes_adjoint)
            else text + f" or {size(self.bytes_adjoint)} (Adjoint)"
        )


def explain(circuit: Circuit, *, sim: Simulator = DEFAULT_SIM) -> Explanation:
    """What running a circuit would do and cost, without running it.

    Example:
        >>> import qjax as qj
        >>> qj.explain(qj.Circuit(2, [qj.H(0), qj.CNOT(0, 1)])).n
        2
    """
    circuit = as_circuit(circuit, "explain")
    structure, _ = structure_of(circuit)
    if isinstance(sim, DensityMatrix):
        return _explain_mixed(circuit, structure, sim)
    if isinstance(sim, Sharded):
        return _explain_sharded(circuit, structure, sim)
    if not isinstance(sim, Statevector):
        return _explain_other(circuit, structure, sim)
    plan = sim.plan(structure)
    flops, _ = plan.cost()
    available = available_memory()
    forward, backprop, adjoint = plan.memory(sim.real_dtype().itemsize)
    notes = []
    if backprop > 0.5 * available >= adjoint:
        notes.append("advice: differentiate with gradient=qjax.Adjoint()")
    return Explanation(
        circuit.n,
        sum(circuit.counts().values()),
        repr(sim.resolved()),
        plan,
        forward,
        backprop,
        adjoint,
        flops,
        available,
        (*notes, *_fitting(sim.memory(structure), available)),
    )


def _explain_mixed(circuit: Circuit, structure: Structure, sim: DensityMatrix) -> Explanation:
    plan, available = sim.plan(structure), available_memory()
    flops, passes = plan.cost()
    forward = sim.memory(structure)
    return Explanation(
        circuit.n,
        sum(circuit.counts().values()),
        repr(sim.resolved()),
        plan,
        forward,
        forward / 3 * (3 + passes),
        float("nan"),
        flops,
        available,
        _fitting(forward, available),
    )


def _explain_sharded(circuit: Circuit, structure: Structure, sim: Sharded) -> Explanation:
    """On each of many devices: memory, work, and what is exchanged between them."""
    plan, everything = sim.plan(structure), available_memory()
    itemsize, available = sim.real_dtype().itemsize, sim.share(everything)
    forward, backprop, adjoint = plan.memory(itemsize)
    sent = plan.volume() * itemsize * 2.0**plan.m * (1 if plan.real else 2)
    run, gradient = sim.largest(everything)
    notes = [
        f"devices: {sim.devices}, each with {plan.m} of {circuit.n} qubits; the figures are of one",
        f"exchanges: {plan.exchanges()} in a run ({plan.naive} if every gate made its own), in "
        f"which each device sends {size(sent)}; in a gradient each once more, twice as large",
        f"largest: {run} qubits for a run, {gradient} for a gradient (Adjoint)",
    ]
    if backprop > 0.5 * available >= adjoint:
        notes.append("advice: differentiate with gradient=qjax.Adjoint()")
    return Explanation(
        circuit.n,
        sum(circuit.counts().values()),
        repr(sim.resolved()),
        plan,
        forward,
        backprop,
        adjoint,
        plan.cost()[0],
        available,
        (*notes, *_fitting(sim.memory(structure), available)),
    )


def _explain_other(circuit: Circuit, structure: Structure, sim: Simulator) -> Explanation:
    """What any simulator says of itself: its memory, and its schedule if it has one."""
    forward, available, unknown = sim.memory(structure), available_memory(), float("nan")
    return Explanation(
        circuit.n,
        sum(circuit.counts().values()),
        repr(sim.resolved()),
        sim.schedule(structure) if isinstance(sim, MPS) else None,
        forward,
        unknown,
        unknown,
        unknown,
        available,
        _fitting(forward, available),
    )


def _fitting(need: float, available: float) -> tuple[str, ...]:
    return ("this does not fit: qjax.run would raise CapacityError",) * (need > available)
