"""The variational experiments at reduced size."""

import io
import json

import jax.numpy as jnp
import numpy as np
import pytest
from rich.console import Console

from qjax.experiments import execute, find, heisenberg_magnet, override, qaoa_maxcut


def made(name, folder, **changes):
    experiment = find(name)
    settings = override(experiment.settings, {**experiment.quick, **changes})
    rows = execute(experiment, settings, out=folder, console=Console(file=io.StringIO()))
    (path,) = folder.iterdir()
    return rows, path


def test_the_closed_form_of_the_magnet_is_that_of_its_matrix():
    total = heisenberg_magnet.MAGNETISATION.matrix(4).real
    for ratio in (0.1, 0.25, 0.3, 0.45, 0.6, 1.0, 2.0):
        values, vectors = np.linalg.eigh(heisenberg_magnet.square(ratio).matrix(4))
        energy, magnet = heisenberg_magnet.closed_form(ratio)
        assert values[0] == pytest.approx(energy, abs=1e-12)
        if ratio in heisenberg_magnet.EXACT:
            assert energy == pytest.approx(heisenberg_magnet.EXACT[ratio], abs=1e-12)
        if values[1] - values[0] > 1e-6:
            ground = vectors[:, 0]
            assert (ground.conj() @ total @ ground).real == pytest.approx(magnet, abs=1e-12)


@pytest.mark.verify
def test_the_magnet_in_small(tmp_path):
    _, path = made("heisenberg-magnet", tmp_path)
    curve = json.loads((path / "curve.json").read_text())
    errors = np.array(curve["energy"])[:, 0] - curve["exact"]
    assert np.all(errors > -1e-9)
    assert np.all(np.array(curve["noisy"])[:, 0] > np.array(curve["exact"]))
    assert (path / "magnet.png").exists()
    assert abs(errors[0]) < 1e-3


@pytest.mark.verify
def test_the_curve_of_lih_in_small_is_exact(tmp_path):
    """Two electrons: singles and doubles reach every state."""
    rows, path = made("molecule-curves", tmp_path, molecules=("lih",), steps=40)
    curve = json.loads((path / "curves.json").read_text())["LiH"]
    errors = np.array(curve["energy"])[:, 0] - curve["exact"]
    assert np.all(errors > -1e-9)
    assert np.all(errors < 1.6e-3)
    assert rows[0].reproduced
    assert (path / "landscape.png").exists()


@pytest.mark.verify
def test_an_ansatz_that_grows_gets_better(tmp_path):
    _, path = made("adapt-vqe", tmp_path)
    errors = np.array(json.loads((path / "errors.json").read_text())["LiH"])
    assert np.all(errors > -1e-9)
    assert np.all(np.diff(errors, axis=0) < 1e-9)
    assert np.all(errors[-1] < 1.6e-3)


@pytest.mark.verify
def test_depths_of_qaoa_in_small(tmp_path):
    _, path = made("qaoa-maxcut", tmp_path)
    ratios = np.array(json.loads((path / "depths.json").read_text())["ratios"])
    assert np.all(ratios > 0.5)
    assert np.all(ratios <= 1)
    assert np.all(ratios[1] > ratios[0])


@pytest.mark.verify
def test_interpolated_angles_are_those_of_the_paper():
    angles = np.array([[1.0, 2.0, 0.0, 0.0], [3.0, 1.0, 0.0, 0.0]])
    found = qaoa_maxcut.interpolate(jnp.asarray(angles), jnp.asarray(2.0))
    # (i - 1) / p of the one before, (p - i + 1) / p of the same: 1, 1/2 + 1, 2
    np.testing.assert_allclose(found, [[1.0, 1.5, 2.0, 0.0], [3.0, 2.0, 1.0, 0.0]], atol=1e-12)


@pytest.mark.verify
@pytest.mark.parametrize("name", ["pce-maxcut", "constrained-optimisation"])
def test_quick_runs(name, tmp_path):
    """A run of seconds leaves numbers, a figure and a table behind."""
    rows, path = made(name, tmp_path)
    assert all(np.all(np.isfinite(row.ours)) for row in rows)
    assert {"config.json", "result.json"} <= {f.name for f in path.iterdir()}
    assert list(path.glob("*.png"))
    shares = [x for row in rows[:2] for x in row.ours]
    assert all(0 <= x <= 1 for x in shares)
