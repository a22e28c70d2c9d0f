"""Qiskit Aer's density-matrix method as referee, in an environment of its own."""

import json
import subprocess
from pathlib import Path

import noise_circuits as nc
import noise_reference as nref
import numpy as np
import pytest
import reference as ref

import qjax as qj
from qjax import noise

PYTHON = Path(__file__).resolve().parents[2] / ".peers" / "qasm" / "bin" / "python"
needs_aer = pytest.mark.skipif(not PYTHON.exists(), reason="no environment with Aer in .peers/qasm")


def ask(question):
    script = Path(__file__).parent / "aer_referee.py"
    done = subprocess.run(
        [str(PYTHON), str(script)], input=json.dumps(question), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def listed(m):
    m = np.asarray(m, complex)
    return [m.real.tolist(), m.imag.tolist()]


def operators(op):
    """A gate or channel as (Kraus operators, qubits)."""
    if isinstance(op, qj.Channel):
        stack = nref.kraus(op)
    else:
        plain = op.resolve()
        k = len(plain.qubits)
        local = plain.map_qubits({q: i for i, q in enumerate(plain.qubits)})
        stack = [ref.apply(local, np.eye(2**k, dtype=complex), k)]
    return [
        [listed(m) for m in stack],
        list(op.resolve().qubits if hasattr(op, "resolve") else op.qubits),
    ]


@needs_aer
@pytest.mark.verify
def test_100_circuits_against_aer():
    """Random noisy circuits on 1 to 4 qubits, each operation given as Kraus operators: 1e-10."""
    circuits = []
    for seed in range(100):
        make, _ = nc.noisy_structure(5000 + seed // 2, 4, (6, 16))
        circuits.append(make(np.random.default_rng(seed)))
    answers = ask([{"n": c.n, "ops": [operators(op) for op in c.ops]} for c in circuits])
    errors = []
    for circuit, (re, im) in zip(circuits, answers, strict=True):
        got = qj.run(circuit, sim=qj.DensityMatrix())
        errors.append(np.max(np.abs(got - (np.array(re) + 1j * np.array(im)))))
    assert max(errors) <= 1e-10, max(errors)


class Recorded:
    """What `from_aer` needs of an Aer noise model."""

    def __init__(self, table):
        self.table = table

    def to_dict(self, serializable=False):
        return self.table


def restored(x):
    if isinstance(x, dict) and set(x) == {"complex"}:
        return np.array(x["complex"][0]) + 1j * np.array(x["complex"][1])
    if isinstance(x, dict):
        return {k: restored(v) for k, v in x.items()}
    return [restored(v) for v in x] if isinstance(x, list) else x


@needs_aer
@pytest.mark.verify
def test_a_noise_model_taken_over_from_aer():
    """Depolarising, thermal, damping, Pauli and readout errors by gate and qubit: 1e-10."""
    answer = ask("model")
    model = noise.from_aer(Recorded(restored(answer["model"])))
    gates = [qj.H(0), qj.RY(0.7, 1), qj.CX(0, 2), qj.SX(1), qj.SX(0), qj.CZ(1, 2), qj.RY(0.3, 2)]
    circuit = noise.insert(qj.Circuit(3, gates), model)
    rho = np.array(answer["rho"][0]) + 1j * np.array(answer["rho"][1])
    swapped = rho.reshape((2,) * 6).transpose(2, 1, 0, 5, 4, 3).reshape(8, 8)
    got = np.asarray(qj.run(circuit, sim=qj.DensityMatrix()))
    np.testing.assert_allclose(got, swapped, rtol=0, atol=1e-10)
    np.testing.assert_allclose(model.readout, [[0, 0], [0.1, 0.2]])


def test_an_aer_model_as_a_dictionary():
    """The parts of an error are read in Qiskit's order of qubits; what is unknown is refused."""
    errors = [
        {
            "type": "qerror",
            "operations": ["cx"],
            "gate_qubits": [(0, 1)],
            "probabilities": [0.75, 0.25],
            "instructions": [
                [{"name": "id", "qubits": [0]}],
                [{"name": "pauli", "params": ["XZ"], "qubits": [0, 1]}],
            ],
        },
        {"type": "roerror", "operations": ["measure"], "probabilities": [[0.9, 0.1], [0.3, 0.7]]},
    ]
    model = noise.from_aer(Recorded({"errors": errors}))
    circuit = noise.insert(qj.Circuit(2, [qj.CX(0, 1), qj.CX(1, 0)]), model)
    assert [op.name for op in circuit.ops] == ["CX", "KrausChannel", "CX"]
    expected = nref.random_paulis(np.eye(15)[13 - 1] * 0 + 0.25 * np.eye(15)[12])  # ZX
    rho = nc.random_state(np.random.default_rng(0), 4)
    got = nref.sandwich(np.asarray(circuit.ops[1].kraus()), rho)
    np.testing.assert_allclose(got, nref.sandwich(expected, rho), atol=1e-12)
    np.testing.assert_allclose(model.readout, [0.1, 0.3])
    errors[0]["operations"] = ["frobnicate"]
    with pytest.raises(qj.errors.UnsupportedError, match="frobnicate"):
        noise.from_aer(Recorded({"errors": errors}))
