"""What running a circuit would do and cost, without running it."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..circuit import Circuit, as_circuit
from ..errors import UnsupportedError
from ..simulators import DensityMatrix, MixedPlan, Plan, Simulator, Statevector, Structure
from .program import DEFAULT_SIM, available_memory, structure_of


@dataclass(frozen=True)
class Explanation:
    """What a run would do and cost; print it.

    Attributes:
        n: qubits.
        gates: gates, repeated blocks counted in full.
        plan: the steps (None for simulators without a plan).
        bytes_forward: memory of a run.
        bytes_backprop: memory of a gradient by `Backprop`.
        bytes_adjoint: memory of a gradient by `Adjoint` (not a number where there is none).
        flops: floating-point operations of a run.
        available: memory of the device, bytes.
    """

    n: int
    gates: int
    simulator: str
    plan: Plan | MixedPlan | None
    bytes_forward: float
    bytes_backprop: float
    bytes_adjoint: float
    flops: float
    available: float
    notes: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        lines = [
            f"{self.simulator}: {self.n} qubits, {self.gates} gates",
            f"memory: run {_size(self.bytes_forward)}, gradient {_size(self.bytes_backprop)} "
            f"(Backprop){self._adjoint()}; {_size(self.available)} available",
            f"work: {self.flops:.3g} flops a run",
        ]
        if self.plan is not None:
            lines.append(f"plan: {self.plan}")
        return "\n".join([*lines, *self.notes])

    def _adjoint(self) -> str:
        if self.bytes_adjoint != self.bytes_adjoint:  # not a number: the method does not apply
            return ""
        return f" or {_size(self.bytes_adjoint)} (Adjoint)"


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
    if not isinstance(sim, Statevector):
        raise UnsupportedError(f"explain does not know {type(sim).__name__}")
    plan = sim.plan(structure)
    flops, passes = plan.cost()
    state = 2 * sim.real_dtype().itemsize * 2.0**circuit.n / (2 if plan.real else 1)
    available = available_memory()
    backprop, adjoint = state * (3 + passes), state * 9
    notes = []
    if backprop > 0.5 * available >= adjoint:
        notes.append("advice: differentiate with gradient=qjax.Adjoint()")
    if sim.memory(structure) > available:
        notes.append("this does not fit: qjax.run would raise CapacityError")
    return Explanation(
        circuit.n,
        sum(circuit.counts().values()),
        repr(sim.resolved()),
        plan,
        3 * state,
        backprop,
        adjoint,
        flops,
        available,
        tuple(notes),
    )


def _explain_mixed(circuit: Circuit, structure: Structure, sim: DensityMatrix) -> Explanation:
    plan, available = sim.plan(structure), available_memory()
    flops, passes = plan.cost()
    forward = sim.memory(structure)
    notes = ("this does not fit: qjax.run would raise CapacityError",) * (forward > available)
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
        notes,
    )


def _size(count: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if count < 1024 or unit == "TiB":
            return f"{count:.3g} {unit}"
        count /= 1024
    raise AssertionError
