"""Counts, classical shadows, gradients of estimates; samplers of every simulator."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import qjax as qj
from qjax import errors as e

KEY = jax.random.key(0)
SIMS = {
    "statevector": qj.Statevector(),
    "density": qj.DensityMatrix(),
    "trajectories": qj.Trajectories(1),
    "mps": qj.MPS(4),
}


def ansatz(w, noisy=False):
    ops = [qj.RY(w[0], 0), qj.CRX(w[1], 0, 1), qj.RZ(w[0] * w[1], 1), qj.H(1)]
    return qj.Circuit(2, ops + [qj.Depolarizing(0.1, (0, 1))] * noisy)


W = jnp.array([0.9, 1.3])
ASKED = qj.Z(0) @ qj.Z(1) + 0.5 * qj.X(0) - 0.3 * qj.Y(1)


def test_counts():
    """Every shot is counted once, in bitstrings with qubit 0 first."""
    got = qj.counts(qj.Circuit(3, [qj.H(0), qj.CNOT(0, 2)]), KEY, 1000)
    assert set(got) == {"000", "101"}
    assert sum(got.values()) == 1000
    assert list(got.values()) == sorted(got.values(), reverse=True)
    measured = qj.Circuit(2, [qj.X(0), qj.Measure(0, 1)], bits=2)
    assert qj.counts(measured, KEY, 10, sim=qj.DensityMatrix(), bits=(1, 0)) == {"10": 10}


@pytest.mark.parametrize(
    "name",
    [
        "statevector",
        *(pytest.param(k, marks=pytest.mark.verify) for k in ("density", "trajectories")),
    ],
)
def test_gradients_of_estimates_are_unbiased(name):
    """The mean of 400 gradients from shots is the exact gradient; each has shots of its own."""
    sim, noisy = SIMS[name], name != "statevector"

    def value(w, key):
        shift = qj.ParameterShift()
        return qj.estimate(ansatz(w, noisy), ASKED, key, 50, sim=sim, gradient=shift)[0]

    keys = jax.random.split(KEY, 400)
    runs = jax.jit(jax.vmap(jax.grad(value), (None, 0)))(W, keys)
    exact_sim = sim if name == "statevector" else qj.DensityMatrix()
    exact = jax.grad(lambda w: qj.expval(ansatz(w, noisy), ASKED, sim=exact_sim))(W)
    z = (np.mean(runs, axis=0) - exact) / (np.std(runs, axis=0, ddof=1) / np.sqrt(400))
    assert np.all(np.abs(z) < 4.5)
    assert np.all(np.std(runs, axis=0) > 0.02)


@pytest.mark.verify
def test_shifted_runs_do_not_share_their_noise():
    """Two parameters that do the same have gradients with independent errors."""

    def value(w, key):
        circuit = qj.Circuit(2, [qj.RY(w[0], 0), qj.RY(w[1], 1)])
        observable = [qj.Z(0), qj.Z(1)]
        mean, _ = qj.estimate(circuit, observable, key, 40, gradient=qj.ParameterShift())
        return mean[0] + mean[1]

    keys = jax.random.split(KEY, 500)
    runs = jax.jit(jax.vmap(jax.grad(value), (None, 0)))(jnp.array([0.7, 0.7]), keys)
    assert abs(np.corrcoef(np.asarray(runs).T)[0, 1]) < 5 / np.sqrt(500)


@pytest.mark.verify
@pytest.mark.parametrize("sim", [qj.Statevector(), qj.DensityMatrix()])
def test_classical_shadows(sim):
    """Words of one to three letters from 10,000 random measurements agree with the exact values,
    also of a mixed state; medians of means as well."""
    circuit = qj.Circuit(3, [qj.RY(0.7, 0), qj.CRY(1.1, 0, 1), qj.CNOT(1, 2), qj.RX(0.4, 2)])
    if sim == qj.DensityMatrix():
        circuit = circuit + qj.AmplitudeDamping(0.3, 1)
    asked = [qj.Z(0), qj.X(0) @ qj.X(1), qj.Z(0) @ qj.Z(1) @ qj.Z(2) + 0.5 * qj.Y(2) - 0.25]
    shadow = qj.classical_shadow(circuit, KEY, 10_000, sim=sim)
    counts = np.bincount(np.asarray(shadow.bases).reshape(-1), minlength=3)
    assert stats.chisquare(counts).pvalue > 1e-4
    value, error = qj.shadow_expval(shadow, asked)
    exact = qj.expval(circuit, asked, sim=sim)
    z = (np.stack(value) - np.stack(exact)) / np.stack(error)
    assert np.all(np.abs(z) < 4.5)
    middle, _ = qj.shadow_expval(shadow, asked, groups=9)
    assert np.all(np.abs(np.stack(middle) - np.stack(exact)) < 8 * np.stack(error))


# --- samplers ------------------------------------------------------------------------------------


def distribution(seed):
    """A circuit on 1 to 4 qubits and its probabilities."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 5))
    ops = [qj.RY(rng.uniform(0, 3), q) for q in range(n)]
    ops += [qj.CRX(rng.uniform(0, 3), q, q + 1) for q in range(n - 1)]
    circuit = qj.Circuit(n, ops)
    return circuit, np.asarray(qj.probs(circuit))


