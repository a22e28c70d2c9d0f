"""Measurement, reset and feed-forward on a density matrix: exact, differentiable, refused well."""

import dynamic_circuits as dc
import jax
import jax.numpy as jnp
import noise_reference as nref
import numpy as np
import pytest

import qjax as qj
from qjax import Condition, If, Measure, Project, Reset, While
from qjax.circuit import Assign

MIXED = qj.DensityMatrix()
BLOCH = [qj.X(2), qj.Y(2), qj.Z(2)]


def test_teleportation():
    """The Bloch vector arrives, under jit, and so do its derivatives, through both measurements."""

    def arrived(angles):
        return jnp.stack(qj.expval(dc.teleportation(*angles), BLOCH, sim=MIXED))

    def sent(angles):
        t, p = angles
        return jnp.stack([jnp.sin(t) * jnp.cos(p), jnp.sin(t) * jnp.sin(p), jnp.cos(t)])

    angles = jnp.array([0.7, 1.9])
    np.testing.assert_allclose(jax.jit(arrived)(angles), sent(angles), rtol=0, atol=1e-14)
    slope = jax.jit(jax.jacrev(arrived))(angles)
    np.testing.assert_allclose(slope, jax.jacfwd(sent)(angles), rtol=0, atol=1e-13)


@pytest.mark.verify
def test_iterative_phase_estimation():
    """A phase of four binary digits is read off with certainty; one between has the known odds."""
    for digits in (0b1011, 0b0110):
        p = qj.probs(dc.iterative_phase_estimation(digits / 16, 4), bits=range(4), sim=MIXED)
        read = [digits >> k & 1 for k in range(4)]
        np.testing.assert_allclose(p[int("".join(map(str, read)), 2)], 1, rtol=0, atol=1e-12)
    circuit = dc.iterative_phase_estimation(0.2, 4)
    expected = nref.record_probabilities(circuit)
    got = np.asarray(qj.probs(circuit, bits=range(4), sim=MIXED)).reshape((2,) * 4)
    for record, value in expected.items():
        np.testing.assert_allclose(got[record], value, rtol=0, atol=1e-12)


def test_repeat_until_success():
    """After k turns the target is |+> with probability 1 - 2**-k."""
    for turns in (1, 4):
        circuit = dc.repeat_until_success(turns)
        got = qj.expval(circuit, qj.X(1), sim=MIXED)
        np.testing.assert_allclose(got, 1 - 2.0**-turns, rtol=0, atol=1e-14)
        done = qj.probs(circuit, bits=0, sim=MIXED)
        np.testing.assert_allclose(done, [2.0**-turns, 1 - 2.0**-turns], rtol=0, atol=1e-14)


@pytest.mark.verify
def test_a_code_that_corrects():
    """The three-qubit code leaves an error of 3 p^2 (1-p) + p^3, and its slope follows."""

    def fidelity(p):
        theta = 0.8
        kept = qj.expval(dc.bit_flip_code(p, theta), [qj.Z(0), qj.X(0)], sim=MIXED)
        return (1 + jnp.cos(theta) * kept[0] + jnp.sin(theta) * kept[1]) / 2

    def expected(p):  # two or three flips leave a logical X
        return 1 - dc.logical_error(p) * (1 - jnp.sin(0.8) ** 2)

    value, slope = jax.jit(jax.value_and_grad(fidelity))(0.1)
    np.testing.assert_allclose(value, expected(0.1), rtol=0, atol=1e-13)
    np.testing.assert_allclose(slope, jax.grad(expected)(0.1), rtol=0, atol=1e-12)


