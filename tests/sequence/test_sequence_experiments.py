"""What the series experiments are made of, and the quick forms of all sequence experiments."""

from pathlib import Path

import jax
import numpy as np
import optax
import pytest
import rich.console

from qjax.errors import ExperimentError
from qjax.experiments import execute, find, override
from qjax.experiments.forecast import batches, rmsprop
from qjax.experiments.series_tasks import SERIES, classical_scores, series_task
from qjax.train import descend

QUICK = ["qfwp-series", "qlstm-series", "qfwp-minigrid", "cartpole-agents", "frozenlake-decoding"]


@pytest.fixture
def console(tmp_path):
    with open(tmp_path / "console.txt", "w") as file:
        yield rich.console.Console(file=file, width=120)


def test_windows_are_cut_as_published():
    for name in SERIES:
        task = series_task(name, 4)
        assert task.trained == int(0.67 * len(task.x))
        assert task.x.shape == (len(task.y), 4)
        if not name.startswith("narma"):
            np.testing.assert_array_equal(task.last, task.x[:, -1])
            np.testing.assert_array_equal(task.x[1:, -1], task.y[:-1])
            assert (min(task.x.min(), task.y.min()), task.x.max()) == (-1.0, 1.0)
    with pytest.raises(ExperimentError, match="sunspots"):
        series_task("sunspots", 4)


def test_narma_windows_hold_inputs_and_foretell_the_next_value():
    """By the recursion itself, from what a window of five inputs and five values hold."""
    inputs, values = SERIES["narma5"]()
    task = series_task("narma5", 5)
    np.testing.assert_array_equal(task.x[10], inputs[10:15])
    for t in (20, 100):
        new = 0.3 * values[t] + 0.05 * values[t] * values[t - 4 : t + 1].sum()
        new += 1.5 * inputs[t - 4] * inputs[t] + 0.1
        assert abs(task.y[t - 4] - new) < 1e-12


def test_a_linear_model_beats_every_network_on_the_pendulum():
    """The figures of the classical baselines at the published window."""
    persistence, linear = classical_scores(series_task("pendulum", 4))
    assert abs(persistence.mse - 3.2e-3) < 1e-4
    assert linear.mse < 1.5e-7


def test_batches_hold_every_window_once_in_order():
    task = series_task("pendulum", 4)
    x, y, weights = batches(task, 10)
    assert x.shape == (16, 10, 4, 1)
    real = weights > 0
    np.testing.assert_array_equal(x[real][..., 0], task.x[: task.trained])
    np.testing.assert_array_equal(y[real], task.y[: task.trained])
    np.testing.assert_allclose(weights.sum(axis=1), 1)


def test_rmsprop_is_that_of_pytorch():
    """Its recursion written out: a mean of squares from zero, epsilon added to the root."""
    rng = np.random.default_rng(0)
    slopes = rng.normal(size=(5, 3))
    w, mean = np.ones(3), np.zeros(3)
    ours, optimiser = jax.numpy.ones(3), rmsprop(0.01)
    state = optimiser.init(ours)
    for slope in slopes:
        mean = 0.99 * mean + 0.01 * slope**2
        w = w - 0.01 * slope / (np.sqrt(mean) + 1e-8)
        ours, state = descend(optimiser, jax.numpy.asarray(slope), state, ours)
    np.testing.assert_allclose(ours, w, rtol=1e-12)
    assert isinstance(optimiser, optax.GradientTransformation)


@pytest.fixture
def as_installed():
    """JAX as a user of the command line has it."""
    with (
        jax.enable_x64(False),
        jax.numpy_dtype_promotion("standard"),
        jax.numpy_rank_promotion("allow"),
    ):
        yield


@pytest.mark.verify
@pytest.mark.usefixtures("as_installed")
@pytest.mark.parametrize("name", QUICK)
def test_every_sequence_experiment_runs_end_to_end_at_reduced_size(name, tmp_path, console):
    experiment = find(name)
    rows = execute(
        experiment, override(experiment.settings, experiment.quick), out=tmp_path, console=console
    )
    assert rows
    assert all(np.isfinite(row.ours).all() for row in rows)
    assert all(np.isfinite(number) for row in rows for _, number in row.baseline)
    console.file.flush()
    assert "baseline" in Path(console.file.name).read_text()
