"""`decompose`: a circuit in the gates of a basis."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from ..blocks import Layers, Repeat
from ..circuit import Circuit, as_circuit
from ..dynamic import If, While
from ..operations import Gate, Operation
from ..synthesis.one_qubit import make
from .basis import Basis, as_basis
from .cancel import cancelled
from .direction import Arrows, arrows, points_along, turned
from .one_qubit import Run
from .trotter import as_trotter, product_formula
from .two_qubit import lowered
from .values import add, number

_SYMMETRIC = ("CZ",)


def decompose(
    circuit: Circuit, basis: Any, *, trotter: Any = None, directions: Any = None
) -> Circuit:
    """The same circuit in the gates of a basis, global phase included.

    Runs of gates on one qubit are fused into Euler angles, entanglers that undo each other
    are dropped, identities too. Unitaries on two qubits take at most 3 entanglers, on three
    qubits 20. `Layers` and `Repeat` are unrolled; measurements, resets, barriers and
    conditions stay where they are. Angles that are traced or placeholders are kept as such.

    Args:
        circuit: what to write in other gates.
        basis: ``{"rz", "sx", "x", "cz"}``, ``{"rz", "sx", "x", "ecr"}``,
            ``{"rx", "ry", "rz", "cx"}`` or ``{"u", "cx"}`` (`qjax.U3`), as a set, a list, or
            a string with commas.
        trotter: ``(order, steps)`` writes every `qjax.Evolution` by a product formula of order 1,
            2 or 4; None: exactly, commuting Pauli terms one by one and others as a matrix.
        directions: pairs of qubits along which the entangler may point (a coupling map, as for
            `fits` with ``directed``); one that lies the other way is turned round between gates
            on one qubit. None: it may point any way.

    Returns:
        A circuit of those gates, at most one `qjax.GlobalPhase` (one more for each
        placeholder or traced angle that contributes to it), and the operations that are no gates.

    Raises:
        CircuitError: no such basis; directions that are no pairs of qubits.
        UnsupportedError: a gate that carries a traced array.
        ParameterError: a trotter that is no order and number of steps.

    Source: McKay et al., arXiv:1612.00858 (RZ SX RZ SX RZ); Vatan and Williams,
    arXiv:quant-ph/0308006; Shende, Bullock and Markov, arXiv:quant-ph/0406176.

    Example:
        >>> import qjax as qj
        >>> qj.Circuit(2, [qj.H(0), qj.H(0), qj.CNOT(0, 1)]).decompose("rx,ry,rz,cx")
        Circuit(2, [CX(0, 1)])
    """
    circuit = as_circuit(circuit, "decompose")
    allowed = None if directions is None else arrows(directions, circuit.n, "decompose")
    how = _How(as_basis(basis), as_trotter(trotter), allowed)
    return Circuit(circuit.n, _block(circuit.ops, how), circuit.bits)


class _How(NamedTuple):
    """What `decompose` was asked for."""

    basis: Basis
    formula: tuple[int, int] | None
    allowed: Arrows | None


def _unrolled(ops: Iterable[Operation]) -> Iterator[Operation]:
    for op in ops:
        if isinstance(op, Layers | Repeat):
            for turn in op.unroll():
                yield from _unrolled(turn)
        else:
            yield op


def _block(ops: Iterable[Operation], how: _How) -> list[Operation]:
    line = _Line(how.basis)
    for op in cancelled(_unrolled(ops)):
        if isinstance(op, Gate):
            split = how.formula is not None and op.name == "Evolution"
            for part in product_formula(op, *how.formula) if split and how.formula else [op]:
                for gate in lowered(part, how.basis):
                    line.gate(gate, how.allowed)
        elif isinstance(op, If):
            line.fence(If(op.condition, _block(op.ops, how), _block(op.else_ops, how)))
        elif isinstance(op, While):
            line.fence(While(op.condition, _block(op.ops, how), op.limit))
        else:
            line.fence(op)
    return line.operations()


class _Line:
    """Runs, entanglers and fences in order; what is undone at once never gets in."""

    def __init__(self, basis: Basis) -> None:
        self.basis = basis
        self.items: list[Any] = []
        self.last: dict[int, list[int]] = {}  # places of the items on each qubit
        self.phases: list[Any] = []

    def gate(self, gate: Gate, allowed: Arrows | None) -> None:
        if not gate.qubits:
            self.phases.append(gate.params[0])
        elif len(gate.qubits) == 1:
            self._run(gate.qubits[0]).add(gate)
        elif allowed is None or points_along(gate, allowed):
            self._entangle(gate)
        else:
            for part in turned(gate, allowed):
                if len(part.qubits) == 1:
                    self._run(part.qubits[0]).add(part)
                else:
                    self._entangle(part)

    def _top(self, qubit: int) -> Any:
        stack = self.last.get(qubit)
        return self.items[stack[-1]] if stack else None

    def _run(self, qubit: int) -> Run:
        top = self._top(qubit)
        if not isinstance(top, Run):
            top = Run(qubit)
            self._put(top, (qubit,))
        return top

    def _put(self, item: Any, qubits: Iterable[int]) -> None:
        for q in qubits:
            self.last.setdefault(q, []).append(len(self.items))
        self.items.append(item)

    def _entangle(self, gate: Gate) -> None:
        for q in gate.qubits:
            top = self._top(q)
            if isinstance(top, Run) and top.trivial():
                self._drop((q,))
                self.phases += top.phases
        a, b = gate.qubits
        other = self._top(a)
        if isinstance(other, Gate) and self.last[a][-1] == (self.last.get(b) or [-1])[-1]:
            same = other.qubits == gate.qubits or (
                gate.name in _SYMMETRIC and set(other.qubits) == set(gate.qubits)
            )
            if same:
                self._drop(gate.qubits)
                return
        self._put(gate, gate.qubits)

    def _drop(self, qubits: Iterable[int]) -> None:
        for q in qubits:
            self.items[self.last[q].pop()] = None

    def fence(self, op: Operation) -> None:
        """An operation that no gate on its qubits passes."""
        self._put(op, op.qubits)

    def operations(self) -> list[Operation]:
        out: list[Operation] = []
        for item in self.items:
            if isinstance(item, Run):
                out += item.gates(self.basis)
                self.phases += item.phases
            elif item is not None:
                out.append(item)
        return out + _phase_gates(self.phases)


def _phase_gates(phases: list[Any]) -> list[Gate]:
    """The phases in as few gates as possible, nothing where they vanish."""
    total, others = 0.0, []
    for phase in map(number, phases):
        if isinstance(phase, float):
            total = math.remainder(total + phase, 2 * math.pi)  # a long sum would lose digits
            continue
        for k, other in enumerate(others):
            both = add(other, phase)
            if both is not None:
                others[k] = both
                break
        else:
            others.append(phase)
    if others and total:
        others[0], total = others[0] + total, 0.0
    rest = [total] if abs(total) > 1e-15 else []
    return [make("GlobalPhase", (x,), ()) for x in [*others, *rest]]
