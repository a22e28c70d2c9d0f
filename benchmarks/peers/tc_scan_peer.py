"""tensorcircuit-ng with a hand-written `lax.scan` over the layers: its fastest form, and compact.

The energy of a state with few terms is written by hand as well: one pass for all diagonal terms
together, and one pass for each X.
"""

import jax
import jax.numpy as jnp
import numpy as np
import tensorcircuit as tc

from benchmarks.peers.jax_program import jax_program
from benchmarks.peers.tc_docs_peer import apply, energy_function


def build(problem, case, variant):
    """Return the program of a case."""
    tc.set_backend("jax")
    tc.set_dtype(case.dtype)

    def state(angles):
        start = tc.Circuit(problem.qubits)
        apply(start, problem.head, angles)

        def layer(vector, row):
            circuit = tc.Circuit(problem.qubits, inputs=vector)
            apply(circuit, problem.block, row)
            return circuit.state(), None

        return jax.lax.scan(layer, start.state(), angles)[0]

    if all(is_diagonal(term) or is_flip(term) for term in problem.terms):
        energy_of = energy_by_passes(problem, case)

        def energy(angles):
            return energy_of(state(angles))
    else:
        energy_of = energy_function(problem)

        def energy(angles):
            return energy_of(tc.Circuit(problem.qubits, inputs=state(angles)))

    return jax_program(problem, case, energy, state)


def is_diagonal(term) -> bool:
    """Tell whether a term is a product of Z."""
    return all(letter == "Z" for letter, _ in term.letters)


def is_flip(term) -> bool:
    """Tell whether a term is a single X."""
    return [letter for letter, _ in term.letters] == ["X"]


def energy_by_passes(problem, case):
    """Return the energy of a vector for a Hamiltonian of Z words and single X."""
    n = problem.qubits
    diagonal = np.zeros((2,) * n, np.float64 if case.dtype == "complex128" else np.float32)
    flips = []
    for term in problem.terms:
        coefficient, letters = term
        if is_diagonal(term):
            sign = np.ones((1,) * n)
            for _, qubit in letters:
                shape = [1] * n
                shape[qubit] = 2
                sign = sign * np.array([1.0, -1.0]).reshape(shape)
            diagonal += coefficient * sign
        else:
            ((_, qubit),) = letters
            flips.append((coefficient, qubit))
    diagonal = diagonal.reshape(-1)

    def energy(vector):
        total = jnp.sum((vector.real**2 + vector.imag**2) * diagonal)
        for coefficient, qubit in flips:
            halves = vector.reshape(2**qubit, 2, -1)
            total += 2 * coefficient * jnp.vdot(halves[:, 0], halves[:, 1]).real
        return total

    return energy
