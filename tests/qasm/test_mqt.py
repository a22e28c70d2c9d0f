"""Circuits of MQT Bench read as Qiskit wrote them; wide lowered circuits checked by QCEC."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import qasm_dense as dense
import qasm_random as random

from qjax import qasm

PYTHON = Path(__file__).resolve().parents[2] / ".peers" / "mqt" / "bin" / "python"
SCRIPT = Path(__file__).parent / "qasm_mqt.py"
needed = pytest.mark.skipif(not PYTHON.exists(), reason="no environment in .peers/mqt")


def mqt(what, text=None):
    done = subprocess.run(
        [str(PYTHON), str(SCRIPT), what], input=text, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@needed
@pytest.mark.verify
def test_circuits_of_mqt_bench_are_read_in_both_versions():
    entries = [json.loads(line) for line in mqt("bench").splitlines() if line.startswith("{")]
    compared = 0
    for entry in entries:
        for version in "23":
            if version not in entry:
                assert version == "2"  # OpenQASM 2 has no word for what the circuit does
                continue
            circuit = qasm.loads(entry[version])
            if "real" in entry:
                want = np.array(entry["real"]) + 1j * np.array(entry["imag"])
                gates = list(circuit.gates())
                overlap = abs(np.vdot(dense.run(circuit, gates), want))
                assert abs(overlap - 1) <= 1e-10, (entry["name"], entry["size"], version)
                compared += 1
    assert len({e["name"] for e in entries}) >= 28
    assert compared >= 200


@needed
@pytest.mark.verify
def test_wide_lowered_circuits_are_equivalent():
    pairs = []
    for seed, n in enumerate((8, 12, 16, 20, 30)):
        rng = np.random.default_rng(seed)
        circuit = random.circuit(rng, n, 2 * n, controls=False)
        plain = qasm.dumps(circuit, "qasm2")
        for basis in ("rz,sx,x,cz", "rz,sx,x,ecr", "rx,ry,rz,cx", "u,cx"):
            pairs.append((plain, qasm.dumps(circuit.decompose(basis), "qasm2")))
        routed = circuit.decompose("u,cx").route("line").restored().decompose("u,cx")
        pairs.append((plain, qasm.dumps(routed, "qasm2")))
        broken = circuit.decompose("u,cx")
        places = [k for k, g in enumerate(broken.ops) if len(g.qubits) == 2]
        k = places[len(places) // 2]
        pairs.append((plain, qasm.dumps(broken[:k] + list(broken.ops[k + 1 :]), "qasm2")))
    found = json.loads(mqt("verify", json.dumps(pairs)))
    for k, answer in enumerate(found):
        assert ("not_equivalent" in answer) == (k % 6 == 5), (k, answer)
        assert k % 6 == 5 or "equivalent" in answer, (k, answer)
