"""PennyLane's lightning.qubit with its adjoint gradient.

The tape is built and handed to the device directly. A QNode (autograd interface, or jax under jit)
answers the same question 3 to 4 times slower at 8 qubits, all of it Python; this is the fastest
form that we found. A timed "state" is the expectation value of Z on qubit 0, which leaves the
vector where it is; the vector itself is copied out for the comparison alone.
"""

import numpy as np
import pennylane as qml
from pennylane.devices import ExecutionConfig
from pennylane.tape import QuantumScript

from benchmarks.peers.loop_program import loop_program
from benchmarks.peers.pennylane_peer import GATES, hamiltonian


def build(problem, case, variant):
    """Return the program of a case."""
    device = qml.device("lightning.qubit", wires=problem.qubits, c_dtype=np.dtype(case.dtype).type)
    asked = qml.expval(qml.Z(0) if case.task == "state" else hamiltonian(problem.terms))
    gates = problem.flat()
    config = ExecutionConfig(gradient_method="adjoint")
    # Where gates share an angle (QAOA), the device counts one parameter for each gate.
    owners = np.array([index for _, _, index in gates if index is not None])

    def script(angles, measurement):
        operations = [
            GATES[name](*(() if index is None else (angles[index],)), wires=qubits)
            for name, qubits, index in gates
        ]
        return QuantumScript(operations, [measurement], trainable_params=range(len(owners)))

    def ask(angles):
        tape = script(angles, asked)
        if case.task == "value":
            return device.execute(tape)
        if case.task == "state":
            device.execute(tape)
            return lambda: device.execute(script(angles, qml.state()))
        value, derivatives = device.execute_and_compute_derivatives(tape, config)
        return value, np.bincount(owners, np.ravel(derivatives), angles.size)

    return loop_program(problem, case, ask, case.dtype)
