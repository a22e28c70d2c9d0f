"""Noise models: what is inserted where, devices from JSON, differentiable strengths."""

import json

import jax
import jax.numpy as jnp
import noise_reference as nref
import numpy as np
import pytest

import qjax as qj
from qjax import errors as e
from qjax import noise

MIXED = qj.DensityMatrix()


def names(circuit):
    return [(getattr(op, "name", type(op).__name__), op.qubits) for op in circuit.ops]


def test_noise_by_gate_and_by_qubit():
    """Rules choose by name, by qubits in order and by number of qubits, and add up."""
    model = noise.NoiseModel(
        [
            noise.Rule(lambda q: qj.BitFlip(0.1, q), arity=1),
            noise.Rule(lambda a, b: qj.Depolarizing(0.2, (a, b)), gates="CX"),
            noise.Rule(
                lambda a, b: [qj.PhaseFlip(0.1, a), qj.PhaseFlip(0.1, b)],
                gates=("CX", "CZ"),
                qubits=(1, 0),
            ),
        ]
    )
    circuit = qj.Circuit(2, [qj.H(0), qj.CX(0, 1), qj.CX(1, 0), qj.CZ(0, 1)])
    assert names(noise.insert(circuit, model)) == [
        ("H", (0,)),
        ("BitFlip", (0,)),
        ("CX", (0, 1)),
        ("Depolarizing2", (0, 1)),
        ("CX", (1, 0)),
        ("Depolarizing2", (1, 0)),
        ("PhaseFlip", (1,)),
        ("PhaseFlip", (0,)),
        ("CZ", (0, 1)),
    ]


def test_noise_by_duration():
    """Qubits relax during their gates and while they wait for others, and meet at the end."""
    model = noise.NoiseModel(durations={"X": 1.0, "CX": 3.0}, t1=[10.0, 20.0], t2=[10.0, 15.0])
    circuit = noise.insert(qj.Circuit(2, [qj.X(0), qj.X(0), qj.RZ(0.1, 1), qj.CX(0, 1)]), model)
    waits = [
        (op.qubits[0], float(op.params[2])) for op in circuit.ops if isinstance(op, qj.Channel)
    ]
    assert waits == [(0, 1.0), (0, 1.0), (1, 2.0), (0, 3.0), (1, 3.0)]
    late = noise.insert(qj.Circuit(2, [qj.X(0)]), model)
    assert [op.qubits for op in late.ops] == [(0,), (0,), (1,)]


def test_noise_in_blocks_and_branches():
    """Blocks stay blocks; the noisy circuit equals the one whose noise was written by hand."""
    rates = jnp.linspace(0.1, 1.0, 4)

    def model(p):
        return noise.NoiseModel(
            [noise.OverRotation(0.1), noise.Rule(lambda *q: qj.Depolarizing(p, q))],
            durations={"RY": 1.0},
            t1=50.0,
            t2=60.0,
            readout=[[0.1, 0.2], [0.0, 0.3]],
            measure_duration=2.0,
        )

    circuit = qj.Circuit(
        2,
        [
            qj.Layers(lambda x: [qj.RY(x, 0), qj.CX(0, 1)], rates),
            qj.Repeat([qj.RY(0.2, 1)], 3),
            qj.Measure(0, 0),
            qj.If(0, qj.RY(0.4, 1), qj.H(1)),
        ],
        bits=1,
    )
    noisy = noise.insert(circuit, model(0.03), measured=True)
    assert [type(op).__name__ for op in noisy.ops[:2]] == ["Layers", "Repeat"]
    rho = nref.density_matrix(noisy)
    np.testing.assert_allclose(qj.run(noisy, sim=MIXED), rho, rtol=0, atol=1e-12)

    def relax(t, qubits=(0, 1)):
        return [qj.ThermalRelaxation(50.0, 60.0, t, q) for q in qubits]

    def turn(angle, q):
        return [qj.RY(1.1 * angle, q), qj.Depolarizing(0.03, q)]

    def step(x):
        return [
            turn(x, 0),
            relax(1.0, [0]),
            relax(1.0, [1]),
            qj.CX(0, 1),
            qj.Depolarizing(0.03, (0, 1)),
        ]

    by_hand = [step(float(x)) for x in rates]
    by_hand += 3 * [turn(0.2, 1), relax(1.0)]
    by_hand += [relax(2.0, [0]), qj.ReadoutError(0.1, 0.2, 0), qj.Measure(0, 0), relax(2.0, [1])]
    then, other = [turn(0.4, 1), relax(1.0)], [qj.H(1), qj.Depolarizing(0.03, 1)]
    by_hand += [qj.If(0, then, other), qj.ReadoutError(0.1, 0.2, 0), qj.ReadoutError(0.0, 0.3, 1)]
    expected = nref.density_matrix(qj.Circuit(2, by_hand, bits=1))
    np.testing.assert_allclose(rho, expected, rtol=0, atol=1e-12)


