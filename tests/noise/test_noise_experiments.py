"""The experiments on noise: their parts against closed forms, and a quick run of each."""

import io
import json

import jax
import numpy as np
import pytest
from rich.console import Console

from qjax.experiments import execute, find, override, qgdm, zne_nn


@pytest.mark.verify
def test_the_forward_chain_of_the_diffusion_model():
    """It starts at the target, ends at the completely mixed state and is one of states."""
    rho = qgdm.target(jax.random.key(0), 2, 3)
    chain = np.asarray(qgdm.diffused(rho, 4))
    np.testing.assert_allclose(chain[0], rho, atol=1e-15)
    np.testing.assert_allclose(chain[-1], np.eye(4) / 4, atol=1e-15)
    np.testing.assert_allclose(np.einsum("tii->t", chain), 1, atol=1e-14)
    assert np.linalg.matrix_rank(rho, tol=1e-10) == 3
    assert np.min(np.linalg.eigvalsh(chain)) > -1e-15


@pytest.mark.verify
def test_fidelity():
    """1 for equal states, |<a|b>|^2 for pure ones, the Bhattacharyya square for diagonal ones."""
    rho = np.asarray(qgdm.target(jax.random.key(1), 2, 4))
    assert abs(qgdm.fidelity(rho, rho) - 1) < 1e-10
    a, b = np.array([1, 1]) / np.sqrt(2), np.array([1, 1j]) / np.sqrt(2)
    pure = qgdm.fidelity(np.outer(a, a), np.outer(b, b.conj()))
    assert abs(pure - abs(a @ b) ** 2) < 1e-7
    p, q = np.array([0.3, 0.7]), np.array([0.6, 0.4])
    expected = np.sum(np.sqrt(p * q)) ** 2
    assert abs(qgdm.fidelity(np.diag(p), np.diag(q)) - expected) < 1e-12


@pytest.mark.verify
def test_noise_of_strength_zero_is_none():
    """Every kind of noise in the comparison vanishes with its strength, and not before."""
    angles = jax.random.normal(jax.random.key(0), (1, 2, 2))
    key = jax.random.key(1)
    for kind in list(zne_nn.KINDS.values())[:2]:
        values = jax.jit(lambda p, k=kind: zne_nn.measure(angles, p, key, k, 10)[0])
        exact = np.prod(np.cos(np.asarray(angles)[0, :, 0])) / np.cos(angles[0, 0, 0])
        np.testing.assert_allclose(values(0.0), exact, atol=1e-12)  # the CNOT leaves Z on qubit 1
        assert abs(values(0.1) - exact) > 1e-3


@pytest.mark.verify
@pytest.mark.parametrize("name", ["zne-nn", "qgdm"])
def test_quick_runs(name, tmp_path):
    """A run of seconds leaves numbers, figures and a table behind."""
    experiment = find(name)
    settings = override(experiment.settings, experiment.quick)
    rows = execute(experiment, settings, out=tmp_path, console=Console(file=io.StringIO()))
    assert all(np.all(np.isfinite(row.ours)) for row in rows)
    (folder,) = tmp_path.iterdir()
    files = {path.name for path in folder.iterdir()}
    assert {"config.json", "metrics.jsonl", "result.json"} <= files
    assert any(f.endswith(".png") for f in files)
    assert len(json.loads((folder / "result.json").read_text())["rows"]) == len(rows)
