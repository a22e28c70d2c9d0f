"""Pauli-correlation encoding against expectation values of the words themselves."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qjax as qj
from qjax.combinatorial import (
    PauliCorrelations,
    brute_force,
    maxcut_problem,
    pauli_correlations,
    random_regular,
)
from qjax.combinatorial.pauli_correlation import flip_descent, relaxed_cut_loss, signs_to_bits
from qjax.errors import DataError

ENCODING = PauliCorrelations(4, 2)
ANGLES = jnp.asarray(np.random.default_rng(0).normal(size=(3, 4, 2)))


def test_correlations_are_the_expectation_values_of_their_words():
    circuit = qj.templates.hardware_efficient(ANGLES)
    psi = np.asarray(qj.run(circuit))
    found = pauli_correlations(circuit, ENCODING)
    expected = [
        (psi.conj() @ qj.PauliSum([tuple((q, c) for q in pair)], np.ones(1)).matrix(4) @ psi).real
        for c in "XYZ"
        for pair in ENCODING.qubits()
    ]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_the_loss_of_saturated_correlations_is_the_cut_without_the_pull():
    problem = maxcut_problem(random_regular(10, 3, 0))
    bits = np.random.default_rng(1).integers(0, 2, 10)
    strong = jnp.asarray(np.concatenate([(1 - 2.0 * bits) * 100, np.zeros(8)]))
    loss = float(relaxed_cut_loss(problem, strong, ENCODING, balance=0.0))
    assert loss + problem.ising()[2] == pytest.approx(problem.value(bits), abs=1e-9)
    assert signs_to_bits(strong, 10).tolist() == bits.tolist()


@pytest.mark.verify
def test_gradient_and_descent():
    problem = maxcut_problem(random_regular(18, 3, 0))

    def loss(w):
        values = pauli_correlations(qj.templates.hardware_efficient(w), ENCODING)
        return relaxed_cut_loss(problem, values, ENCODING)

    slope = jax.jit(jax.grad(loss))(ANGLES)
    h = 1e-6
    d = jnp.zeros_like(ANGLES).at[1, 2, 0].set(h)
    difference = (loss(ANGLES + d) - loss(ANGLES - d)) / (2 * h)
    assert float(slope[1, 2, 0]) == pytest.approx(float(difference), abs=1e-6)
    start = np.zeros(18)
    bits = flip_descent(problem, start)
    assert problem.value(bits) < -18
    for k in range(18):  # no flip helps any more
        other = bits.copy()
        other[k] ^= 1
        assert problem.value(other) >= problem.value(bits)
    assert problem.value(bits) >= brute_force(problem).value


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: PauliCorrelations(3, 4), "between 1 and n"),
        (lambda: pauli_correlations(qj.Circuit(3, []), ENCODING), "number of qubits"),
        (
            lambda: relaxed_cut_loss(
                maxcut_problem(random_regular(20, 3, 0)), jnp.zeros(18), ENCODING
            ),
            "more variables than words",
        ),
    ],
)
def test_misuse_is_explained(call, words):
    with pytest.raises(DataError, match=words):
        call()
