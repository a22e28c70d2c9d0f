"""`sweep`: every point once, whatever the chunks; failures recorded; nothing finished repeated."""

import itertools
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qjax as qj
from qjax.cli import main
from qjax.errors import ExperimentError, UnsupportedError
from qjax.experiments import Experiment, Row, Settings
from qjax.experiments.sweep import read_grid, sweep_experiment
from qjax.train import Grid, LogUniform, Random, Uniform, lanes, sweep

A, B = np.linspace(0.0, 1.0, 4), np.array([0.5, 1.5, 2.5])


def circuit(point):
    return qj.Circuit(2, [qj.RY(point["a"], 0), qj.CNOT(0, 1), qj.RX(point["b"], 1)])


def energy(point):
    return qj.expval(circuit(point), qj.Z(0) @ qj.Z(1))


def test_a_grid_in_chunks_is_the_closed_form(tmp_path):
    # <ZZ> of this circuit: cos(b), whatever a is (the CNOT makes the parity even).
    done = sweep(energy, Grid(a=A, b=B), chunk=5, folder=tmp_path)
    np.testing.assert_allclose(done["value"], np.tile(np.cos(B), (4, 1)), atol=1e-12)
    assert len(list(tmp_path.glob("chunk-*.npz"))) == 3
    assert not done.failed.any()
    best = done.best("value")
    assert (best["b"], best["value"]) == (2.5, pytest.approx(np.cos(2.5)))


def test_lanes_have_keys_of_their_own_that_do_not_depend_on_chunks():
    def draw(point, key):
        return {"x": jax.random.normal(key, (2,)) + 0 * point["a"]}

    results = [
        sweep(draw, Grid(a=A), seeds=3, key=jax.random.key(1), chunk=c)["x"] for c in (12, 5)
    ]
    np.testing.assert_allclose(*results, rtol=0, atol=1e-14)
    assert results[0].shape == (4, 3, 2)
    assert len(np.unique(results[0])) == 24
    keys = [jax.random.fold_in(jax.random.key(1), k) for k in range(12)]
    expected = jnp.stack([jax.random.normal(k, (2,)) for k in keys]).reshape(4, 3, 2)
    np.testing.assert_allclose(results[0], expected, atol=1e-14)


@pytest.mark.parametrize("chunk", [None, 3])
def test_static_axes_decide_the_structure_and_a_bad_one_fails_alone(chunk):
    def deep(point):
        if point["ansatz"] == "broken":
            return qj.expval(qj.Circuit(1, [qj.RX(point["a"], 7)]), qj.Z(0))
        ops = [qj.RX(point["a"], 0)] * point["depth"]
        return qj.expval(qj.Circuit(1, ops), qj.Z(0))

    design = Grid(a=A, depth=[1, 2], ansatz=["turn", "broken"])
    done = sweep(deep, design, static=("depth", "ansatz"), chunk=chunk)
    good = done["value"][:, :, 0]
    np.testing.assert_allclose(good, np.cos(np.outer(A, [1, 2])), atol=1e-12)
    assert done.failed.reshape(4, 2, 2)[:, :, 1].all()
    assert not done.failed.reshape(4, 2, 2)[:, :, 0].any()
    assert np.isnan(done["value"][:, :, 1]).all()
    assert "QubitError" in next(iter(done.errors.values()))
    with pytest.raises(qj.errors.QubitError):  # nothing but broken: a mistake, not a point
        sweep(lambda p: deep({**p, "ansatz": "broken"}), Grid(a=A))


def test_a_failing_point_is_recorded_and_the_others_go_on(tmp_path):
    def host(x):
        if x == B[1]:
            raise FloatingPointError("no convergence at this point")
        return np.asarray(x)

    def fragile(point):
        b = jax.pure_callback(
            host, jax.ShapeDtypeStruct((), float), point["b"], vmap_method="sequential"
        )
        return {"root": jnp.sqrt(b - 1.0), "count": jnp.int32(2)}

    done = sweep(fragile, Grid(b=B), folder=tmp_path)

    def never(point):
        raise AssertionError("everything is in the files")

    again = sweep(never, Grid(b=B), folder=tmp_path)
    for found in (done, again):
        assert found.failed.tolist() == [True, True, False]
        assert found.errors[0, 0] == "root is not finite"
        assert "no convergence" in found.errors[1, 0]
        np.testing.assert_allclose(found["root"][2], np.sqrt(1.5), atol=1e-14)
        assert found["count"].tolist() == [2, 0, 2]