@pytest.mark.verify
def test_noise_in_nested_blocks():
    """Repeats, branches and layers inside of layers take the noise that their unrolled forms do."""

    def inner(x):
        return [qj.RZ(x, 0), qj.RX(0.3, 1)]

    def layer(w):
        return [
            qj.Repeat([qj.RY(w[0], 0), qj.CX(0, 1)], 2),
            qj.Layers(inner, jnp.stack([w[0], w[1], 0.4])),
            qj.If(0, [qj.RY(w[1], 1)], [qj.RX(w[0], 0), qj.RX(0.2, 0)]),
        ]

    params = jnp.array([[0.3, 0.5], [0.8, 1.3], [2.1, 0.1]])
    start = [qj.RY(0.7, 0), qj.Measure(0, 0), qj.RX(0.9, 0)]
    blocks = qj.Circuit(2, [*start, qj.Layers(layer, params)], bits=1)
    # The same without the outer layers, whose insertion has a test of its own.
    plain = qj.Circuit(2, [*start, *(op for w in params for op in layer(w))], bits=1)
    model = noise.NoiseModel(
        [noise.OverRotation(0.1), noise.Rule(lambda *q: qj.Depolarizing(0.05, q))],
        durations={"RY": 1.0},
        t1=50.0,
        t2=60.0,
    )
    noisy = noise.insert(blocks, model)
    assert isinstance(noisy.ops[-1], qj.Layers)
    np.testing.assert_allclose(
        qj.run(noisy, sim=MIXED), nref.density_matrix(noise.insert(plain, model)), atol=1e-12
    )


@pytest.mark.verify
def test_strengths_of_a_model_can_be_differentiated():
    """With respect to an error rate, a relaxation time and a systematic rotation, under jit."""

    def value(x):
        model = noise.NoiseModel(
            [noise.OverRotation(x[0]), noise.Rule(lambda *q: qj.Depolarizing(x[1], q), arity=1)],
            durations=lambda gate: 0.3,
            t1=x[2],
            t2=0.7 * x[2],
            readout=(x[1], 0.1),
        )
        circuit = qj.Circuit(2, [qj.RX(0.8, 0), qj.CX(0, 1), qj.RY(0.3, 1)])
        return qj.expval(noise.insert(circuit, model, measured=True), qj.Z(0) @ qj.Z(1), sim=MIXED)

    x = jnp.array([0.05, 0.02, 4.0])
    slope = jax.jit(jax.grad(value))(x)
    steps = 1e-5 * jnp.eye(3)
    compiled = jax.jit(value)
    expected = jnp.stack([(compiled(x + s) - compiled(x - s)) / 2e-5 for s in steps])
    np.testing.assert_allclose(slope, expected, rtol=0, atol=1e-8)


def test_a_device_has_the_infidelities_that_its_file_says():
    """Relaxation and depolarising noise together give each gate its average infidelity."""
    device = noise.load_device("manila")
    model = device.model()
    assert noise.devices() == ("manila",)
    for gate in (qj.SX(0), qj.X(3), qj.CX(0, 1), qj.CX(3, 2)):
        known = device.entry(gate)
        ops = [op for op in noise.insert(qj.Circuit(5, [gate]), model).ops if op.qubits]
        d, k = 2 ** len(gate.qubits), len(gate.qubits)
        total = np.eye(4**k)
        for op in ops:
            if isinstance(op, qj.Channel) and set(op.qubits) <= set(gate.qubits):
                m = np.asarray(op.transfer_matrix())
                if len(op.qubits) < k:
                    first = op.qubits[0] == gate.qubits[0]
                    m = np.kron(m, np.eye(4)) if first else np.kron(np.eye(4), m)
                total = m @ total
        fidelity = (np.trace(total) / d + 1) / (d + 1)
        if device.strength(known, gate.qubits) > 0:
            assert abs(1 - fidelity - known["error"]) < 1e-12
        else:  # relaxation alone is worse than the file says
            assert known["error"] <= 1 - fidelity < 1.2 * known["error"]


def test_reading_device_files(tmp_path):
    """What is missing or impossible in a file is named."""
    good = json.loads((noise.device.DATA / "manila.json").read_text())
    path = tmp_path / "device.json"

    def load(**changes):
        path.write_text(json.dumps({**good, **changes}))
        return noise.load_device(path)

    assert load().qubits[1]["t2"] == good["qubits"][1]["t2"]
    qubit = good["qubits"][0]
    cases = [
        ({"qubits": [{k: v for k, v in qubit.items() if k != "t2"}]}, "qubit 0 has no 't2'"),
        ({"qubits": [{**qubit, "t1": -1}]}, "t1 of qubit 0 is impossible"),
        ({"qubits": [{**qubit, "t2": 900.0}]}, "t2 is longer than relaxation allows"),
        ({"gates": [{"names": ["X"], "error": 2}]}, "error of gate 0 is impossible"),
        ({"gates": [{"names": ["X"], "error": 0, "qubits": [9]}]}, "on a qubit that the device"),
    ]
    for changes, said in cases:
        with pytest.raises(e.QjaxError, match=said):
            load(**changes)
    path.write_text("{")
    with pytest.raises(e.DataError, match="not JSON"):
        noise.load_device(path)
    with pytest.raises(e.DataError, match="manila"):
        noise.load_device("nowhere")


def test_misuse_of_models():
    """Every mistake is named."""
    circuit = qj.Circuit(3, [qj.H(2)])
    with pytest.raises(e.ParameterError, match="no gate named 'FOO'"):
        noise.Rule(lambda q: qj.BitFlip(0.1, q), gates="FOO")
    with pytest.raises(e.ParameterError, match="t1 and t2 belong together"):
        noise.NoiseModel(t1=1.0)
    model = noise.NoiseModel(t1=[1.0, 1.0], t2=[1.0, 1.0], durations={"H": 1.0})
    with pytest.raises(e.ParameterError, match="t1 says nothing of qubit 2"):
        noise.insert(circuit, model)
