"""Keys, lanes and shots: reproducible, independent, and honest about their errors."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import reference as ref
from scipy import stats

import qjax as qj

CIRCUIT = qj.Circuit(3, [qj.RY(0.9, 0), qj.CRY(1.3, 0, 1), qj.H(2), qj.CRX(0.7, 2, 0)])
P = np.abs(ref.state(CIRCUIT)) ** 2
ALPHA = 1e-4  # chance that a true statement fails, once: seeds are fixed, so tests do not flicker


def indices(bits):
    return np.asarray(bits, int) @ (1 << np.arange(bits.shape[-1])[::-1])


def chi_squared(counts, p):
    """The p-value that counts came from the probabilities p; impossible outcomes never occur."""
    possible = p > 1e-12
    assert np.all(counts[~possible] == 0)
    return stats.chisquare(counts[possible], counts.sum() * p[possible] / p[possible].sum()).pvalue


def test_same_key_same_bits_in_the_same_program():
    """Sampling again with the key gives the bits again; another key gives others."""
    key = jax.random.key(3)
    one, two = (qj.sample(CIRCUIT, key, 500) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    jitted = jax.jit(lambda k: qj.sample(CIRCUIT, k, 500))
    np.testing.assert_array_equal(jitted(key), jitted(key))
    assert np.any(one != qj.sample(CIRCUIT, jax.random.key(4), 500))
    first, second = (qj.estimate(CIRCUIT, qj.X(0), key, 100) for _ in range(2))
    assert first == second


def test_shape_and_type_of_samples():
    """uint8 bits, qubit 0 first; old-style keys work as well."""
    bits = qj.sample(qj.Circuit(3, [qj.X(0)]), jax.random.PRNGKey(0), 4)
    assert bits.dtype == np.uint8
    np.testing.assert_array_equal(bits, [[1, 0, 0]] * 4)


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_samples_follow_the_probabilities(dtype):
    """A chi-squared test of 40,000 shots."""
    bits = qj.sample(CIRCUIT, jax.random.key(0), 40_000, sim=qj.Statevector(dtype))
    assert chi_squared(np.bincount(indices(bits), minlength=8), P) > ALPHA


def test_impossible_outcomes_never_occur():
    """GHZ on ten qubits: all zeros or all ones and nothing between, in single precision as well."""
    ghz = qj.Circuit(10, [qj.H(0), [qj.CNOT(q, q + 1) for q in range(9)]])
    for dtype in ("complex64", "complex128"):
        bits = np.asarray(qj.sample(ghz, jax.random.key(5), 20_000, sim=qj.Statevector(dtype)))
        assert np.all(bits == bits[:, :1])
        assert stats.binomtest(int(bits[:, 0].sum()), 20_000).pvalue > ALPHA


def test_vmapped_lanes_are_independent():
    """Lanes with split keys: each follows the distribution, no two are correlated, and pairs of
    lanes follow the product distribution."""
    lanes, shots = 6, 8_000
    keys = jax.random.split(jax.random.key(7), lanes)
    bits = jax.vmap(lambda k: qj.sample(CIRCUIT, k, shots))(keys)
    outcome = indices(bits)
    for lane in outcome:
        assert chi_squared(np.bincount(lane, minlength=8), P) > ALPHA
    correlation = np.corrcoef(outcome)[np.triu_indices(lanes, 1)]
    assert np.max(np.abs(correlation)) < 5 / np.sqrt(shots)
    for a, b in ((0, 1), (2, 5)):
        pairs = np.bincount(8 * outcome[a] + outcome[b], minlength=64)
        assert chi_squared(pairs, np.kron(P, P)) > ALPHA
    for row in bits.reshape(lanes, -1, 3)[:, :, 0].astype(float):  # successive shots
        assert abs(np.corrcoef(row[1:], row[:-1])[0, 1]) < 5 / np.sqrt(shots)


def test_lanes_with_different_circuits_have_their_own_noise():
    """vmap over angles and keys together: residuals of the estimates are uncorrelated."""
    angles = jnp.linspace(0.3, 2.8, 8)

    def lanes(key):
        keys = jax.random.split(key, 8)
        return jax.vmap(lambda t, k: qj.estimate(qj.Circuit(1, [qj.RX(t, 0)]), qj.Z(0), k, 64)[0])(
            angles, keys
        )

    runs = jax.jit(jax.vmap(lanes))(jax.random.split(jax.random.key(11), 2000))
    residuals = np.asarray(runs) - np.cos(angles)
    correlation = np.corrcoef(residuals.T)[np.triu_indices(8, 1)]
    assert np.max(np.abs(correlation)) < 5 / np.sqrt(2000)


OBSERVABLES = {
    "words that share shots": (qj.Z(0) @ qj.Z(1) + 0.5 * qj.Z(2) - 0.25, None),
    "several groups": (qj.X(0) @ qj.X(2) + 0.5 * qj.Z(2) - 0.7 * qj.Y(1), None),
    "dense": (qj.Hermitian(np.array([[1.0, 0.5j], [-0.5j, -2.0]]), 1), None),
    "projector": (qj.Projector("01", (0, 2)), None),
}


def dense(observable):
    eye = np.eye(2)
    if isinstance(observable, qj.PauliSum):
        return observable.matrix(3)
    if isinstance(observable, qj.Hermitian):
        return np.kron(np.kron(eye, np.asarray(observable.matrix)), eye)
    return np.kron(np.kron(np.diag([1, 0]), eye), np.diag([0, 1]))


@pytest.mark.parametrize("name", OBSERVABLES)
def test_estimates_are_unbiased_and_their_errors_honest(name):
    """Over 2,000 estimates the mean is exact, the spread equals the standard error that was
    reported, and 95 per cent lie within 1.96 of it."""
    observable, shots = OBSERVABLES[name][0], 400
    keys = jax.random.split(jax.random.key(21), 2000)
    mean, error = jax.jit(jax.vmap(lambda k: qj.estimate(CIRCUIT, observable, k, shots)))(keys)
    exact = ref.expval(CIRCUIT, dense(observable))
    z = (np.asarray(mean) - exact) / np.asarray(error)
    assert abs(np.mean(mean) - exact) < 5 * np.std(mean) / np.sqrt(2000)
    np.testing.assert_allclose(np.std(mean), np.mean(error), rtol=0.08)
    assert 0.92 < np.mean(np.abs(z) < 1.96) < 0.975


def test_estimate_keeps_the_structure_of_its_observables():
    """Mean and error come in the pytree that was asked for; one shot has an infinite error."""
    asked = {"a": qj.Z(0), "b": [qj.X(1), qj.Projector("1", 2)]}
    mean, error = qj.estimate(CIRCUIT, asked, jax.random.key(0), 1)
    assert jax.tree.structure(mean) == jax.tree.structure({"a": 0, "b": [0, 0]})
    assert jax.tree.structure(error) == jax.tree.structure(mean)
    assert all(np.isinf(x) for x in jax.tree.leaves(error))
