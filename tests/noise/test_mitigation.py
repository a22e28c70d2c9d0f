"""Folding, extrapolation to zero noise, readout errors undone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import reference as ref
from scipy.optimize import minimize

import qjax as qj
from qjax import errors as e
from qjax import noise
from qjax.noise.network import extrapolated, initial_weights

CIRCUIT = qj.Circuit(
    2, [qj.RX(0.7, 0), qj.S(1), qj.CRY(0.4, 0, 1), qj.U3(0.1, 0.2, 0.3, 1), qj.ISWAP(0, 1)]
)


@pytest.mark.parametrize("folding", [noise.fold, noise.fold_gates])
@pytest.mark.parametrize("scale", [1, 1.8, 2.2, 3, 4.6, 5])
def test_folding_changes_the_length_only(folding, scale):
    """The unitary stays, and the number of gates is as near the scale as folding can bring it."""
    longer = folding(CIRCUIT, scale)
    np.testing.assert_allclose(ref.unitary(longer), ref.unitary(CIRCUIT), rtol=0, atol=1e-13)
    assert abs(len(longer) - scale * len(CIRCUIT)) <= 1 + 1e-9


def test_folding_blocks_and_barriers():
    """Layers run backwards as layers; barriers are not counted."""
    layers = qj.Layers(lambda x: [qj.RX(x, 0), qj.CX(0, 1)], jnp.linspace(0.1, 0.5, 3))
    circuit = qj.Circuit(2, [qj.H(0), qj.Barrier((0, 1)), layers])
    for folding in (noise.fold, noise.fold_gates):
        longer = folding(circuit, 3)
        np.testing.assert_allclose(qj.run(longer), qj.run(circuit), atol=1e-12)
        assert sum(longer.counts().values()) == 3 * sum(circuit.counts().values())


def test_extrapolations_are_exact_on_their_own_curves():
    """A line, a parabola, a polynomial of full degree, a decay to a limit: recovered at 0, also for
    several observables at once and under jit."""
    x = np.array([1.0, 1.5, 2.0, 3.0])
    t = jnp.asarray(x)[:, None]
    c = jnp.asarray([0.3, -0.7])[None, :]
    cases = [
        (noise.Linear(), c + 0.2 * t, c),
        (noise.Polynomial(2), c + 0.2 * t - 0.1 * t**2, c),
        (noise.Richardson(), c + 0.2 * t - 0.1 * t**2 + 0.05 * t**3, c),
        (noise.Exponential(), c * jnp.exp(-0.4 * t), c),
        (noise.Exponential(0.25), 0.25 + c * jnp.exp(-0.4 * t), 0.25 + c),
    ]
    for extrapolation, values, expected in cases:
        got = jax.jit(lambda y, f=extrapolation: f(x, y))(values)
        np.testing.assert_allclose(got, expected[0], rtol=0, atol=1e-12)


def test_least_squares_fits_equal_those_of_numpy():
    """On noisy values, `Polynomial` is `numpy.polyfit`."""
    rng = np.random.default_rng(0)
    x, y = np.arange(1.0, 8.0), rng.normal(size=7)
    for degree in (1, 2, 3):
        got = noise.Polynomial(degree)(x, y)
        np.testing.assert_allclose(got, np.polyfit(x, y, degree)[-1], atol=1e-12)


def test_a_network_extrapolates():
    """Single decays of any size to a thousandth, constants too, several at once, under jit."""
    x = np.linspace(1.0, 3.0, 6)
    t = jnp.asarray(x)
    truth = jnp.asarray([[0.7, -20.0], [0.3, 0.0]])
    shift = jnp.asarray([[0.0, 0.0], [0.0, 0.2]])
    values = truth[None] * jnp.exp(-0.3 * t)[:, None, None] + shift[None]
    network = noise.Network(width=8)
    got = jax.jit(lambda v: network(x, v))(values)
    np.testing.assert_allclose(got, truth + shift, rtol=1e-3)
    assert got.dtype == values.dtype


@pytest.mark.verify
def test_a_network_extrapolates_from_any_random_weights():
    """For the sum of two decays, a decay with an oscillation and a power it leaves at most a fifth
    of the error of the nearest value, which is 20 to 45 %, for six keys."""
    x = jnp.linspace(1.0, 3.0, 6) / 3
    curves = [
        lambda t: 0.7 * jnp.exp(-0.9 * t) + 0.2 * jnp.exp(-3 * t),
        lambda t: 0.9 * jnp.exp(-t) * jnp.cos(0.7 * t),
        lambda t: 1 / (1 + t) ** 2,
    ]

    @jax.jit
    def found(keys, y):
        def one(key, y):
            return extrapolated(initial_weights(key, 12, y.dtype), x, y, 10)

        return jax.vmap(jax.vmap(one, (None, 0)), (0, None))(keys, y)

    got = found(jax.random.split(jax.random.key(0), 6), jnp.stack([f(x) for f in curves]))
    for f, column in zip(curves, np.asarray(got).T, strict=True):
        truth, nearest = f(0.0), f(x[0])
        assert abs(nearest - truth) > 0.2 * truth
        assert np.max(np.abs(column - truth)) < 0.2 * abs(nearest - truth)


@pytest.mark.verify
def test_a_network_is_calm_where_values_have_errors():
    """Of 40 decays with errors of 0.01 it finds the limits a tenth as far off as the polynomial
    through all values, and nearer than the straight line."""
    x = np.linspace(1.0, 3.0, 6)
    rng = np.random.default_rng(2)
    truth = rng.uniform(-1, 1, 40)
    values = truth * np.exp(-0.3 * x[:, None]) + 0.01 * rng.normal(size=(6, 40))
    network, richardson, linear = (
        np.sqrt(np.mean((np.asarray(jax.jit(lambda v, f=f: f(x, v))(values)) - truth) ** 2))
        for f in (noise.Network(), noise.Richardson(), noise.Linear())
    )
    assert network < 0.1 * richardson
    assert network < 0.8 * linear


@pytest.mark.verify
def test_extrapolation_reduces_the_error():
    """With a depolarising error after every gate Richardson is nearer the truth than the raw value,
    and an exponential is nearly exact; gradients pass through all of it."""
    model = noise.NoiseModel([noise.Rule(lambda q: qj.Depolarizing(0.02, q), arity=1)])
    layers = [qj.RX(0.7, 0), qj.RY(0.4, 0), qj.RX(-0.2, 0)]

    def both(scales, values):
        found = [f(scales, values) for f in (noise.Richardson(), noise.Exponential())]
        return jnp.stack([values[0], *found])

    def energies(t):
        def run(c):
            return qj.expval(noise.insert(c, model), qj.Z(0), sim=qj.DensityMatrix())

        return noise.zne(run, qj.Circuit(1, [qj.RY(t, 0), *layers]), (1, 3, 5), both)

    def exact(t):
        return qj.expval(qj.Circuit(1, [qj.RY(t, 0), *layers]), qj.Z(0))

    truth, slope = jax.value_and_grad(exact)(0.3)
    (raw, *values), slopes = jax.jit(lambda t: jax.jvp(energies, (t,), (1.0,)))(0.3)
    for value, got, gain in zip(values, slopes[1:], (20, 1e6), strict=True):
        assert abs(value - truth) * gain < abs(raw - truth)
        assert abs(got - slope) < 0.05 * abs(slope)


def test_readout_errors_are_inverted():
    """What the errors did to probabilities is undone; the simulator and the matrix agree."""
    readout = np.array([[0.1, 0.2], [0.03, 0.07], [0.0, 0.3]])
    circuit = qj.Circuit(3, [qj.RY(0.5, 0), qj.CRX(1.0, 0, 1), qj.H(2)])
    model = noise.NoiseModel(readout=readout)
    seen = qj.probs(noise.insert(circuit, model, measured=True), sim=qj.DensityMatrix())
    truth = qj.probs(circuit)
    np.testing.assert_allclose(noise.confusion_matrix(readout) @ truth, seen, atol=1e-14)
    np.testing.assert_allclose(noise.correct_readout(seen, readout), truth, atol=1e-13)


def test_nearest_probabilities():
    """The projection onto the simplex equals what a general minimiser finds."""
    quasi = np.array([0.6, -0.15, 0.45, 0.1])
    got = np.asarray(noise.nearest_probabilities(quasi))
    found = minimize(
        lambda p: np.sum((p - quasi) ** 2),
        np.full(4, 0.25),
        bounds=[(0, 1)] * 4,
        constraints={"type": "eq", "fun": lambda p: np.sum(p) - 1},
        tol=1e-12,
    ).x
    np.testing.assert_allclose(got, found, atol=1e-6)


def test_misuse_of_mitigation():
    """Every mistake is named."""
    with pytest.raises(e.ParameterError, match="at least 1"):
        noise.fold(CIRCUIT, 0.5)
    with pytest.raises(e.UnsupportedError, match="BitFlip has no inverse"):
        noise.fold(qj.Circuit(1, [qj.BitFlip(0.1, 0)]), 3)
    with pytest.raises(e.UnsupportedError, match="Measure has no inverse"):
        noise.fold_gates(qj.Circuit(1, [qj.Measure(0, 0)], bits=1), 3)
    with pytest.raises(e.ParameterError, match="at least 2 different scales"):
        noise.Linear()([1.0], [0.5])
    with pytest.raises(e.ParameterError, match="steps"):
        noise.Network(steps=0)
    with pytest.raises(e.ParameterError, match="different scales"):
        noise.Richardson()([1.0, 1.0], [0.5, 0.4])
    with pytest.raises(e.ParameterError, match=r"shape \(3,\)"):
        noise.Linear()([1.0, 2.0], [0.5, 0.4, 0.3])
    with pytest.raises(e.ParameterError, match="cannot be inverted"):
        noise.correct_readout([0.5, 0.5], [[0.5, 0.5]])
    with pytest.raises(e.ParameterError, match="for 2 qubits"):
        noise.correct_readout([0.5, 0.5], [[0.1, 0.1], [0.1, 0.1]])
