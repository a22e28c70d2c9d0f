"""Evolution in real and imaginary time, against exponentials of matrices."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import expm

import qjax as qj
from qjax.tensor import MatrixProductState, tebd
from qjax.tensor.tebd import bond_terms

MODEL = qj.xxz(6, 0.7, h=0.3) + qj.PauliSum.from_terms([("XY", (2, 3), 0.4), ("Y", (5,), 0.2)])


def neel(n):
    psi = np.zeros(2**n)
    psi[int("01" * (n // 2), 2)] = 1
    return psi


def test_bonds_add_up_to_the_hamiltonian():
    """Words on one qubit are shared, at the ends too."""
    terms = bond_terms(MODEL, 6)
    total = sum(
        np.kron(np.kron(np.eye(2**b), h), np.eye(2 ** (4 - b))) for b, h in enumerate(terms)
    )
    np.testing.assert_allclose(total, MODEL.matrix(6), rtol=0, atol=1e-13)


@pytest.mark.parametrize("order", [2, pytest.param(4, marks=pytest.mark.verify)])
def test_real_time_follows_schroedinger(order):
    """At full bond dimension the error falls as the step to the order of the formula; norm and
    energy stay."""
    psi = neel(6)
    exact = expm(-1j * 0.8 * np.asarray(MODEL.matrix(6))) @ psi
    start = MatrixProductState.from_dense(jnp.asarray(psi), 8)
    errors = []
    for steps in (8, 16):
        found = tebd(MODEL, start, 0.8, steps, max_bond=8, order=order, observe=MODEL)
        got = np.asarray(found.state.dense())
        errors.append(np.linalg.norm(got - exact * np.vdot(exact, got)))
        assert found.truncation_error < 1e-12
        assert found.values.shape == (steps,)
    assert errors[1] < errors[0] / 2**order * 1.3
    assert errors[1] < (2e-2, 2e-4)[order == 4]
    np.testing.assert_allclose(found.values[-1], psi @ MODEL.matrix(6) @ psi, atol=0.02)


def test_truncation_is_reported():
    """At bond dimension 4 the reported error is of the order of the state's: errors that point the
    same way add up as amplitudes, which weights do not know."""
    start = MatrixProductState.from_dense(jnp.asarray(neel(6)), 8)
    asked = {"z": qj.Z(2), "zz": qj.Z(0) @ qj.Z(1)}
    whole = tebd(MODEL, start, 0.8, 10, max_bond=8, observe=asked)
    np.testing.assert_allclose(whole.values["z"][-1], whole.state.expval(qj.Z(2)), atol=1e-12)
    cut = tebd(MODEL, start, 0.8, 10, max_bond=4)
    infidelity = 1 - float(cut.state.fidelity(whole.state))
    assert infidelity > 1e-7
    assert 1 / 20 < float(cut.truncation_error) / infidelity < 2


def test_imaginary_time_finds_the_ground_state():
    """In real arithmetic where the Hamiltonian is real; energy against exact diagonalisation."""
    model = qj.heisenberg(6, h=0.2)
    start = MatrixProductState.from_dense(jnp.asarray(neel(6)), 8)
    found = tebd(model, start, 12.0, 240, max_bond=8, imaginary=True)
    assert not jnp.iscomplexobj(found.state.tensors)
    exact = np.linalg.eigvalsh(model.matrix(6))[0]
    np.testing.assert_allclose(found.state.expval(model), exact, rtol=0, atol=2e-4)


def test_what_tebd_refuses():
    """Errors name the argument."""
    state = MatrixProductState.from_dense(jnp.ones(8), 2)
    with pytest.raises(qj.errors.ObservableError, match="neighbours"):
        tebd(qj.Z(0) @ qj.Z(2), state, 1.0, 1)
    with pytest.raises(qj.errors.ObservableError, match="fit"):
        tebd(qj.Z(5), state, 1.0, 1)
    with pytest.raises(qj.errors.ParameterError, match="order"):
        tebd(qj.tfim(3), state, 1.0, 1, order=3)
    with pytest.raises(qj.errors.ParameterError, match="steps"):
        tebd(qj.tfim(3), state, 1.0, 0)
