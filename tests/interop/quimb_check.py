"""Run in the environment of quimb: the worst disagreement of every conversion, as JSON."""

import json
import sys

import jax
import jax.numpy as jnp
import numpy as np
import quimb.tensor as qtn

import qjax as qj
from qjax.gates import TABLE
from qjax.interop import from_quimb, to_quimb
from qjax.interop.quimb_objects import LABELS
from qjax.tensor import MatrixProductOperator, MatrixProductState

jax.config.update("jax_enable_x64", True)
rng = np.random.default_rng(0)
out = {}


def gap(name, a, b):
    error = float(np.max(np.abs(np.asarray(a).reshape(-1) - np.asarray(b).reshape(-1))))
    out[name] = max(out.get(name, 0.0), error)


def vector(n):
    v = rng.normal(size=2**n) + 1j * rng.normal(size=2**n)
    return v / np.linalg.norm(v)


for n in (1, 2, 5):
    v = vector(n)
    mps = to_quimb(MatrixProductState.from_dense(jnp.asarray(v), 32))
    gap("state there", mps.to_dense(), v)
    gap("state back", from_quimb(mps).dense(), v)
other = qtn.MPS_rand_state(6, 5, dtype=complex)
gap("a state of quimb", from_quimb(other).dense(), other.to_dense())
other.shift_orthogonality_center(0, 3)
gap("a canonical state", from_quimb(other).dense(), other.to_dense())

model = qj.xxz(5, 0.7) + 0.3 * qj.Y(0) @ qj.X(3)
mpo = to_quimb(MatrixProductOperator.from_pauli_sum(model))
gap("operator there", mpo.to_dense(), model.matrix(5))
gap("operator back", from_quimb(mpo).matrix(), model.matrix(5))
theirs = qtn.MPO_ham_heis(4, bz=0.3)
gap("an operator of quimb", from_quimb(theirs).matrix(), theirs.to_dense())

named = qtn.Circuit(3)  # every gate that is taken by its name, on a state without symmetry
named.apply_gate_raw(np.linalg.qr(rng.normal(size=(8, 8)))[0], (0, 1, 2))
for label, name in LABELS.items():
    angles = rng.normal(size=TABLE[name].num_params)
    named.apply_gate(label, *angles, *map(int, rng.permutation(3)[: TABLE[name].num_qubits]))
named_back = from_quimb(named)
assert {type(g).__name__ for g in named_back.ops} == {"Gate"}
assert sum(g.name == "Unitary" for g in named_back.ops) == 1
gap("gates by name", qj.run(named_back), named.to_dense())
gap("and there again", to_quimb(named_back).to_dense(), named.to_dense())

ops = [qj.StatePrep(vector(2), (3, 1)), qj.GlobalPhase(0.3), qj.U3(0.1, 0.2, 0.3, 2), qj.ECR(2, 0)]
ops += [qj.Controlled(qj.RX(0.3, 0), (2, 1), (0, 1)), qj.fSim(0.2, 0.4, 1, 3), qj.T(0).inverse()]
ops += [qj.Layers(lambda w: [qj.RY(w, 2), qj.CX(2, 0)], np.array([0.1, 0.2]))]
ops += [qj.Controlled(qj.H(0), (1, 2, 3, 4, 5)), qj.PauliRotation(0.3, "XYZ", (0, 4, 5))]
circuit = qj.Circuit(6, ops)
there = to_quimb(circuit)
gap("circuit there", there.to_dense(), qj.run(circuit))
gap("circuit back", qj.run(from_quimb(there)), qj.run(circuit))

theirs = qtn.Circuit(4)
theirs.apply_gate("U3", 0.1, 0.2, 0.3, 1)
theirs.apply_gate("FSIM", 0.3, 0.4, 0, 2)
theirs.apply_gate("H", 3)
theirs.apply_gate("X", 0, controls=[3, 1])
theirs.apply_gate("GIVENS", 0.4, 1, 3)
gap("a circuit of quimb", qj.run(from_quimb(theirs)), theirs.to_dense())
chain = qtn.CircuitMPS(4)
chain.apply_gate("RX", 0.3, 0)
chain.apply_gate("CX", 0, 3)
gap("a circuit on a chain", qj.run(from_quimb(chain)), chain.to_dense())
sys.stdout.write(json.dumps(out))
