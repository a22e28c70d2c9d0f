"""A second opinion: Qiskit's gates, applied one by one to Qiskit's statevector.

Qiskit counts qubits from the other end; states are brought into qjax's order.
"""

import numpy as np
import reference as ref
from qiskit.circuit import AnnotatedOperation, ControlModifier, InverseModifier
from qiskit.circuit import library as lib
from qiskit.quantum_info import Operator, SparsePauliOp, Statevector

OWN_NAME = (
    *("X", "Y", "Z", "H", "S", "Sdg", "T", "Tdg", "SX", "SXdg", "RX", "RY", "RZ", "U3", "U2"),
    *("CX", "CY", "CZ", "CH", "CS", "CSX", "CRX", "CRY", "CRZ", "CU", "ECR", "CCX", "CCZ"),
    *("RXX", "RYY", "RZZ", "RZX", "XXPlusYY", "GlobalPhase"),
)
NAMED = {name: getattr(lib, f"{name}Gate") for name in OWN_NAME} | {
    "I": lib.IGate,
    "P": lib.PhaseGate,
    "CP": lib.CPhaseGate,
    "SWAP": lib.SwapGate,
    "ISWAP": lib.iSwapGate,
    "CSWAP": lib.CSwapGate,
}


def instruction(gate):
    """The Qiskit instruction of one qjax gate without its further controls."""
    params = [np.asarray(p) for p in gate.params]
    flipped = lambda word: word[::-1]  # noqa: E731 - Qiskit writes qubit 0 last
    if gate.name in NAMED:
        return NAMED[gate.name](*map(float, params))
    if gate.name == "U3Phase":  # the target of CU
        circuit_gate = lib.UGate(*map(float, params[:3]))
        return lib.UnitaryGate(np.exp(1j * params[3]) * Operator(circuit_gate).data)
    if gate.name == "PauliRotation":
        word = SparsePauliOp(flipped(gate.static))
        return lib.HamiltonianGate(word.to_matrix(), float(params[0]) / 2)
    if gate.name in ("SU2", "SU4"):
        words = list("XYZ") if gate.name == "SU2" else ref.SU4_WORDS
        generator = SparsePauliOp([flipped(w) for w in words], params[0])
        return lib.HamiltonianGate(generator.to_matrix(), -1.0)
    if gate.name == "fSim":
        theta, phi = map(float, params)
        exchange = Operator(lib.XXPlusYYGate(2 * theta))
        return lib.UnitaryGate(exchange.compose(Operator(lib.CPhaseGate(-phi))).data)
    little = np.arange(2 ** len(gate.targets)).reshape((2,) * len(gate.targets)).T.reshape(-1)
    if gate.name == "Permutation":
        table = np.asarray(gate.static)
        matrix = np.zeros((len(table),) * 2)
        matrix[table, np.arange(len(table))] = 1
    elif gate.name == "Diagonal":
        return lib.DiagonalGate(np.exp(1j * params[0][little]).tolist())
    elif gate.name == "Unitary":
        matrix = params[0]
    elif gate.name == "Evolution" and len(params) == 2:
        return lib.HamiltonianGate(params[0][np.ix_(little, little)], float(params[1]))
    elif gate.name == "Evolution":
        values, vectors, t = params
        h = (vectors * values) @ vectors.conj().T
        return lib.HamiltonianGate(h[np.ix_(little, little)], float(t))
    else:
        raise NotImplementedError(gate.name)
    return lib.UnitaryGate(matrix[np.ix_(little, little)])


def state(circuit):
    """The final state by Qiskit, brought into qjax's order of qubits."""
    n = circuit.n
    psi = Statevector.from_int(0, 2**n)
    flip = lambda array: np.asarray(array).reshape((2,) * n).T.reshape(-1)  # noqa: E731
    for gate in ref.gates(circuit.ops):
        if gate.name == "StatePrep":
            rest = [q for q in range(n) if q not in gate.targets]
            whole = np.kron(np.eye(1, 2 ** len(rest))[0], gate.params[0]).reshape((2,) * n)
            psi = Statevector(flip(np.transpose(whole, np.argsort([*rest, *gate.targets]))))
            continue
        modifiers = [InverseModifier()] if gate.inverted else []
        if gate.controls:
            ones = "".join(map(str, reversed(gate.values)))
            modifiers.append(ControlModifier(len(gate.controls), int(ones, 2)))
        base = instruction(gate)
        matrix = AnnotatedOperation(base, modifiers).to_matrix() if modifiers else Operator(base)
        places = [*gate.controls, *gate.targets]
        if places:
            psi = psi.evolve(Operator(matrix), places)
        else:
            psi = Statevector(psi.data * np.asarray(Operator(matrix).data).reshape(()))
    return flip(psi.data)
