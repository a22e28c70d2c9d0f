"""Tensor-network methods: operators, ground states, circuits from states."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qjax as qj
from qjax.templates import staircase_su4, tensor_network_initial
from qjax.tensor import MatrixProductOperator, MatrixProductState, dmrg, to_circuit
from qjax.tensor.decompose import su4_params


def random_state(n, seed):
    z = np.random.default_rng(seed).normal(size=(2, 2**n))
    psi = z[0] + 1j * z[1]
    return psi / np.linalg.norm(psi)


def test_states_to_and_from_amplitudes():
    """Exact at full bond; truncation to one Schmidt value leaves the best product state's share;
    overlaps, entropies and samples are those of the dense state."""
    psi, phi = random_state(6, 0), random_state(6, 1)
    a, b = (MatrixProductState.from_dense(x, 8) for x in (psi, phi))
    np.testing.assert_allclose(a.dense(), psi, rtol=0, atol=1e-12)
    np.testing.assert_allclose(a.overlap(b), np.vdot(psi, phi), rtol=0, atol=1e-12)
    s = np.linalg.svd(psi.reshape(8, 8), compute_uv=False) ** 2
    np.testing.assert_allclose(a.entropies()[2], -np.sum(s * np.log(s)), rtol=0, atol=1e-12)
    np.testing.assert_allclose(a.truncated(8).fidelity(a), 1, rtol=0, atol=1e-12)
    two = MatrixProductState.from_dense(psi.reshape(8, 8)[:, :2].reshape(-1), 4)
    assert two.n == 4
    word = qj.X(0) @ qj.Y(3) - 0.5 * qj.Z(5)
    expected = np.real(psi.conj() @ word.matrix(6) @ psi)
    np.testing.assert_allclose(a.expval(word), expected, rtol=0, atol=1e-12)


def test_cutting_bonds_keeps_the_largest_schmidt_values():
    """A state of one central bond loses exactly the discarded squares."""
    rng = np.random.default_rng(3)
    weights = np.array([0.8, 0.5, 0.3, 0.1])
    left, right = (np.linalg.qr(rng.normal(size=(4, 4)))[0] for _ in range(2))
    psi = (left * weights) @ right
    state = MatrixProductState.from_dense(psi.reshape(-1), 4)
    kept = np.sum(weights[:2] ** 2) / np.sum(weights**2)
    np.testing.assert_allclose(state.truncated(2).fidelity(state), kept, rtol=0, atol=1e-12)
    np.testing.assert_allclose(
        MatrixProductState.from_dense(psi.reshape(-1), 2).fidelity(state), kept, atol=1e-12
    )


@pytest.mark.parametrize(
    "observable",
    [
        qj.heisenberg(5, h=0.3, periodic=True),
        qj.PauliSum.from_terms([("XYZ", (0, 3, 4), 0.3), ("Y", (2,), 1.0), ("", (), 0.7)]),
    ],
)
def test_operators_equal_their_matrices(observable):
    """As a matrix, and applied to a state."""
    operator = MatrixProductOperator.from_pauli_sum(observable, 5)
    matrix = observable.matrix(5)
    np.testing.assert_allclose(operator.matrix(), matrix, rtol=0, atol=1e-12)
    psi = random_state(5, 2)
    image = operator.apply(MatrixProductState.from_dense(psi, 4))
    got = np.asarray(image.dense()) * float(image.norm())
    np.testing.assert_allclose(got, np.asarray(matrix @ psi), rtol=0, atol=1e-11)


@pytest.mark.parametrize(
    "hamiltonian",
    [
        pytest.param(qj.heisenberg(6, h=0.1), marks=pytest.mark.verify),
        qj.tfim(6) + qj.PauliSum.from_terms([("XY", (2, 5), 0.4)]),
    ],
)
def test_ground_states_equal_exact_diagonalisation(hamiltonian):
    """Energy to 1e-9 and the state's fidelity, real and complex Hamiltonians."""
    values, vectors = np.linalg.eigh(hamiltonian.matrix(6))
    found = dmrg(hamiltonian, max_bond=8, tolerance=1e-13)
    np.testing.assert_allclose(found.energy, values[0], rtol=0, atol=1e-9)
    assert abs(np.vdot(found.state.dense(), vectors[:, 0])) ** 2 > 1 - 1e-6
    np.testing.assert_allclose(found.state.expval(hamiltonian), found.energy, rtol=0, atol=1e-9)


@pytest.mark.verify
def test_heisenberg_chain_of_fifty():
    """The published energy of the spin chain, to 1e-8."""
    found = dmrg(0.25 * qj.heisenberg(50), max_bond=64, tolerance=1e-11)
    np.testing.assert_allclose(found.energy, -21.9721102719, rtol=0, atol=1e-8)


def test_unitaries_as_su4_gates():
    """The SU(4) gate of a matrix equals it up to a phase, also where eigenvalues coincide."""
    rng = np.random.default_rng(0)
    random = np.linalg.qr(rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4)))[0]
    swap = np.eye(4)[[0, 2, 1, 3]]
    for matrix in (random, swap, np.eye(4), np.diag([1, 1, 1j, -1])):
        got = np.asarray(qj.unitary(qj.Circuit(2, [qj.SU4(su4_params(matrix), 0, 1)])))
        assert abs(np.trace(got.conj().T @ matrix)) == pytest.approx(4, abs=1e-10)


