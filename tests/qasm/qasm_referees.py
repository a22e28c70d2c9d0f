"""Run in an environment of referees: reads JSON cases, prints the worst disagreement of each."""

import json
import logging
import sys
import warnings

import numpy as np

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)


def qiskit(text, inputs=None):
    import qiskit.qasm2
    import qiskit.qasm3
    from qiskit.quantum_info import Statevector

    read = qiskit.qasm2.loads if "OPENQASM 2" in text else qiskit.qasm3.loads
    circuit = read(text).assign_parameters(inputs or {})
    return np.asarray(Statevector(circuit.reverse_bits()).data)


def mended(multiply):
    """Braket's product of a matrix and a state, right for the part that controls leave as well.

    Version 1.41.2 takes that part for a contiguous array of two entries along every axis: it
    writes into a copy, or numba refuses to compile, or it writes beyond the end.
    """

    def product(state, matrix, targets, out, *more):
        if state.size == 2**state.ndim:
            return multiply(state, matrix, targets, out, *more)
        front = range(len(targets))
        part = np.moveaxis(state, targets, front)
        result = (matrix @ part.reshape(len(matrix), -1)).reshape(part.shape)
        np.copyto(out, np.moveaxis(result, front, targets))
        return out, True

    product.mended = True
    return product


def braket(text, inputs=None):
    from braket.default_simulator import StateVectorSimulator, linalg_utils
    from braket.ir.openqasm import Program

    if not hasattr(linalg_utils._multiply_matrix, "mended"):
        linalg_utils._multiply_matrix = mended(linalg_utils._multiply_matrix)
    # Braket leaves out qubits that no gate acts on.
    source = text + "\ni q;\n#pragma braket result state_vector\n"
    program = Program(source=source, inputs=inputs or {})
    return np.asarray(StateVectorSimulator().run(program, shots=0).resultTypes[0].value)


def pytket(text):
    from pytket.qasm import circuit_from_qasm_str

    return circuit_from_qasm_str(text, maxwidth=64).get_statevector()


def cirq(text):
    import cirq
    from cirq.contrib.qasm_import import circuit_from_qasm

    n = int(text.split("qreg q[")[1].split("]")[0])
    order = [cirq.NamedQubit(f"q_{k}") for k in range(n)]
    return circuit_from_qasm(text).final_state_vector(qubit_order=order, dtype=np.complex128)


READERS = {
    "qasm3": (qiskit,),
    "qasm3-selfcontained": (qiskit, braket),
    "qasm2": (qiskit, pytket, cirq),
}

if __name__ == "__main__":
    worst = {}
    for case in json.load(sys.stdin):
        want = np.array(case["real"]) + 1j * np.array(case["imag"])
        for dialect, readers in READERS.items():
            for reader in readers:
                if dialect not in case:
                    continue
                got = reader(case[dialect], *([case["inputs"]] if "inputs" in case else []))
                if dialect == "qasm2":
                    error = 1 - abs(np.vdot(got, want))
                else:
                    error = np.max(np.abs(got - want))
                key = f"{dialect} {reader.__name__}"
                worst[key] = max(worst.get(key, 0.0), float(error))
    sys.stdout.write(json.dumps(worst))
