"""Qulacs with its own backpropagation; always complex128.

Its rotations are exp(+i angle P / 2), so angles and gradients change sign; its qubit 0 is the
lowest bit, which matters to amplitudes only. `backprop` alone gives no value: taking the value and
the co-state from one forward run, and `backprop_inner_product` from there, costs no more than it.
"""

import numpy as np
from qulacs import GeneralQuantumOperator, ParametricQuantumCircuit, QuantumState
from qulacs.state import inner_product

from benchmarks.peers.loop_program import loop_program

PAULI_Z = 3


def build(problem, case, variant):
    """Return the program of a case."""
    circuit, owners = parametric_circuit(problem)
    observable = hamiltonian(problem)
    state, work, co_state = (QuantumState(problem.qubits) for _ in range(3))

    def forward(angles):
        for place, owner in enumerate(owners):
            circuit.set_parameter(place, -angles[owner])
        state.set_zero_state()
        circuit.update_quantum_state(state)

    def ask(angles):
        forward(angles)
        if case.task == "state":
            return state.get_vector
        if case.task == "value":
            return observable.get_expectation_value(state).real
        observable.apply_to_state(work, state, co_state)
        value = inner_product(state, co_state).real
        co_state.multiply_coef(2)
        slopes = circuit.backprop_inner_product(co_state)
        return value, -np.bincount(owners, slopes, angles.size)

    return loop_program(problem, case, ask, "complex128", qubit_0_lowest=True)


def parametric_circuit(problem):
    """Return the circuit, and for each of its parameters the index of the angle it takes."""
    circuit = ParametricQuantumCircuit(problem.qubits)
    rotations = {
        "RX": circuit.add_parametric_RX_gate,
        "RY": circuit.add_parametric_RY_gate,
        "RZ": circuit.add_parametric_RZ_gate,
    }
    owners = []
    for name, qubits, index in problem.flat():
        if name == "RZZ":
            circuit.add_parametric_multi_Pauli_rotation_gate(list(qubits), [PAULI_Z] * 2, 0.0)
        elif index is None:
            getattr(circuit, f"add_{name}_gate")(*qubits)
        else:
            rotations[name](*qubits, 0.0)
        owners += [] if index is None else [index]
    return circuit, np.array(owners, int)


def hamiltonian(problem):
    """Return the Hamiltonian as a Qulacs operator."""
    operator = GeneralQuantumOperator(problem.qubits)
    for coefficient, letters in problem.terms:
        operator.add_operator(coefficient, " ".join(f"{letter} {q}" for letter, q in letters))
    return operator
