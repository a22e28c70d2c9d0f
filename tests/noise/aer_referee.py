"""Run in an environment that has Qiskit Aer: reads JSON, answers with its density matrices."""

import json
import sys

import numpy as np


def array(pair):
    return np.array(pair[0]) + 1j * np.array(pair[1])


def listed(m):
    m = np.asarray(m, complex)
    return [m.real.tolist(), m.imag.tolist()]


def run(circuit, **options):
    from qiskit_aer import AerSimulator

    backend = AerSimulator(method="density_matrix", **options)
    circuit.save_density_matrix()
    return np.asarray(backend.run(circuit).result().data()["density_matrix"])


def operators(case):
    """A circuit given by Kraus operators: each entry (operators, qubits), the first leading."""
    from qiskit import QuantumCircuit
    from qiskit.circuit.library import UnitaryGate
    from qiskit.quantum_info import Kraus

    circuit = QuantumCircuit(case["n"])
    for stack, qubits in case["ops"]:
        # Ours counts qubits from the left, theirs from the right, both in states and in matrices.
        places = [case["n"] - 1 - q for q in reversed(qubits)]
        matrices = [array(m) for m in stack]
        if len(matrices) == 1:
            circuit.append(UnitaryGate(matrices[0]), places)
        else:
            circuit.append(Kraus(matrices).to_instruction(), places)
    return listed(run(circuit))


def model():
    """A noise model of several kinds, and what it makes of a circuit (qubits in Qiskit's order)."""
    from qiskit import QuantumCircuit
    from qiskit_aer.noise import (
        NoiseModel,
        ReadoutError,
        amplitude_damping_error,
        depolarizing_error,
        pauli_error,
        thermal_relaxation_error,
    )

    noise = NoiseModel()
    noise.add_all_qubit_quantum_error(depolarizing_error(0.02, 1), ["h", "ry"])
    noise.add_all_qubit_quantum_error(depolarizing_error(0.05, 2), ["cz"])
    noise.add_quantum_error(thermal_relaxation_error(50.0, 70.0, 5.0), ["sx"], [1])
    noise.add_quantum_error(amplitude_damping_error(0.1, 0.2), ["sx"], [0])
    noise.add_quantum_error(pauli_error([("XY", 0.1), ("ZI", 0.2), ("II", 0.7)]), ["cx"], [0, 2])
    noise.add_readout_error(ReadoutError([[0.9, 0.1], [0.2, 0.8]]), [1])
    circuit = QuantumCircuit(3)
    circuit.h(0)
    circuit.ry(0.7, 1)
    circuit.cx(0, 2)
    circuit.sx(1)
    circuit.sx(0)
    circuit.cz(1, 2)
    circuit.ry(0.3, 2)
    rho = run(circuit, noise_model=noise)

    def plain(x):
        if isinstance(x, dict):
            return {k: plain(v) for k, v in x.items()}
        if isinstance(x, np.ndarray) and np.iscomplexobj(x):
            return {"complex": listed(x)}
        if isinstance(x, list | tuple | np.ndarray):
            return [plain(v) for v in x]
        return x.item() if hasattr(x, "item") else x

    return {"model": plain(noise.to_dict(serializable=False)), "rho": listed(rho)}


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    answer = model() if asked == "model" else [operators(case) for case in asked]
    sys.stdout.write(json.dumps(answer))