def test_finished_chunks_are_not_computed_again(tmp_path, monkeypatch):
    calls = []
    start = lanes.Lanes.start

    def counted(self, points, keys, chosen):
        if len(calls) == 2 and not (tmp_path / "go").exists():
            raise KeyboardInterrupt
        calls.append(np.unique(chosen).tolist())
        return start(self, points, keys, chosen)

    monkeypatch.setattr(lanes.Lanes, "start", counted)
    with pytest.raises(KeyboardInterrupt):
        sweep(energy, Grid(a=A, b=B), chunk=5, folder=tmp_path)
    (tmp_path / "go").touch()
    (tmp_path / "chunk-000-000001.npz").write_bytes(b"PK torn by a full disk")
    resumed = sweep(energy, Grid(a=A, b=B), chunk=5, folder=tmp_path)
    assert calls == [[0, 1, 2, 3], [4, 5, 6, 7], [4, 5, 6, 7], [8, 9, 10, 11]]
    np.testing.assert_array_equal(resumed["value"], sweep(energy, Grid(a=A, b=B), chunk=5)["value"])


def test_chunks_are_as_large_as_fits():
    big = qj.Circuit(14, [[qj.RX(0.1, q) for q in range(14)] for _ in range(3)])
    each = qj.explain(big).bytes_backprop
    assert lanes.lanes_by_explain(big, 10.5 * each) == 10
    assert lanes.lanes_by_explain(circuit({"a": 0.1, "b": 0.2}), None) == lanes.MOST
    assert lanes.even(10_000, 1024) == 1000
    whole = {"a": np.linspace(0, 1, 64)}
    program = lanes.Lanes(
        lambda p: jnp.sum(jnp.outer(*[jnp.arange(512.0) * p["a"]] * 2) ** 3), (), jax.devices()
    )
    # A lane holds at least two matrices of 2 MiB unless XLA fuses them away; either way it halves.
    assert program.fitting(whole, None, 64, 1e12) == 64
    assert program.fitting(whole, None, 64, 256) < 64


def test_random_designs_stay_in_their_ranges_and_repeat():
    axes = {"rate": LogUniform(1e-4, 1e-1), "x": Uniform(-1, 1), "n": [1, 2, 3]}
    design = Random(4000, jax.random.key(0), **axes)
    p = design.points()
    logs = np.log10(p["rate"])
    assert logs.min() >= -4
    assert logs.max() <= -1
    assert abs(logs.mean() + 2.5) < 0.05  # the standard error is 0.014
    assert abs(p["x"].mean()) < 0.03
    assert set(p["n"].tolist()) == {1, 2, 3}
    other = Random(4000, jax.random.key(0), **axes).points()
    assert all((p[k] == other[k]).all() for k in p)
    assert (Random(4000, jax.random.key(1), **axes).points()["x"] != p["x"]).all()


def test_tables(monkeypatch):
    done = sweep(
        lambda p, key: {"s": p["a"] + p["b"], "v": jnp.zeros(2)},
        Grid(a=A, b=B), seeds=2, key=jax.random.key(0),
    )  # fmt: skip
    table = done.columns()
    rows = list(zip(table["a"], table["b"], table["seed"], strict=True))
    assert rows == list(itertools.product(A, B, range(2)))
    np.testing.assert_allclose(table["s"], table["a"] + table["b"], atol=1e-15)
    assert len(table["v"]) == 24
    for name, method in (("pandas", done.to_pandas), ("xarray", done.to_xarray)):
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(UnsupportedError, match=name):
            method()


def test_views_where_the_packages_are_there():
    pytest.importorskip("pandas")
    pytest.importorskip("xarray")
    done = sweep(lambda p: {"s": p["a"] + p["b"], "v": jnp.zeros(2)}, Grid(a=A, b=B))
    assert done.to_pandas().query("a == 1.0 and b == 0.5").s.item() == 1.5
    data = done.to_xarray()
    assert float(data.s.sel(a=1.0, b=0.5)) == 1.5
    assert data.v.shape == (4, 3, 2)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seeds": 2}, "seeds need a key"),
        ({"chunk": 0}, "chunk must be"),
        ({"static": ("depth",)}, "no axis 'depth'"),
        ({"design": Grid(a=["x"])}, "static=\\('a',\\)"),
    ],
)
def test_refusals(changes, words):
    with pytest.raises(ExperimentError, match=words):
        sweep(energy, **{"design": Grid(a=A, b=B), **changes})


def test_what_is_no_array_is_refused():
    with pytest.raises(ExperimentError, match="array or a dict"):
        sweep(lambda p: {"pair": (p["a"], p["b"])}, Grid(a=A, b=B))


def test_results_that_are_not_there_are_named():
    done = sweep(lambda p: {"bad": jnp.log(-p["a"] - 1), "v": jnp.zeros(2)}, Grid(a=A))
    for name, words in (("loss", "no result 'loss'(.|\n)*bad, v"), ("v", "one number per"),
                        ("bad", "every point failed")):  # fmt: skip
        with pytest.raises(ExperimentError, match=words):
            done.best(name)
    with pytest.raises(ExperimentError, match="no result 'loss'"):
        done["loss"]


