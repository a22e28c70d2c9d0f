"""The experiments with hybrid layers: what they are made of, and their quick forms."""

import re
from pathlib import Path

import jax
import numpy as np
import pytest
import rich.console
from flax import nnx

from qjax.errors import ExperimentError
from qjax.experiments import execute, find, override
from qjax.experiments.frame import Run
from qjax.experiments.hybrid_models import Split, random_splits, train_classifier
from qjax.experiments.mpo_compress import _rank, _width
from qjax.experiments.qvf_image import two_layer_width
from qjax.train import run_chunks

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
def test_every_seed_learns_its_own_split():
    """Two seeds whose labels are opposite, by one linear layer each, in batches."""

    class Trainer(Run):
        def __init__(self):
            self.key = jax.random.key(0)

        def train(self, stage, update, carry, steps, *, chunk, data, show):
            return run_chunks(update, carry, steps, chunk=chunk, data=data)

    draw = np.random.default_rng(0)
    x = draw.normal(size=(2, 100, 2)).astype(np.float32)
    y = np.stack([x[0, :, 0] > 0, x[1, :, 0] < 0]).astype(np.int32)
    data = Split(x[:, :60], y[:, :60], x[:, 60:], y[:, 60:])
    found = train_classifier(
        Trainer(), "linear", lambda seed: nnx.Linear(2, 2, rngs=nnx.Rngs(seed)), data,
        steps=60, rate=0.1, batch=20,
    )  # fmt: skip
    assert found.parameters == 6
    for seed in (0, 1):
        guesses = np.argmax(found.model(seed)(data.x_test[seed]), axis=-1)
        np.testing.assert_allclose(found.test[seed], np.mean(guesses == data.y_test[seed]))
        assert found.test[seed] > 0.85


@pytest.mark.verify
@pytest.mark.usefixtures("as_installed")
@pytest.mark.parametrize("name", NAMES)
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
