"""Circuits to Qiskit and back: the same operator, the same structure, the same outcomes."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "qasm"))

import qasm_dense as dense
import qasm_random as random
from scipy.stats import unitary_group

import qjax as qj
from qjax.errors import UnsupportedError
from qjax.interop import from_qiskit, to_qiskit, transpile

qiskit = pytest.importorskip("qiskit")


def qiskit_matrix(circuit):
    """Qiskit's operator, qubit 0 the most significant."""
    from qiskit.quantum_info import Operator

    return Operator(circuit.reverse_bits()).data


@pytest.mark.parametrize("spec", random.NAMED, ids=lambda s: s.name)
def test_every_gate_is_qiskits_gate(spec):
    rng = np.random.default_rng(0)
    angles = [np.asarray(x) for x in rng.normal(size=spec.num_params)]
    gate = qj.Gate(spec.name, angles, range(2, 2 + spec.num_qubits))
    for g in (gate, gate.inverse(), gate.control((1, 0), (1, 0)), gate.inverse().control((1,))):
        n = 2 + spec.num_qubits
        circuit = qj.Circuit(n, [g])
        converted = to_qiskit(circuit)
        np.testing.assert_allclose(qiskit_matrix(converted), dense.matrix([g], n), atol=1e-12)
        back = from_qiskit(converted)
        np.testing.assert_allclose(dense.matrix(back.gates(), n), dense.matrix([g], n), atol=1e-12)