def test_measurements_against_the_reference():
    """Records, nested branches, assignments, bits that are written twice, loops around them."""
    inner = [qj.RX(0.4, 0), Measure(0, 1), If(1, [qj.H(1), Assign(2, 1)], [qj.T(1)])]
    circuit = qj.Circuit(
        2,
        [
            [qj.RY(0.9, 0), qj.CRX(1.1, 0, 1), qj.AmplitudeDamping(0.2, 1)],
            Measure(1, 0),
            If(Condition((0,), [(0,)]), inner),
            qj.Repeat([qj.RY(0.3, 1), Measure(1, 0), If(0, Reset(0))], 2),
            While(2, [qj.RX(0.6, 1), Measure(1, 2)], 3),
            If(Condition((0, 2), [(0, 1), (1, 0)]), qj.BitFlip(0.2, 0)),
        ],
        bits=3,
    )
    table = nref.run_records(circuit)
    got = qj.run(circuit, sim=MIXED)
    np.testing.assert_allclose(got, sum(table.values()), rtol=0, atol=1e-14)
    p = np.asarray(qj.probs(circuit, bits=(2, 0, 1), sim=MIXED)).reshape((2,) * 3)
    for (a, b, c), rho in table.items():
        np.testing.assert_allclose(p[c, a, b], np.trace(rho).real, rtol=0, atol=1e-14)


def test_projection_keeps_the_normalised_part():
    """After `Project` every answer is that of the state that was kept; its weight is told."""
    circuit = qj.Circuit(2, [qj.RY(0.8, 0), qj.CRY(1.1, 0, 1), qj.PhaseFlip(0.1, 0), Project(1, 1)])
    expected = nref.density_matrix(circuit)
    weight = np.trace(nref.run_records(circuit)[()]).real
    np.testing.assert_allclose(qj.run(circuit, sim=MIXED), expected, rtol=0, atol=1e-14)
    value, info = qj.expval(circuit, qj.X(0), sim=MIXED, info=True)
    np.testing.assert_allclose(
        value, np.trace(expected @ np.kron([[0, 1], [1, 0]], np.eye(2))).real, rtol=0, atol=1e-14
    )
    np.testing.assert_allclose(info.norm, weight, rtol=0, atol=1e-14)


RATES = [
    pytest.param(k, marks=pytest.mark.verify) for k in ("AmplitudeDamping", "ThermalRelaxation")
]


@pytest.mark.parametrize("name", ["branches", *RATES])
def test_gradients_against_finite_differences(name):
    """With respect to strengths and angles, through measurements and feed-forward: 1e-6."""

    def value(x):
        noise = {
            "AmplitudeDamping": [qj.AmplitudeDamping(x[1], 0), qj.Depolarizing(x[2], (0, 1))],
            "ThermalRelaxation": [qj.ThermalRelaxation(1 + x[0], 0.5 + x[1], x[2], 0, 0.1)],
            "branches": [Measure(0, 0), If(0, [qj.RX(x[1], 1)], [qj.BitFlip(x[2], 1)])],
        }[name]
        ops = [qj.RY(x[0], 0), qj.CRX(1.2, 0, 1), *noise, qj.CRY(x[0], 1, 0)]
        return qj.expval(qj.Circuit(2, ops, bits=1), qj.Z(0) @ qj.X(1) + qj.Y(1), sim=MIXED)

    x = jnp.array([0.7, 0.3, 0.2])
    compiled = jax.jit(value)
    steps = 1e-5 * jnp.eye(3)
    expected = [(compiled(x + s) - compiled(x - s)) / 2e-5 for s in steps]
    for mode in (jax.grad, jax.jacfwd):
        np.testing.assert_allclose(jax.jit(mode(value))(x), jnp.stack(expected), atol=1e-6)


def test_a_rate_is_found_by_descent():
    """Newton steps on the squared error of expectation values recover a hidden rate to 1 %."""

    def signal(p):
        ops = [qj.RY(0.4, 0), qj.CNOT(0, 1), qj.Depolarizing(p, (0, 1)), qj.AmplitudeDamping(p, 1)]
        got = qj.expval(qj.Circuit(2, ops), [qj.Z(0), qj.Z(1), qj.X(0) @ qj.X(1)], sim=MIXED)
        return jnp.stack(got)

    hidden = 0.137
    target = signal(hidden)

    @jax.jit
    def step(p):
        slope = jax.grad(lambda p: jnp.sum((signal(p) - target) ** 2))(p)
        return p - 0.1 * slope

    p = 0.02
    for _ in range(150):
        p = step(p)
    assert abs(float(p) / hidden - 1) < 0.01
