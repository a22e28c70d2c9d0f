"""Diagnostics against closed forms, dense matrices and finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qjax as qj
from qjax import viz
from qjax.diagnostics import (
    accessible_frequencies,
    effective_dimension,
    entangling_capability,
    expressibility,
    fisher_information,
    fourier_coefficients,
    gradient_variance,
    gradient_variances,
    haar_histogram,
    l1_coherence,
    memorisation_curve,
    relative_entropy_coherence,
    tangent_drift,
    tangent_kernel,
    von_neumann_entropy,
)
from qjax.diagnostics.expressibility import meyer_wallach
from qjax.errors import DataError, ParameterError, UnsupportedError

KEY = jax.random.key(0)


def turns(key):
    return jax.random.uniform(key, (2, 2), maxval=2 * np.pi)


# --- Fourier ---


def uploaded(w, x):
    """x once with factor 2, and in a repeated block of two turns with factor 1."""
    block = [qj.RX(x, 0), qj.RY(0.4, 1), qj.CNOT(0, 1)]
    return qj.Circuit(2, [qj.RY(w[0, 0], 0), qj.RZ(2 * x + 0.3, 1), qj.Repeat(block, 2)])


def test_accessible_frequencies_are_those_that_random_models_have():
    found = accessible_frequencies(lambda x: uploaded(jnp.ones((2, 2)), x))
    np.testing.assert_allclose(found.frequencies, np.arange(-4, 5))
    ways = np.convolve(np.convolve([1, 2, 1], [1, 2, 1]), [1, 0, 2, 0, 1])
    np.testing.assert_array_equal(found.degeneracy, ways)
    model = lambda x: qj.expval(uploaded(jnp.ones((2, 2)), x), qj.Z(0) + qj.X(1))  # noqa: E731
    wide = np.asarray(fourier_coefficients(model, 6))
    np.testing.assert_allclose(wide[[0, 1, -1, -2]], 0, atol=1e-12)
    x = 0.7
    series = np.sum(wide * np.exp(1j * np.arange(-6, 7) * x))
    np.testing.assert_allclose(series, model(x), atol=1e-12)


def test_frequencies_refuse_what_they_cannot_know():
    with pytest.raises(UnsupportedError, match="RX is not affine"):
        accessible_frequencies(lambda x: qj.Circuit(1, [qj.RX(x**2, 0)]))
    with pytest.raises(UnsupportedError, match="SU2 has no finite spectrum"):
        accessible_frequencies(lambda x: qj.Circuit(1, [qj.SU2(x * jnp.ones(3), 0)]))
    with pytest.raises(ParameterError, match="degree"):
        fourier_coefficients(jnp.cos, -1)


# --- expressibility ---


def test_expressibility_of_one_state_and_of_haar_random_states():
    fixed = expressibility(
        lambda w: qj.Circuit(2, [qj.H(0), qj.GlobalPhase(w[0, 0])]), turns, KEY, pairs=50, bins=20
    )
    np.testing.assert_allclose(fixed, 3 * np.log(20), rtol=1e-9)
    haar = lambda key: jax.random.normal(key, (4,), complex)  # noqa: E731
    random = expressibility(
        lambda v: qj.templates.amplitude_encoding(v), haar, KEY, pairs=4000, bins=20
    )
    assert float(random) < 3 * 20 / (2 * 4000)
    np.testing.assert_allclose(jnp.sum(haar_histogram(2**20, 30)), 1, rtol=1e-9)
    edges = 1 - np.linspace(0, 1, 6)
    np.testing.assert_allclose(haar_histogram(8, 5), edges[:-1] ** 7 - edges[1:] ** 7, rtol=1e-9)
    with pytest.raises(ParameterError, match="bins"):
        expressibility(lambda w: qj.Circuit(1), turns, KEY, bins=1)


def test_entangling_capability_of_products_of_bell_pairs_and_of_random_states():
    product = lambda w: qj.Circuit(2, [qj.RY(w[0, 0], 0), qj.RX(w[0, 1], 1)])  # noqa: E731
    assert abs(entangling_capability(product, turns, KEY, samples=20)) < 1e-12
    pair = np.array([np.cos(0.4), 0, 0, np.sin(0.4)])
    np.testing.assert_allclose(meyer_wallach(jnp.asarray(pair)), np.sin(0.8) ** 2, rtol=1e-12)
    draw = np.random.default_rng(0)
    states = draw.normal(size=(2000, 8)) + 1j * draw.normal(size=(2000, 8))
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    found = jnp.mean(jax.vmap(meyer_wallach)(jnp.asarray(states)))
    np.testing.assert_allclose(found, 6 / 9, rtol=0.01)
    with pytest.raises(ParameterError, match="samples"):
        entangling_capability(product, turns, KEY, samples=0)


# --- gradients ---


def test_gradients_of_a_global_cost_vanish_at_the_known_rate():
    def make(n):
        """``prod cos(w_q)``: every derivative has variance ``2**-n``."""
        sampler = lambda key: jax.random.uniform(key, (n,), maxval=2 * np.pi)  # noqa: E731
        return lambda w: qj.expval(qj.templates.angle_encoding(w), _all_z(n)), sampler

    values, slope = gradient_variances(make, [1, 3], KEY, samples=4000)
    np.testing.assert_allclose(values, [1 / 2, 1 / 8], rtol=0.06)
    np.testing.assert_allclose(slope, -np.log(2), rtol=0.06)
    one = gradient_variance(lambda p: jnp.sin(p["a"]), lambda k: {"a": jax.random.normal(k)}, KEY)
    assert one["a"].shape == ()
    with pytest.raises(ParameterError, match="samples"):
        gradient_variance(jnp.sin, jax.random.uniform, KEY, samples=1)
    with pytest.raises(ParameterError, match="two"):
        gradient_variances(make, [3], KEY)


def _all_z(n):
    word = qj.Z(0)
    for q in range(1, n):
        word = word @ qj.Z(q)
    return word


# --- Fisher information ---


def classifier(w, x):
    gates = [qj.RY(x[0] + w["a"][0], 0), qj.CNOT(0, 1), qj.RX(w["a"][1], 1), qj.RY(w["b"], 0)]
    return qj.probs(qj.Circuit(2, gates))


def test_the_fisher_matrix_is_that_of_differences_of_logarithms():
    w = {"a": jnp.array([0.3, 0.8]), "b": jnp.array(0.5)}
    x = jnp.array([[0.2], [1.3], [2.2]])
    found = fisher_information(classifier, w, x)
    flat, unravel = jax.flatten_util.ravel_pytree(w)
    step, expected = 1e-5, np.zeros((3, 3))
    moves = np.concatenate([np.zeros((1, 3)), step * np.eye(3), -step * np.eye(3)])
    every = jax.vmap(lambda v, p: classifier(unravel(v), p), (0, None))
    moved = jax.jit(jax.vmap(every, (None, 0)))(np.asarray(flat) + moves, x)
    for p, plus, minus in zip(*np.split(np.asarray(moved), [1, 4], axis=1), strict=True):
        rows = (plus - minus) / step / 2
        expected += (rows / p) @ rows.T / len(x)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)
    never = fisher_information(lambda w, x: jnp.stack([w * 0, 1 + w * 0]), jnp.array(0.0), x)
    assert float(never[0, 0]) == 0


def test_the_effective_dimension_is_its_definition():
    draw = np.random.default_rng(0)
    a = draw.normal(size=(5, 3, 2))
    fishers = a @ np.swapaxes(a, 1, 2)
    normed = fishers * 3 / np.trace(fishers, axis1=1, axis2=2).mean()
    for n in (1e3, 1e5):
        kappa = n / (2 * np.pi * np.log(n))
        volume = np.mean([np.sqrt(np.linalg.det(np.eye(3) + kappa * f)) for f in normed])
        expected = 2 * np.log(volume) / np.log(kappa) / 3
        np.testing.assert_allclose(effective_dimension(fishers, n), expected, rtol=1e-9)
    assert effective_dimension(fishers, np.array([1e3, 1e4])).shape == (2,)
    with pytest.raises(DataError, match="stack"):
        effective_dimension(np.eye(3), 1e3)
    with pytest.raises(DataError, match="too few"):
        effective_dimension(fishers, 5)


# --- tangent kernel ---


def test_the_tangent_kernel_of_a_rotation_and_its_drift():
    model = lambda w, x: qj.expval(qj.Circuit(1, [qj.RY(w * x, 0)]), qj.Z(0))  # noqa: E731
    x, w = jnp.array([0.5, 1.5]), jnp.array([0.2, 1.0])
    rows = [-np.asarray(x) * np.sin(t * np.asarray(x)) for t in w]
    np.testing.assert_allclose(tangent_kernel(model, w[0], x), np.outer(rows[0], rows[0]))
    np.testing.assert_allclose(
        tangent_kernel(model, w[0], x, x[:1]), np.outer(rows[0], rows[0])[:, :1]
    )
    drift, least = tangent_drift(model, w, x)
    first, second = (np.outer(r, r) for r in rows)
    expected = [0, np.linalg.norm(second - first) / np.linalg.norm(first)]
    np.testing.assert_allclose(drift, expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(least, 0, atol=1e-12)


# --- memorisation ---


def test_a_learner_of_majorities_fits_true_labels_but_not_random_ones():
    def majority(x, labels, key):
        counts = jnp.sum(labels[:, None] == jnp.arange(3)[None], axis=0)
        return jnp.max(counts) / labels.shape[0]

    x, y = jnp.zeros(60), jnp.zeros(60, int)
    found = memorisation_curve(majority, x, y, [60], KEY, classes=3, repeats=50)
    assert found.real.shape == (1, 50)
    assert (found.real == 1).all()
    # The largest of three multinomial shares of 60: a third and a little more.
    assert 0.33 < found.random.mean() < 0.45
    with pytest.raises(DataError, match="fit into"):
        memorisation_curve(majority, x, y, [61], KEY, classes=3)


# --- entropies ---


def test_entropies_and_coherences_of_a_qubit_and_their_gradients():
    def rho(t):
        """Half ``RY(t)|0>``, half maximally mixed."""
        z, x = 0.5 * jnp.cos(t), 0.5 * jnp.sin(t)
        return jnp.array([[1 + z, x], [x, 1 - z]]) / 2

    def h(p):
        return -(p * np.log(p) + (1 - p) * np.log(1 - p))

    t = 0.7
    np.testing.assert_allclose(von_neumann_entropy(rho(t)), h(0.75), rtol=1e-12)
    np.testing.assert_allclose(von_neumann_entropy(3 * rho(t)), h(0.75), rtol=1e-12)
    np.testing.assert_allclose(l1_coherence(rho(t)), 0.5 * np.sin(t), rtol=1e-12)
    diagonal = h(0.5 + 0.25 * np.cos(t))
    np.testing.assert_allclose(relative_entropy_coherence(rho(t)), diagonal - h(0.75), rtol=1e-9)
    for f in (l1_coherence, relative_entropy_coherence):
        both = jax.jit(jax.value_and_grad(lambda s, f=f: f(rho(s))))
        slope = (both(t + 1e-5)[0] - both(t - 1e-5)[0]) / 2e-5
        np.testing.assert_allclose(both(t)[1], slope, rtol=1e-6)
    pure = jax.jit(jax.grad(lambda s: l1_coherence(jnp.diag(jnp.array([s, 1 - s])))))
    assert np.isfinite(pure(0.3))
    with pytest.raises(DataError, match="square"):
        l1_coherence(np.ones(3))


# --- plots ---


def test_every_plot_draws_what_it_is_given():
    draw = np.random.default_rng(0)
    sizes, two = [2, 4, 6], {"a": [1e-1, 1e-2, 1e-3], "b": [0.2, 0.1, 0.05]}
    made = {
        "spectrum": viz.plot_spectrum([-1, 0, 1], draw.normal(size=(5, 3))),
        "fidelities": viz.plot_fidelities(np.full(4, 0.25), haar_histogram(4, 4)),
        "gradient variance": viz.plot_gradient_variance(sizes, two),
        "effective dimension": viz.plot_effective_dimension(sizes, two, published=two),
        "fisher spectrum": viz.plot_fisher_spectrum(np.eye(3)[None]),
        "drift": viz.plot_tangent_drift([0, 0.1, 0.3]),
        "memorisation": viz.plot_memorisation(sizes, np.ones((3, 2)), np.ones((3, 2)) / 2),
        "kernel": viz.plot_kernel(np.eye(3)),
        "concentration": viz.plot_concentration(sizes, two),
        "entropies": viz.plot_entropies(sizes, two),
    }
    for name, ax in made.items():
        assert ax.lines or ax.patches or ax.images or ax.collections, name
    lines = made["effective dimension"].lines
    assert [line.get_marker() for line in lines] == ["None", "x", "None", "x"]
    np.testing.assert_array_equal(lines[1].get_ydata(), two["a"])
