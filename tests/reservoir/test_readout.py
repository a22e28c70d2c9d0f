"""Readouts against NumPy and scikit-learn, forecasts, capacities, derivatives."""

import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.preprocessing import PolynomialFeatures

from qjax.errors import DataError
from qjax.reservoir import (
    IsingReservoir,
    NoiseInducedReservoir,
    forecast,
    gram,
    gram_path,
    information_processing_capacity,
    memory_capacity,
    parity_capacity,
    polynomial,
    ridge,
    ridge_from_gram,
    ridge_path,
    series_gram,
)
from qjax.tasks import binary_input, chronological_split, delayed, parity, uniform_input

ALPHAS = [1e-6, 1e-2, 3.0]


@pytest.fixture(scope="module")
def data():
    draw = np.random.default_rng(0)
    x = draw.normal(size=(60, 5)) @ draw.normal(size=(5, 5)) + 2
    return x, x @ draw.normal(size=(5, 2)) + 0.1 * draw.normal(size=(60, 2)) - 1


def test_ridge_is_that_of_scikit_learn(data):
    x, y = data
    path = ridge_path(x, y, ALPHAS)
    for k, alpha in enumerate(ALPHAS):
        theirs = Ridge(alpha).fit(x, y)
        for ours in (ridge(x, y, alpha), path.readout(k)):
            np.testing.assert_allclose(ours.weight, theirs.coef_.T, atol=1e-9)
            np.testing.assert_allclose(ours(x), theirs.predict(x), atol=1e-9)
        error = np.mean((theirs.predict(x) - y) ** 2, axis=0)
        np.testing.assert_allclose(path.train[k], error, rtol=1e-9)


@pytest.mark.verify
def test_ridge_from_gram_matrices_is_that_of_scikit_learn(data):
    x, y = data
    alone = gram_path(gram(x, y), ALPHAS)
    for k, alpha in enumerate(ALPHAS):
        theirs = Ridge(alpha).fit(x, y)
        for ours in (alone.readout(k), ridge_from_gram(gram(x, y), alpha)):
            np.testing.assert_allclose(ours.weight, theirs.coef_.T, atol=1e-9)
            np.testing.assert_allclose(ours(x), theirs.predict(x), atol=1e-9)
        error = np.mean((theirs.predict(x) - y) ** 2, axis=0)
        np.testing.assert_allclose(alone.train[k], error, rtol=1e-7)
    theirs = [
        np.mean((Ridge(a).fit(x[:40], y[:40]).predict(x[40:]) - y[40:]) ** 2, axis=0)
        for a in ALPHAS
    ]
    found = ridge_path(x[:40], y[:40], ALPHAS).scores(gram(x[40:], y[40:]))
    np.testing.assert_allclose(found, theirs, rtol=1e-9)


def test_a_path_keeps_its_digits_where_features_are_nearly_dependent():
    """Singular values over seven orders and a penalty far below: products lose what is asked."""
    draw = np.random.default_rng(1)
    left, right = (np.linalg.qr(draw.normal(size=(n, 6)))[0] for n in (200, 6))
    left = np.linalg.qr(left - left.mean(axis=0))[0]
    values = np.geomspace(1, 1e-7, 6)
    x, y = (left * values) @ right.T, left.sum(axis=1)
    alpha = 1e-16
    exact = right @ (values / (values**2 + alpha))
    found = ridge_path(x, y, [alpha]).weights[0, :, 0]
    assert np.abs(found - exact).max() < 1e-6 * np.abs(exact).max()


def test_leave_one_out_errors_are_those_of_leaving_one_out(data):
    x, y = data
    path = ridge_path(x, y, ALPHAS)
    keep = ~np.eye(len(x), dtype=bool)
    for k, alpha in enumerate(ALPHAS):
        gaps = [
            y[t] - Ridge(alpha).fit(x[m], y[m]).predict(x[t : t + 1])[0] for t, m in enumerate(keep)
        ]
        np.testing.assert_allclose(path.left_out[k], np.mean(np.square(gaps), axis=0), rtol=1e-9)
    assert int(np.argmin(path.left_out.sum(axis=1))) < 2
    np.testing.assert_allclose(
        path.best().weight, path.weights[int(np.argmin(path.left_out.sum(axis=1)))]
    )
    with pytest.raises(DataError, match="ridge_path"):
        gram_path(gram(x, y), ALPHAS).best()


def test_polynomials_are_those_of_scikit_learn(data):
    x = data[0]
    for degree in (1, 2, 3):
        theirs = PolynomialFeatures(degree, include_bias=False).fit_transform(x)
        np.testing.assert_allclose(polynomial(x, degree), theirs, rtol=1e-12)


@pytest.mark.verify
def test_a_product_of_features_is_learned_by_polynomials(data):
    x = data[0]
    target = x[:, 0] * x[:, 1]
    assert np.abs(ridge(x, target, 1e-8, degree=2)(x) - target).max() < 1e-6


