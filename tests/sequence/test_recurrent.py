"""Quantum recurrent cells against NumPy: outputs and gradients."""

import dense_sequence as dense
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from qjax.errors import ParameterError
from qjax.nn.recurrent import (
    CircuitGates,
    LinearInQLSTMCell,
    QGRUCell,
    QLSTMCell,
    QRNNCell,
    fold,
    folded,
    lstm_update,
    rx_ring_circuit,
    side_by_side,
    two_ring_circuit,
)

F64 = {"dtype": jnp.float64}
CELLS = {
    "qlstm": (lambda key: QLSTMCell(1, 2, depth=1, rngs=nnx.Rngs(key), **F64), dense.qlstm, 2),
    "linear-in": (
        lambda key: LinearInQLSTMCell(1, 2, qubits=3, rngs=nnx.Rngs(key), **F64),
        dense.linear_in_qlstm,
        2,
    ),
    "qgru": (lambda key: QGRUCell(1, 2, depth=1, rngs=nnx.Rngs(key), **F64), dense.qgru, 2),
    "qrnn": (lambda key: QRNNCell(1, 2, depth=1, rngs=nnx.Rngs(key), **F64), dense.qrnn, 2),
}
PUBLISHED = (lambda key: QLSTMCell(rngs=nnx.Rngs(key), **F64), dense.qlstm, 3)


def check(cell, reference, hidden, seed=0, steps=3, slopes=(True, False)):
    graph, state = nnx.split(cell(seed))
    rng = np.random.default_rng(seed)
    state = jax.tree.map(lambda a: a + rng.normal(size=a.shape), state)
    params = {k.removeprefix("gates."): v for k, v in dense.as_params(state).items()}
    x = rng.normal(size=(2, steps, 1))
    pick = rng.normal(size=reference(params, x[0], hidden).shape)

    def loss(state, ahead=True):
        cell = nnx.merge(graph, state)
        out = nnx.RNN(folded(cell) if ahead else cell)(jnp.asarray(x))
        return jnp.sum(jnp.asarray(pick) * out[0]), out

    exact = [reference(params, series, hidden) for series in x]
    if not slopes:
        np.testing.assert_allclose(jax.jit(loss)(state)[1], exact, rtol=0, atol=1e-12)
        return
    wanted = dense.gradient(lambda p: np.sum(pick * reference(p, x[0], hidden)), params)
    for ahead in slopes:
        slope, out = jax.jit(jax.grad(lambda s, a=ahead: loss(s, a), has_aux=True))(state)
        np.testing.assert_allclose(out, exact, rtol=0, atol=1e-12)
        found = {k.removeprefix("gates."): v for k, v in dense.as_params(slope).items()}
        assert set(found) == set(wanted)
        for name in wanted:
            np.testing.assert_allclose(found[name], wanted[name], rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", ["qlstm", "qrnn"])
def test_cells_equal_the_dense_reference(name):
    check(*CELLS[name], slopes=(True,) if name == "qrnn" else ())


@pytest.mark.verify
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", [*CELLS, "published"])
def test_many_cells_equal_the_dense_reference(name, seed):
    check(*(CELLS | {"published": PUBLISHED})[name], seed=seed, steps=4)


@pytest.mark.verify
def test_matrices_and_gates_give_the_same_expectation_values_and_gradients():
    """A circuit that does not say where its encoding ends runs gate by gate."""
    rng = np.random.default_rng(3)
    v, w = jnp.asarray(rng.normal(size=(3, 2))), jnp.asarray(rng.normal(size=(2, 1, 2, 3)))
    pick = jnp.asarray(rng.normal(size=(3, 2, 2)))

    def slopes(circuit):
        def picked(v, w):
            values = side_by_side(circuit, v, w, 2)
            return jnp.sum(pick * values), values

        return jax.jit(jax.grad(picked, (0, 1), has_aux=True))(v, w)

    (*found, values), (*wanted, exact) = slopes(two_ring_circuit), slopes(two_ring_circuit.__call__)
    np.testing.assert_allclose(values, exact, rtol=0, atol=1e-12)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=0, atol=1e-10), found, wanted)


def test_circuits_too_wide_for_a_matrix_keep_their_weights():
    wide = jnp.zeros((2, 1, 7, 3))
    assert fold(two_ring_circuit, 7, wide) == (two_ring_circuit, wide)
    assert jax.eval_shape(lambda w: side_by_side(two_ring_circuit, jnp.zeros(7), w, 1), wide).shape


def test_the_published_cell_has_144_angles_and_four_features():
    cell = QLSTMCell(rngs=nnx.Rngs(0))
    assert sum(leaf.size for leaf in jax.tree.leaves(nnx.state(cell, nnx.Param))) == 144
    carry = cell.initialize_carry((5, 1))
    assert [part.shape for part in carry] == [(5, 4), (5, 3)]
    assert cell.out_features == 4


def test_an_lstm_forgets_admits_and_emits():
    cell = jnp.asarray([2.0])
    closed, wide = -50.0, 50.0
    kept, _ = lstm_update(jnp.asarray([wide, closed, wide, wide]), cell)
    replaced, emitted = lstm_update(jnp.asarray([closed, wide, wide, wide]), cell)
    _, silent = lstm_update(jnp.asarray([wide, wide, wide, closed]), cell)
    assert abs(float(kept[0]) - 2) < 1e-12
    assert abs(float(replaced[0]) - 1) < 1e-12
    assert abs(float(emitted[0]) - np.tanh(1)) < 1e-12
    assert abs(float(silent[0])) < 1e-12


def test_inputs_that_do_not_fit_are_refused():
    with pytest.raises(ParameterError, match="one input per qubit"):
        two_ring_circuit(jnp.zeros(3), jnp.zeros((1, 4, 3)))
    with pytest.raises(ParameterError, match="one input per qubit"):
        rx_ring_circuit(jnp.zeros(3), jnp.zeros((1, 4)))
    with pytest.raises(ParameterError, match="one input per qubit"):
        side_by_side(rx_ring_circuit, jnp.zeros((2, 3)), jnp.zeros((2, 1, 4)), 1)
    with pytest.raises(ParameterError, match="qubits"):
        CircuitGates(1, 1, 0, rngs=nnx.Rngs(0))
