"""Optimisers made for circuits, against closed forms and plain gradient descent."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import qjax as qj
from qjax.errors import ParameterError
from qjax.optim import (
    multistart,
    quantum_natural_gradient,
    rotosolve,
    scale_by_metric,
    second_order_spsa,
    spsa,
)
from qjax.train import descend


def toy(w):
    """The one-qubit example of PennyLane's demonstration of the natural gradient."""
    return qj.Circuit(1, [qj.RX(w[0], 0), qj.RY(w[1], 0)])


def toy_energy(w):
    return qj.expval(toy(w), qj.X(0) + qj.Z(0))


def steps_to_converge(rule, start, most=500, tolerance=1e-6):
    """Steps until two values in a row differ by less than the tolerance, and the last value."""
    state, w, last = rule.init(start), start, jnp.inf

    @jax.jit
    def step(w, state):
        value, slope = jax.value_and_grad(toy_energy)(w)
        return (*descend(rule, slope, state, w), value)

    for taken in range(most):
        w, state, value = step(w, state)
        if abs(value - last) < tolerance:
            return taken, float(value)
        last = value
    return most, float(last)


def test_the_natural_gradient_takes_fewer_steps_on_the_published_toy():
    # https://pennylane.ai/qml/demos/tutorial_vqe_qng: start, rate 0.01, tolerance 1e-6
    start = jnp.array([3.97507603, 3.00854038])
    plain, low = steps_to_converge(optax.sgd(0.01), start)
    metric = lambda w: qj.metric_tensor(toy, w)  # noqa: E731
    natural, lower = steps_to_converge(quantum_natural_gradient(0.01, metric, 0.0), start)
    assert natural < plain
    assert lower == pytest.approx(-np.sqrt(2), abs=1e-4)
    assert lower < low + 1e-6


def test_in_the_flat_metric_it_is_gradient_descent():
    """Turns of different qubits: the metric is 1/4, so a step is four plain ones."""

    def ansatz(w):
        return qj.Circuit(3, [qj.RY(w[q], q) for q in range(3)])

    def energy(w):
        return qj.expval(ansatz(w), qj.tfim(3))

    w = natural = jnp.array([0.3, -1.2, 2.0])
    rule = quantum_natural_gradient(0.05, lambda x: qj.metric_tensor(ansatz, x), 0.0)
    flat = optax.sgd(0.2)
    state, flat_state = rule.init(w), flat.init(w)
    slope = jax.jit(jax.grad(energy))
    step = jax.jit(lambda g, s, x: descend(rule, g, s, x))
    for _ in range(5):
        natural, state = step(slope(natural), state, natural)
        w, flat_state = descend(flat, slope(w), flat_state, w)
    np.testing.assert_allclose(natural, w, atol=1e-12)


def test_scaling_by_a_metric_solves_for_it_in_any_structure():
    g = np.array([[2.0, 0.5, 0.0], [0.5, 1.0, 0.2], [0.0, 0.2, 3.0]])
    params = {"a": jnp.ones(2), "b": jnp.ones(())}
    slope = {"a": jnp.array([1.0, -2.0]), "b": jnp.array(0.5)}
    rule = scale_by_metric(lambda w: jnp.asarray(g), damping=0.1)
    out, _ = rule.update(slope, rule.init(params), params)
    expected = np.linalg.solve(g + 0.1 * np.eye(3), [1.0, -2.0, 0.5])
    np.testing.assert_allclose([*out["a"], out["b"]], expected, atol=1e-14)


@pytest.mark.verify
def test_an_imaginary_time_step_of_a_complete_ansatz():
    """Any state of a qubit can be reached: a small natural step is exp(-tau H), normalised."""
    w, tau = jnp.array([0.9, 0.4]), 1e-4
    rule = quantum_natural_gradient(tau / 2, lambda x: qj.metric_tensor(toy, x), 0.0)
    moved, _ = descend(rule, jax.grad(toy_energy)(w), rule.init(w), w)
    h = np.array([[1, 1], [1, -1.0]])
    values, vectors = np.linalg.eigh(h)
    cooled = vectors @ (np.exp(-tau * values) * (vectors.T @ np.asarray(qj.run(toy(w)))))
    cooled /= np.linalg.norm(cooled)
    fidelity = abs(np.vdot(cooled, np.asarray(qj.run(toy(moved))))) ** 2
    still = abs(np.vdot(cooled, np.asarray(qj.run(toy(w))))) ** 2
    assert 1 - fidelity < 1e-4 * (1 - still)