def test_states_of_bond_two_in_closed_form():
    """GHZ and W states of forty qubits are one layer, without any sweep."""
    n = 40
    ghz = np.zeros((n, 2, 2, 2))
    ghz[:, 0, 0, 0] = ghz[:, 1, 1, 1] = 1
    ghz[0, 1], ghz[-1, :, :, 1] = 0, 0
    ghz[0, 0, 1, 1] = ghz[-1, 1, 1, 0] = 1
    fit = to_circuit(MatrixProductState(jnp.asarray(ghz)), 1, sweeps=0)
    assert fit.fidelity == pytest.approx(1, abs=1e-10)
    assert fit.circuit.counts() == {"SU4": n - 1}
    word = qj.Z(0) @ qj.Z(n - 1)
    assert qj.expval(fit.circuit, word, sim=qj.MPS(4)) == pytest.approx(1, abs=1e-9)


def test_circuits_from_a_critical_ground_state():
    """No sweep loses fidelity, a second layer gains; the circuit prepares the state that the fit
    reports, which contracts the overlap in another way."""
    state = dmrg(qj.tfim(6), max_bond=8).state
    fit = to_circuit(state, 2, sweeps=10)
    assert 1 - fit.history[1][-1] < 0.5 * (1 - fit.history[0][-1])
    assert all(np.all(np.diff(h) > -1e-12) for h in fit.history)
    assert fit.fidelity == pytest.approx(fit.history[1][-1], abs=1e-11)
    made = qj.run(fit.circuit)
    assert abs(np.vdot(made, state.dense())) ** 2 == pytest.approx(fit.fidelity, abs=1e-9)


@pytest.mark.verify
def test_circuits_of_three_layers():
    """The critical chain of twelve: infidelity at most 1e-5, the closed form far above it, and
    random gates with as many sweeps and steps above it too."""
    state = dmrg(qj.tfim(12), max_bond=16, tolerance=1e-12).state
    closed = to_circuit(state, 3, sweeps=0)
    fit = to_circuit(state, 3, sweeps=50, polish=200)
    assert 1 - fit.fidelity <= 1e-5 < 1e-3 < 1 - closed.fidelity
    assert fit.fidelity == pytest.approx(fit.history[-1][-1], abs=1e-10)
    assert all(np.all(np.diff(h) > -1e-10) for h in fit.history)
    rng = np.random.default_rng(0)
    z = rng.normal(size=(3, 11, 4, 4)) + 1j * rng.normal(size=(3, 11, 4, 4))
    random = to_circuit(state, 3, sweeps=33, polish=200, start=np.linalg.qr(z)[0])
    assert 1 - random.fidelity > 1 - fit.fidelity


def test_what_bad_input_gets():
    """Errors name the argument."""
    state = MatrixProductState.from_dense(jnp.ones(4), 2)
    with pytest.raises(qj.errors.ParameterError, match="layers"):
        to_circuit(state, 0)
    with pytest.raises(qj.errors.DataError, match="vector"):
        MatrixProductState.from_dense(jnp.ones(3), 2)
    with pytest.raises(qj.errors.DataError, match="bonds"):
        MatrixProductState.from_tensors([jnp.ones((1, 2, 3)), jnp.ones((2, 2, 1))])
    with pytest.raises(qj.errors.ObservableError, match="chain"):
        dmrg(qj.Z(0))
    with pytest.raises(qj.errors.ParameterError, match="max_bond"):
        qj.MPS(0)
    with pytest.raises(qj.errors.ParameterError, match="cutoff"):
        qj.MPS(4, cutoff=2)
    with pytest.raises(qj.errors.ParameterError, match="method"):
        qj.MPS(4, method="qr")
    with pytest.raises(qj.errors.UnsupportedError, match="brick"):
        qj.run(qj.Circuit(3, [qj.CNOT(0, 2)]), sim=qj.MPS(4, layout="brick"))
    wide = qj.Circuit(40, [qj.H(0)])
    with pytest.raises(qj.errors.CapacityError, match="40 qubits"):
        qj.run(wide, sim=qj.MPS(4))
    with pytest.raises(qj.errors.CapacityError, match="fit"):
        qj.expval(wide, qj.Z(0), sim=qj.MPS(10**7))
    measured = qj.Circuit(2, [qj.Measure(0, 0)], bits=1)
    with pytest.raises(qj.errors.UnsupportedError, match="Measure"):
        qj.expval(measured, qj.Z(0), sim=qj.MPS(4))
    with pytest.raises(qj.errors.UnsupportedError, match="MPS"):
        qj.matrix_product_state(wide, sim=qj.Statevector())


def test_randomness_is_that_of_the_key():
    """Same key, same samples; all qubits of an unentangled state independent."""
    state = MatrixProductState.from_dense(jnp.full(16, 0.25), 2)
    a, b, c = (state.sample(jax.random.key(k), 500) for k in (0, 0, 1))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)
    np.testing.assert_allclose(np.mean(a, axis=0), 0.5, atol=0.12)


def test_a_circuit_starts_where_the_tensor_network_ends():
    """The initial circuit's energy is that of the matrix product state up to the decomposition;
    layers at the identity change nothing; below the energy of the product state."""
    hamiltonian = qj.tfim(6)
    start = tensor_network_initial(hamiltonian, max_bond=2, layers=1, extra_layers=2, sweeps=3)
    assert start.params.shape == (3, 5, 15)
    assert start.fidelity == pytest.approx(1, abs=1e-9)
    circuit = staircase_su4(start.params, 6)
    energy = qj.expval(circuit, hamiltonian)
    np.testing.assert_allclose(energy, start.state.expval(hamiltonian), rtol=0, atol=1e-8)
    exact = np.linalg.eigvalsh(hamiltonian.matrix())[0]
    assert exact <= energy < exact + 0.3
    with pytest.raises(qj.errors.ParameterError, match="key"):
        tensor_network_initial(hamiltonian, noise=0.1)
    with pytest.raises(qj.errors.DataError, match="target"):
        tensor_network_initial(3)
    with pytest.raises(qj.errors.ParameterError, match="params"):
        staircase_su4(start.params, 5)
