"""Attacks against linear models, conformal sets against their guarantee, attributions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.inspection import permutation_importance as sklearn_importance
from sklearn.linear_model import LinearRegression

import qjax as qj
from qjax.errors import DataError, ParameterError
from qjax.robustness import (
    adversarial_loss,
    class_sets,
    conformal_threshold,
    coverage,
    drop_column_importance,
    fgsm,
    interval,
    permutation_importance,
    pgd,
    q_medley,
)

KEY = jax.random.key(0)
W = jnp.array([3.0, -4.0, 0.5])


def linear(x, y):
    return y * jnp.sum(W * x)


def test_attacks_on_a_linear_loss_end_where_its_maximum_in_the_ball_is():
    x = jnp.array([0.1, 0.2, 0.3])
    corner = x - 0.25 * jnp.sign(W)
    np.testing.assert_allclose(fgsm(linear, x, -1.0, 0.25), corner, rtol=1e-12)
    np.testing.assert_allclose(pgd(linear, x, -1.0, 0.25, key=KEY), corner, rtol=1e-12)
    sphere = x - 0.25 * W / jnp.linalg.norm(W)
    np.testing.assert_allclose(pgd(linear, x, -1.0, 0.25, norm="2"), sphere, rtol=1e-12)
    away = pgd(linear, x, -1.0, 0.25, norm="2", key=KEY, steps=40, size=0.1)
    np.testing.assert_allclose(away, sphere, atol=1e-4)
    inside = pgd(linear, x, -1.0, 0.25, bounds=(0.0, 1.0))
    np.testing.assert_allclose(inside, jnp.clip(corner, 0, 1), rtol=1e-12)
    assert (fgsm(linear, x, -1.0, 0.25, bounds=(0, 1)) >= 0).all()
    for wrong in ({"steps": 0}, {"norm": "1"}):
        with pytest.raises(ParameterError, match="pgd"):
            pgd(linear, x, 1.0, 0.1, **wrong)


def test_an_attack_starts_anywhere_in_the_ball():
    """Steps of size zero stay at the start: the share of the volume within is uniform."""

    def start(key):
        return pgd(linear, jnp.zeros(3), 1.0, 0.5, norm="2", steps=1, size=0.0, key=key)

    points = jax.jit(jax.vmap(start))(jax.random.split(KEY, 2000))
    shares = np.sort((2 * np.linalg.norm(points, axis=1)) ** 3)
    np.testing.assert_allclose(shares, (np.arange(2000) + 0.5) / 2000, atol=0.04)
    np.testing.assert_allclose(points.mean(0), 0, atol=0.03)


def test_an_attack_on_a_circuit_raises_its_loss_to_the_closed_form():
    """``<Z> = cos(x + w)``: within 0.1 the loss ``cos`` is highest at ``x - 0.1``."""
    loss = lambda w, x, y: y * qj.expval(qj.Circuit(1, [qj.RX(x + w, 0)]), qj.Z(0))  # noqa: E731
    robust = adversarial_loss(loss, lambda f, x, y: pgd(f, x, y, 0.1))
    x, y, w = jnp.array([0.6, 1.1]), jnp.array([1.0, -1.0]), jnp.array(0.3)
    moved = x - y * 0.1
    np.testing.assert_allclose(robust(w, x, y), jnp.mean(y * jnp.cos(moved + w)), rtol=1e-12)
    slope = jnp.mean(-y * jnp.sin(moved + w))
    np.testing.assert_allclose(jax.grad(robust)(w, x, y), slope, rtol=1e-12)


def test_conformal_sets_cover_as_often_as_they_promise():
    draw = np.random.default_rng(0)
    scores = draw.normal(size=(2000, 60))
    thresholds = [float(conformal_threshold(s[:40], 0.2)) for s in scores[:200]]
    np.testing.assert_array_equal(thresholds, np.sort(scores[:200, :40])[:, 32])  # ceil(41 * .8)
    ranks = np.sort(scores[:, :40])[:, 32]
    covered = (scores[:, 40:] <= ranks[:, None]).mean()
    np.testing.assert_allclose(covered, 33 / 41, atol=0.01)
    assert conformal_threshold(np.zeros(3, int), 0.1) == np.inf
    p = np.array([[0.7, 0.2, 0.1], [0.4, 0.35, 0.25]])
    sets = class_sets(p, 0.7)
    np.testing.assert_array_equal(sets, [[True, False, False], [True, True, False]])
    assert coverage(sets, np.array([0, 2])) == 0.5
    low, high = interval(np.array([1.0, 2.0]), 0.5)
    np.testing.assert_array_equal(jnp.stack([low, high]), [[0.5, 1.5], [1.5, 2.5]])
    for wrong in ((np.zeros(0), 0.1), (np.zeros(3), 0), (np.zeros((2, 2)), 0.1)):
        with pytest.raises(DataError, match="conformal_threshold"):
            conformal_threshold(*wrong)


def test_attributions_find_the_features_that_count():
    draw = np.random.default_rng(0)
    x = draw.normal(size=(300, 4))
    y = 2 * x[:, 0] - x[:, 2]

    def fit(a, b):
        return LinearRegression().fit(a, b).score

    found = permutation_importance(fit(x, y), x, y, KEY, repeats=30)
    model = LinearRegression().fit(x, y)
    theirs = sklearn_importance(model, x, y, n_repeats=30, random_state=0).importances_mean
    np.testing.assert_allclose(found, theirs, atol=0.08)
    dropped = drop_column_importance(fit, (x, y), (x, y))
    shares = np.array([4 * x[:, 0].var(), 0, x[:, 2].var(), 0]) / y.var()
    np.testing.assert_allclose(dropped, shares, atol=0.02)
    both = q_medley(fit, (x, y), (x, y), KEY, repeats=30)
    np.testing.assert_allclose(both, (found + dropped) / 2)
    assert list(np.argsort(-both)[:2]) == [0, 2]
    with pytest.raises(DataError, match="points, features"):
        permutation_importance(fit(x, y), x[:, 0], y, KEY)
    with pytest.raises(DataError, match="repeats"):
        permutation_importance(fit(x, y), x, y, KEY, repeats=0)