def test_the_folder_of_another_sweep_is_refused(tmp_path):
    sweep(energy, Grid(a=A, b=B), folder=tmp_path)
    with pytest.raises(ExperimentError, match="another sweep: points changed"):
        sweep(energy, Grid(a=A + 1, b=B), folder=tmp_path)


@pytest.mark.verify
def test_lanes_are_spread_over_devices():
    code = (
        "import jax, numpy as np, qjax as qj\n"
        "from qjax.train import Grid, sweep\n"
        "f = lambda p: qj.expval(qj.Circuit(1, [qj.RX(p['a'], 0)]), qj.Z(0))\n"
        "a = np.linspace(0, 3, 10)\n"
        "assert len(jax.devices()) == 4\n"
        "many, one = sweep(f, Grid(a=a)), sweep(f, Grid(a=a), devices=jax.devices()[:1])\n"
        "np.testing.assert_allclose(many['value'], np.cos(a), atol=1e-6)\n"
        "np.testing.assert_allclose(one['value'], np.cos(a), atol=1e-6)\n"
    )
    flags = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=4"
    environment = {**os.environ, "XLA_FLAGS": flags}
    environment["PYTHONPATH"] = str(Path(__file__).resolve().parents[2])
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=200)


@dataclass(frozen=True)
class Toy(Settings):
    """Settings of an experiment that needs no time."""

    rate: float = 0.1
    layers: int = 2


def toy(run):
    runs.append((run.settings.rate, run.settings.layers))
    if run.settings.layers == 3:
        raise ZeroDivisionError("three layers never converge")
    if len(runs) == interrupt_at:
        raise KeyboardInterrupt
    return [Row("product", "", [run.settings.rate * run.settings.layers] * run.settings.seeds)]


runs: list = []
interrupt_at = 0
TOY = Experiment("toy", "A toy", "none", 0, Toy(), toy)


def test_an_experiment_is_swept_in_runs_of_its_own_and_resumed(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "interrupt_at", 4)
    runs.clear()
    grid = read_grid(["rate=0.1,0.2", "layers=1,3"])
    with pytest.raises(KeyboardInterrupt):
        sweep_experiment(TOY, grid | {"layers": ["1", "3", "2"]}, ["seeds=2"], out=tmp_path)
    assert runs == [(0.1, 1), (0.1, 3), (0.1, 2), (0.2, 1)]
    results = sweep_experiment(TOY, out=tmp_path, resume=True)
    assert runs[4:] == [(0.2, 1), (0.2, 3), (0.2, 2)]  # nothing finished, or failed, once more
    (folder,) = tmp_path.glob("sweep-toy-*")
    lines = [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]
    assert lines == results
    assert [r["point"] for r in results][:2] == [
        {"rate": 0.1, "layers": 1}, {"rate": 0.1, "layers": 3},
    ]  # fmt: skip
    assert "three layers" in results[1]["error"]
    assert results[5]["rows"][0]["ours"] == [0.4, 0.4]


@pytest.mark.parametrize("grid", [["rate"], ["rate=1", "rate=2"], []])
def test_a_grid_that_is_none_is_refused(grid):
    with pytest.raises(ExperimentError, match="grid"):
        read_grid(grid)


def test_an_unknown_setting_is_refused_before_anything_runs(tmp_path):
    for grid, words in (("width=1", "no setting 'width'.*\\n.*rate=0.1"), ("lr=1 rate=2", "twice")):
        with pytest.raises(ExperimentError, match=words):
            sweep_experiment(TOY, read_grid(grid.split()), out=tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_command_sweeps_learning_rates_by_their_usual_name(tmp_path, monkeypatch, capsys):
    """``qjax sweep EXPERIMENT --grid lr=1e-3,1e-2 --seeds 20``."""
    monkeypatch.setattr("qjax.experiments.find", lambda name: TOY)
    monkeypatch.setattr("qjax.cli._use_compilation_cache", lambda: None)
    runs.clear()
    line = ["sweep", "toy", "--grid", "lr=1e-3,1e-2", "--seeds", "20", "--out", str(tmp_path)]
    assert main(line) == 0
    assert runs == [(1e-3, 2), (1e-2, 2)]
    (file,) = tmp_path.glob("sweep-toy-*/results.jsonl")
    results = [json.loads(line) for line in file.read_text().splitlines()]
    assert [r["point"] for r in results] == [{"rate": 1e-3}, {"rate": 1e-2}]
    assert [len(r["rows"][0]["ours"]) for r in results] == [20, 20]
    assert "product" in capsys.readouterr().out
