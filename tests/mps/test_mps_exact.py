"""Matrix product states where nothing is truncated: exact, on every verb and in closed form."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import random_circuits as rc
import reference as ref
from mps_clifford import Tableau, random_clifford

import qjax as qj

WIDE = qj.MPS(64)


def structure(seed, most):
    return rc.seeded_structure(10_000 + seed, most, (5, 22))


@pytest.mark.parametrize("seed", range(3))
def test_random_circuits(seed):
    """Any gate on any qubits, blocks, preparations: the dense reference to 1e-11."""
    circuit = structure(seed, 6).circuit(np.random.default_rng(seed))
    np.testing.assert_allclose(qj.run(circuit, sim=WIDE), ref.state(circuit), rtol=0, atol=1e-11)


@pytest.mark.verify
@pytest.mark.parametrize("seed", range(75))
def test_random_circuits_in_full(seed):
    """300 circuits on up to 12 qubits, four for each structure, against the dense reference."""
    some = rc.seeded_structure(20_000 + seed, 12, (5, 40))
    rng = np.random.default_rng(seed)
    for circuit in (some.circuit(rng) for _ in range(4)):
        got = qj.run(circuit, sim=WIDE)
        np.testing.assert_allclose(got, ref.state(circuit), rtol=0, atol=1e-11)


def brickwork(n, depth, key):
    def layer(w):
        return [qj.SU4(w[a], a, a + 1) for start in (0, 1) for a in range(start, n - 1, 2)]

    return qj.Circuit(n, [qj.Layers(layer, jax.random.normal(key, (depth, n - 1, 15)))])


@pytest.mark.parametrize(
    ("layout", "depth"),
    [("sweep", 1), *(pytest.param(x, 2, marks=pytest.mark.verify) for x in ("brick", "sweep"))],
)
def test_every_verb_equals_the_statevector(layout, depth):
    """run, expval of sums, projectors and matrices, probs, amplitudes, reduced states, entropies,
    overlaps of a brickwork on six qubits."""
    circuit = brickwork(6, depth, jax.random.key(1))
    other = brickwork(6, depth, jax.random.key(2))
    sim = qj.MPS(8, layout=layout)

    def close(got, expected):
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, rtol=0, atol=1e-11), got, expected
        )

    rng = np.random.default_rng(0)
    observables = {
        "chain": qj.heisenberg(6, h=0.3, periodic=True),
        "long": qj.X(5) @ qj.Y(0) @ qj.Z(3) + 0.5,
        "part": qj.Projector("101", (5, 2, 4)),
        "dense": qj.Hermitian(rc.random_hermitian(rng, 4), (5, 1)),
    }
    close(qj.expval(circuit, observables, sim=sim), qj.expval(circuit, observables))
    close(qj.run(circuit, sim=sim), qj.run(circuit))
    close(qj.probs(circuit, (5, 0, 3), sim=sim), qj.probs(circuit, (5, 0, 3)))
    bits = ["011010", "111111"]
    close(qj.amplitudes(circuit, bits, sim=sim), qj.amplitudes(circuit, bits))
    close(
        qj.reduced_density_matrix(circuit, (5, 2), sim=sim),
        qj.reduced_density_matrix(circuit, (5, 2)),
    )
    for qubits in ((0, 1), (3, 4, 5), (2, 4)):
        close(qj.entropy(circuit, qubits, sim=sim), qj.entropy(circuit, qubits))
    if layout == "sweep":
        close(qj.overlap(other, circuit, sim=sim), qj.overlap(other, circuit))


def test_preparations_on_scattered_qubits():
    """Two prepared parts that lie between each other, one qubit beside them left alone."""
    rng = np.random.default_rng(8)
    parts = [(4, 0, 2), (5, 1, 6)]
    ops = [qj.StatePrep(rc.random_state(rng, 8), where) for where in parts]
    circuit = qj.Circuit(7, [*ops, qj.CRY(0.7, 1, 3)])
    np.testing.assert_allclose(qj.run(circuit, sim=WIDE), ref.state(circuit), rtol=0, atol=1e-11)


@pytest.mark.verify
def test_gates_with_many_controls():
    """Nine qubits at once: controls before, between and behind the targets."""
    rng = np.random.default_rng(9)
    gate = qj.Unitary(rc.random_unitary(rng, 4), (6, 2))
    controlled = qj.Controlled(gate, (0, 3, 8, 1, 7, 4, 5), (1, 0, 1, 1, 1, 0, 1))
    start = [qj.RY(a, q) for q, a in enumerate(rng.normal(size=9) + 1)]
    circuit = qj.Circuit(9, [start, controlled])
    sim = qj.MPS(16)
    np.testing.assert_allclose(qj.run(circuit, sim=sim), ref.state(circuit), rtol=0, atol=1e-11)


def test_swapped_qubits_keep_their_names():
    """Long-range gates leave the chain permuted; every answer is about the circuit's qubits."""
    rng = np.random.default_rng(5)
    pairs = [rng.permutation(7)[:2].tolist() for _ in range(12)]
    circuit = qj.Circuit(
        7,
        [
            qj.RXX(rng.normal(), *p) if k % 2 else qj.CRY(rng.normal(), *p)
            for k, p in enumerate(pairs)
        ],
    )
    circuit = qj.Circuit(7, [[qj.H(q) for q in range(0, 7, 2)], *circuit])
    sim = qj.MPS(8)
    np.testing.assert_allclose(qj.run(circuit, sim=sim), qj.run(circuit), rtol=0, atol=1e-11)
    word = qj.X(0) @ qj.Y(4) + qj.Z(6) @ qj.Z(1)
    np.testing.assert_allclose(
        qj.expval(circuit, word, sim=sim), qj.expval(circuit, word), rtol=0, atol=1e-11
    )
    got = qj.matrix_product_state(circuit, sim=sim).dense()
    expected = qj.run(circuit)
    assert abs(np.vdot(got, expected)) == pytest.approx(1, abs=1e-11)
    bits = np.asarray(qj.sample(circuit, jax.random.key(0), 4000, sim=sim), int)
    p = qj.probs(circuit, (2, 5))
    counts = np.bincount(2 * bits[:, 2] + bits[:, 5], minlength=4) / 4000
    np.testing.assert_allclose(counts, p, atol=5 * np.sqrt(0.25 / 4000))


