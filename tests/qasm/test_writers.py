"""What the writers say, and that Qiskit reads the same state from it."""

import json

import jax
import numpy as np
import pytest
import qasm_dense as dense
import qasm_random as random

import qjax as qj
from qjax import qasm
from qjax.circuit.dynamic import Barrier, Condition, If, Measure, Reset, While

qiskit_qasm2 = pytest.importorskip("qiskit.qasm2")


def qiskit_state(text):
    """Qiskit's state, qubit 0 the most significant."""
    from qiskit.quantum_info import Statevector

    return np.asarray(Statevector(qiskit_qasm2.loads(text).reverse_bits()).data)


def test_a_plain_circuit_is_plain_text():
    text = qasm.dumps(qj.Circuit(2, [qj.H(0), qj.CNOT(0, 1), qj.RZ(1e-05, 1)]))
    assert text.splitlines()[1:] == [
        'include "stdgates.inc";',
        "qubit[2] q;",
        "h q[0];",
        "cx q[0], q[1];",
        "rz(1.0e-05) q[1];",
    ]


@pytest.mark.parametrize("seed", range(8))
def test_qiskit_reads_the_same_state_from_openqasm_2(seed):
    rng = np.random.default_rng(seed)
    n = 11 if seed % 8 == 7 else int(rng.integers(1, 6))
    circuit = random.circuit(rng, n, 30)
    got, want = qiskit_state(qasm.dumps(circuit, "qasm2")), dense.run(circuit)
    assert 1 - abs(np.vdot(got, want)) <= 1e-12  # rounding of 30 gates and their definitions


def test_every_gate_alone_in_openqasm_2():
    rng = np.random.default_rng(5)
    for spec in random.NAMED:
        n = max(1, spec.num_qubits)
        angles = [np.asarray(x) for x in rng.normal(size=spec.num_params)]
        gate = qj.Gate(spec.name, angles, range(spec.num_qubits))
        layer = [[qj.RY(0.3 + q, q), qj.RZ(0.4 - q, q)] for q in range(n)]
        circuit = qj.Circuit(n, [layer, gate])
        got, want = qiskit_state(qasm.dumps(circuit, "qasm2")), dense.run(circuit)
        assert 1 - abs(np.vdot(got, want)) <= 1e-12, spec.name


def test_layers_and_repeat_are_written_out_turn_by_turn():
    layers = qj.Layers(lambda w: [qj.RY(w[0], 0), qj.RY(w[1], 1)], np.arange(6.0).reshape(3, 2))
    text = qasm.dumps(qj.Circuit(2, [layers, qj.Repeat([qj.X(0)], 2)]))
    body = text.splitlines()[3:]
    assert body[:3] == ["ry(0.0) q[0];", "ry(1.0) q[1];", "ry(2.0) q[0];"]
    assert body[-2:] == ["x q[0];", "x q[0];"]


def test_a_library_gate_is_called_and_any_other_is_defined_once():
    text = qasm.dumps(qj.Circuit(2, [qj.RZZ(0.1, 0, 1), qj.RZZ(0.2, 0, 1), qj.CX(0, 1)]))
    assert text.count("gate rzz") == 1
    assert "gate cx" not in text
    assert "gate cx" in qasm.dumps(qj.Circuit(2, [qj.CX(0, 1)]), "qasm3-selfcontained")


def test_global_phase_is_kept_in_openqasm_3_and_dropped_in_2():
    circuit = qj.Circuit(1, [qj.GlobalPhase(0.5), qj.X(0)])
    assert "gphase(0.5);" in qasm.dumps(circuit)
    assert "gphase" not in qasm.dumps(circuit, "qasm2")


def test_placeholders_become_inputs_that_do_not_clash():
    t, w = qj.Param("t"), qj.Param("w")
    circuit = qj.Circuit(1, [qj.RX(2 * t + 0.5, 0), qj.RY(-w, 0)])
    text = qasm.dumps(circuit)
    assert "input float[64] t_;" in text
    assert "rx(2.0*t_ + 0.5) q[0];" in text
    assert "ry(-w) q[0];" in text
    assert qasm.sidecar(circuit)["inputs"] == [
        {"name": "t_", "parameter": "t"},
        {"name": "w", "parameter": "w"},
    ]


def test_the_sidecar_says_which_leaf_every_input_is(tmp_path):
    layers = qj.Layers(lambda w: [qj.RY(w, 0)], np.array([0.1, 0.2]))
    circuit = qj.Circuit(1, [qj.RX(0.7, 0), layers, qj.SU2([0.1, 0.2, 0.3], 0)])
    path = tmp_path / "c.qasm"
    qasm.dump(circuit, path, inputs=True)
    entries = json.loads((tmp_path / "c.qasm.json").read_text())["inputs"]
    flat = {jax.tree_util.keystr(k): v for k, v in jax.tree_util.tree_flatten_with_path(circuit)[0]}
    assert [e["value"] for e in entries] == [0.7, 0.1, 0.2]
    for e in entries:
        assert np.asarray(flat[e["path"]])[tuple(e["index"])] == e["value"]
        assert f"input float[64] {e['name']};" in path.read_text()


def test_feed_forward_in_openqasm_3():
    ops = [
        qj.H(0),
        Measure(0, 0),
        If(0, qj.X(1), qj.Z(1)),
        If(Condition.equal((0, 1), 2), Reset(0)),
        Barrier((0, 1)),
        While(1, [qj.H(0), Measure(0, 1)], 5),
    ]
    text = qasm.dumps(qj.Circuit(2, ops, bits=2))
    assert "c[0] = measure q[0];\nif (c[0]) {\n  x q[1];\n} else {\n  z q[1];\n}\n" in text
    assert "if (c == 2) {\n  reset q[0];\n}\nbarrier q[0], q[1];\n" in text


def test_feed_forward_in_openqasm_2_splits_the_register_where_it_must():
    ops = [Measure(0, 2), If(2, qj.X(1), qj.Z(1)), If(Condition.equal((0, 1), 2), qj.H(0))]
    text = qasm.dumps(qj.Circuit(2, ops, bits=3), "qasm2")
    assert "creg c0[2];\ncreg c1[1];\nmeasure q[0] -> c1[0];" in text
    assert "if (c1 == 1) x q[1];\nif (c1 == 0) z q[1];\nif (c0 == 2) h q[0];" in text


@pytest.mark.parametrize(
    ("circuit", "dialect", "words"),
    [
        (qj.Circuit(1, [qj.X(0)]), "qasm4", "dialect"),
        (qj.Circuit(1, [qj.RX(qj.Param("t"), 0)]), "qasm2", "'t' has no value"),
        (qj.Circuit(1, [Measure(0, 0)]), "qasm3", "classical bit 0"),
        (qj.Circuit(1, [While(0, qj.X(0), 3)], bits=1), "qasm2", "While"),
        (jax.tree.map(lambda x: x * np.inf, qj.Circuit(1, [qj.RX(1.0, 0)])), "qasm3", "not finite"),
    ],
)
def test_what_cannot_be_written_is_refused_by_name(circuit, dialect, words):
    with pytest.raises(qasm.QasmError, match=words):
        qasm.dumps(circuit, dialect)


def test_a_traced_circuit_is_refused():
    with pytest.raises(qasm.QasmError, match="traced"):
        jax.jit(lambda t: qasm.dumps(qj.Circuit(1, [qj.RX(t, 0)])))(0.1)
