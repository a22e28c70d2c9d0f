"""A Qiskit `QuantumCircuit` as a circuit."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from ..circuit import Circuit, Gate, Operation, Param
from ..circuit.dynamic import Barrier, Condition, If, Measure, Reset, While
from ..errors import UnsupportedError
from .needs import require

# Qiskit's names of instructions -> gates of qjax with the same parameters and qubits.
_UPPER = (
    *("x", "y", "z", "h", "s", "t", "sx", "rx", "ry", "rz", "p", "swap", "iswap", "ecr", "cx"),
    *("cy", "cz", "ch", "cs", "csx", "crx", "cry", "crz", "cp", "ccx", "ccz", "cswap", "rxx"),
    *("ryy", "rzz"),
)
NAMES = {
    **{name: name.upper() for name in _UPPER},
    **{n: f"{n[:-2].upper()}dg" for n in ("sdg", "tdg", "sxdg")},
    "id": "I",
    "u": "U3",
    "u1": "P",
    "u2": "U2",
    "u3": "U3",
    "cu1": "CP",
    "cu": "CU",
    "rzx": "RZX",
    "xx_plus_yy": "XXPlusYY",
    "global_phase": "GlobalPhase",
}
_DEPTH = 100


def from_qiskit(circuit: Any, *, loop_limit: int = 1000) -> Circuit:
    """A circuit from a Qiskit `QuantumCircuit`, global phase included.

    Qubit k stays qubit k, classical bit k stays bit k. Gates that qjax has no name for are taken
    apart by their definitions, or become a `qjax.Unitary`. A `Parameter`, and sums and
    multiples of one with numbers, becomes a `qjax.Param`.

    Args:
        circuit: a `qiskit.QuantumCircuit`.
        loop_limit: how many turns a ``while`` may take.

    Raises:
        UnsupportedError: Qiskit is not installed, the argument is no circuit, or it holds an
            instruction or a parameter expression that qjax cannot say.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from qjax.interop import from_qiskit
        >>> qc = QuantumCircuit(2)
        >>> _ = qc.h(0), qc.cx(0, 1)
        >>> from_qiskit(qc)
        Circuit(2, [H(0), CX(0, 1)])
    """
    require("qiskit", "from_qiskit")
    from qiskit import QuantumCircuit

    if not isinstance(circuit, QuantumCircuit):
        raise UnsupportedError(
            "from_qiskit: circuit must be a qiskit.QuantumCircuit", got=type(circuit).__name__
        )
    reader = _Reader(loop_limit)
    qubits = {bit: k for k, bit in enumerate(circuit.qubits)}
    bits = {bit: k for k, bit in enumerate(circuit.clbits)}
    return Circuit(circuit.num_qubits, reader.block(circuit, qubits, bits, 0), circuit.num_clbits)


class _Reader:
    def __init__(self, loop_limit: int) -> None:
        self.loop_limit = loop_limit

    def block(self, circuit: Any, qubits: dict, bits: dict, depth: int) -> list[Operation]:
        out: list[Operation] = []
        for step in circuit.data:
            inner = tuple(qubits[q] for q in step.qubits)
            clbits = tuple(bits[c] for c in step.clbits)
            out += self.instruction(step.operation, inner, clbits, depth)
        phase = _value(circuit.global_phase)
        if isinstance(phase, Param) or phase != 0:
            out.append(Gate("GlobalPhase", (phase,), ()))
        return out

    def instruction(
        self, op: Any, qubits: tuple[int, ...], bits: tuple[int, ...], depth: int
    ) -> list[Operation]:
        name = op.name
        if name == "measure":
            return [Measure(qubits[0], bits[0])]
        if name == "reset":
            return [Reset(qubits[0])]
        if name == "barrier":
            return [Barrier(qubits)]
        if name in ("if_else", "while_loop", "for_loop"):
            return self.control_flow(op, qubits, bits, depth)
        base, controls, values = op, (), ()
        if hasattr(op, "ctrl_state") and hasattr(op, "base_gate"):
            k = op.num_ctrl_qubits
            if name not in NAMES or op.ctrl_state != 2**k - 1:
                base, controls = op.base_gate, qubits[:k]
                values = tuple(op.ctrl_state >> j & 1 for j in range(k))
        if base.name in NAMES:
            params = tuple(_value(p) for p in base.params)
            known = NAMES[base.name]
            if known == "U3" and len(op.params) == 4:  # the base of a controlled U leaves a phase
                known, params = "U3Phase", tuple(_value(p) for p in op.params)
            gate = Gate(known, params, qubits[len(controls) :])
            return [gate.control(controls, values) if controls else gate]
        if base.name == "unitary" and len(qubits) <= 12:
            return [self.unitary(base, qubits, controls, values)]
        return self.defined(op, qubits, bits, depth)

    def unitary(self, op: Any, qubits: tuple, controls: tuple, values: tuple) -> Gate:
        matrix = np.asarray(op.to_matrix(), complex)
        gate = Gate("Unitary", (matrix,), tuple(reversed(qubits[len(controls) :])))
        return gate.control(controls, values) if controls else gate

    def defined(self, op: Any, qubits: tuple, bits: tuple, depth: int) -> list[Operation]:
        if depth > _DEPTH or op.name == "delay" or getattr(op, "definition", None) is None:
            if op.name != "delay" and hasattr(op, "to_matrix") and not _unbound(op):
                return [self.unitary(op, qubits, (), ())]
            raise UnsupportedError(
                f"from_qiskit: {op.name!r} has no counterpart in qjax",
                got=f"on qubits {qubits}",
                fix="decompose or transpile it in Qiskit first",
            )
        inner = op.definition
        return self.block(
            inner,
            dict(zip(inner.qubits, qubits, strict=True)),
            dict(zip(inner.clbits, bits, strict=True)),
            depth + 1,
        )

    def control_flow(self, op: Any, qubits: tuple, bits: tuple, depth: int) -> list[Operation]:
        def body(block: Any) -> list[Operation]:
            inner = dict(zip(block.qubits, qubits, strict=True))
            return self.block(block, inner, dict(zip(block.clbits, bits, strict=True)), depth + 1)

        if op.name == "for_loop":
            indices, parameter, block = op.params
            turns = [
                block.assign_parameters({parameter: k}) if parameter else block for k in indices
            ]
            return [step for turn in turns for step in body(turn)]
        outer = dict(zip(op.blocks[0].clbits, bits, strict=True))
        condition = _condition(op.condition, outer)
        if op.name == "while_loop":
            return [While(condition, body(op.blocks[0]), self.loop_limit)]
        other = body(op.blocks[1]) if len(op.blocks) > 1 else []
        return [If(condition, body(op.blocks[0]), other)]


def _unbound(op: Any) -> bool:
    return any(getattr(p, "parameters", None) for p in op.params)


def _value(value: Any) -> Any:
    """A number, or a placeholder from an expression that is affine in one parameter."""
    names = getattr(value, "parameters", None)
    if not names:
        return np.asarray(float(value))
    names = list(names)
    if len(names) == 1:
        slope = value.gradient(names[0])
        if not getattr(slope, "parameters", None):
            shift = float(value.bind({names[0]: 0.0}))
            return Param(names[0].name, float(slope), shift)
    raise UnsupportedError(
        "from_qiskit: a parameter is not affine in one name",
        expected="such as 2*theta + 0.5",
        got=str(value),
        fix="bind it in Qiskit first",
    )


def _condition(condition: Any, bits: dict) -> Condition:
    """A condition of Qiskit by its truth table."""
    from qiskit.circuit import Clbit

    if isinstance(condition, tuple):
        target, value = condition
        asked = [target] if isinstance(target, Clbit) else list(target)
        return Condition.equal([bits[b] for b in asked], int(value))
    asked = _bits_of(condition)
    if len(asked) > 16:
        raise UnsupportedError("from_qiskit: a condition on more than 16 bits", got=len(asked))
    accepted = [
        pattern
        for pattern in product((0, 1), repeat=len(asked))
        if _evaluate(condition, dict(zip(asked, pattern, strict=True)))
    ]
    return Condition([bits[b] for b in asked], accepted)


def _bits_of(node: Any) -> list[Any]:
    from qiskit.circuit import Clbit
    from qiskit.circuit.classical import expr

    out: list[Any] = []
    for variable in expr.iter_vars(node):
        target = variable.var
        if not isinstance(target, Clbit) and not hasattr(target, "__iter__"):
            raise UnsupportedError("from_qiskit: conditions on variables are not read", got=target)
        out += [target] if isinstance(target, Clbit) else list(target)
    return list(dict.fromkeys(out))


def _evaluate(node: Any, values: dict) -> int:
    from qiskit.circuit import Clbit
    from qiskit.circuit.classical import expr

    if isinstance(node, expr.Var):
        bits = [node.var] if isinstance(node.var, Clbit) else list(node.var)
        return sum(values[b] << k for k, b in enumerate(bits))
    if isinstance(node, expr.Value):
        return int(node.value)
    if isinstance(node, expr.Cast):
        value = _evaluate(node.operand, values)
        return int(bool(value)) if str(node.type) == "Bool()" else value
    if isinstance(node, expr.Unary) and node.op.name == "LOGIC_NOT":
        return int(not _evaluate(node.operand, values))
    if isinstance(node, expr.Unary) and node.op.name == "BIT_NOT":
        width = getattr(node.type, "width", 1)
        return ~_evaluate(node.operand, values) & (2**width - 1)
    if isinstance(node, expr.Binary) and node.op.name in _BINARY:
        return int(_BINARY[node.op.name](*(_evaluate(x, values) for x in (node.left, node.right))))
    raise UnsupportedError("from_qiskit: this condition is not read", got=str(node))


_BINARY: dict[str, Any] = {
    "LOGIC_AND": lambda a, b: a and b,
    "LOGIC_OR": lambda a, b: a or b,
    "BIT_AND": lambda a, b: a & b,
    "BIT_OR": lambda a, b: a | b,
    "BIT_XOR": lambda a, b: a ^ b,
    "EQUAL": lambda a, b: a == b,
    "NOT_EQUAL": lambda a, b: a != b,
    "LESS": lambda a, b: a < b,
    "LESS_EQUAL": lambda a, b: a <= b,
    "GREATER": lambda a, b: a > b,
    "GREATER_EQUAL": lambda a, b: a >= b,
}
