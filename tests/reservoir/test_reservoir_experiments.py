"""Quick forms of the experiments on reservoirs, and what their tables must hold."""

import json
from pathlib import Path

import jax
import numpy as np
import pytest
import rich.console

from qjax.experiments import execute, find, lorenz_forecast, override
from qjax.tasks import EchoStateNetwork
from qjax.tasks.baselines import Linear

NAMES = ["tfim-capacity", "narma", "lorenz-forecast", "noise-induced", "onion", "qrnn-rc", "ipc"]


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
@pytest.mark.parametrize("name", NAMES)
def test_every_experiment_runs_end_to_end_at_reduced_size(name, tmp_path):
    experiment = find(name)
    with open(tmp_path / "console.txt", "w") as file:
        console = rich.console.Console(file=file, width=140)
        settings = override(experiment.settings, experiment.quick)
        rows = execute(experiment, settings, out=tmp_path, console=console)
    text = Path(tmp_path / "console.txt").read_text()
    assert "NRMSE" in text
    assert any(row.baseline for row in rows)
    assert all(np.isfinite(row.ours).all() for row in rows)
    assert all(np.isfinite(number) for row in rows for _, number in row.baseline)
    (folder,) = tmp_path.glob(f"{name}-*")
    assert json.loads((folder / "result.json").read_text())["rows"]
    pictures = list(folder.glob("*.png"))
    assert pictures
    assert all(p.read_bytes().startswith(b"\x89PNG") for p in pictures)


def test_networks_side_by_side_forecast_as_each_alone():
    network, key = EchoStateNetwork(12, 0.9, 1.0), jax.random.key(0)
    draw = np.random.default_rng(0)
    warm, weights = draw.uniform(size=(3, 20)), draw.normal(size=(2, 12)) / 12
    biases = np.array([0.3, 0.5])
    found = lorenz_forecast._drive(network, key, weights, biases, warm, 5)
    for a, (w, b) in enumerate(zip(weights, biases, strict=True)):
        for s, series in enumerate(warm):
            model = Linear(w[:, None], np.array([b]))
            alone = network.forecast(key, series[:, None], model, 5)[:, 0]
            np.testing.assert_allclose(found[a, s], alone, atol=1e-12)


def test_forecasts_are_chosen_on_a_part_before_the_one_they_are_reported_on():
    settings = lorenz_forecast.LorenzSettings(
        train=200, washout=20, warmup=30, horizon=40, validation=2, starts=3, noises=(0.0, 0.1)
    )
    data = lorenz_forecast.Data.draw(jax.random.key(1), settings)
    assert data.validation.warm.shape == (2, 30)
    assert data.test.truth.shape == (3, 40)
    parts = [data.clean, *data.validation, *data.test]
    values = [set(np.asarray(p).ravel().tolist()) for p in parts]
    assert not values[0] & (values[1] | values[2] | values[3] | values[4])
    assert not (values[1] | values[2]) & (values[3] | values[4])
    np.testing.assert_array_equal(data.noisy[0.0], data.clean)
    assert abs((data.noisy[0.1] - data.clean).std() / (0.1 * data.spread) - 1) < 0.2
    assert len(data.target) == 199
    # Of two forecasts the one that holds longer on validation.
    good, bad = data.validation.truth, data.validation.truth + 10
    which, readout = data.best(
        [(("a",), lambda k: f"a{k}", [bad, bad]), (("b",), str, [bad, good])]
    )
    assert (which, readout) == (("b", 1), "1")
