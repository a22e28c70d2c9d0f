"""Qiskit, Braket, pytket and Cirq read the same state from every dialect, phase included."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import qasm_dense as dense
import qasm_random as random
from qasm_files import files, needs_shared
from qasm_outcomes import outcomes
from scipy.stats import chi2

import qjax as qj
from qjax import qasm

PYTHON = Path(__file__).resolve().parents[2] / ".peers" / "qasm" / "bin" / "python"


@pytest.mark.verify
@pytest.mark.skipif(not PYTHON.exists(), reason="no environment of referees in .peers/qasm")
@pytest.mark.parametrize("block", range(10))  # each starts the referees once
def test_referees_read_1000_circuits(block):
    cases = []
    for seed in range(100 * block, 100 * block + 100):
        rng = np.random.default_rng(seed)
        circuit = random.circuit(rng, 11 if seed % 20 == 19 else int(rng.integers(1, 6)), 25)
        state = dense.run(circuit)
        texts = {dialect: qasm.dumps(circuit, dialect) for dialect in qasm.DIALECTS}
        cases.append({"real": state.real.tolist(), "imag": state.imag.tolist(), **texts})
    worst = judged(cases)
    assert len(worst) == 6
    assert max(worst.values()) <= 1e-12, worst


@pytest.mark.verify
@pytest.mark.skipif(not PYTHON.exists(), reason="no environment of referees in .peers/qasm")
def test_referees_bind_the_inputs_of_100_files():
    cases = []
    for seed in range(100):
        rng = np.random.default_rng(5000 + seed)
        circuit = random.circuit(rng, 11 if seed % 20 == 19 else int(rng.integers(1, 6)), 15)
        state = dense.run(circuit)
        entries = qasm.sidecar(circuit, inputs=True)["inputs"]
        texts = {d: qasm.dumps(circuit, d, inputs=True) for d in qasm.DIALECTS if d != "qasm2"}
        inputs = {e["name"]: e["value"] for e in entries}
        cases.append(
            {"real": state.real.tolist(), "imag": state.imag.tolist(), "inputs": inputs, **texts}
        )
    worst = judged(cases)
    assert len(worst) == 3
    assert max(worst.values()) <= 1e-12, worst


def judged(cases):
    """The worst disagreement of every referee."""
    script = Path(__file__).parent / "qasm_referees.py"
    done = subprocess.run(
        [str(PYTHON), str(script)], input=json.dumps(cases), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def chi_squared(counts, p):
    """The p-value of counts against a distribution, rare outcomes taken together."""
    shots = sum(counts.values())
    observed = np.array([counts.get(str(k), 0) for k in range(len(p))], float)
    common = p * shots >= 5
    assert np.all(observed[p < 1e-12] == 0)
    groups = [(observed[common], p[common] * shots)]
    if np.any(~common) and p[~common].sum() * shots > 1:
        groups.append((observed[~common].sum(keepdims=True), p[~common].sum(keepdims=True) * shots))
    seen, want = (np.concatenate([g[k] for g in groups]) for k in (0, 1))
    if len(seen) < 2:
        return 1.0
    return float(chi2.sf(np.sum((seen - want) ** 2 / want), len(seen) - 1))


@needs_shared
@pytest.mark.verify
@pytest.mark.skipif(not PYTHON.exists(), reason="no environment of referees in .peers/qasm")
def test_aer_samples_every_open_file_as_the_simulators_compute_it():
    paths = [p for p in files("open") if p.stem != "vqe_uccsd_n4"]
    script = Path(__file__).parent / "qasm_aer.py"
    command = [str(PYTHON), str(script), "20000", *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    for path in paths:
        circuit = qasm.load(path)
        if circuit.n <= 8:
            bits = range(circuit.bits - 1, -1, -1)
            p = np.asarray(qj.probs(circuit, bits=bits, sim=qj.DensityMatrix()))
        else:
            p = outcomes(circuit)
        assert chi_squared(found[str(path)], p) > 1e-6, path.stem
