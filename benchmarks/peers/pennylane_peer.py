"""PennyLane's default.qubit with backpropagation, under jax.jit."""

import pennylane as qml

from benchmarks.peers.jax_program import jax_program

GATES = {
    "CNOT": qml.CNOT,
    "CZ": qml.CZ,
    "SWAP": qml.SWAP,
    "H": qml.Hadamard,
    "S": qml.S,
    "T": qml.T,
    "RX": qml.RX,
    "RY": qml.RY,
    "RZ": qml.RZ,
    "RZZ": qml.IsingZZ,
}
PAULIS = {"X": qml.X, "Y": qml.Y, "Z": qml.Z}


def build(problem, case, variant):
    """Return the program of a case."""
    device = qml.device("default.qubit", wires=problem.qubits)
    observable = hamiltonian(problem.terms)

    def circuit(angles):
        flat = angles.reshape(-1)
        for name, qubits, index in problem.flat():
            GATES[name](*(() if index is None else (flat[index],)), wires=qubits)

    @qml.qnode(device, interface="jax", diff_method="backprop")
    def energy(angles):
        circuit(angles)
        return qml.expval(observable)

    @qml.qnode(device, interface="jax", diff_method="backprop")
    def state(angles):
        circuit(angles)
        return qml.state()

    return jax_program(problem, case, energy, state)


def hamiltonian(terms):
    """Return the Hamiltonian as a linear combination of Pauli words."""
    words = [
        qml.prod(*(PAULIS[letter](q) for letter, q in letters)) if letters else qml.Identity(0)
        for _, letters in terms
    ]
    return qml.Hamiltonian([coefficient for coefficient, _ in terms], words)
