"""qujax: index lists in, a pure function out, under jax.jit. Its angles are in units of pi."""

import jax.numpy as jnp
import qujax

from benchmarks.peers.jax_program import jax_program

NAMES = {"CNOT": "CX", "RX": "Rx", "RY": "Ry", "RZ": "Rz", "RZZ": "ZZPhase"}


def build(problem, case, variant):
    """Return the program of a case."""
    gates = problem.flat()
    to_state = qujax.get_params_to_statetensor_func(
        [NAMES.get(name, name) for name, _, _ in gates],
        [list(qubits) for _, qubits, _ in gates],
        [[] if index is None else [index] for _, _, index in gates],
        problem.qubits,
    )
    constant = sum(coefficient for coefficient, letters in problem.terms if not letters)
    terms = [term for term in problem.terms if term.letters]
    to_energy = qujax.get_statetensor_to_expectation_func(
        [[letter for letter, _ in letters] for _, letters in terms],
        [[qubit for _, qubit in letters] for _, letters in terms],
        [coefficient for coefficient, _ in terms],
    )

    def state(angles):
        return to_state(angles.reshape(-1) / jnp.pi)

    def energy(angles):
        return to_energy(state(angles)) + constant

    return jax_program(problem, case, energy, state)