@pytest.mark.verify
def test_the_gram_matrix_of_a_run_is_that_of_its_features(monkeypatch):
    monkeypatch.setattr("qjax.reservoir.drive.LEAST_STEPS", 1)
    monkeypatch.setattr("qjax.reservoir.drive.BLOCK_BYTES", 8 * 4 * 8)  # blocks of 16 and a rest
    reservoir = IsingReservoir.random(jax.random.key(0), 2, nodes=2, input="mixed")
    u = np.random.default_rng(1).uniform(size=30)
    y = np.stack([u, u**2], axis=1)
    found, state = series_gram(reservoir, u, y, washout=5, degree=2)
    done = reservoir.run(u)
    exact = gram(done.features[5:], y[5:], degree=2)
    for a, b in zip(found, exact, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-11)
    for a, b in zip(state, done.state, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)
    # Two halves add up.
    halves = gram(done.features[5:20], y[5:20], degree=2) + gram(
        done.features[20:], y[20:], degree=2
    )
    np.testing.assert_allclose(halves.xx, exact.xx, atol=1e-11)


@pytest.mark.verify
def test_scikit_learn_takes_the_features_as_they_are():
    u = uniform_input(jax.random.key(0), 400)
    reservoir = IsingReservoir.random(jax.random.key(1), 3, nodes=4)
    features = reservoir.features(u)
    model = Ridge(1e-6).fit(features[50:300], delayed(u, [1])[50:300])
    ours = ridge(features[50:300], delayed(u, [1])[50:300], 1e-6)
    np.testing.assert_allclose(model.predict(features), ours(features)[:, 0], atol=1e-6)
    assert model.score(features[300:], delayed(u, [1])[300:]) > 0.3


def test_a_forecast_runs_on_its_own_predictions():
    """A known recurrence: features are the state, and the readout doubles it."""
    from qjax.reservoir import FrozenCell, Readout

    def step(w, carry, x):
        carry = 0.25 * carry + x
        return carry, carry

    reservoir = FrozenCell.of(step, (), jnp.zeros(1))
    done = reservoir.run(jnp.array([1.0, 0.5]))
    readout = Readout(jnp.array([0.5]), jnp.asarray(0.0))
    found = forecast(reservoir, readout, done.state, done.features[-1], 3)
    state, exact = 0.75, []
    for _ in range(3):
        exact.append(0.5 * state)
        state = 0.25 * state + exact[-1]
    np.testing.assert_allclose(found, exact, rtol=1e-14)


def test_rates_are_learned_through_steps_and_ridge():
    """Reverse mode through the scan and the solve equals central differences."""
    u = np.random.default_rng(0).uniform(size=40)
    y = jnp.asarray(np.roll(u, 1))

    @jax.jit
    def error(rates):
        x = NoiseInducedReservoir.of(rates, 1.5).features(u)
        return jnp.mean((ridge(x[5:25], y[5:25], 1e-3)(x[25:]) - y[25:]) ** 2)

    rates = jnp.array([0.2, 0.5])
    slope = jax.jit(jax.grad(error))(rates)
    h = 1e-5
    for q in range(2):
        step = h * jnp.eye(2)[q]
        central = (error(rates + step) - error(rates - step)) / (2 * h)
        np.testing.assert_allclose(slope[q], central, rtol=1e-6)


@pytest.mark.verify
def test_coupling_and_evolution_time_have_derivatives():
    reservoir = IsingReservoir.random(jax.random.key(0), 2, nodes=2)
    u = np.random.default_rng(0).uniform(size=12)

    @jax.jit
    def total(reservoir):
        return jnp.sum(reservoir.features(u)[-1] * jnp.arange(4.0))

    slopes = jax.jit(jax.grad(total))(reservoir)
    h = 1e-5
    for name in ("tau", "couplings", "fields"):
        where = () if name == "tau" else (0, 1) if name == "couplings" else (1,)

        def moved(sign, name=name, where=where):
            value = getattr(reservoir, name)
            value = value + sign * h if where == () else value.at[where].add(sign * h)
            parts = {k: getattr(reservoir, k) for k in ("couplings", "fields", "tau")}
            return total(IsingReservoir(**{**parts, name: value}, nodes=2))

        central = (moved(1) - moved(-1)) / (2 * h)
        np.testing.assert_allclose(getattr(slopes, name)[where], central, rtol=1e-6, atol=1e-9)


# --- capacities ----------------------------------------------------------------------------------


def test_a_delay_line_remembers_exactly_what_it_holds():
    u = uniform_input(jax.random.key(2), 1200)
    split = chronological_split(1200, washout=100, train=700)
    found = memory_capacity(delayed(u, 3), u, split, 6)
    np.testing.assert_allclose(found[:4], 1, atol=1e-6)
    assert found[4:].max() < 0.05  # chance: 5 features, 700 steps
    bits = binary_input(jax.random.key(3), 1200)
    both = np.concatenate([parity(bits, 2), delayed(bits, 1)], axis=1)
    found = parity_capacity(both, bits, split, 4)
    np.testing.assert_allclose(found[:3], 1, atol=1e-6)
    assert found[3:].max() < 0.05


