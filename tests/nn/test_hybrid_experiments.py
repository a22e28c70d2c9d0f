"""The experiments with hybrid layers: what they are made of, and their quick forms."""

import re
from pathlib import Path

import jax
import numpy as np
import pytest
import rich.console

from qjax.errors import ExperimentError
from qjax.experiments import execute, find, override
from qjax.experiments.hybrid_models import random_splits
from qjax.experiments.mpo_compress import _rank, _width
from qjax.experiments.qvf_image import two_layer_width

NAMES = [
    "creep-in",
    "qdsformer-digits",
    "parallel-hqnn",
    "iris-qcnn",
    "farhi-neven",
    "mpo-compress",
    "adapter-entanglement",
    "qvf-image",
]
QUICK = ["farhi-neven"]  # the others with --run-verify


@pytest.fixture
def console(tmp_path):
    with open(tmp_path / "console.txt", "w") as file:
        yield rich.console.Console(file=file, width=120)


@pytest.fixture
def as_installed():
    """JAX as a user of the command line has it."""
    with (
        jax.enable_x64(False),
        jax.numpy_dtype_promotion("standard"),
        jax.numpy_rank_promotion("allow"),
    ):
        yield


def test_splits_keep_the_classes_in_proportion_and_nothing_twice():
    x, y = np.arange(100)[:, None], np.repeat([0, 1], 50)
    data = random_splits(x, y, 3, 60)
    assert data.x.shape == (3, 60, 1)
    assert (data.y.sum(1) == 30).all()
    for seen, unseen in zip(data.x, data.x_test, strict=True):
        assert sorted([*seen[:, 0], *unseen[:, 0]]) == list(range(100))
    assert (data.x[0] != data.x[1]).any()


def test_networks_of_equal_size_are_not_larger():
    for budget in (500, 2000, 9000):
        w = two_layer_width(budget)
        assert 3 * w + w * (w + 1) + w + 1 <= budget < 3 * (w + 1) + (w + 1) * (w + 2) + w + 2
        w = _width(budget)
        assert 65 * w + w * (w + 1) + 10 * w + 10 <= budget
        assert 64 * _rank(9000, 32) + 3 * 32 * _rank(9000, 32) + 12 * 32 + 10 <= 9000


def test_levels_that_do_not_exist_are_refused():
    with pytest.raises(ExperimentError, match="levels"):
        override(find("creep-in").settings, ["levels=0,3"])
    with pytest.raises(ExperimentError, match="patch"):
        override(find("qdsformer-digits").settings, ["patch=3"])


@pytest.mark.usefixtures("as_installed")
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in QUICK else pytest.mark.verify) for n in NAMES]
)
def test_every_hybrid_experiment_runs_end_to_end_at_reduced_size(name, tmp_path, console):
    experiment = find(name)
    rows = execute(
        experiment, override(experiment.settings, experiment.quick), out=tmp_path, console=console
    )
    assert rows
    assert all(np.isfinite(row.ours).all() for row in rows)
    assert any(row.baseline for row in rows)
    assert all(np.isfinite(number) for row in rows for _, number in row.baseline)
    console.file.flush()
    assert "classical baseline" in Path(console.file.name).read_text()


@pytest.mark.verify
@pytest.mark.usefixtures("as_installed")
def test_the_guide_to_layers_runs():
    path = Path(__file__).resolve().parents[2] / "docs" / "hybrid.md"
    scope: dict = {}
    for text in re.findall(r"```python\n(.*?)```", path.read_text(), re.DOTALL):
        exec(compile(text, "hybrid.md", "exec"), scope)
    assert scope["out"].shape == (3, 1)
    assert float(scope["value"]) < 1