def p_value(circuit, p, key, shots, sim):
    bits = np.asarray(qj.sample(circuit, key, shots, sim=sim), int)
    counts = np.bincount(bits @ (1 << np.arange(circuit.n)[::-1]), minlength=2**circuit.n)
    possible = p > 1e-12
    assert np.all(counts[~possible] == 0)
    return stats.chisquare(counts[possible], shots * p[possible] / p[possible].sum()).pvalue


@pytest.mark.parametrize(
    "name",
    [k if k == "density" else pytest.param(k, marks=pytest.mark.verify) for k in SIMS],
)
def test_samplers(name):
    """A share: one distribution at 20,000 shots."""
    circuit, p = distribution(2)
    assert p_value(circuit, p, jax.random.key(2), 20_000, SIMS[name]) > 1e-6


@pytest.mark.verify
@pytest.mark.parametrize("name", SIMS)
def test_samplers_in_full(name):
    """20 distributions at 100,000 shots each, p > 1e-6."""
    worst = 1.0
    for seed in range(20):
        circuit, p = distribution(seed)
        worst = min(worst, p_value(circuit, p, jax.random.key(seed), 100_000, SIMS[name]))
    assert worst > 1e-6


@pytest.mark.verify
@pytest.mark.parametrize("name", SIMS)
def test_p_values_are_uniform(name):
    """Over 300 seeds the p-values of the chi-squared test are uniform (Kolmogorov-Smirnov)."""
    circuit, p = distribution(2)
    found = [p_value(circuit, p, jax.random.key(s), 20_000, SIMS[name]) for s in range(300)]
    assert stats.kstest(found, "uniform").pvalue > 1e-4


def test_misuse_of_shots():
    """Every mistake is named."""
    circuit = qj.Circuit(1, [qj.RX(0.1, 0)])
    with pytest.raises(e.UnsupportedError, match="Backprop cannot differentiate through shots"):
        qj.estimate(circuit, qj.Z(0), KEY, 10, gradient=qj.Backprop())
    with pytest.raises(e.UnsupportedError, match="inside"):
        jax.jit(lambda k: qj.counts(circuit, k, 3))(KEY)
    shadow = qj.classical_shadow(circuit, KEY, 10)
    with pytest.raises(e.ParameterError, match="groups"):
        qj.shadow_expval(shadow, qj.Z(0), groups=11)
    with pytest.raises(e.ObservableError, match="Pauli sum"):
        qj.shadow_expval(shadow, qj.Projector("0", 0))

    def value(p):
        noisy = qj.Circuit(1, [qj.BitFlip(p, 0)])
        shift = qj.ParameterShift()
        return qj.estimate(noisy, qj.Z(0), KEY, 9, sim=qj.DensityMatrix(), gradient=shift)[0]

    with pytest.raises(e.UnsupportedError, match="BitFlip"):
        jax.grad(value)(0.1)
