"""Trajectories against density matrices: means, errors, derivatives, records, samples."""

import dynamic_circuits as dc
import jax
import jax.numpy as jnp
import noise_circuits as nc
import numpy as np
import pytest
from scipy import stats

import qjax as qj
from qjax import If, Measure, Project, Reset

MIXED = qj.DensityMatrix()
KEY = jax.random.key(0)


EACH = [pytest.param(sim, marks=pytest.mark.verify) for sim in (MIXED, qj.Trajectories(1))]


def words(n, count, seed):
    """Different Pauli words on n qubits."""
    index = np.random.default_rng(seed).permutation(4**n - 1)[:count] + 1
    return [
        qj.PauliSum.from_terms([("".join("IXYZ"[i // 4**q % 4] for q in range(n)), range(n), 1.0)])
        for i in index
    ]


def z_scores(circuit, observables, n, key):
    value, info = qj.expval(circuit, observables, sim=qj.Trajectories(n), key=key, info=True)
    exact = qj.expval(circuit, observables, sim=MIXED)
    value, error, exact = (np.stack(x) for x in (value, info.standard_error, exact))
    sure = error < 1e-12
    np.testing.assert_allclose(value[sure], exact[sure], rtol=0, atol=1e-10)
    return (value - exact)[~sure] / error[~sure]


def shared(names, *share):
    """All names, of which only the given ones belong to the share of `make test`."""
    return [k if k in share else pytest.param(k, marks=pytest.mark.verify) for k in names]


DYNAMIC = {
    "teleportation": dc.teleportation(0.7, 1.9),
    "phase estimation": dc.iterative_phase_estimation(0.2, 3),
    "repeat until success": dc.repeat_until_success(3),
    "code": dc.bit_flip_code(0.2, 0.8),
}


@pytest.mark.verify
@pytest.mark.parametrize("seed", [0, 1])
def test_means_over_trajectories(seed):
    """A share: 10 observables of a random noisy circuit, 4,000 trajectories, |z| < 5."""
    make, _ = nc.noisy_structure(60 + seed, 2, (4, 7))
    circuit = make(np.random.default_rng(seed))
    z = z_scores(circuit, words(circuit.n, 10, seed), 4000, jax.random.key(seed))
    assert np.all(np.abs(z) < 5)


@pytest.mark.verify
@pytest.mark.parametrize("seed", range(10))
def test_means_over_trajectories_in_full(seed):
    """100 observables over ten circuits, 10,000 trajectories, |z| < 5 each."""
    make, _ = nc.noisy_structure(2000 + seed, 4, (8, 20))
    for shift in range(100):
        circuit = make(np.random.default_rng(seed))
        if circuit.n > 1:
            break
        make, _ = nc.noisy_structure(3000 + 100 * seed + shift, 4, (8, 20))
    z = z_scores(circuit, words(circuit.n, 10, seed), 10_000, jax.random.key(seed))
    assert np.all(np.abs(z) < 5)


@pytest.mark.parametrize("name", shared(DYNAMIC))
def test_dynamic_circuits(name):
    """Known circuits with measurements: expectation values and records agree with the exact ones,
    under jit."""
    circuit = DYNAMIC[name]
    asked = [qj.Z(circuit.n - 1), qj.X(1) @ qj.Z(0)]
    assert np.all(np.abs(z_scores(circuit, asked, 4000, KEY)) < 5)
    sim = qj.Trajectories(4000)
    bits = range(circuit.bits)
    got = jax.jit(lambda k: qj.probs(circuit, bits=bits, sim=sim, key=k))(KEY)
    exact = np.asarray(qj.probs(circuit, bits=bits, sim=MIXED))
    assert np.all(np.abs(got - exact) <= 5 * np.sqrt(exact * (1 - exact) / 4000) + 1e-9)


def gradient_case(name):
    def circuit(x):
        middle = {
            "mixture": [qj.Depolarizing(x[1], (0, 1)), qj.BitFlip(x[2], 1)],
            "damping": [qj.AmplitudeDamping(x[1], 0), qj.ThermalRelaxation(1.0, 0.7, x[2], 1)],
            "branches": [Measure(0, 0), If(0, [qj.RX(x[1], 1)], [qj.RY(x[2], 1)])],
            "reset": [Measure(0, 0), If(0, [qj.RX(x[1], 1)]), Reset(0), qj.CRX(x[2], 1, 0)],
        }[name]
        return qj.Circuit(2, [qj.RY(x[0], 0), qj.RX(0.4, 1), qj.CNOT(0, 1), *middle], bits=1)

    return lambda x, **how: qj.expval(circuit(x), qj.Z(0) @ qj.X(1) + qj.Z(1), **how)


@pytest.mark.parametrize("name", shared(["mixture", "damping", "branches", "reset"]))
def test_derivatives_are_unbiased(name):
    """The mean of many stochastic gradients is the exact gradient, also that of the probability of
    a branch; where plain differentiation along the path would miss it the test would fail."""
    value = gradient_case(name)
    x = jnp.array([0.9, 0.3, 0.25])
    exact = jax.jit(jax.grad(lambda x: value(x, sim=MIXED)))(x)
    sim = qj.Trajectories(32)
    keys = jax.random.split(jax.random.key(1), 300)
    runs = jax.jit(jax.vmap(jax.grad(lambda x, k: value(x, sim=sim, key=k)), (None, 0)))(x, keys)
    error = np.std(runs, axis=0, ddof=1) / np.sqrt(len(keys))
    assert np.all(np.abs(np.mean(runs, axis=0) - exact) < 4.5 * error + 1e-12)


def test_derivative_through_a_branch():
    """A measured qubit turned by an angle where it was found in 1: the mean of many gradients is
    that of ``cos(a/2)**2 - sin(a/2)**2 cos(b)``, in which the branch's probability has a part."""

    def value(x, key):
        ops = [qj.RY(x[0], 0), Measure(0, 0), If(0, [qj.RY(x[1], 0)])]
        return qj.expval(qj.Circuit(1, ops, bits=1), qj.Z(0), sim=qj.Trajectories(32), key=key)

    a, b = 0.9, 0.7
    keys = jax.random.split(jax.random.key(1), 300)
    runs = jax.jit(jax.vmap(jax.grad(value), (None, 0)))(jnp.array([a, b]), keys)
    exact = np.array([-np.sin(a) * (1 + np.cos(b)) / 2, np.sin(a / 2) ** 2 * np.sin(b)])
    error = np.std(runs, axis=0, ddof=1) / np.sqrt(len(keys))
    assert np.all(np.abs(np.mean(runs, axis=0) - exact) < 4.5 * error)
    assert np.all(error < 0.05)


AT_THE_END = {
    "several": lambda p: [qj.AmplitudeDamping(p, 0), qj.RX(0.3, 0), qj.BitFlip(p, 0)],
    "flip": lambda p: [qj.BitFlip(1 - p, 0), qj.PhaseFlip(p, 1)],
    "four of them": lambda p: [[qj.Depolarizing(p, (0, 1)), qj.RX(0.3, 0)] for _ in range(4)],
    "loop": lambda p: [qj.Repeat([qj.Depolarizing(p, 0), qj.RX(0.3, 0)], 4)],
    "Pauli": lambda p: [qj.PauliChannel(jnp.stack([0.5 - p, 0.5, p]), 0)],
    "damping": lambda p: [qj.AmplitudeDamping(p, 0), qj.PhaseDamping(p, 1)],
    "warm": lambda p: [qj.GeneralizedAmplitudeDamping(0.3, p, 0)],
    "time": lambda p: [qj.ThermalRelaxation(1.0, 0.7, p, 0, 0.2)],
    "readout": lambda p: [qj.ReadoutError(p, 2 * p, 0)],
}


@pytest.mark.parametrize("name", shared(AT_THE_END))
def test_derivatives_at_the_ends_of_strengths(name):
    """At strength 0 or 1, where an outcome with a sloping probability is never drawn, the mean of
    many gradients is the exact one, of other parameters too; values alone are drawn as ever."""

    def value(x, **how):
        ops = [qj.RY(0.9 + x[1], 0), qj.CRX(1.2, 0, 1), *AT_THE_END[name](x[0]), qj.RY(x[1], 0)]
        return qj.expval(qj.Circuit(2, ops), qj.Z(0) @ qj.X(1) + qj.Z(0), **how)

    x, sim = jnp.array([0.0, 0.7]), qj.Trajectories(64)
    exact = jax.jit(jax.value_and_grad(lambda x: value(x, sim=MIXED)))(x)
    keys = jax.random.split(jax.random.key(1), 400)
    found = jax.jit(jax.vmap(jax.value_and_grad(lambda x, k: value(x, sim=sim, key=k)), (None, 0)))(
        x, keys
    )
    for got, expected in zip(found, exact, strict=True):
        error = np.std(got, axis=0, ddof=1) / np.sqrt(len(keys))
        assert np.all(np.abs(np.mean(got, axis=0) - expected) < 4.5 * error + 1e-9)
        assert np.all(error < 0.2)


def test_standard_errors_are_honest():
    """The spread of 400 means equals the standard error that each of them tells."""
    circuit = qj.Circuit(1, [qj.RY(0.9, 0), qj.AmplitudeDamping(0.3, 0)])

    def one(key):
        value, info = qj.expval(circuit, qj.Z(0), sim=qj.Trajectories(100), key=key, info=True)
        return value, info.standard_error

    value, error = jax.jit(jax.vmap(one))(jax.random.split(KEY, 400))
    np.testing.assert_allclose(np.std(value), np.mean(error), rtol=0.15)


@pytest.mark.verify
def test_projection_weighs_trajectories():
    """Post-selected means agree with the exact ones, and so does the probability of success."""
    circuit = qj.Circuit(2, [qj.RY(0.8, 0), qj.CNOT(0, 1), qj.BitFlip(0.2, 1), Project(1, 1)])
    value, info = qj.expval(circuit, qj.Z(0), sim=qj.Trajectories(8000), key=KEY, info=True)
    exact, known = qj.expval(circuit, qj.Z(0), sim=MIXED, info=True)
    assert abs(value - exact) < 5 * info.standard_error
    np.testing.assert_allclose(info.norm, known.norm, atol=0.03)


@pytest.mark.parametrize("sim", EACH, ids=["mixed", "random"])
def test_samples_of_noisy_circuits(sim):
    """20,000 shots follow the probabilities; records are sampled as well."""
    circuit = qj.Circuit(
        2, [qj.RY(0.9, 0), qj.CRY(1.3, 0, 1), Measure(0, 0), qj.AmplitudeDamping(0.3, 1)], bits=1
    )
    p = np.asarray(qj.probs(circuit, sim=MIXED))
    bits = np.asarray(qj.sample(circuit, KEY, 20_000, sim=sim), int)
    counts = np.bincount(bits @ [2, 1], minlength=4)
    possible = p > 1e-12
    assert np.all(counts[~possible] == 0)
    assert stats.chisquare(counts[possible], 20_000 * p[possible]).pvalue > 1e-4
    record = np.asarray(qj.sample(circuit, KEY, 20_000, sim=sim, bits=0))
    hits = int(record.sum())
    odds = float(qj.probs(circuit, bits=0, sim=MIXED)[1])
    assert stats.binomtest(hits, 20_000, odds).pvalue > 1e-4


@pytest.mark.parametrize("sim", EACH, ids=["mixed", "random"])
def test_estimates_of_noisy_circuits(sim):
    """Estimates from shots are unbiased and tell their error."""
    circuit = qj.Circuit(2, [qj.RY(0.9, 0), qj.CRY(1.3, 0, 1), qj.Depolarizing(0.2, (0, 1))])
    asked = qj.X(0) @ qj.X(1) + 0.5 * qj.Z(1) - 0.7 * qj.Y(0)
    exact = qj.expval(circuit, asked, sim=MIXED)
    keys = jax.random.split(KEY, 400)
    mean, error = jax.jit(jax.vmap(lambda k: qj.estimate(circuit, asked, k, 50, sim=sim)))(keys)
    assert abs(np.mean(mean) - exact) < 5 * np.std(mean) / np.sqrt(400)
    np.testing.assert_allclose(np.std(mean), np.mean(error), rtol=0.15)


def test_states_of_trajectories():
    """`run` gives one normalised pure state per trajectory; their mean is the density matrix."""
    circuit = qj.Circuit(1, [qj.H(0), qj.PhaseFlip(0.3, 0)])
    states = np.asarray(qj.run(circuit, sim=qj.Trajectories(2000), key=KEY))
    assert states.shape == (2000, 2)
    np.testing.assert_allclose(np.sum(np.abs(states) ** 2, axis=1), 1, atol=1e-12)
    rho = np.einsum("ti,tj->ij", states, states.conj()) / 2000
    np.testing.assert_allclose(rho, qj.run(circuit, sim=MIXED), atol=0.05)


@pytest.mark.verify
def test_large_numbers_run_in_chunks():
    """More trajectories than are held at once give the same kind of answer."""
    circuit = qj.Circuit(12, [qj.H(0), [qj.CNOT(q, q + 1) for q in range(11)], qj.BitFlip(0.2, 11)])
    sim = qj.Trajectories(400)
    value, info = qj.expval(circuit, qj.Z(0) @ qj.Z(11), sim=sim, key=KEY, info=True)
    assert abs(value - 0.6) < 5 * info.standard_error