def check(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 6))
    circuit = random.circuit(rng, n, 20)
    converted = to_qiskit(circuit)
    from qiskit.quantum_info import Statevector

    want = dense.run(circuit)
    np.testing.assert_allclose(Statevector(converted.reverse_bits()).data, want, atol=1e-12)
    np.testing.assert_allclose(dense.run(from_qiskit(converted)), want, atol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_random_circuits_there_and_back(seed):
    check(seed)


@pytest.mark.verify
@pytest.mark.parametrize("block", range(5))
def test_500_random_circuits_there_and_back(block):
    for seed in range(100 * block, 100 * block + 100):
        check(seed)


def test_gates_with_matrices_go_over():
    rng = np.random.default_rng(0)
    v = rng.normal(size=8) + 1j * rng.normal(size=8)
    h = rng.normal(size=(4, 4))
    ops = [
        qj.StatePrep(v / np.linalg.norm(v), (2, 0, 1)),
        qj.Unitary(unitary_group.rvs(8, random_state=rng), (2, 0, 1)),
        qj.SU4(rng.normal(size=15), 2, 0),
        qj.Diagonal(rng.normal(size=8), (1, 2, 0)),
        qj.Permutation([3, 0, 1, 2], (2, 1)),
        qj.Evolution(h + h.T, 0.3, (0, 2)),
        qj.PauliRotation(0.4, "XYZ", (0, 1, 2)),
        qj.Controlled(qj.Unitary(unitary_group.rvs(4, random_state=rng), (2, 0)), 1, 0),
    ]
    circuit = qj.Circuit(3, ops)
    converted = to_qiskit(circuit)
    from qiskit.quantum_info import Statevector

    want = dense.run(circuit)
    np.testing.assert_allclose(Statevector(converted.reverse_bits()).data, want, atol=1e-12)
    np.testing.assert_allclose(dense.run(from_qiskit(converted)), want, atol=1e-12)


def test_parameters_keep_their_names_and_factors():
    t, w = qj.Param("t"), qj.Param("w")
    ops = [qj.RX(2 * t + 0.5, 0), qj.CRY(-w, 0, 1), qj.RZZ(t, 0, 1), qj.GlobalPhase(w)]
    ops += [
        qj.Controlled(qj.RX(t, 0), (1, 2)),
        qj.fSim(t, w, 0, 2),
        qj.PauliRotation(t, "XY", (0, 1)),
    ]
    circuit = qj.Circuit(3, ops)
    converted = to_qiskit(circuit)
    values = {"t": 0.3, "w": -0.8}
    bound = converted.assign_parameters(values)
    want = dense.run(circuit.bind(values))
    from qiskit.quantum_info import Statevector

    np.testing.assert_allclose(Statevector(bound.reverse_bits()).data, want, atol=1e-12)
    back = from_qiskit(converted)
    assert set(back.params()) == {"t", "w"}
    np.testing.assert_allclose(dense.run(back.bind(values)), want, atol=1e-12)
    assert from_qiskit(to_qiskit(qj.Circuit(1, [qj.RX(2 * t + 0.5, 0)])))[0].params == (
        2 * t + 0.5,
    )


def test_definitions_of_qiskit_are_taken_apart():
    from qiskit.circuit.library import QFTGate, RC3XGate
    from qiskit.quantum_info import Operator

    qc = qiskit.QuantumCircuit(4, global_phase=0.3)
    qc.append(QFTGate(3), [2, 0, 1])
    qc.append(RC3XGate(), [3, 1, 0, 2])
    qc.mcx([0, 1, 3], 2)
    qc.initialize([0.6, 0.8], 0)
    plain = qc.copy()
    plain.data = [step for step in plain.data if step.operation.name != "initialize"]
    got = from_qiskit(plain)
    np.testing.assert_allclose(
        dense.matrix(got.gates(), 4), Operator(plain.reverse_bits()).data, atol=1e-12
    )
    assert any(isinstance(op, qj.Reset) for op in from_qiskit(qc).ops)


def test_feed_forward_there_and_back():
    from qjax.circuit.dynamic import Condition

    ops = [
        qj.H(0),
        qj.Measure(0, 0),
        qj.If(0, [qj.X(1), qj.Measure(1, 1)], [qj.Z(1)]),
        qj.If(Condition((0, 1), [(0, 1), (1, 0)]), [qj.Reset(0)]),
        qj.Barrier((0, 1)),
        qj.While(1, [qj.H(1), qj.Measure(1, 1)], 7),
    ]
    circuit = qj.Circuit(2, ops, bits=2)
    back = from_qiskit(to_qiskit(circuit), loop_limit=7)
    assert repr(back) == repr(circuit)
    qc = qiskit.QuantumCircuit(2, 2)
    with qc.if_test((qc.cregs[0], 2)):
        qc.x(0)
    with qc.for_loop(range(3)):
        qc.h(1)
    read = from_qiskit(qc)
    assert read.ops[0].condition == Condition.equal((0, 1), 2)
    assert [op.name for op in read.ops[1:]] == ["H"] * 3


def test_a_transpiled_circuit_is_the_circuit_on_permuted_qubits():
    rng = np.random.default_rng(3)
    circuit = random.circuit(rng, 4, 15)
    line = [(0, 1), (1, 2), (2, 3)]
    for basis in ("rz,sx,x,cz", ["rz", "sx", "x", "ecr"], {"u", "cx"}):
        done = transpile(circuit, basis=basis, coupling_map=line, optimization_level=1)
        assert done.circuit.fits(line)
        state = dense.run(done.circuit).reshape((2,) * 4).transpose(done.permutation)
        assert 1 - abs(np.vdot(state.reshape(-1), dense.run(circuit))) <= 1e-10
    free = transpile(circuit, basis="u,cx")
    assert free.permutation == (0, 1, 2, 3)


def test_what_cannot_be_converted_is_refused():
    with pytest.raises(UnsupportedError, match="QuantumCircuit"):
        from_qiskit("circuit")
    a, b = qiskit.circuit.Parameter("a"), qiskit.circuit.Parameter("b")
    qc = qiskit.QuantumCircuit(1)
    qc.rx(a * b, 0)
    with pytest.raises(UnsupportedError, match="affine"):
        from_qiskit(qc)
    qc = qiskit.QuantumCircuit(1)
    qc.delay(10, 0)
    with pytest.raises(UnsupportedError, match="delay"):
        from_qiskit(qc)
    with pytest.raises(UnsupportedError, match="Assign"):
        to_qiskit(qj.Circuit(1, [qj.Assign(0, 1)], bits=1))
