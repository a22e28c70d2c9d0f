"""Exact contraction of light cones, against the statevector and closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qjax as qj
from qjax.measure.program import structure_of
from qjax.simulators.contraction.network import items_of, light_cone

TN = qj.TensorNetwork()


def mixed(w):
    """Named, controlled, long and parametrised gates, a block, a global phase."""
    layer = lambda v: [[qj.RY(v[q], q) for q in range(5)], [qj.CZ(q, q + 1) for q in range(4)]]  # noqa: E731
    return qj.Circuit(
        5,
        [
            qj.H(0),
            qj.Layers(layer, w[:10].reshape(2, 5)),
            qj.CCX(0, 2, 4),
            qj.PauliRotation(w[10], "XYZ", (4, 0, 2)),
            qj.GlobalPhase(0.3),
            qj.SU4(w[11:26], 3, 1),
            qj.Controlled(qj.RX(w[26], 3), 1),
        ],
    )


ANGLES = np.random.default_rng(0).normal(size=27)


@pytest.mark.verify
def test_every_question_is_answered_as_by_the_statevector():
    """States, amplitudes, probabilities, reduced matrices, expectation values of all kinds."""
    circuit = mixed(ANGLES)
    close = {"rtol": 0, "atol": 1e-12}
    np.testing.assert_allclose(qj.run(circuit, sim=TN), qj.run(circuit), **close)
    strings = ["00000", "10110", "11111"]
    np.testing.assert_allclose(
        qj.amplitudes(circuit, strings, sim=TN), qj.amplitudes(circuit, strings), **close
    )
    np.testing.assert_allclose(qj.probs(circuit, sim=TN), qj.probs(circuit), **close)
    np.testing.assert_allclose(
        qj.probs(circuit, (4, 1), sim=TN), qj.probs(circuit, (4, 1)), **close
    )
    h = np.random.default_rng(1).normal(size=(4, 4))
    asked = {
        "sum": qj.heisenberg(5)
        + 0.7 * qj.PauliSum.from_terms([("XYZY", (0, 1, 3, 4), 1.0), ("", (), 0.4)]),
        "hermitian": qj.Hermitian(h + h.T, (3, 0)),
        "projector": qj.Projector("10", (1, 4)),
    }
    ours, truth = (qj.expval(circuit, asked, sim=s) for s in (TN, qj.Statevector()))
    for name in asked:
        np.testing.assert_allclose(ours[name], truth[name], rtol=0, atol=1e-11)
    drawn = np.asarray(qj.sample(circuit, jax.random.key(0), 4000, sim=TN))
    np.testing.assert_allclose(
        drawn.mean(axis=0)[0], qj.probs(circuit, 0)[1], rtol=0, atol=4 / np.sqrt(4000)
    )


@pytest.mark.verify
def test_derivatives_are_those_of_the_statevector():
    """Reverse mode, and batched."""
    word = qj.X(0) @ qj.Z(3) + qj.Y(2)
    asked = lambda sim: lambda w: qj.expval(mixed(w), word, sim=sim)  # noqa: E731
    ours = jax.jit(jax.grad(asked(TN)))(ANGLES)
    np.testing.assert_allclose(ours, jax.grad(asked(qj.Statevector()))(ANGLES), rtol=0, atol=1e-11)
    many = jnp.stack([ANGLES, -ANGLES])
    both = jax.vmap(asked(TN))(many)
    np.testing.assert_allclose(both[1], asked(qj.Statevector())(-ANGLES), rtol=0, atol=1e-11)


def test_two_hundred_qubits_cost_what_their_light_cone_costs():
    """A bond of a brickwork of 200 qubits sees few of them; products of single rotations and
    parities of GHZ states have closed forms."""
    n = 200
    angles = 0.3 + 0.01 * np.arange(n)

    def brickwork(x):
        bonds = [qj.CZ(q, q + 1) for start in (0, 1) for q in range(start, n - 1, 2)]
        return qj.Circuit(n, [[qj.RX(x[q], q) for q in range(n)], bonds])

    structure, _ = structure_of(brickwork(angles))
    _, items = items_of(structure.treedef, structure.complex_leaves)
    _, touched = light_cone(items, (100,))
    assert touched == {98, 99, 100, 101}
    # CZs turn X into X and Zs beside it; RX leaves X alone and turns Z.
    asked = jax.value_and_grad(lambda x: qj.expval(brickwork(x), qj.Y(100), sim=TN))
    value, slope = asked(jnp.asarray(angles))
    expected = -np.sin(1.3) * np.cos(1.29) * np.cos(1.31)
    np.testing.assert_allclose(value, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(slope[100], expected / np.tan(1.3), rtol=0, atol=1e-12)
    np.testing.assert_allclose(slope[99], -expected * np.tan(1.29), rtol=0, atol=1e-12)
    assert np.count_nonzero(np.abs(slope) > 1e-12) == 3
    assert TN.route(structure, (100,)).largest <= 256
    ghz = qj.Circuit(30, [qj.H(0), *[qj.CX(q, q + 1) for q in range(29)]])
    everywhere = qj.PauliSum.from_terms([("X" * 30, tuple(range(30)), 1.0)])
    np.testing.assert_allclose(qj.expval(ghz, everywhere, sim=TN), 1, rtol=0, atol=1e-12)
    some = qj.amplitudes(ghz, ["0" * 30, "1" * 30, "01" * 15], sim=TN)
    np.testing.assert_allclose(some, [np.sqrt(0.5), np.sqrt(0.5), 0], rtol=0, atol=1e-12)


def test_what_a_network_refuses():
    """Errors name the argument and another way."""
    with pytest.raises(qj.errors.ParameterError, match="optimize"):
        qj.TensorNetwork("fastest")
    with pytest.raises(qj.errors.ParameterError, match="dtype"):
        qj.TensorNetwork(dtype="float64")
    measured = qj.Circuit(2, [qj.Measure(0, 0)], bits=1)
    with pytest.raises(qj.errors.UnsupportedError, match="no gate"):
        qj.expval(measured, qj.Z(0), sim=TN)
    with pytest.raises(qj.errors.CapacityError, match="40 qubits"):
        qj.run(qj.Circuit(40, [qj.H(0)]), sim=TN)
    with pytest.raises(qj.errors.UnsupportedError, match="EstimateQuery"):
        qj.estimate(qj.Circuit(1, [qj.H(0)]), qj.Z(0), jax.random.key(0), 10, sim=TN)
    deep = [[qj.H(q) for q in range(60)]]
    deep += [qj.CP(0.1 + a + b, a, b) for a in range(60) for b in range(a)]
    deep += [qj.H(q) for q in range(60)]
    with pytest.raises(qj.errors.CapacityError, match="contraction"):
        qj.amplitudes(qj.Circuit(60, deep), ["0" * 60], sim=qj.TensorNetwork("greedy"))
