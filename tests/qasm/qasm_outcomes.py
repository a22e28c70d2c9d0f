"""Exact distributions of classical bits, every branch followed, apart from the simulators."""

import numpy as np
import qasm_dense as dense

import qjax as qj
from qjax.circuit.dynamic import Barrier, If, Measure, Reset


def follow(branches, steps, n):
    """Every branch through unitaries, measurements, resets and conditions: outcomes -> states."""
    for step in steps:
        new = {}
        for key, states in branches.items():
            if step[0] == "if":
                taken = follow({key: states}, step[2] if step[1](key) else step[3], n)
                for k, found in taken.items():
                    new.setdefault(k, []).extend(found)
                continue
            for state in states:
                if step[0] == "gate":
                    new.setdefault(key, []).append(step[1](state))
                    continue
                for value in (0, 1):
                    part = state.reshape(2 ** step[1], 2, -1).copy()
                    part[:, 1 - value] = 0
                    if np.linalg.norm(part) < 1e-9:
                        continue
                    if step[0] == "reset" and value:
                        part = part[:, ::-1]
                    outcome = key
                    if step[0] == "measure":
                        outcome = key & ~(1 << step[2]) | value << step[2]
                    new.setdefault(outcome, []).append(part.reshape(-1))
        branches = new
    return branches


def distribution(steps, n, bits):
    """Exact outcomes."""
    p = np.zeros(2**bits)
    for key, states in follow({0: [np.eye(1, 2**n, dtype=complex)[0]]}, steps, n).items():
        p[key] = sum(np.vdot(s, s).real for s in states)
    return p


def steps_of(ops, circuit):
    """The operations of a circuit of ours as steps."""
    for op in ops:
        if isinstance(op, Measure):
            yield "measure", op.qubit, op.bit
        elif isinstance(op, Reset):
            yield "reset", op.qubit
        elif isinstance(op, qj.Gate):
            yield "gate", lambda state, op=op: dense.apply(state, op, circuit.n)
        elif isinstance(op, If):
            bits = range(circuit.bits)

            def holds(key, op=op, bits=bits):
                return op.condition.holds([key >> b & 1 for b in bits])

            yield "if", holds, list(steps_of(op.ops, circuit)), list(steps_of(op.else_ops, circuit))
        else:
            assert isinstance(op, Barrier)


def outcomes(circuit):
    """The distribution of the classical bits, bit 0 the least significant."""
    return distribution(list(steps_of(circuit.ops, circuit)), circuit.n, circuit.bits)


def qiskit_steps(circuit, whole, qubits_of, bits_of):
    from qiskit.circuit import Clbit
    from qiskit.quantum_info import Operator

    n = whole.num_qubits
    for step in circuit.data:
        qubits = [qubits_of[q] for q in step.qubits]
        name = step.operation.name
        if name == "measure":
            yield "measure", qubits[0], bits_of[step.clbits[0]]
        elif name == "reset":
            yield "reset", qubits[0]
        elif name == "if_else":
            target, value = step.operation.condition
            places = [bits_of[b] for b in ([target] if isinstance(target, Clbit) else target)]
            (block,) = step.operation.blocks
            inner = dict(zip(block.qubits, qubits, strict=True))
            bits = dict(zip(block.clbits, (bits_of[c] for c in step.clbits), strict=True))

            def holds(key, places=places, value=value):
                return sum((key >> b & 1) << k for k, b in enumerate(places)) == value

            yield "if", holds, list(qiskit_steps(block, whole, inner, bits)), []
        elif name != "barrier":
            matrix = Operator(step.operation).data
            gate = qj.Gate("Unitary", (matrix,), tuple(reversed(qubits)))
            yield "gate", lambda state, gate=gate: dense.apply(state, gate, n)


def qiskit_outcomes(text):
    """The same for the circuit that Qiskit reads, with Qiskit's matrices."""
    from qiskit.qasm2 import LEGACY_CUSTOM_INSTRUCTIONS, loads

    circuit = loads(text, custom_instructions=LEGACY_CUSTOM_INSTRUCTIONS)
    qubits = {q: k for k, q in enumerate(circuit.qubits)}
    bits = {c: k for k, c in enumerate(circuit.clbits)}
    steps = list(qiskit_steps(circuit, circuit, qubits, bits))
    return distribution(steps, circuit.num_qubits, circuit.num_clbits)
