"""Matrix product states, operators and circuits as objects of TensorNetwork, there and back."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tensornetwork as tn

import qjax as qj
from qjax.errors import DataError, UnsupportedError
from qjax.interop import from_tensornetwork, to_tensornetwork
from qjax.tensor import MatrixProductOperator, MatrixProductState

RNG = np.random.default_rng(0)
MODEL = qj.xxz(4, 0.7) + 0.3 * qj.Y(0) @ qj.X(3)


def dense(mps):
    """The amplitudes of a ``FiniteMPS``, contracted by NumPy."""
    out = np.ones((1, 1))
    for t in mps.tensors:
        out = np.tensordot(out, np.asarray(t), 1).reshape(-1, t.shape[-1])
    return out[:, 0]


def random_state(n):
    v = RNG.normal(size=2**n) + 1j * RNG.normal(size=2**n)
    return v / np.linalg.norm(v)


def test_a_state_goes_over_and_comes_back():
    vector = random_state(4)
    state = MatrixProductState.from_dense(jnp.asarray(vector), 16)
    mps = to_tensornetwork(state)
    assert mps.bond_dimensions == [1, 2, 4, 2, 1]  # without the padding
    np.testing.assert_allclose(dense(mps), vector, atol=1e-14)
    back = from_tensornetwork(mps)
    np.testing.assert_allclose(back.dense(), vector, atol=1e-14)
    one = to_tensornetwork(MatrixProductState.from_tensors([np.array([[[0.6], [0.8]]])]))
    np.testing.assert_allclose(dense(one), [0.6, 0.8])

    other = tn.FiniteMPS.random([2] * 5, [2, 3, 4, 2], np.complex128)
    taken = from_tensornetwork(other)
    np.testing.assert_allclose(taken.dense(), dense(other), atol=1e-14)
    np.testing.assert_allclose(taken.norm(), 1, atol=1e-12)


def test_an_operator_serves_the_other_packages_dmrg():
    operator = MatrixProductOperator.from_pauli_sum(MODEL)
    mpo = to_tensornetwork(operator)
    back = from_tensornetwork(mpo)
    np.testing.assert_allclose(back.matrix(), MODEL.matrix(4), atol=1e-14)
    start = tn.FiniteMPS.random([2] * 4, [2, 4, 2], np.complex128)
    dmrg = tn.FiniteDMRG(start, mpo)
    found = dmrg.run_two_site(max_bond_dim=4, num_sweeps=6, precision=1e-12, verbose=0)
    np.testing.assert_allclose(found, np.linalg.eigvalsh(MODEL.matrix(4))[0], atol=1e-9)
    state = from_tensornetwork(dmrg.mps)
    np.testing.assert_allclose(state.expval(MODEL), found, atol=1e-9)


def test_a_circuit_becomes_a_network_of_its_gates():
    layer = lambda w: [qj.RY(w, 2), qj.CX(2, 0)]  # noqa: E731
    ops = [qj.StatePrep(random_state(2), (2, 0)), qj.GlobalPhase(0.4), qj.H(1), qj.Barrier((0, 1))]
    ops += [qj.Controlled(qj.RX(0.3, 0), (2, 1), (0, 1)), qj.Layers(layer, np.array([0.1, 0.2]))]
    circuit = qj.Circuit(3, ops)
    net = to_tensornetwork(circuit)
    state = tn.contractors.greedy(net.nodes, output_edge_order=net.outputs).tensor
    np.testing.assert_allclose(state.reshape(-1), qj.run(circuit), atol=1e-14)


def test_traced_states_go_to_the_jax_backend():
    def norm(t):
        mps = to_tensornetwork(MatrixProductState(t), backend="jax")
        return jnp.abs(jnp.sum(mps.tensors[0] ** 2))

    t = MatrixProductState.from_dense(jnp.asarray(random_state(2)), 2).tensors
    assert np.all(np.isfinite(jax.jit(jax.grad(lambda x: norm(x * t)))(1.0)))
    with pytest.raises(UnsupportedError, match='backend="jax"'):
        jax.jit(lambda t: to_tensornetwork(MatrixProductState(t)).tensors[0])(t)


def test_what_has_no_counterpart_is_refused():
    with pytest.raises(UnsupportedError, match="without a value"):
        to_tensornetwork(qj.Circuit(1, [qj.RX(qj.Param("t"), 0)]))
    with pytest.raises(UnsupportedError, match="Reset"):
        to_tensornetwork(qj.Circuit(1, [qj.Reset(0)]))
    with pytest.raises(UnsupportedError, match="at most 8"):
        to_tensornetwork(qj.Circuit(9, [qj.Controlled(qj.X(0), range(1, 9))]))
    for convert in (to_tensornetwork, from_tensornetwork):
        with pytest.raises(UnsupportedError, match="no conversion"):
            convert(np.eye(2))
    with pytest.raises(DataError, match="from_tensornetwork"):
        from_tensornetwork(tn.FiniteMPS.random([3, 3], [2], np.float64))
    with pytest.raises(DataError, match="from_tensornetwork"):
        from_tensornetwork(tn.FiniteMPO([np.ones((1, 1, 3, 3))]))
