"""What the QKAN experiments are made of, and their quick forms."""

from itertools import pairwise
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import rich.console
from scipy.interpolate import BSpline

from qjax.errors import ExperimentError
from qjax.experiments import execute, find, override
from qjax.experiments.least_squares import levenberg_marquardt
from qjax.experiments.qkan_gpt import ALPHABET, ENDS, OBJECTS, SUBJECTS, VERBS, entropy_rate, text
from qjax.experiments.qkan_lstm import bessel, oscillation, windows
from qjax.experiments.qkan_models import _b_splines, chosen

QUICK = ["qkan-regression", "qkan-extension", "qkan-digits", "qkan-lstm", "hqkan-gpt"]


@pytest.fixture
def console(tmp_path):
    with open(tmp_path / "console.txt", "w") as file:
        yield rich.console.Console(file=file, width=120)


def test_levenberg_marquardt_finds_the_parameters_that_made_the_data():
    x = jnp.linspace(-1.0, 1.0, 20)[:, None]
    truth = jnp.asarray([0.7, 2.3, -0.4])

    def predict(w, x):
        return w[0] * jnp.sin(w[1] * x[0] + w[2])

    y = jax.vmap(predict, (None, 0))(truth, x)[:, None]
    update = jax.jit(levenberg_marquardt(predict))
    carry, losses = (jnp.asarray([1.0, 1.8, 0.0]), jnp.asarray(1e-2)), []
    for _ in range(25):
        carry, metrics = update(carry, (x, y))
        losses.append(float(metrics["loss"]))
    assert np.abs(carry[0] - truth).max() < 1e-8
    assert all(after <= before for before, after in pairwise(losses))


def test_b_splines_are_those_of_scipy():
    knots = np.linspace(-1 - 6 / 5, 1 + 6 / 5, 12)
    x = np.linspace(-0.99, 0.99, 23)
    ours = jax.jit(lambda x: _b_splines(x, knots))(jnp.asarray(x))
    for k in range(8):
        exact = BSpline.basis_element(knots[k : k + 5], extrapolate=False)(x)
        np.testing.assert_allclose(ours[:, k], np.nan_to_num(exact), atol=1e-12)


def test_series_are_scaled_windows_each_with_the_value_after_it():
    for series in (oscillation(), bessel()):
        x, y = windows(series)
        assert x.shape == (236, 4)
        assert (min(x.min(), y.min()), max(x.max(), y.max())) == (-1.0, 1.0)
        np.testing.assert_array_equal(x[1:, -1], y[:-1, 0])


def test_the_oscillation_loses_energy():
    rate = oscillation()
    assert abs(rate[0] - 3.0) < 1e-12
    assert np.abs(rate[-60:]).max() < 0.5 * np.abs(rate[:60]).max()


def test_the_text_has_the_entropy_it_is_said_to_have():
    """Bits of a sentence by the number of sentences, over their mean length."""
    sentences = [f"{a} {b} {c}{d} " for a in SUBJECTS for b in VERBS for c in OBJECTS for d in ENDS]
    assert len(set(sentences)) == len(sentences)
    exact = np.log(len(sentences)) / np.mean([len(sentence) for sentence in sentences])
    assert abs(entropy_rate() - exact) < 1e-12
    assert set(text(0, 500)) <= set(ALPHABET)
    assert any(text(0, 500).startswith(sentence) for sentence in sentences)


def test_an_unknown_task_or_baseline_is_refused_by_name(tmp_path, console):
    experiment = find("qkan-regression")
    settings = override(experiment.settings, ["tasks=sinc,cosc"])
    with pytest.raises(ExperimentError, match="cosc"):
        execute(experiment, settings, out=tmp_path, console=console)
    with pytest.raises(ExperimentError, match="forest"):
        chosen({"MLP": None}, "MLP,forest")


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
def test_every_qkan_experiment_runs_end_to_end_at_reduced_size(name, tmp_path, console):
    experiment = find(name)
    rows = execute(
        experiment, override(experiment.settings, experiment.quick), out=tmp_path, console=console
    )
    assert rows
    assert all(np.isfinite(row.ours).all() for row in rows)
    assert all(np.isfinite(number) for row in rows for _, number in row.baseline)
    console.file.flush()
    assert "baseline" in Path(console.file.name).read_text()
