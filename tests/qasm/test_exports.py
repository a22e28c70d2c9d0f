"""The circuits of the experiments and models leave through the writers and come back equal."""

import jax
import numpy as np
import pytest
import qasm_dense as dense

import qjax as qj
from qjax import qasm
from qjax.experiments import execute, find, names, override
from qjax.experiments.frame import Run


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


def from_a_tensor_network():
    """The ground state of a chain, as a circuit; then as one extended and moved a little."""
    from qjax.templates import staircase_su4, tensor_network_initial

    found = tensor_network_initial(qj.xxz(4, 0.7), max_bond=4, layers=2, extra_layers=1, sweeps=3)
    noise = 0.1 * np.random.default_rng(0).normal(size=found.params.shape)
    return staircase_su4(found.params + noise, 4)


COSTLY = "a circuit from a tensor network"  # DMRG and a fit are compiled for it
CIRCUITS = {
    **{
        name: lambda name=name: experiment(name)
        for name in names()
        if find(name).circuit and name not in MIXED
    },
    "one QKAN edge": qkan_edge,
    "a packed QKAN layer": qkan_packed,
    COSTLY: from_a_tensor_network,
}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.verify] * (n == COSTLY)) for n in CIRCUITS]
)
def test_a_circuit_comes_back_from_every_dialect(name):
    comes_back(CIRCUITS[name]())


WITHOUT = {*MIXED}  # what these train has no OpenQASM form


@pytest.mark.verify
@pytest.mark.parametrize("name", [n for n in names() if n not in WITHOUT])
def test_what_an_experiment_trains_comes_back_too(name, tmp_path, monkeypatch):
    """Each is run in its quick form, and the files that it leaves are read."""
    import rich.console

    kept = {}
    monkeypatch.setattr(Run, "circuit", _noting(kept))
    chosen = find(name)
    with open(tmp_path / "console.txt", "w") as file:
        console = rich.console.Console(file=file)
        execute(chosen, override(chosen.settings, chosen.quick), out=tmp_path, console=console)
    (folder,) = tmp_path.glob(f"{name}-*/")
    assert kept
    for stem, circuit in kept.items():
        back = qasm.load(folder / f"{stem}.qasm")
        assert qasm.dumps(back) == qasm.dumps(circuit)
        comes_back(circuit)


def _noting(kept):
    original = Run.circuit

    def circuit(self, name, circuit):
        kept[name] = circuit
        return original(self, name, circuit)

    return circuit


def comes_back(circuit):
    """Through every dialect: the same text again, and the same state, phase included in 3.0."""
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
