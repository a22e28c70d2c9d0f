"""The experiments at reduced size, and the frame around them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import rich.console
from scipy.linalg import expm

import qjax as qj
from qjax.errors import ExperimentError
from qjax.experiments import Experiment, Row, Settings, execute, find, names, override
from qjax.experiments import qhe_digits as digits
from qjax.experiments.progress import progress
from qjax.experiments.run_folder import RunFolder
from qjax.experiments.table import results_table


@pytest.fixture
def console(tmp_path):
    with open(tmp_path / "console.txt", "w") as file:
        yield rich.console.Console(file=file, width=120)


def spoken(console):
    console.file.flush()
    return Path(console.file.name).read_text()


# --- settings ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Many(Settings):
    rate: float = 0.1
    quick: bool = False
    kind: Literal["a", "b"] = "a"
    sizes: tuple[int, ...] = (1, 2)
    limit: int | None = None


def test_settings_are_read_by_their_type():
    texts = ["seeds=8", "rate=1e-2", "quick=yes", "kind=b", "sizes=3,4,5", "limit=7"]
    assert override(Many(), texts) == Many(0, 8, 0.01, True, "b", (3, 4, 5), 7)
    assert override(Many(limit=3), ["limit=none"]).limit is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("epoch=3", r"no setting 'epoch'(.|\n)*seed=0, seeds=4, rate=0.1, quick=false, kind=a"),
        ("seeds=2.5", "seeds cannot be '2.5'(.|\n)*int"),
        ("seeds=0", "seeds is too small(.|\n)*at least 1"),
        ("quick=perhaps", "quick cannot be"),
        ("kind=c", "one of a, b"),
        ("sizes=1,x", "ints separated by commas"),
        ("seeds", "key=value"),
    ],
)
def test_settings_that_cannot_be_say_what_can(text, words):
    with pytest.raises(ExperimentError, match=words):
        override(Many(), [text])


# --- frame ---------------------------------------------------------------------------------------


def count(run):
    def update(carry, step, data):
        return carry + 1, {"x": carry * jnp.ones(2, carry.dtype)}

    last, metrics = run.train("counting up", update, jnp.zeros(()), 7, chunk=3)
    run.circuit("bell", qj.Circuit(2, [qj.H(0), qj.CNOT(0, 1)]))
    assert metrics["x"].shape == (7, 2)
    return [Row("count", "7", [float(last)], accept=(7, 7)), Row("nothing")]


COUNT = Experiment("count", "Counting", "arXiv:0000.00000", 0.1, Settings(), count)


def test_a_run_leaves_its_folder(tmp_path, console):
    rows = execute(COUNT, Settings(seed=3), out=tmp_path, console=console)
    assert rows[0].reproduced
    (folder,) = tmp_path.glob("count-*")
    config = json.loads((folder / "config.json").read_text())
    assert config["settings"] == {"seed": 3, "seeds": 4}
    assert config["key"] == jax.random.key_data(jax.random.key(3)).tolist()
    assert {"jax", "numpy", "python"} <= set(config["versions"])
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(7))
    assert lines[4] == {"stage": "counting up", "step": 4, "x": [4.0, 4.0]}
    assert json.loads((folder / "result.json").read_text())["rows"][0]["median"] == 7.0
    assert (folder / "checkpoint-counting-up.npz").exists()
    assert "paper's figure" in spoken(console)


def test_float64_is_enabled_for_the_run_that_needs_it_and_for_no_longer(tmp_path, console):
    seen = []

    def run(run):
        seen.append(jnp.zeros(()).dtype)
        return []

    with jax.enable_x64(False):
        for x64 in (True, False):
            experiment = Experiment("p", "", "", 1, Settings(), run, x64=x64)
            execute(experiment, out=tmp_path, console=console)
        seen.append(jnp.zeros(()).dtype)
    assert seen == [jnp.float64, jnp.float32, jnp.float32]


def test_runs_of_the_same_second_have_folders_of_their_own(tmp_path):
    folders = {RunFolder.create(tmp_path, "a", {}).path for _ in range(3)}
    assert len(folders) == 3


def test_a_restored_stage_neither_repeats_nor_lacks_a_line(tmp_path):
    folder = RunFolder(tmp_path)
    folder.write_metrics("a", 0, {"x": np.arange(2)})
    folder.write_metrics("b", 0, {"x": np.arange(3)})
    with open(tmp_path / "metrics.jsonl", "a") as file:
        file.write('{"stage": "b", "st')  # torn
    folder.write_metrics("b", 0, {"x": np.arange(2)})
    folder.write_metrics("b", 2, {"x": np.arange(2, 4)})
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [(line["stage"], line["x"]) for line in lines] == [
        *(("a", k) for k in range(2)),
        *(("b", k) for k in range(4)),
    ]


def test_resuming_refuses_what_is_no_unfinished_run_of_that_experiment(tmp_path, console):
    with pytest.raises(ExperimentError, match="no unfinished run of count"):
        execute(COUNT, out=tmp_path, resume=True, console=console)
    with pytest.raises(ExperimentError, match="not a run folder"):
        execute(COUNT, out=tmp_path, resume=tmp_path, console=console)
    other = RunFolder.create(tmp_path, "x", {"experiment": "x", "settings": {}})
    with pytest.raises(ExperimentError, match="another experiment"):
        execute(COUNT, resume=other.path, console=console)
    execute(COUNT, out=tmp_path, console=console)
    (folder,) = tmp_path.glob("count-*")
    with pytest.raises(ExperimentError, match="keeps its settings"):
        execute(COUNT, Settings(seed=9), resume=folder, console=console)
    assert execute(COUNT, resume=folder, console=console)[0].median == 7.0


def test_a_circuit_without_openqasm_is_said_to_have_none(tmp_path, console):
    pytest.importorskip("qjax.qasm")

    def run(run):
        h = qj.Evolution(qj.eigensystem(jnp.eye(2)), 0.1, 0)
        run.circuit("c", qj.Circuit(1, [h]))
        return []

    try:
        execute(Experiment("c", "", "", 1, Settings(), run), out=tmp_path, console=console)
    finally:
        text = spoken(console)
    assert "c.qasm is not written" in text or next(tmp_path.glob("c-*/c.qasm")).exists()


def test_the_table_says_whether_a_figure_was_reproduced(console):
    rows = [
        Row("inside", "0.94 ± 0.02", [0.93, 0.95], [("SVM", 0.99)], accept=(0.9, 1.0)),
        Row("outside", "", [0.5], accept=(0.9, np.inf)),
    ]
    console.print(results_table("title", rows))
    text = spoken(console)
    assert "0.940  (0.930 to 0.950, 2 seeds)" in text
    assert "SVM 0.990" in text
    assert "✓" in text
    assert "✗ asked: at least 0.9" in text


def test_progress_is_silent_below_a_second_off_a_terminal(console):
    with progress(console, "short", 3) as advance:
        for k in range(1, 4):
            advance(k)
    assert spoken(console) == ""


def test_progress_shows_rate_and_remaining_time_on_a_terminal(tmp_path):
    with open(tmp_path / "tty.txt", "w") as file:
        console = rich.console.Console(file=file, force_terminal=True, width=120)
        with progress(console, "long", 4) as advance:
            for k in range(1, 5):
                advance(k, f"loss {k}")
    text = (tmp_path / "tty.txt").read_text()
    assert "4/4" in text
    assert "in all" in text
    assert "loss 4" in text


def test_every_experiment_is_described():
    for name in names():
        experiment = find(name)
        assert experiment.name == name
        assert experiment.paper.startswith("arXiv:")
        assert experiment.minutes > 0
        assert override(experiment.settings, experiment.quick) != experiment.settings
    with pytest.raises(ExperimentError, match="did you mean qhe-digits"):
        find("qhe-digit")


# --- qhe-digits ----------------------------------------------------------------------------------


def test_the_digits_circuit_is_the_published_one():
    params = digits.initial(jax.random.key(0), 3, 2)
    image = np.random.default_rng(0).uniform(size=(8, 8))
    found = qj.probs(digits.classifier(params, qj.eigensystem(jnp.asarray(image + image.T) / 2)))

    pauli = [np.eye(2), np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1, -1])]
    words = [np.kron(a, b) for a in pauli for b in pauli][1:]
    psi = np.full(8, 8**-0.5, complex)
    for t, (first, second) in zip(np.asarray(params.times), np.asarray(params.angles), strict=True):
        psi = expm(-1j * t / 2 * (image + image.T) / 2) @ psi
        psi = np.kron(expm(1j * np.einsum("k,kij->ij", first, words)), np.eye(2)) @ psi
        psi = np.kron(np.eye(2), expm(1j * np.einsum("k,kij->ij", second, words))) @ psi
    # float64: 3 layers of 8 x 8 products
    np.testing.assert_allclose(found, abs(psi) ** 2, atol=1e-12)


def test_every_seed_trains_on_1200_of_the_1443_digits():
    images = digits.load_images()
    chosen = digits.split(jax.random.key(0), len(images.labels), 1200)
    assert (int(chosen.sum()), int((~chosen).sum())) == (1200, 243)
    assert set(np.asarray(images.labels)[~np.asarray(chosen)]) == set(range(8))
    assert float(images.pixels.max()) == 1.0
    vectors, values = images.eigen.vectors, images.eigen.values
    rebuilt = jnp.einsum("nik,nk,njk->nij", vectors, values, vectors)
    symmetric = (images.pixels + images.pixels.swapaxes(1, 2)) / 2
    np.testing.assert_allclose(rebuilt, symmetric, atol=1e-12)  # float64


def test_digits_learn_at_reduced_size(tmp_path, console):
    experiment = find("qhe-digits")
    changes = {
        "epochs": 8,
        "seeds": 2,
        "images": 60,
        "layers": 3,
        "chunk": 4,
        "forms": ["separate"],
    }
    rows = execute(
        experiment, override(experiment.settings, changes), out=tmp_path, console=console
    )
    assert [len(row.ours) for row in rows] == [2, 2]
    assert [name for name, _ in rows[0].baseline][1] == "RBF-SVM"
    assert "93 parameters" in rows[0].quantity  # 3 layers of 1 + 2 * 15
    (folder,) = tmp_path.glob("qhe-digits-*")
    metrics = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    losses = [m["loss"] for m in metrics if m["stage"] == "separate parameters"]
    assert len(losses) == 8
    assert np.mean(losses[-1]) < np.mean(losses[0])
    for name in ("learning-curves.png", "confusion.png"):
        assert (folder / name).read_bytes().startswith(b"\x89PNG")


# --- h2-curve ------------------------------------------------------------------------------------


def test_the_h2_curve_is_exact_at_reduced_size(tmp_path, console):
    experiment = find("h2-curve")
    changes = {"seeds": 1, "restarts": 1, "layers": 5, "steps": 60, "chunk": 30}
    rows = execute(
        experiment, override(experiment.settings, changes), out=tmp_path, console=console
    )
    energy = rows[2]
    assert abs(energy.median - -1.137306) < 1e-5
    (folder,) = tmp_path.glob("h2-curve-*")
    curve = json.loads((folder / "curve.json").read_text())
    assert min(np.ravel(curve["energy"]) - np.repeat(curve["exact"], 1)) > -1e-12
    assert (folder / "curve.png").exists()
