"""tensorcircuit-ng as its documentation writes it: a circuit in a Python loop, under its jit.

The energy is a sum of `expectation_ps`, or of a sparse matrix where there are hundreds of terms.
"""

import tensorcircuit as tc

from benchmarks.peers.jax_program import jax_program

MANY_TERMS = 100
LETTERS = {"X": 1, "Y": 2, "Z": 3}


def build(problem, case, variant):
    """Return the program of a case."""
    tc.set_backend("jax")
    tc.set_dtype(case.dtype)
    energy_of = energy_function(problem)
    gates = problem.flat()

    def circuit(angles):
        made = tc.Circuit(problem.qubits)
        apply(made, gates, angles.reshape(-1))
        return made

    return jax_program(
        problem,
        case,
        lambda angles: energy_of(circuit(angles)),
        lambda angles: circuit(angles).state(),
    )


def apply(circuit, gates, angles):
    """Append the gates to a tensorcircuit circuit."""
    for name, qubits, index in gates:
        method = getattr(circuit, name.lower())
        if index is None:
            method(*qubits)
        else:
            method(*qubits, theta=angles[index])


def energy_function(problem):
    """Return the function from a circuit to its energy."""
    if len(problem.terms) > MANY_TERMS:
        words = [[0] * problem.qubits for _ in problem.terms]
        for word, (_, letters) in zip(words, problem.terms, strict=True):
            for letter, qubit in letters:
                word[qubit] = LETTERS[letter]
        matrix = tc.quantum.PauliStringSum2COO(words, [c for c, _ in problem.terms])
        return lambda circuit: tc.templates.measurements.operator_expectation(circuit, matrix)

    def energy(circuit):
        total = 0.0
        for coefficient, letters in problem.terms:
            places = {"x": [], "y": [], "z": []}
            for letter, qubit in letters:
                places[letter.lower()].append(qubit)
            value = tc.backend.real(circuit.expectation_ps(**places)) if letters else 1.0
            total += coefficient * value
        return total

    return energy
