"""Channels: complete positivity, trace, definitions, conversions, and what bad input gets."""

import re

import jax
import jax.numpy as jnp
import jaxtyping
import noise_circuits as nc
import noise_reference as nref
import numpy as np
import pytest

import qjax as qj
from qjax import errors as e
from qjax import noise


@pytest.fixture
def unchecked():
    """The type checker of the tests would speak before qjax does."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


def channel(name, seed):
    size, make = nc.CHANNELS[name]
    return make(np.random.default_rng(seed), *range(size))


@pytest.mark.parametrize("name", [k for k in nc.CHANNELS if nc.CHANNELS[k][0] <= 2])
def test_channels_are_channels(name):
    """For random strengths: sum K^dagger K is 1 and Choi eigenvalues are not negative, to 1e-12;
    Kraus operators and transfer matrix both agree with the textbook definition."""
    for seed in range(3):
        op = channel(name, seed)
        k = np.asarray(op.kraus())
        d = k.shape[1]
        total = np.einsum("mba,mbc->ac", k.conj(), k)
        assert np.max(np.abs(total - np.eye(d))) <= 1e-12
        choi = np.asarray(noise.kraus_to_choi(k))
        assert np.min(np.linalg.eigvalsh(choi)) >= -1e-12
        expected = sum(np.kron(x, x.conj()) for x in nref.kraus(op))
        superoperator = np.asarray(noise.kraus_to_superoperator(k))
        np.testing.assert_allclose(superoperator, expected, rtol=0, atol=1e-12)
        transfer = np.asarray(noise.superoperator_to_transfer(expected))
        np.testing.assert_allclose(op.transfer_matrix(), transfer, rtol=0, atol=1e-12)


@pytest.mark.verify
def test_strengths_at_their_ends():
    """At 0 every channel is the identity and its transfer matrix has finite slopes."""
    for make in (
        lambda p: qj.BitFlip(p, 0),
        lambda p: qj.Depolarizing(p, (0, 1)),
        lambda p: qj.AmplitudeDamping(p, 0),
        lambda p: qj.PhaseDamping(p, 0),
        lambda p: qj.ThermalRelaxation(1.0, 2.0, p, 0, p),
        lambda p: qj.ReadoutError(p, p, 0),
    ):
        matrix = make(0.0).transfer_matrix()
        diagonal = np.diag(matrix).copy()
        if make(0.0).name == "ReadoutError":
            diagonal[1:3] = 1  # it measures
        np.testing.assert_allclose(diagonal, np.ones(len(matrix)))
        slope = jax.jacfwd(lambda p, make=make: make(p).transfer_matrix())(0.0)
        assert np.all(np.isfinite(slope))


@pytest.mark.parametrize("k", [1, 2])
def test_conversions_close(k):
    """Every path between the four notations gives the same map."""
    operators = nc.random_kraus(np.random.default_rng(k), 2**k, 3)
    s = noise.kraus_to_superoperator(operators)
    choi, r = noise.kraus_to_choi(operators), noise.kraus_to_transfer(operators)

    def same(a, b):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)

    same(noise.superoperator_to_choi(s), choi)
    same(noise.choi_to_superoperator(choi), s)
    same(noise.superoperator_to_transfer(s), r)
    same(noise.transfer_to_superoperator(r), s)
    for back in (
        noise.choi_to_kraus(choi),
        noise.superoperator_to_kraus(s),
        noise.transfer_to_kraus(r),
    ):
        same(noise.kraus_to_superoperator(back), s)
    noise.check_channel(operators)
    noise.check_choi(choi)
    rho = nc.random_state(np.random.default_rng(7), 2**k)
    image = (np.asarray(s) @ rho.reshape(-1)).reshape(rho.shape)
    same(image, nref.sandwich(operators, rho))


def test_conversions_have_derivatives():
    """Through `jit` and `jacfwd`, as far as eigendecompositions are not needed."""
    slope = jax.jit(jax.jacfwd(lambda p: noise.kraus_to_transfer(qj.BitFlip(p, 0).kraus())))(0.3)
    np.testing.assert_allclose(slope, np.diag([0.0, 0.0, -2.0, -2.0]), atol=1e-12)


SHRINK = np.array([[[0.9, 0], [0, 0.9]]])
BAD = {
    "probability above 1": (lambda: qj.BitFlip(1.5, 0), e.ParameterError, "BitFlip|p|0 to 1|1.5"),
    "negative strength": (lambda: qj.AmplitudeDamping(-0.1, 0), e.ParameterError, "gamma|0 to 1"),
    "no number": (lambda: qj.PhaseFlip("a", 0), e.ParameterError, "PhaseFlip|real"),
    "array for a scalar": (lambda: qj.BitFlip(np.ones(2), 0), e.ParameterError, "shape|vmap"),
    "three qubits": (lambda: qj.Depolarizing(0.1, (0, 1, 2)), e.ArityError, "1 or 2 qubit"),
    "qubit twice": (lambda: qj.Depolarizing(0.1, (1, 1)), e.QubitError, "once"),
    "sum above 1": (lambda: qj.PauliChannel([0.5, 0.4, 0.3], 0), e.ParameterError, "sum|identity"),
    "wrong count": (lambda: qj.PauliChannel([0.1, 0.1], 0), e.ParameterError, r"shape \(3,\)"),
    "t2 too long": (lambda: qj.ThermalRelaxation(1.0, 3.0, 0.1, 0), e.ParameterError, "2 t1|3.0"),
    "time below 0": (lambda: qj.ThermalRelaxation(1.0, 1.0, -1, 0), e.ParameterError, "at least 0"),
    "t1 zero": (lambda: qj.ThermalRelaxation(0.0, 1.0, 1.0, 0), e.ParameterError, "t1|positive"),
    "trace lost": (lambda: qj.KrausChannel(SHRINK, 0), e.MatrixError, "trace|0|Project"),
    "matrix for a stack": (lambda: qj.KrausChannel(np.eye(2), 0), e.ParameterError, "stack"),
    "not a state": (lambda: qj.Prepare(np.diag([0.5, 0.4]), 0), e.MatrixError, "trace|0.9"),
    "not positive": (lambda: qj.Prepare(np.diag([1.5, -0.5]), 0), e.MatrixError, "positive"),
    "not Hermitian": (lambda: qj.Prepare(np.array([[0.5, 1], [0, 0.5]]), 0), e.MatrixError, "Herm"),
    "inverse of noise": (lambda: qj.BitFlip(0.1, 0).inverse(), e.UnsupportedError, "no inverse"),
    "controlled noise": (lambda: qj.Controlled(qj.BitFlip(0.1, 0), 1), e.UnsupportedError, "If"),
    "beyond the circuit": (lambda: qj.Circuit(1, [qj.BitFlip(0.1, 1)]), e.QubitError, "qubit 1"),
    "shape of operators": (lambda: noise.kraus_to_choi(np.eye(2)), e.ParameterError, "terms"),
    "shape of a map": (lambda: noise.transfer_to_kraus(np.eye(3)), e.ParameterError, r"4\*\*k"),
    "trace of operators": (lambda: noise.check_channel(SHRINK), e.MatrixError, "trace"),
    "trace of a Choi matrix": (lambda: noise.check_choi(np.eye(4)), e.MatrixError, "trace"),
    "Choi not Hermitian": (
        lambda: noise.choi_to_kraus(np.triu(np.ones((4, 4)))),
        e.MatrixError,
        "Hermitian",
    ),
    "projected outcome": (lambda: qj.Project(0, 2), e.CircuitError, "0 or 1"),
    "noise on a statevector": (
        lambda: qj.expval(qj.Circuit(1, [qj.BitFlip(0.1, 0)]), qj.Z(0)),
        e.UnsupportedError,
        "BitFlip|pure statevector|DensityMatrix|Trajectories",
    ),
    "measurement on a statevector": (
        lambda: qj.run(qj.Circuit(1, [qj.Measure(0, 0)], bits=1)),
        e.UnsupportedError,
        "Measure|DensityMatrix",
    ),
    "adjoint of noise": (
        lambda: qj.expval(qj.Circuit(1), qj.Z(0), sim=qj.DensityMatrix(), gradient=qj.Adjoint()),
        e.UnsupportedError,
        "Adjoint|DensityMatrix|Backprop",
    ),
    "bit beyond the circuit": (
        lambda: qj.run(qj.Circuit(1, [qj.Measure(0, 3)], bits=2), sim=qj.DensityMatrix()),
        e.CircuitError,
        r"bit 3|bits 0 to 1|bits=4",
    ),
    "bits and qubits": (
        lambda: qj.probs(qj.Circuit(1, bits=1), 0, bits=0, sim=qj.DensityMatrix()),
        e.ParameterError,
        "both",
    ),
    "bits of a statevector": (
        lambda: qj.probs(qj.Circuit(1, bits=1), bits=0),
        e.UnsupportedError,
        "classical bits|DensityMatrix",
    ),
    "no such bits": (
        lambda: qj.probs(qj.Circuit(1), bits=0, sim=qj.DensityMatrix()),
        e.ParameterError,
        "bits",
    ),
    "amplitudes of a mixed state": (
        lambda: qj.amplitudes(qj.Circuit(1), "0", sim=qj.DensityMatrix()),
        e.UnsupportedError,
        "AmplitudesQuery|probs",
    ),
    "overlap of mixed states": (
        lambda: qj.overlap(qj.Circuit(1), qj.Circuit(1), sim=qj.DensityMatrix()),
        e.UnsupportedError,
        "overlap|trace",
    ),
    "too large": (
        lambda: qj.run(qj.Circuit(20, [qj.H(0)]), sim=qj.DensityMatrix()),
        e.CapacityError,
        "20 qubits|GiB|Trajectories",
    ),
    "dtype of a density matrix": (lambda: qj.DensityMatrix("float64"), e.ParameterError, "dtype"),
    "no trajectories": (lambda: qj.Trajectories(0), e.ParameterError, "positive integer"),
    "trajectories without a key": (
        lambda: qj.expval(qj.Circuit(1), qj.Z(0), sim=qj.Trajectories(3)),
        e.KeyRequiredError,
        "key",
    ),
    "slope of single states": (
        lambda: jax.grad(
            lambda t: jnp.sum(
                jnp.real(
                    qj.run(
                        qj.Circuit(1, [qj.RX(t, 0)]), sim=qj.Trajectories(3), key=jax.random.key(0)
                    )
                )
            )
        )(0.1),
        e.UnsupportedError,
        "derivative|DensityMatrix",
    ),
    "slope through a projection": (
        lambda: jax.grad(
            lambda t: qj.expval(
                qj.Circuit(1, [qj.RX(t, 0), qj.Project(0, 1)]),
                qj.Z(0),
                sim=qj.Trajectories(3),
                key=jax.random.key(0),
            )
        )(0.1),
        e.UnsupportedError,
        "Project|biased|DensityMatrix",
    ),
    "shots after a projection": (
        lambda: qj.sample(
            qj.Circuit(1, [qj.Project(0, 0)]), jax.random.key(0), 3, sim=qj.Trajectories(3)
        ),
        e.UnsupportedError,
        "Project",
    ),
    "entropy of an average": (
        lambda: qj.entropy(qj.Circuit(2), 0, sim=qj.Trajectories(3)),
        e.UnsupportedError,
        "entropy|biased",
    ),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.usefixtures("unchecked")
def test_misuse(name):
    """Every mistake is a qjax error that names what was wrong."""
    action, error, said = BAD[name]
    with pytest.raises(error) as caught:
        action()
    for word in said.split("|"):
        assert re.search(word, str(caught.value)), f"{word!r} is not in:\n{caught.value}"
