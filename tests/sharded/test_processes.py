"""Two processes, connected over the loopback interface, give what one gives."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qjax as qj
from qjax.errors import ExperimentError
from qjax.train import load_sharded

SCRIPT = Path(__file__).resolve().parent / "one_of_two.py"


def circuit(w):
    ops = []
    for k in range(2):
        ops += [gate(w[k, q, i], q) for q in range(7) for i, gate in enumerate((qj.RY, qj.RZ))]
        ops += [qj.CNOT(q, (q + 1) % 7) for q in range(7)]
    return qj.Circuit(7, ops)


def energy(w):
    return qj.expval(circuit(w), qj.tfim(7, 1.0, 0.7))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def test_two_processes_equal_one(tmp_path):
    """Value and gradient of a state on eight devices of two processes; each holds half of the
    state, writes its part of a checkpoint and reads it back bit for bit; so does one process."""
    port = str(free_port())
    runs = [
        subprocess.Popen(
            [sys.executable, str(SCRIPT), str(k), port, str(tmp_path / "state")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "JAX_PLATFORMS": "cpu"},
        )
        for k in range(2)
    ]
    outs = [run.communicate(timeout=240) for run in runs]
    assert all(run.returncode == 0 for run in runs), "\n".join(err[-3000:] for _, err in outs)
    found = json.loads(outs[0][0].splitlines()[-1])
    assert (found["processes"], found["devices"], found["mine"]) == (2, 8, 4)
    weights = jnp.asarray(np.random.default_rng(0).normal(size=(2, 7, 2)))
    value, gradient = jax.value_and_grad(energy)(weights)
    assert abs(found["value"] - float(value)) <= 1e-11
    assert np.max(np.abs(np.array(found["gradient"]) - np.asarray(gradient))) <= 1e-11
    assert found["shards"] == 4
    assert found["same"]
    assert abs(found["norm"] - 1) <= 1e-12
    like = {"state": jnp.zeros(2**7, complex), "step": np.int32(0)}
    whole = load_sharded(tmp_path / "state", like)
    assert np.max(np.abs(whole["state"] - qj.run(circuit(weights)))) <= 1e-11
    with pytest.raises(ExperimentError, match=r"another program(.|\n)*state: \(128,\)"):
        load_sharded(tmp_path / "state", {"state": jnp.zeros(2**6, complex), "step": np.int32(0)})
    with pytest.raises(ExperimentError, match=r"step: .* in the checkpoint, nothing"):
        load_sharded(tmp_path / "state", {"state": like["state"]})
    with pytest.raises(ExperimentError, match="no checkpoint"):
        load_sharded(tmp_path / "nothing", like)
