"""The hardware path against Aer, noise-free and with the noise of a device."""

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".peers" / "qasm" / "bin" / "python"


@pytest.mark.verify
@pytest.mark.skipif(not PYTHON.exists(), reason="no environment of referees in .peers/qasm")
def test_aer_gives_the_same_numbers_in_one_job_each():
    command = [str(PYTHON), str(Path(__file__).parent / "aer_check.py")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    out = json.loads(done.stdout.splitlines()[-1])
    for name in ("value and gradient", "batch of 8", "Hessian"):
        error, jobs = out[name]
        assert error <= 1e-8
        assert jobs == 1
    cosine, jobs = out["noisy gradient"]
    assert cosine >= 0.98
    assert jobs == 1
    assert out["same key, same gradient"][0] == 0
    assert out["samples"][0] <= 0.02  # total variation; 5 standard errors of 20,000 shots
