"""The circuits of the experiments and models leave through the writers and come back equal."""

import jax
import numpy as np
import pytest
import qasm_dense as dense

import qjax as qj
from qjax import qasm
from qjax.experiments import find, names


def qkan_edge():
    from qjax.nn.qkan import init_qkan
    from qjax.nn.qkan.circuits import edge_circuit

    return edge_circuit(init_qkan(jax.random.key(0), 2, 3, reps=2), 2, 1, 0.3)


def qkan_packed():
    from qjax.nn.qkan import init_qkan
    from qjax.nn.qkan.circuits import packed_layer

    params = init_qkan(jax.random.key(1), 2, 3, reps=2)
    return packed_layer(params, jax.numpy.array([0.2, -0.4]), qubits=4)[0]


def experiment(name):
    chosen = find(name)
    return chosen.circuit(chosen.settings)


MIXED = ("qgdm",)  # starts from a mixed state, which OpenQASM cannot say

CIRCUITS = {
    **{
        name: lambda name=name: experiment(name)
        for name in names()
        if find(name).circuit and name not in MIXED
    },
    "one QKAN edge": qkan_edge,
    "a packed QKAN layer": qkan_packed,
}


@pytest.mark.parametrize("name", CIRCUITS)
def test_a_circuit_comes_back_from_every_dialect(name):
    circuit = CIRCUITS[name]()
    want = np.asarray(qj.run(circuit)) if circuit.n <= 12 else None
    for dialect in qasm.DIALECTS:
        text = qasm.dumps(circuit, dialect)
        back = qasm.loads(text)
        assert qasm.dumps(back, dialect) == text
        if want is None:
            continue
        got = dense.run(back)
        if dialect == "qasm2":  # which has no global phase
            assert abs(abs(np.vdot(got, want)) - 1) <= 1e-10
        else:
            np.testing.assert_allclose(got, want, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", MIXED)
def test_a_circuit_that_starts_from_a_mixed_state_is_refused_by_name(name):
    with pytest.raises(qasm.QasmError, match="Prepare"):
        qasm.dumps(experiment(name))
