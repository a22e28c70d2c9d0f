"""Noise, measurement and reset on matrix product states, against density matrices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qjax as qj
from qjax.measure.program import structure_of
from qjax.simulators.trajectories.chain_plan import Stretch, make_chain_plan

CHAIN = qj.MPS(8)
MANY = qj.Trajectories(2000, state=CHAIN)


def noisy(p, w):
    """Every kind of event: channels on one and two qubits (also distant ones), a repeated block,
    a measurement that decides, a reset, a bit written twice."""
    layer = lambda v: [  # noqa: E731
        [qj.RY(v[q], q) for q in range(4)],
        [qj.CZ(0, 1), qj.CNOT(3, 1)],
        qj.Depolarizing(p, (1, 3)),
        qj.AmplitudeDamping(2 * p, 1),
    ]
    return qj.Circuit(
        4,
        [
            qj.H(0),
            qj.Layers(layer, w),
            qj.Measure(1, 0),
            qj.If(0, [qj.RX(0.7, 2), qj.Measure(2, 1)], [qj.H(3), qj.PhaseDamping(0.3, 3)]),
            qj.Reset(0),
            qj.RY(0.4, 0),
            qj.CNOT(0, 3),
            qj.Assign(1, 1),
            qj.Measure(3, 1),
        ],
        bits=2,
    )


W = np.random.default_rng(0).normal(size=(2, 4))
ASKED = {"sum": qj.heisenberg(4) + qj.PauliSum.from_terms([("XYZ", (0, 2, 3), 0.5)]), "z": qj.Z(0)}


def within(ours, errors, truth, sigmas=4.5):
    for value, error, expected in zip(
        jax.tree.leaves(ours), jax.tree.leaves(errors), jax.tree.leaves(truth), strict=True
    ):
        assert abs(float(value) - float(expected)) < sigmas * float(error) + 1e-9


@pytest.mark.verify
def test_averages_are_those_of_the_density_matrix():
    """Expectation values within their standard errors; the classical record's distribution;
    probabilities of distant qubits; one qubit that is certain."""
    circuit = noisy(0.1, W)
    ours, info = qj.expval(circuit, ASKED, sim=MANY, key=jax.random.key(0), info=True)
    exact = qj.DensityMatrix()
    within(ours, info.standard_error, qj.expval(circuit, ASKED, sim=exact))
    for fields in ({"bits": (0, 1)}, {"qubits": (3, 0)}):
        got = qj.probs(circuit, **fields, sim=MANY, key=jax.random.key(1))
        truth = np.asarray(qj.probs(circuit, **fields, sim=exact))
        assert np.max(np.abs(got - truth)) < 4.5 * np.sqrt(0.25 / 2000)


@pytest.mark.verify
def test_derivatives_of_averages_are_unbiased():
    """With respect to noise strengths and angles: the mean over many trajectories against the
    density matrix, within the spread over independent runs."""

    def value(p, w, sim, key=None):
        given = {} if key is None else {"key": key}
        return qj.expval(noisy(p, w), qj.Z(0) @ qj.Z(3) + qj.X(2), sim=sim, **given)

    truth = jax.jit(jax.grad(value, (0, 1)), static_argnums=2)(0.1, W, qj.DensityMatrix())
    sim = qj.Trajectories(250, state=CHAIN)
    keys = jax.random.split(jax.random.key(2), 64).reshape(8, 8)
    slopes = jax.vmap(lambda k: jax.grad(value, (0, 1))(0.1, jnp.asarray(W), sim, k))
    many = jax.tree.map(np.concatenate, jax.jit(lambda ks: jax.lax.map(slopes, ks))(keys))
    for got, expected in zip(jax.tree.leaves(many), jax.tree.leaves(truth), strict=True):
        got = np.asarray(got)
        error = got.std(axis=0, ddof=1) / np.sqrt(64)  # of so many runs that it is known itself
        assert np.all(np.abs(got.mean(axis=0) - np.asarray(expected)) < 5 * error + 1e-9)


def test_states_without_noise_are_exact():
    """One trajectory of a circuit of gates alone is the statevector, long-range gates included;
    measured bits agree with the state that is left."""
    circuit = qj.Circuit(4, [noisy(0.0, W).ops[0], qj.CNOT(0, 3), qj.SWAP(1, 3), qj.T(2)])
    (psi,) = qj.run(circuit, sim=qj.Trajectories(1, state=CHAIN), key=jax.random.key(0))
    truth = np.asarray(qj.run(circuit))
    assert abs(np.vdot(truth, psi)) == pytest.approx(1, abs=1e-12)
    ghz = [qj.H(0), *[qj.CNOT(k, k + 1) for k in range(3)], qj.Measure(1, 0)]
    found = qj.run(
        qj.Circuit(4, ghz, bits=1), sim=qj.Trajectories(20, state=CHAIN), key=jax.random.key(3)
    )
    weights = np.abs(np.asarray(found)) ** 2
    assert set(weights.argmax(axis=1)) == {0, 15}
    np.testing.assert_allclose(weights.max(axis=1), 1, rtol=0, atol=1e-12)


@pytest.mark.verify
def test_teleportation_along_sixty_qubits():
    """A state passes thirty measured bonds, corrected by the outcomes: it arrives in every
    trajectory. Then a reset leaves zero."""
    n, angle = 61, 0.9
    ops = [qj.RY(angle, 0)]
    for q in range(0, n - 1, 2):
        ops += [qj.H(q + 1), qj.CNOT(q + 1, q + 2)]
        ops += [qj.CNOT(q, q + 1), qj.H(q), qj.Measure(q, 0), qj.Measure(q + 1, 1)]
        ops += [qj.If(1, qj.X(q + 2)), qj.If(0, qj.Z(q + 2))]
        if q >= 4:  # thirty turns would only take longer to compile
            last = q + 2
            break
    circuit = qj.Circuit(n, [*ops, qj.CNOT(last, n - 1), qj.Reset(last)], bits=2)
    sim = qj.Trajectories(5, state=qj.MPS(4))
    asked = [qj.Z(n - 1), qj.Z(last)]
    z, zero = qj.expval(circuit, asked, sim=sim, key=jax.random.key(0))
    assert zero == pytest.approx(1, abs=1e-10)
    # A reset after the copy measures it: the mean of five outcomes of mean cos(angle).
    assert abs(float(z)) <= 1 + 1e-10
    plain = qj.Circuit(n, ops, bits=2)
    here = [qj.Z(last), qj.X(last)]
    got = qj.expval(plain, here, sim=sim, key=jax.random.key(1))
    np.testing.assert_allclose(got, [np.cos(angle), np.sin(angle)], rtol=0, atol=1e-10)


def test_independent_noise_on_a_hundred_qubits_has_a_closed_form():
    """A product state under amplitude damping: <Z> = 1 - (1 - g)(1 - cos), shots included."""
    n, g, angle = 100, 0.3, 1.1
    ops = [[qj.RY(angle, q) for q in range(n)], [qj.AmplitudeDamping(g, q) for q in range(n)]]
    circuit = qj.Circuit(n, ops)
    mean = qj.PauliSum.from_terms([("Z", (q,), 1 / n) for q in range(n)])
    sim = qj.Trajectories(64, state=qj.MPS(2))
    value, info = qj.expval(circuit, mean, sim=sim, key=jax.random.key(0), info=True)
    truth = 1 - (1 - g) * (1 - np.cos(angle))
    assert abs(float(value) - truth) < 4.5 * float(info.standard_error)
    bits = np.asarray(qj.sample(circuit, jax.random.key(1), 50, sim=sim))
    assert bits.shape == (50, n)
    assert abs(1 - 2 * bits.mean() - truth) < 4.5 / np.sqrt(50 * n)


def test_one_qubit_gates_join_the_cells_of_their_neighbours():
    """A brickwork with noise after every gate has one cell for each gate."""
    ops = [qj.H(q) for q in range(6)]
    for start in (0, 1):
        for q in range(start, 5, 2):
            ops += [qj.CZ(q, q + 1), qj.Depolarizing(0.1, q), qj.BitFlip(0.1, q + 1)]
    structure, _ = structure_of(qj.Circuit(6, ops))
    (stretch,) = make_chain_plan(structure.treedef, structure.complex_leaves).parts
    assert isinstance(stretch, Stretch)
    assert sum(len(c.events) > 0 for c in stretch.cells) == 5
    assert len(stretch.cells) <= 9


def test_what_a_chain_refuses():
    """Errors say what to do."""
    one = jax.random.key(0)
    with pytest.raises(qj.errors.ParameterError, match="state"):
        qj.Trajectories(5, "complex64", qj.MPS(4))
    with pytest.raises(qj.errors.UnsupportedError, match="two qubits"):
        qj.expval(qj.Circuit(1, [qj.H(0)]), qj.Z(0), sim=MANY, key=one)
    with pytest.raises(qj.errors.UnsupportedError, match="decompose"):
        qj.expval(qj.Circuit(3, [qj.CCX(0, 1, 2)]), qj.Z(0), sim=MANY, key=one)
    prepared = qj.Circuit(3, [qj.StatePrep(np.full(8, np.sqrt(1 / 8)), (0, 1, 2))])
    with pytest.raises(qj.errors.UnsupportedError, match="at most two"):
        qj.expval(prepared, qj.Z(0), sim=MANY, key=one)
    project = lambda x: qj.expval(  # noqa: E731
        qj.Circuit(2, [qj.RY(x, 0), qj.Project(0, 1)]), qj.Z(1), sim=MANY, key=one
    )
    assert float(project(0.3)) == pytest.approx(1)
    with pytest.raises(qj.errors.UnsupportedError, match="Project"):
        jax.grad(project)(0.3)
