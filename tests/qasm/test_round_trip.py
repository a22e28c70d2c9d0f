"""What is written is read back as it was."""

import numpy as np
import pytest
import qasm_dense as dense
import qasm_random as random

import qjax as qj
from qjax import qasm
from qjax.circuit.dynamic import Assign, Barrier, Condition, If, Measure, Reset


def check(seed):
    rng = np.random.default_rng(seed)
    circuit = random.circuit(rng, int(rng.integers(1, 6)), 25)
    want = dense.run(circuit)
    for dialect in qasm.DIALECTS:
        back = qasm.loads(qasm.dumps(circuit, dialect))
        got = dense.run(back)
        if dialect == "qasm2":  # a global phase is dropped, controlled gates are taken apart
            assert 1 - abs(np.vdot(got, want)) <= 1e-12
        else:
            assert random.signature(back) == random.signature(circuit)
            assert np.max(np.abs(got - want)) <= 1e-12


@pytest.mark.parametrize("seed", range(6))
def test_structure_and_angles_come_back_bit_for_bit(seed):
    check(seed)


@pytest.mark.verify
@pytest.mark.parametrize("block", range(10))
def test_structure_and_angles_of_1000_circuits_come_back_bit_for_bit(block):
    for seed in range(1000 + 100 * block, 1100 + 100 * block):
        check(seed)


def doubles(count):
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2**64, 2 * count, dtype=np.uint64).view(np.float64)
    multiples = np.pi * rng.integers(-64, 64, count // 5) / 16
    values = np.concatenate([rng.normal(size=count // 3), multiples, bits])
    values = values[np.isfinite(values)][:count]
    circuit = qj.Circuit(1, [qj.RX(v, 0) for v in values])
    for dialect in qasm.DIALECTS:
        back = qasm.loads(qasm.dumps(circuit, dialect))
        got = np.array([g.params[0] for g in back.gates()])
        np.testing.assert_array_equal(got.view(np.uint64), values.view(np.uint64))


def test_doubles_come_back_bit_for_bit():
    doubles(300)


@pytest.mark.verify
def test_10000_doubles_come_back_bit_for_bit():
    doubles(10_000)


def test_named_openqasm_2_gates_keep_their_names():
    ops = [qj.U3(0.1, 0.2, 0.3, 0), qj.P(0.1, 0), qj.CU(0.1, 0.2, 0.3, 0.4, 0, 1), qj.SX(1)]
    ops += [qj.RZZ(0.1, 0, 1), qj.ECR(0, 1), qj.fSim(0.1, 0.2, 1, 0), qj.CSX(0, 1), qj.SXdg(0)]
    circuit = qj.Circuit(2, ops)
    back = qasm.loads(qasm.dumps(circuit, "qasm2"))
    assert random.signature(back) == random.signature(circuit)


def test_placeholders_come_back_with_their_names_and_factors():
    t, w = qj.Param("theta"), qj.Param("w")
    circuit = qj.Circuit(2, [qj.RX(2 * t + 0.5, 0), qj.RY(-w, 0), qj.CP(t - 0.25, 0, 1)])
    for dialect in ("qasm3", "qasm3-selfcontained"):
        back = qasm.loads(qasm.dumps(circuit, dialect))
        assert back.params() == ("theta", "w")
        assert [g.params for g in back.gates()] == [g.params for g in circuit.gates()]
        bound = qasm.loads(qasm.dumps(circuit, dialect), inputs={"theta": 0.3, "w": 0.7})
        want = circuit.bind(theta=0.3, w=0.7)
        assert random.signature(bound) == random.signature(want)


def test_a_file_of_inputs_bound_by_its_sidecar_is_the_circuit_again():
    layers = qj.Layers(lambda w: [qj.RY(w, 0), qj.CX(0, 1)], np.array([0.1, 0.2]))
    circuit = qj.Circuit(2, [qj.RX(0.7, 0), layers])
    entries = qasm.sidecar(circuit, inputs=True)["inputs"]
    read = qasm.loads(qasm.dumps(circuit, inputs=True))
    bound = read.bind({e["name"]: e["value"] for e in entries})
    assert random.signature(bound) == random.signature(circuit)


def test_feed_forward_comes_back():
    ops = [
        qj.H(0),
        Measure(0, 0),
        Measure(1, 1),
        If(0, [qj.X(1), qj.RX(0.5, 0)], [qj.Z(1)]),
        If(Condition.equal((0, 1), 2), [Reset(0)]),
        Barrier((0, 1)),
        Assign(1, 1),
    ]
    circuit = qj.Circuit(2, ops, bits=2)
    back = qasm.loads(qasm.dumps(circuit))
    assert repr(back) == repr(circuit)


def test_any_condition_means_the_same_when_it_comes_back():
    accepted = [(0, 1, 1), (1, 0, 0), (1, 1, 0)]
    circuit = qj.Circuit(1, [If(Condition((2, 0, 1), accepted), qj.X(0))], bits=4)
    for dialect in qasm.DIALECTS:
        back = qasm.loads(qasm.dumps(circuit, dialect))
        for k in range(16):
            bits = [k >> j & 1 for j in range(4)]
            assert _runs(back, bits) == Condition((2, 0, 1), accepted).holds(bits)


def _runs(circuit, bits):
    """Whether an odd number of X runs."""

    def count(ops):
        total = 0
        for op in ops:
            if isinstance(op, If):
                total += count(op.ops if op.condition.holds(bits) else op.else_ops)
            else:
                total += 1
        return total

    return count(circuit.ops) % 2 == 1
