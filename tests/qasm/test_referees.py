"""Qiskit, Braket, pytket and Cirq read the same state from every dialect, phase included."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import qasm_dense as dense
import qasm_random as random

from qjax import qasm

PYTHON = Path(__file__).resolve().parents[2] / ".peers" / "qasm" / "bin" / "python"


@pytest.mark.verify
@pytest.mark.skipif(not PYTHON.exists(), reason="no environment of referees in .peers/qasm")
@pytest.mark.parametrize("block", range(50))
def test_referees_read_1000_circuits(block):
    cases = []
    for seed in range(20 * block, 20 * block + 20):
        rng = np.random.default_rng(seed)
        circuit = random.circuit(rng, 11 if seed % 20 == 19 else int(rng.integers(1, 6)), 25)
        state = dense.run(circuit)
        texts = {dialect: qasm.dumps(circuit, dialect) for dialect in qasm.DIALECTS}
        cases.append({"real": state.real.tolist(), "imag": state.imag.tolist(), **texts})
    script = Path(__file__).parent / "qasm_referees.py"
    done = subprocess.run(
        [str(PYTHON), str(script)], input=json.dumps(cases), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    worst = json.loads(done.stdout.splitlines()[-1])
    assert len(worst) == 6
    assert max(worst.values()) <= 1e-12, worst