def test_capacities_of_known_features_are_found_and_no_others():
    """Features: P1 at delay 0, P2 at delay 1, P1 P1 at delays 0 and 2; their sum is 3."""
    u = uniform_input(jax.random.key(4), 20_000)
    s = 2 * u - 1
    late = [np.concatenate([np.zeros(d), s[: len(s) - d]]) for d in range(3)]
    features = np.stack([late[0], 1.5 * late[1] ** 2, late[0] * late[2] - 7], axis=1)
    found = information_processing_capacity(
        features, u, jax.random.key(5), delays=(4, 4, 3), washout=10
    )
    values = dict(zip(found.terms, found.values, strict=True))
    for term in (((0, 1),), ((1, 2),), ((0, 1), (2, 1))):
        assert abs(values.pop(term) - 1) < 1e-3
    assert max(values.values()) < 2e-3  # targets are orthogonal up to 1 / sqrt(20000), squared
    assert abs(found.total - 3) < 5e-3
    assert found.by_degree()[3] < 2e-3
    assert found.rank == found.features == 3
    pieces = (features[k : k + 7000] for k in range(0, 20_000, 7000))
    again = information_processing_capacity(
        pieces, u, jax.random.key(5), delays=(4, 4, 3), washout=10
    )
    np.testing.assert_allclose(again.raw, found.raw, atol=1e-9)


@pytest.mark.verify
def test_capacities_of_a_reservoir_sum_to_at_most_its_features():
    u = uniform_input(jax.random.key(6), 5000)
    draw = np.random.default_rng(7)
    couplings, fields = draw.uniform(-0.5, 0.5, (3, 3)), draw.uniform(0.1, 0.9, 3)
    reservoir = IsingReservoir.of(couplings, fields, 2.0, nodes=2)
    found = information_processing_capacity(
        reservoir.stream(u, 2500), u, jax.random.key(8), delays=(12, 8, 5), washout=50, surrogates=3
    )
    assert 3 < found.total <= reservoir.n_features
    assert found.by_degree()[1] > 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_capacities_sum_to_at_most_the_rank_in_a_short_series(dtype):
    """Products of Legendre polynomials correlate by chance; the sum must not count that twice."""
    for seed in range(6):
        u = uniform_input(jax.random.key(seed), 600)
        held = delayed(u, 2).astype(dtype)
        # Columns of very different size, far from 0, two of which depend on the others.
        both = np.stack([held[:, 0] - 2 * held[:, 1], 1e-3 * held[:, 2] + 5], axis=1)
        features = np.concatenate([held, both.astype(dtype)], axis=1)
        for x, rank in ((held, 3), (features, None)):
            found = information_processing_capacity(
                x, u, jax.random.key(99), delays=(5, 3, 3), washout=10
            )
            assert found.rank == (rank or found.rank) <= found.features
            assert found.raw.sum() <= found.rank * (1 + 1e-8)
            assert found.total <= found.raw.sum()
        if dtype is np.float64:
            assert found.rank == 3
            assert abs(found.total - 3) < 1e-6
    with pytest.raises(DataError, match="too short for so many targets"):
        information_processing_capacity(
            held[:40], u[:40], jax.random.key(0), delays=(5, 4, 4), washout=5
        )


def test_capacities_of_the_targets_made_orthonormal_are_those_of_dense_least_squares():
    u = uniform_input(jax.random.key(9), 500)
    x = np.random.default_rng(0).normal(size=(500, 3)) + 4
    x[:, 0] += 3 * u
    found = information_processing_capacity(
        iter([x[:200], x[200:]]), u, jax.random.key(1), delays=(4, 2), washout=20
    )
    s = 2 * u - 1
    z = [np.ones(480)]
    for term in found.terms:
        parts = [np.polynomial.legendre.legval(s[20 - d : 500 - d], np.eye(4)[p]) for d, p in term]
        z.append(np.prod(parts, axis=0))
    q = np.linalg.qr(np.stack(z, axis=1))[0][:, 1:]
    design = np.concatenate([np.ones((480, 1)), x[20:]], axis=1)
    rest = q - design @ np.linalg.lstsq(design, q, rcond=None)[0]
    np.testing.assert_allclose(found.raw, 1 - (rest**2).sum(axis=0), atol=1e-10)


@pytest.mark.verify
def test_the_document_runs_and_both_readouts_learn():
    text = (Path(__file__).resolve().parents[2] / "docs" / "reservoirs.md").read_text()
    scope = {}
    for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(compile(code, "reservoirs.md", "exec"), scope)
    assert scope["error"](jnp.zeros(3)) > 0
    assert np.isfinite(scope["slope"]).all()
    assert np.abs(scope["slope"]).min() > 0
    assert scope["theirs"] < 0.7
    assert abs(scope["ours"] / scope["theirs"] - 1) < 0.2