@pytest.mark.parametrize("n", [50, pytest.param(100, marks=pytest.mark.verify)])
def test_clifford_circuits_against_a_tableau(n):
    """200 Pauli words on a random Clifford circuit of many qubits: -1, 0 or 1, to 1e-10."""
    rng = np.random.default_rng(n)
    gates = random_clifford(rng, n, 3)
    circuit = qj.Circuit(n, [getattr(qj, name)(*qubits) for name, qubits in gates])
    tableau = Tableau(n)
    for name, qubits in gates:
        tableau.apply(name, qubits)
    words = tableau.some_words(rng, 200)
    observables = [qj.PauliSum([w], np.ones(1)) for w in words]
    weights = rng.normal(size=len(words))
    together = qj.PauliSum(words, weights)
    expected = np.array([tableau.expectation(w) for w in words])
    assert 0.2 < np.mean(np.abs(expected)) < 0.9
    sim = qj.MPS(16)
    state = qj.matrix_product_state(circuit, sim=sim)
    # One compiled sweep for all words: the derivative with respect to their coefficients.
    got = jax.grad(lambda c: state.expval(qj.PauliSum(words, c)))(jnp.asarray(weights))
    order = [together.words.index(w) for w in words]
    np.testing.assert_allclose(np.asarray(got)[order], expected, rtol=0, atol=1e-10)
    value = qj.expval(circuit, observables[0], sim=sim)
    np.testing.assert_allclose(value, expected[0], rtol=0, atol=1e-10)


N = 200


def line(first, *rest):
    return qj.Circuit(N, [first, *rest])


def w_state():
    """Each step passes on the share of the excitation that the rest of the chain is due."""
    ops = [qj.X(0)]
    for k in range(N - 1):
        theta = 2 * np.arccos(np.sqrt(1 / (N - k)))
        ops += [qj.CRY(theta, k, k + 1), qj.CNOT(k + 1, k)]
    return qj.Circuit(N, ops)


def test_ghz_state_in_closed_form():
    """200 qubits: long correlations, parity, amplitudes, one bit of entanglement everywhere."""
    circuit = line(qj.H(0), *[qj.CNOT(k, k + 1) for k in range(N - 1)])
    sim = qj.MPS(4)
    parity = qj.PauliSum.from_terms([("X" * N, range(N), 1.0)])
    values, info = qj.expval(circuit, [qj.Z(0) @ qj.Z(N - 1), qj.Z(7), parity], sim=sim, info=True)
    np.testing.assert_allclose(values, [1, 0, 1], rtol=0, atol=1e-12)
    np.testing.assert_allclose(info.truncation_error, 0, atol=1e-12)
    assert set(np.asarray(info.bond_dimensions)) == {2}
    amplitudes = qj.amplitudes(circuit, ["0" * N, "1" * N, "01" * (N // 2)], sim=sim)
    np.testing.assert_allclose(amplitudes, [np.sqrt(0.5), np.sqrt(0.5), 0], rtol=0, atol=1e-12)
    entropies = qj.matrix_product_state(circuit, sim=sim).entropies()
    np.testing.assert_allclose(entropies, np.log(2), rtol=0, atol=1e-12)
    shots = np.asarray(qj.sample(circuit, jax.random.key(3), 50, sim=sim))
    assert set(shots.sum(axis=1)) == {0, N}


def test_w_state_in_closed_form():
    """200 qubits: <Z_k> = 1 - 2/n, <Z_j Z_k> = 1 - 4/n, <X_j X_k> = 2/n."""
    values = qj.expval(
        w_state(), [qj.Z(0), qj.Z(123), qj.Z(4) @ qj.Z(180), qj.X(10) @ qj.X(11)], sim=qj.MPS(4)
    )
    np.testing.assert_allclose(values, [1 - 2 / N, 1 - 2 / N, 1 - 4 / N, 2 / N], rtol=0, atol=1e-12)


def test_cluster_and_product_states_in_closed_form():
    """200 qubits: every stabiliser of the cluster state is 1; a product of rotations."""
    cluster = line(*[qj.H(k) for k in range(N)], *[qj.CZ(k, k + 1) for k in range(N - 1)])
    stabilisers = qj.cluster(N) * (-1.0)
    np.testing.assert_allclose(
        qj.expval(cluster, stabilisers, sim=qj.MPS(4)), N - 2, rtol=0, atol=1e-9
    )
    angles = np.linspace(0, 3, N)
    product = qj.Circuit(N, [qj.RY(t, k) for k, t in enumerate(angles)])
    values = qj.expval(product, [qj.Z(k) for k in range(0, N, 50)], sim=qj.MPS(2))
    np.testing.assert_allclose(values, np.cos(angles[::50]), rtol=0, atol=1e-12)


def test_finite_shots():
    """estimate agrees with expval within its standard error, on words in several bases."""
    circuit = brickwork(6, 2, jax.random.key(4))
    observable = qj.heisenberg(6)
    sim = qj.MPS(8)
    mean, error = qj.estimate(circuit, observable, jax.random.key(1), 4000, sim=sim)
    assert abs(mean - qj.expval(circuit, observable)) < 5 * error
    assert error < 0.2
