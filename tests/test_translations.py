"""What the page for newcomers says of other packages holds, with those packages."""

import json
import subprocess
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

import qjax as qj

ROOT = Path(__file__).resolve().parents[1]

PENNYLANE = """
import json, numpy as np, pennylane as qml
dev = qml.device("default.qubit", wires=2)
@qml.qnode(dev)
def f(w):
    qml.RY(w[0], wires=0); qml.CNOT(wires=[0, 1]); qml.RX(w[1], wires=1)
    return qml.state(), qml.expval(qml.Z(0) @ qml.X(1)), qml.probs(wires=0)
@qml.qnode(dev)
def g(w):
    qml.StronglyEntanglingLayers(w, wires=range(2))
    return qml.state()
@qml.qnode(dev)
def h():
    qml.H(0); qml.ctrl(qml.adjoint(qml.S)(1), control=0); qml.H(1)
    return qml.state()
s, e, p = f(np.array([0.3, 0.4]))
out = [s, [e], p, g(np.arange(12.0).reshape(2, 2, 3) / 10), h()]
print(json.dumps([[np.real(x).tolist(), np.imag(x).tolist()] for x in out]))
"""

QUJAX = """
import json, jax, numpy as np
jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp, qujax
f = qujax.get_params_to_statetensor_func(["H", "Rz", "CX"], [[0], [0], [0, 1]], [[], [0], []])
x = np.asarray(f(jnp.array([0.5]))).ravel()
print(json.dumps([[np.real(x).tolist(), np.imag(x).tolist()]]))
"""

QISKIT = """
import json, numpy as np
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp, Statevector
qc = QuantumCircuit(2); qc.x(0); qc.ry(0.3, 1)
flipped = QuantumCircuit(2); flipped.x(0)
(word,) = Statevector(flipped).probabilities_dict()
z = Statevector(qc).expectation_value(SparsePauliOp("IZ"))
print(json.dumps([word, np.real(z), Statevector(qc).probabilities([1]).tolist()]))
"""


def ask(environment, code):
    python = ROOT / ".peers" / environment / "bin" / "python"
    if not python.exists():
        pytest.skip(f"{environment} is not installed")
    run = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=200)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


def arrays(parts):
    return [np.array(real) + 1j * np.array(imaginary) for real, imaginary in parts]


@pytest.mark.verify
def test_pennylane_says_the_same():
    state, energy, probs, layers, controlled = arrays(ask("pennylane", PENNYLANE))
    w = jnp.array([0.3, 0.4])
    c = qj.Circuit(2, [qj.RY(w[0], 0), qj.CNOT(0, 1), qj.RX(w[1], 1)])
    np.testing.assert_allclose(qj.run(c), state, atol=1e-12)
    np.testing.assert_allclose(qj.expval(c, qj.Z(0) @ qj.X(1)), energy[0].real, atol=1e-12)
    np.testing.assert_allclose(qj.probs(c, 0), probs.real, atol=1e-12)
    weights = jnp.arange(12.0).reshape(2, 2, 3) / 10
    ours = qj.run(qj.templates.strongly_entangling(weights))
    np.testing.assert_allclose(abs(np.vdot(ours, layers)), 1, atol=1e-12)
    gates = [qj.H(0), qj.Controlled(qj.Inverse(qj.S(1)), (0,)), qj.H(1)]
    np.testing.assert_allclose(qj.run(qj.Circuit(2, gates)), controlled, atol=1e-12)


@pytest.mark.verify
def test_qujax_says_the_same():
    (state,) = arrays(ask("peers", QUJAX))
    c = qj.Circuit(2, [qj.H(0), qj.RZ(jnp.pi * 0.5, 0), qj.CX(0, 1)])
    np.testing.assert_allclose(qj.run(c), state, atol=1e-12)


@pytest.mark.verify
def test_qiskit_counts_from_the_right():
    word, z, probs = ask("qasm", QISKIT)
    assert word == "01"
    c = qj.Circuit(2, [qj.X(0), qj.RY(0.3, 1)])
    np.testing.assert_allclose(qj.expval(c, qj.Z(0)), z, atol=1e-12)
    np.testing.assert_allclose(qj.probs(c, 1), probs, atol=1e-12)
