"""qjax: the repeated block as `Layers`, with the gradient rule named by the variant."""

import qjax as qj
from benchmarks.peers.jax_program import jax_program

GATES = {"CNOT": qj.CNOT, "CZ": qj.CZ, "SWAP": qj.SWAP, "H": qj.H, "S": qj.S, "T": qj.T}
ROTATIONS = {"RX": qj.RX, "RY": qj.RY, "RZ": qj.RZ, "RZZ": qj.RZZ}


def build(problem, case, variant):
    """Return the program of a case."""
    sim = qj.Statevector(dtype=case.dtype)
    gradient = getattr(qj, variant)()
    hamiltonian = pauli_sum(problem.terms)

    def circuit(angles):
        if not problem.block:
            return qj.Circuit(problem.qubits, operations(problem.head, angles))
        layers = qj.Layers(lambda row: operations(problem.block, row), angles)
        return qj.Circuit(problem.qubits, [*operations(problem.head, angles), layers])

    def energy(angles):
        return qj.expval(circuit(angles), hamiltonian, sim=sim, gradient=gradient)

    def state(angles):
        return qj.run(circuit(angles), sim=sim)

    return jax_program(problem, case, energy, state)


def operations(gates, angles):
    """Return the gates as qjax operations."""
    return [
        GATES[name](*qubits) if index is None else ROTATIONS[name](angles[index], *qubits)
        for name, qubits, index in gates
    ]


def pauli_sum(terms):
    """Return the Hamiltonian, written as a user would: a sum of products of X, Y and Z."""
    letters = {"X": qj.X, "Y": qj.Y, "Z": qj.Z}
    total = None
    for coefficient, factors in terms:
        product = None
        for letter, qubit in factors:
            operator = letters[letter](qubit)
            product = operator if product is None else product @ operator
        term = coefficient * (qj.I(0) if product is None else product)
        total = term if total is None else total + term
    return total