# --- spsa ----------------------------------------------------------------------------------------


def bowl(w):
    return jnp.sum(jnp.array([1.0, 5.0, 20.0]) * (w - 1) ** 2)


def test_one_step_of_spsa_is_the_formula():
    key, w = jax.random.key(3), jnp.array([0.2, -0.4, 1.1])
    rule = spsa(key, 0.3, 0.05)
    change, state = jax.jit(lambda s: rule.update(w, s, w, value_fn=bowl))(rule.init(w))
    signs = np.sign(np.asarray(change))
    slope = (bowl(w + 0.05 * signs) - bowl(w - 0.05 * signs)) / 0.1
    np.testing.assert_allclose(np.abs(change), 0.3 * abs(slope), rtol=1e-10)
    assert float(bowl(w + change * 1e-3)) < float(bowl(w))
    assert not np.array_equal(jax.random.key_data(state.key), jax.random.key_data(key))


@pytest.mark.verify
def test_the_mean_of_many_directions_is_the_gradient():
    w = jnp.array([0.2, -0.4, 1.1])
    rule = spsa(jax.random.key(0), 1.0, 1e-3, samples=20_000)
    change, _ = rule.update(w, rule.init(w), w, value_fn=bowl)
    slope = jax.grad(bowl)(w)
    # each entry has the other two as noise
    error = 5 * np.linalg.norm(slope) / np.sqrt(20_000)
    np.testing.assert_allclose(-change, slope, atol=error)


@pytest.mark.verify
def test_second_order_spsa_finds_the_hessian_of_a_parabola():
    w = jnp.array([0.2, -0.4, 1.1])
    rule = second_order_spsa(jax.random.key(0), 1e-9, 0.1, samples=4000)
    state = rule.init(w)
    for _ in range(3):
        _, state = rule.update(w, state, w, value_fn=bowl)
    # the start, the identity, counts as one of four estimates
    estimate = (4 * state.hessian - np.eye(3)) / 3
    np.testing.assert_allclose(estimate, np.diag([2.0, 10.0, 40.0]), atol=3.0)


@pytest.mark.verify
def test_with_a_fidelity_the_metric_takes_its_place():
    def fidelity(a, b):
        return jnp.abs(qj.overlap(toy(a), toy(b))) ** 2

    w = jnp.array([0.7, 0.2])
    rule = second_order_spsa(jax.random.key(0), 1e-9, 0.01, samples=3000, fidelity=fidelity)
    _, state = rule.update(w, rule.init(w), w, value_fn=toy_energy)
    expected = np.diag([0.25, np.cos(0.7) ** 2 / 4])
    np.testing.assert_allclose(2 * state.hessian - np.eye(2), expected, atol=0.02)


def test_second_order_spsa_does_not_diverge_from_its_first_estimates():
    """With its defaults, in single precision, from any of many keys."""

    def energy(w):  # of the toy, in closed form
        return jnp.cos(w[0]) * (jnp.sin(w[1]) + jnp.cos(w[1]))

    def last(key, **options):
        rule, w = second_order_spsa(key, **options), jnp.array([3.97507603, 3.00854038], "float32")

        def step(carry, _):
            return descend(rule, carry[0], carry[1], carry[0], value_fn=energy), None

        (w, _), _ = jax.lax.scan(step, (w, rule.init(w)), length=300)
        return energy(w)

    keys = jax.random.split(jax.random.key(0), 32)
    safe, free = jax.jit(
        lambda k: (jax.vmap(last)(k), jax.vmap(lambda x: last(x, blocking=None))(k))
    )(keys)
    assert safe.dtype == jnp.float32
    assert float(jnp.max(safe)) < -1.414
    assert float(jnp.max(free)) > -1  # where every step is taken, some are thrown away


