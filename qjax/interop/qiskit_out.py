"""A circuit as a Qiskit `QuantumCircuit`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from jax.core import Tracer

from ..circuit import Circuit, Gate, Layers, Operation, Param, Repeat, as_circuit
from ..circuit.dynamic import Barrier, Condition, If, Measure, Reset, While
from ..circuit.synthesis import elementary, expand
from ..circuit.synthesis.matrices import base
from ..errors import UnsupportedError
from .needs import require

# Names of qjax -> classes of qiskit.circuit.library.
_SAME = (
    *("X", "Y", "Z", "H", "S", "Sdg", "T", "Tdg", "SX", "SXdg", "RX", "RY", "RZ", "RXX", "RYY"),
    *("RZZ", "RZX", "ECR", "CX", "CY", "CZ", "CH", "CS", "CSX", "CRX", "CRY", "CRZ", "CU", "CCX"),
    *("CCZ", "XXPlusYY"),
)
CLASSES = {
    **{name: f"{name}Gate" for name in _SAME},
    "I": "IGate",
    "P": "PhaseGate",
    "CP": "CPhaseGate",
    "U3": "UGate",
    "U2": "U2Gate",
    "SWAP": "SwapGate",
    "CSWAP": "CSwapGate",
    "ISWAP": "iSwapGate",
}
_MATRIX = 5  # qubits: larger matrices are taken apart instead


def to_qiskit(circuit: Circuit) -> Any:
    """The circuit as a Qiskit `QuantumCircuit`, global phase included.

    Qubit k stays qubit k; Qiskit prints it as the least significant bit, qjax as the most
    significant one. `Layers` and `Repeat` are unrolled, a `qjax.Param` becomes a `Parameter`.

    Args:
        circuit: what to convert; its numbers must be known or `qjax.Param`.

    Raises:
        UnsupportedError: Qiskit is not installed, or it has no such operation.

    Example:
        >>> import qjax as qj
        >>> from qjax.interop import to_qiskit
        >>> dict(to_qiskit(qj.Circuit(2, [qj.H(0), qj.CNOT(0, 1)])).count_ops())
        {'h': 1, 'cx': 1}
    """
    require("qiskit", "to_qiskit")
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

    circuit = as_circuit(circuit, "to_qiskit")
    names = {name: Parameter(name) for name in circuit.params()}
    out = QuantumCircuit(circuit.n, circuit.bits)
    _fill(out, circuit.ops, names)
    return out


def _fill(out: Any, ops: Iterable[Operation], names: dict[str, Any]) -> None:
    for op in ops:
        if isinstance(op, Layers | Repeat):
            for turn in op.unroll():
                _fill(out, turn, names)
        elif isinstance(op, Gate):
            _gate(out, op, names)
        elif isinstance(op, Measure):
            out.measure(op.qubit, op.bit)
        elif isinstance(op, Reset):
            out.reset(op.qubit)
        elif isinstance(op, Barrier):
            out.barrier(*op.qubits)
        elif isinstance(op, If):
            block, other = _body(out, op.ops, names), _body(out, op.else_ops, names)
            test = _condition(out, op.condition)
            out.if_else(test, block, other if op.else_ops else None, out.qubits, out.clbits)
        elif isinstance(op, While):
            test = _condition(out, op.condition)
            out.while_loop(test, _body(out, op.ops, names), out.qubits, out.clbits)
        else:
            raise UnsupportedError(f"to_qiskit: {type(op).__name__} has no counterpart", got=op)


def _body(out: Any, ops: Iterable[Operation], names: dict[str, Any]) -> Any:
    body = out.copy_empty_like()
    body.global_phase = 0
    _fill(body, ops, names)
    return body


def _condition(out: Any, condition: Condition) -> Any:
    """The condition as an expression of classical bits."""
    from qiskit.circuit.classical import expr

    terms = []
    for pattern in condition.accepted:
        term: Any = expr.lift(True)
        for bit, value in zip(condition.bits, pattern, strict=True):
            one: Any = expr.lift(out.clbits[bit])
            one = one if value else expr.logic_not(one)
            term = one if bit == condition.bits[0] else expr.logic_and(term, one)
        terms.append(term)
    total: Any = terms[0] if terms else expr.lift(False)
    for term in terms[1:]:
        total = expr.logic_or(total, term)
    return total


def _gate(out: Any, gate: Gate, names: dict[str, Any]) -> None:
    gate = gate.named()
    unknown = any(isinstance(p, Param) for p in gate.params)
    if any(isinstance(p, Tracer) for p in gate.params):
        raise UnsupportedError(
            f"to_qiskit: {gate!r:.60} has a traced parameter",
            fix="convert circuits outside jit, grad and vmap",
        )
    if gate.name == "GlobalPhase" and not gate.controls:
        out.global_phase += _value(gate.params[0], names)
    elif gate.name == "U3Phase" and not gate.controls:
        sign = -1 if gate.inverted else 1
        _gate(out, gate._replace(name="U3", params=gate.params[:3]), names)
        out.global_phase += _value(gate.params[3], names) * sign
    elif gate.name in CLASSES and not (
        (gate.controls and (unknown or gate.name == "CU")) or (unknown and gate.inverted)
    ):
        _append(out, _instruction(gate, names), gate)
    elif gate.name in CLASSES or gate.name in ("GlobalPhase", "fSim", "U3Phase"):
        for part in elementary(gate) if gate.controls or gate.inverted else _split(gate):
            _gate(out, part, names)
    elif gate.name == "StatePrep" or unknown or len(gate.targets) > _MATRIX:
        for part in expand(gate):
            _gate(out, part, names)
    else:
        from qiskit.circuit.library import UnitaryGate

        order = _reversed_bits(len(gate.targets))
        u = base(gate)[order][:, order]
        _append(out, UnitaryGate(u), gate)


def _split(gate: Gate) -> list[Gate]:
    from ..circuit.synthesis.named import PRODUCTS

    return PRODUCTS[gate.name](gate.params, gate.targets)


def _reversed_bits(k: int) -> np.ndarray:
    """The basis states with their bits in reverse order."""
    return np.arange(2**k).reshape((2,) * k).transpose().reshape(-1)


def _instruction(gate: Gate, names: dict[str, Any]) -> Any:
    from qiskit.circuit import library

    params = [_value(p, names) for p in gate.params]
    return getattr(library, CLASSES[gate.name])(*params)


def _append(out: Any, instruction: Any, gate: Gate) -> None:
    if gate.inverted:
        instruction = instruction.inverse()
    if gate.controls:
        state = sum(v << k for k, v in enumerate(gate.values))
        instruction = instruction.control(len(gate.controls), ctrl_state=state, annotated=False)
    out.append(instruction, [*gate.controls, *gate.targets])


def _value(value: Any, names: dict[str, Any]) -> Any:
    if isinstance(value, Param):
        expression = names[value.name]
        if value.scale != 1:
            expression = value.scale * expression
        return expression + value.shift if value.shift else expression
    return float(np.asarray(value))
