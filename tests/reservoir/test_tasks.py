"""Series, targets, splits, metrics and baselines against SciPy and closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.special import jv

from qjax.errors import DataError, KeyRequiredError
from qjax.tasks import (
    LYAPUNOV,
    EchoStateNetwork,
    bessel,
    binary_input,
    chronological_split,
    damped_pendulum,
    delayed,
    delayed_control,
    echo_state_score,
    fit_linear,
    fit_scaling,
    linear_forecast,
    linear_score,
    lorenz,
    mackey_glass,
    mse,
    narma,
    nmse,
    nrmse,
    parity,
    persistence_score,
    sine_product,
    squared_correlation,
    standardise,
    two_time_scales,
    uniform_input,
    valid_prediction_time,
    windows,
)


def test_narma_follows_its_recurrence_index_by_index():
    u = np.random.default_rng(0).uniform(0, 0.2, 40)
    for n in (2, 5, 10):
        y = narma(u, n, start=0.196)
        assert y.shape == (41,)
        assert y[0] == 0.196

        def at(series, k):
            return series[k] if k >= 0 else 0.196

        for t in (0, 1, 7, 20, 39):
            if n == 2:
                new = 0.4 * y[t] + 0.4 * y[t] * at(y, t - 1) + 0.6 * u[t] ** 3 + 0.1
            else:
                past = u[t - n + 1] if t - n + 1 >= 0 else 0.0
                total = sum(at(y, t - j) for j in range(n))
                new = 0.3 * y[t] + 0.05 * y[t] * total + 1.5 * past * u[t] + 0.1
            assert abs(y[t + 1] - new) < 1e-14
    with pytest.raises(DataError, match="diverges"):
        narma(np.full(500, 1.0), 10)


def test_the_sine_input_is_the_published_formula():
    t = np.arange(300)
    exact = 0.1 * (np.prod([np.sin(2 * np.pi * a * t / 100) for a in (2.11, 3.73, 4.11)], 0) + 1)
    np.testing.assert_allclose(sine_product(300), exact, atol=1e-15)


def test_differential_equations_agree_with_scipy():
    dense = solve_ivp(
        lambda t, s: [
            10 * (s[1] - s[0]),
            s[0] * (28 - s[2]) - s[1],
            s[0] * s[1] - 8 / 3 * s[2],
        ],
        (0, 2),
        (1.0, 1.0, 1.0),
        t_eval=np.arange(100) * 0.02,
        rtol=1e-11,
        atol=1e-11,
    ).y.T
    # Fourth order with steps of 0.005, over two time units of a chaotic system.
    np.testing.assert_allclose(lorenz(100, start=(1.0, 1.0, 1.0), washout=0), dense, atol=2e-4)
    swing = solve_ivp(
        lambda t, s: [s[1], -0.15 * s[1] - 9.81 * np.sin(s[0])],
        (0, 20),
        (0.0, 3.0),
        t_eval=np.linspace(0, 20, 240),
        rtol=1e-10,
        atol=1e-10,
    ).y[1]
    np.testing.assert_allclose(damped_pendulum(), swing, atol=1e-6)


def test_mackey_glass_agrees_with_the_method_of_steps():
    """On each interval of one delay the equation is an ordinary one, which SciPy solves."""
    pieces, past = [], lambda t: 1.2
    for k in range(3):
        solution = solve_ivp(
            lambda t, x, past=past: 0.2 * past(t - 17) / (1 + past(t - 17) ** 10) - 0.1 * x,
            (17 * k, 17 * (k + 1)),
            [past(17 * k)],
            rtol=1e-11,
            atol=1e-12,
            dense_output=True,
        ).sol
        pieces.append(solution)

        def past(t):
            index = int(np.clip(t // 17, 0, len(pieces) - 1))
            return 1.2 if t < 0 else float(pieces[index](t)[0])

    exact = [past(float(t)) for t in range(51)]
    np.testing.assert_allclose(mackey_glass(51, washout=0), exact, atol=1e-6)
    assert np.ptp(mackey_glass(300, washout=500)) > 0.5
    with pytest.raises(DataError, match="step"):
        mackey_glass(10, step=0.3)


def test_special_series():
    np.testing.assert_allclose(bessel(9), jv(2, np.linspace(2, 100, 9)))
    x = np.arange(-2, 20, 0.01)
    exact = sum(np.exp(-10 * (x - 2 * n) ** 2) for n in range(11)) * np.exp(-x / 16)
    np.testing.assert_allclose(delayed_control(), exact, atol=1e-12)


def test_targets_are_what_they_say():
    bits = binary_input(jax.random.key(0), 50)
    assert set(bits) == {0.0, 1.0}
    found, late = parity(bits, 3), delayed(bits, [0, 2])
    for t in (0, 1, 5, 49):
        for d in range(4):
            assert found[t, d] == sum(bits[max(0, t - d) : t + 1]) % 2
        assert late[t].tolist() == [bits[t], bits[t - 2] if t >= 2 else 0.0]
    u = uniform_input(jax.random.key(1), 60, 0, 0.5)
    both = two_time_scales(u, 20, 0.3)
    np.testing.assert_allclose(both[30:] - narma(u, 2)[31:], 0.3 * u[10:40], atol=1e-14)
    np.testing.assert_array_equal(u, uniform_input(jax.random.key(1), 60, 0, 0.5))
    with pytest.raises(KeyRequiredError):
        uniform_input(0, 10)
    with pytest.raises(DataError, match="bits"):
        parity([0.5], 1)


def test_splits_are_in_order_and_scales_see_the_training_part_alone():
    split = chronological_split(100, washout=10, train=0.5, validation=20)
    assert [split.washout, split.train, split.validation, split.test] == [
        slice(0, 10),
        slice(10, 55),
        slice(55, 75),
        slice(75, 100),
    ]
    with pytest.raises(DataError, match="do not fit"):
        chronological_split(10, train=8, test=5)
    x = np.arange(10.0)
    scale = fit_scaling(x[:5], -1, 1)
    assert scale.apply(x)[[0, 4]].tolist() == [-1.0, 1.0]
    assert scale.apply(x)[9] > 1
    np.testing.assert_allclose(scale.undo(scale.apply(x)), x)
    assert abs(standardise(x[:5]).apply(x[:5]).std() - 1) < 1e-14
    inputs, targets = windows(x, 3, horizon=2)
    assert inputs[0].tolist() == [0, 1, 2]
    assert targets[0] == 4
    assert len(inputs) == len(targets) == 6
    inputs, targets = windows(np.stack([x, -x], 1), 3, horizon=0, targets=x)
    assert inputs.shape == (8, 3, 2)
    assert targets[0] == 2


@pytest.mark.parametrize("kind", [np.asarray, jnp.asarray])
def test_metrics(kind):
    y, p = kind([1.0, 2.0, 3.0, 6.0]), kind([1.5, 2.0, 2.0, 6.0])
    assert abs(mse(y, p) - 0.3125) < 1e-15
    assert abs(nmse(y, p) - 1.25 / 50) < 1e-15
    assert abs(nrmse(y, p) - np.sqrt(0.3125 / 3.5)) < 1e-14
    exact = np.corrcoef([1, 2, 3, 6], [1.5, 2, 2, 6])[0, 1] ** 2
    assert abs(squared_correlation(y, p) - exact) < 1e-14
    assert squared_correlation(y, kind(np.ones(4))) == 0
    truth = kind(np.zeros((5, 2)))
    wrong = kind(np.array([0.1, 0.2, 0.6, 0.1, np.nan])[:, None] * np.ones(2))
    time = valid_prediction_time(truth, wrong, 0.1, exponent=0.5, spread=1.0)
    assert abs(time - 0.1) < 1e-15
    with pytest.raises(DataError, match="shape"):
        mse(y, truth)


def test_baselines_do_what_they_are_known_for():
    t = np.arange(400.0)
    wave = np.sin(0.3 * t) + 0.5 * np.cos(0.11 * t)
    split = chronological_split(399, washout=50, train=200, validation=50)
    assert linear_score(wave[:-1], wave[1:], split, 4).nrmse < 1e-8  # two frequencies: order 4
    gap = wave[1:][split.test] - wave[:-1][split.test]
    assert abs(persistence_score(wave[1:], split).mse - np.mean(gap**2)) < 1e-15
    assert echo_state_score(jax.random.key(0), wave[:-1], wave[1:], split, 30).nrmse < 0.02
    np.testing.assert_allclose(linear_forecast(wave[:300], 4, 50, 0), wave[300:350], atol=1e-6)
    x = np.random.default_rng(0).normal(size=(30, 3))
    model = fit_linear(x, x @ [1.0, 2.0, 3.0] + 4)
    np.testing.assert_allclose([*model.weight, model.bias], [1, 2, 3, 4], atol=1e-12)


def test_an_echo_state_network_is_its_recurrence_and_forecasts_what_it_learned():
    network, key = EchoStateNetwork(40, 0.8, 0.5, leak=0.7), jax.random.key(3)
    x = np.sin(0.4 * np.arange(300.0))
    states = network.features(key, x)
    w, v, b = network.weights(key, 1)
    assert abs(abs(np.linalg.eigvals(w)).max() - 0.8) < 1e-12
    second = 0.3 * states[0] + 0.7 * np.tanh(w @ states[0] + v[:, 0] * x[1] + b)
    np.testing.assert_allclose(states[1], second, atol=1e-14)
    readout = fit_linear(states[50:-1], x[51:, None], 1e-9)
    found = network.forecast(key, x[:, None], readout, 20)[:, 0]
    np.testing.assert_allclose(found, np.sin(0.4 * np.arange(300, 320)), atol=0.02)


@pytest.mark.verify
def test_the_lyapunov_exponent_is_that_of_the_series():
    """Two neighbouring trajectories part at the rate that forecasts are timed with."""
    begin = lorenz(1, start=(1.0, 1.0, 1.0), washout=2000)[0]
    rates = []
    for k in range(12):
        begin = lorenz(1, start=begin, washout=300)[0]
        near = begin + 1e-7 * np.random.default_rng(k).normal(size=3)
        a, b = (lorenz(500, start=s, washout=0) for s in (begin, near))
        gap = np.log(np.linalg.norm(a - b, axis=1))
        rates.append((gap[499] - gap[100]) / (399 * 0.02))
    assert abs(np.mean(rates) / LYAPUNOV["lorenz"] - 1) < 0.25