@pytest.mark.verify
@pytest.mark.parametrize("rule", [spsa, second_order_spsa])
def test_they_minimise_a_noisy_energy(rule):
    def noisy(w, key):
        return toy_energy(w) + 0.01 * jax.random.normal(key)

    made = rule(jax.random.key(1), 0.2, noisy=True)

    @jax.jit
    def step(w, state):
        return descend(made, w, state, w, value_fn=noisy)

    w = jnp.array([3.0, 2.0])
    state = made.init(w)
    for _ in range(200):
        w, state = step(w, state)
    assert float(toy_energy(w)) < -1.39


# --- rotosolve -----------------------------------------------------------------------------------


@pytest.mark.verify
def test_rotosolve_jumps_to_the_minimum_of_every_angle():
    w = jnp.array([0.4, 2.2])
    rule = rotosolve()
    change, _ = rule.update(w, rule.init(w), w, value_fn=toy_energy)
    grid = np.linspace(-np.pi, np.pi, 20001)
    first = grid[np.argmin([np.cos(a) * (np.cos(w[1]) + np.sin(w[1])) for a in grid])]
    moved = w + change
    # <X> = cos(a) sin(b), <Z> = cos(a) cos(b)
    assert np.cos(float(moved[0]) - first) == pytest.approx(1, abs=1e-6)
    best = np.min(np.cos(first) * (np.sin(grid) + np.cos(grid)))
    assert float(toy_energy(moved)) == pytest.approx(best, abs=1e-7)


@pytest.mark.verify
def test_rotosolve_with_two_frequencies_serves_a_shared_angle():
    def energy(w):
        circuit = qj.Circuit(2, [qj.RX(w[0], 0), qj.RX(w[0], 1)])
        return qj.expval(circuit, qj.Z(0) @ qj.Z(1) + 0.5 * qj.Z(0) + 0.3 * qj.Y(1))

    w = jnp.array([0.4])
    rule = rotosolve(2)
    change, _ = rule.update(w, rule.init(w), w, value_fn=energy)
    x = np.linspace(-np.pi, np.pi, 200_001)
    best = np.min(np.cos(x) ** 2 + 0.5 * np.cos(x) - 0.3 * np.sin(x))
    assert float(energy(w + change)) == pytest.approx(best, abs=1e-9)


# --- many starts ---------------------------------------------------------------------------------


@pytest.mark.verify
def test_many_starts_are_many_single_runs():
    starts = jnp.asarray(np.random.default_rng(0).normal(size=(5, 2)) * 2)
    rule = optax.adam(0.1)
    found = multistart(rule, toy_energy, starts, 30)
    w, state = starts[3], rule.init(starts[3])
    for _ in range(30):
        w, state = descend(rule, jax.grad(toy_energy)(w), state, w)
    np.testing.assert_allclose(found.all_params[3], w, atol=1e-10)
    assert found.history.shape == (5, 30)
    assert float(found.value) == float(jnp.min(found.values))
    assert float(found.value) == pytest.approx(float(toy_energy(found.params)), abs=1e-12)


def test_many_starts_without_gradients():
    found = multistart(rotosolve(), toy_energy, jnp.ones((2, 2)), 3, gradients=False)
    np.testing.assert_allclose(found.values, -np.sqrt(2), atol=1e-9)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: scale_by_metric(lambda w: w, damping=-1.0), "damping"),
        (lambda: spsa(jax.random.key(0), c=0.0), "c must be positive"),
        (lambda: spsa(jax.random.key(0), samples=0), "samples"),
        (lambda: second_order_spsa(jax.random.key(0), damping=0.0), "damping"),
        (lambda: second_order_spsa(jax.random.key(0), blocking=-1.0), "blocking"),
        (lambda: rotosolve(0), "frequencies"),
        (lambda: rotosolve().update(jnp.ones(1), optax.EmptyState(), jnp.ones(1)), "objective"),
        (lambda: multistart(optax.sgd(0.1), bowl, jnp.ones(()), 3), "leading axis"),
        (lambda: multistart(optax.sgd(0.1), bowl, jnp.ones((2, 3)), 0), "steps"),
        (
            lambda: scale_by_metric(lambda w: jnp.eye(2)).update(
                jnp.ones(3), optax.EmptyState(), jnp.ones(3)
            ),
            "wrong shape",
        ),
    ],
)
def test_misuse_is_explained(call, words):
    with pytest.raises(ParameterError, match=words):
        call()
