"""Qiskit Aer's statevector method, forward only. Its qubit 0 is the lowest bit."""

import os

from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp
from qiskit_aer import AerSimulator

from benchmarks.peers.loop_program import loop_program

NAMES = {"CNOT": "cx"}


def build(problem, case, variant):
    """Return the program of a case."""
    single = case.dtype == "complex64"
    simulator = AerSimulator(
        method="statevector",
        precision="single" if single else "double",
        max_parallel_threads=int(os.environ["OMP_NUM_THREADS"]),
    )
    gates = problem.flat()
    operator = SparsePauliOp.from_sparse_list(
        [
            ("".join(letter for letter, _ in letters), [q for _, q in letters], coefficient)
            for coefficient, letters in problem.terms
        ],
        problem.qubits,
    )

    def ask(angles):
        circuit = QuantumCircuit(problem.qubits)
        for name, qubits, index in gates:
            gate = getattr(circuit, NAMES.get(name, name.lower()))
            gate(*(() if index is None else (angles[index],)), *qubits)
        if case.task == "value":
            circuit.save_expectation_value(operator, range(problem.qubits), label="value")
        else:
            circuit.save_statevector(label="state")
        data = simulator.run(circuit).result().data()
        if case.task == "value":
            return data["value"]
        return lambda: data["state"].data

    return loop_program(problem, case, ask, case.dtype, qubit_0_lowest=True)
