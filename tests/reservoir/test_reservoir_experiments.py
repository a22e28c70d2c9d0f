"""Quick forms of the experiments on reservoirs, and what their tables must hold."""

import json
from pathlib import Path

import jax
import numpy as np
import pytest
import rich.console

from qjax.experiments import execute, find, override

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
