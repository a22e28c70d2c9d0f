"""Matrix product states, operators and circuits as objects of quimb, there and back."""

import json
import os
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

import qjax as qj
from qjax.errors import UnsupportedError
from qjax.interop import from_quimb, to_quimb

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".peers" / "quimb" / "bin" / "python"


@pytest.mark.verify
@pytest.mark.skipif(not PYTHON.exists(), reason="no environment in .peers/quimb")
def test_everything_goes_over_and_comes_back():
    command = [str(PYTHON), str(Path(__file__).parent / "quimb_check.py")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    out = json.loads(done.stdout.splitlines()[-1])
    assert len(out) == 13
    assert max(out.values()) <= 1e-12, out


@pytest.mark.skipif(find_spec("quimb") is not None, reason="quimb is installed")
def test_without_quimb_the_error_names_it():
    for convert in (to_quimb, from_quimb):
        with pytest.raises(UnsupportedError, match="needs the package quimb"):
            convert(qj.Circuit(1, [qj.X(0)]))
