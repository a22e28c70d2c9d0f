"""The circuits of the experiments and models leave through the writers and come back equal."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import qasm_dense as dense
from flax import nnx
from qasm_outcomes import outcomes

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
    return packed_layer(params, jnp.array([0.2, -0.4]), qubits=4)[0]


def experiment(name):
    chosen = find(name)
    return chosen.circuit(chosen.settings)


UNTRAINED = ("qhe-digits", "h2-curve", "zne-nn", "tn-vqe")
AGENTS = ("qfwp-series", "qlstm-series", "qfwp-minigrid", "cartpole-agents", "frozenlake-decoding")
NETWORKS = ("born-machine", "tn-generative", "tn-plateau")
MIXED = ("qgdm",)  # starts from a mixed state, which OpenQASM cannot say


def from_a_tensor_network():
    """The ground state of a chain, as a circuit; then as one extended and moved a little."""
    from qjax.templates import staircase_su4, tensor_network_initial

    found = tensor_network_initial(qj.xxz(4, 0.7), max_bond=4, layers=2, extra_layers=1, sweeps=3)
    noise = 0.1 * np.random.default_rng(0).normal(size=found.params.shape)
    return staircase_su4(found.params + noise, 4)


CIRCUITS = {
    **{name: lambda name=name: experiment(name) for name in (*UNTRAINED, *AGENTS, *NETWORKS)},
    "one QKAN edge": qkan_edge,
    "a packed QKAN layer": qkan_packed,
    "a circuit from a tensor network": from_a_tensor_network,
}


QUICK = {*UNTRAINED, "one QKAN edge", "a packed QKAN layer"}  # others compile more


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.verify] * (n not in QUICK)) for n in CIRCUITS]
)
def test_a_circuit_comes_back_from_every_dialect(name):
    comes_back(CIRCUITS[name]())


@pytest.mark.verify
def test_every_experiment_with_a_circuit_is_among_them():
    assert {n for n in names() if find(n).circuit} == {*(*UNTRAINED, *AGENTS, *NETWORKS, *MIXED)}


TRAINED = (
    *("qhe-digits", "h2-curve", "tn-vqe", "qfwp-series", "qlstm-series"),
    *("qkan-regression", "qkan-digits", "qkan-extension", "qkan-lstm", "hqkan-gpt"),
)


@pytest.mark.verify
@pytest.mark.parametrize("name", TRAINED)
def test_what_an_experiment_trains_comes_back_too(name, tmp_path, monkeypatch):
    """Each is run in its quick form, and the files that it leaves are read."""
    import rich.console

    kept = {}
    monkeypatch.setattr(Run, "circuit", _noting(kept))
    chosen = find(name)
    # Optax is not written for strict promotion.
    with open(tmp_path / "console.txt", "w") as file, jax.numpy_dtype_promotion("standard"):
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


def test_the_step_of_a_gate_reservoir_comes_back():
    """With its reset; the outcomes of measuring every qubit after it are those of the step."""

    def step(w, u):
        return qj.Circuit(2, [qj.Reset(0), qj.RY(jnp.pi * u, 0), qj.CRX(w, 0, 1), qj.RX(w, 1)])

    reservoir = qj.reservoir.GateReservoir.of(step, 0.3)
    (circuit,) = reservoir.circuits(jnp.asarray(0.7), (), None)
    read_out = [qj.Measure(q, q) for q in range(2)]
    whole = qj.Circuit(2, [qj.H(0), qj.RY(0.4, 1), *circuit.ops, *read_out], bits=2)
    want = outcomes(whole)
    for dialect in qasm.DIALECTS:
        text = qasm.dumps(whole, dialect)
        back = qasm.loads(text)
        assert qasm.dumps(back, dialect) == text
        np.testing.assert_allclose(outcomes(back), want, atol=1e-12)
    feedback = qj.reservoir.FeedbackReservoir.random(jax.random.key(0), 3)
    comes_back(feedback.circuits(jnp.asarray(0.7), (), jnp.array([0.1, -0.3, 0.2]))[0])


@pytest.mark.verify
def test_the_fast_circuit_of_a_trained_programmer_comes_back():
    from qjax.nn.fast_weights import FastCircuit, FastWeightProgrammer

    fast = FastCircuit((2, 3), 2)
    model = FastWeightProgrammer(fast=fast, dtype=jnp.float64, rngs=nnx.Rngs(0))
    series = jnp.sin(0.7 * jnp.arange(24.0))
    x = jnp.stack([series[k : k + 8] for k in range(15)])[..., None]
    graph, state = nnx.split(model)

    def loss(state):
        return jnp.mean((nnx.merge(graph, state)(x)[:, 0] - series[8:23]) ** 2)

    optimiser = optax.adam(0.05)

    def update(carry, _):
        value, slope = jax.value_and_grad(loss)(carry[0])
        change, memory = optimiser.update(slope, carry[1])
        return (optax.apply_updates(carry[0], change), memory), value

    with jax.numpy_dtype_promotion("standard"):  # optax is not written for the strict one
        (state, _), losses = jax.lax.scan(update, (state, optimiser.init(state)), length=40)
    assert losses[-1] < 0.7 * losses[0]
    model, weights = nnx.merge(graph, state), jnp.zeros((2, 3))
    for value in x[0]:
        weights, _ = model.step(weights, value)
    circuit = fast.circuit(x[0, -1], weights)
    comes_back(circuit)
    p = np.abs(dense.run(qasm.loads(qasm.dumps(circuit)))).reshape(2, 2, 2) ** 2
    signs = [p.sum((1, 2)) @ [1, -1], p.sum((0, 2)) @ [1, -1]]
    np.testing.assert_allclose(signs, fast(x[0, -1], weights), atol=1e-10)


@pytest.mark.parametrize("name", MIXED)
def test_a_circuit_that_starts_from_a_mixed_state_is_refused_by_name(name):
    with pytest.raises(qasm.QasmError, match="Prepare"):
        qasm.dumps(experiment(name))
