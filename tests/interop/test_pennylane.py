"""qjax as a PennyLane device: PennyLane's own device tests, and its transformations under JAX."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".peers" / "pennylane" / "bin" / "python"
needed = pytest.mark.skipif(not PYTHON.exists(), reason="no environment in .peers/pennylane")


def run(*arguments):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"}
    return subprocess.run(
        [str(PYTHON), *arguments], capture_output=True, text=True, env=environment, cwd=ROOT.parent
    )


@needed
@pytest.mark.verify
@pytest.mark.parametrize(("shots", "least"), [(None, 395), (20_000, 370)])
def test_the_device_tests_of_pennylane_pass(shots, least):
    found = run("-c", "import pennylane, pathlib; print(pathlib.Path(pennylane.__file__).parent)")
    folder = Path(found.stdout.strip()) / "devices" / "tests"
    options = ["--device=qjax.qubit", "-q", "-p", "no:cacheprovider", "--benchmark-disable"]
    options += [] if shots is None else [f"--shots={shots}"]
    done = run("-m", "pytest", str(folder), *options)
    failed = {line.split("::")[-1].split(" ")[0] for line in done.stdout.splitlines()
              if line.startswith("FAILED")}  # fmt: skip
    assert not failed
    assert int(re.search(r"(\d+) passed,", done.stdout)[1]) >= least


@needed
@pytest.mark.verify
def test_a_qnode_is_traced_differentiated_and_batched():
    done = run(str(Path(__file__).parent / "pennylane_check.py"))
    assert done.returncode == 0, done.stderr[-3000:]
    out = json.loads(done.stdout.splitlines()[-1])
    assert out.pop("shots") < 0.05
    assert max(out.values()) <= 1e-10, out
