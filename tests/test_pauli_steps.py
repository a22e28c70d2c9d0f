"""Rotations about Pauli words on many qubits: those that commute and flip alike are one step."""

from functools import reduce

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg

import qjax as qj
from qjax.observables import uccsd_excitations
from qjax.simulators.plan import make_plan

PAULI = {
    "I": np.eye(2),
    "X": np.array([[0, 1], [1, 0]]),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1.0, -1.0]),
}
N = 5
# Alike: the first four, of odd Y (real), and the next four, of even Y; then neighbours that do not
# commute, or flip other qubits.
WORDS = [
    ("XXYZ", (0, 1, 2, 4)),
    ("XYXI", (0, 1, 2, 4)),
    ("YXXZ", (2, 1, 0, 4)),
    ("YYYZ", (0, 1, 2, 3)),
    ("XXZZ", (0, 1, 2, 3)),
    ("YYZI", (0, 1, 2, 3)),
    ("YYZZ", (0, 1, 2, 4)),
    ("XXZ", (1, 0, 4)),
    ("XYZ", (0, 1, 4)),
    ("ZXY", (0, 3, 4)),
    ("YXY", (1, 3, 4)),
]
ANGLES = np.linspace(-1.3, 1.7, len(WORDS))


def start():
    return [qj.H(0), qj.RY(0.4, 1), qj.RX(0.7, 3), qj.RY(1.1, 4), qj.RX(-0.3, 2)]


def circuit(angles, words=WORDS):
    """Every other rotation is the inverse of one by the negative angle."""
    turns = [
        qj.PauliRotation(angles[k], w, q)
        if k % 2
        else qj.Inverse(qj.PauliRotation(-angles[k], w, q))
        for k, (w, q) in enumerate(words)
    ]
    return qj.Circuit(N, [*start(), *turns])


def dense(word, qubits):
    letters = dict(zip(qubits, word, strict=True))
    return reduce(np.kron, [PAULI[letters.get(q, "I")] for q in range(N)])


def exact(angles, words=WORDS):
    state = np.asarray(qj.run(qj.Circuit(N, start())))
    for angle, (word, qubits) in zip(angles, words, strict=True):
        state = scipy.linalg.expm(-0.5j * angle * dense(word, qubits)) @ state
    return state


HAMILTONIAN = qj.X(0) @ qj.Z(3) + 0.7 * qj.Y(2) - 0.4 * qj.Z(1) @ qj.Z(4)
MATRIX = dense("XZ", (0, 3)) + 0.7 * dense("Y", (2,)) - 0.4 * dense("ZZ", (1, 4))


def value(angles, words=WORDS):
    state = exact(angles, words)
    return np.real(np.vdot(state, MATRIX @ state))


def slopes(angles, words=WORDS):
    moves = 0.5 * np.pi * np.eye(len(words))  # the shift rule of one rotation
    return [(value(angles + d, words) - value(angles - d, words)) / 2 for d in moves]


def test_as_a_loop_the_state_is_that_of_dense_exponentials():
    np.testing.assert_allclose(qj.run(circuit(ANGLES)), exact(ANGLES), atol=1e-13)


@pytest.mark.parametrize(
    "gradient", [qj.Adjoint(), pytest.param(qj.Backprop(), marks=pytest.mark.verify)]
)
def test_its_gradient_is_that_of_the_shift_rule(gradient):
    energy = jax.grad(lambda w: qj.expval(circuit(w), HAMILTONIAN, gradient=gradient))
    np.testing.assert_allclose(energy(jnp.asarray(ANGLES)), slopes(ANGLES), atol=1e-12)


def test_lanes_side_by_side_take_the_steps_one_by_one():
    words, angles = [*WORDS[:2], *WORDS[4:6]], ANGLES[4:8]
    many = jnp.asarray(np.linspace(0.3, 1, 8)[:, None] * angles)

    @jax.jit
    @jax.vmap
    @jax.value_and_grad
    def energy(w):
        return qj.expval(circuit(w, words), HAMILTONIAN, gradient=qj.Adjoint())

    values, found = energy(many)
    np.testing.assert_allclose(values[7], value(angles, words), atol=1e-12)
    np.testing.assert_allclose(found[7], slopes(angles, words), atol=1e-12)


def plan_of(circuit, batch_last=False):
    leaves, treedef = jax.tree.flatten(circuit)
    return make_plan(treedef, (False,) * len(leaves), batch_last)


def test_an_excitation_is_one_step_and_all_of_them_one_loop():
    pool = uccsd_excitations(4, 4)
    made = qj.templates.uccsd(np.ones(len(pool)), pool, orbitals=4, electrons=4)
    assert made.counts()["PauliRotation"] == 160
    unrolled = [step for step in plan_of(made, batch_last=True).steps if step.kind == "pauli"]
    assert len(unrolled) == len(pool) == 26
    (loop,) = [step for step in plan_of(made).steps if step.kind == "pauli table"]
    assert len(loop.steps) == 26
    assert plan_of(made).num_steps() == 2  # the other is that of the Hartree-Fock state


def test_only_words_that_commute_and_flip_alike_join():
    steps = [s for s in plan_of(circuit(ANGLES), batch_last=True).steps if s.kind == "pauli"]
    assert [len(s.items) for s in steps] == [4, 4, 1, 1, 1]
