"""Named Hamiltonians against Kronecker products written out here, and against closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qjax.errors import DataError, ObservableError, QjaxError, QubitError
from qjax.observables import (
    cluster,
    heisenberg,
    ising,
    maxcut,
    molecule,
    molecule_bond_lengths,
    tfim,
    xxz,
)

PAULI = {
    "I": np.eye(2),
    "X": np.array([[0, 1], [1, 0]]),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]),
}


def dense(n, terms):
    """The sum of ``coefficient * letters on qubits`` as a matrix, by Kronecker products."""
    out = np.zeros((2**n, 2**n), complex)
    for letters, qubits, coefficient in terms:
        names = ["I"] * n
        for letter, q in zip(letters, qubits, strict=True):
            names[q] = letter
        matrix = np.eye(1)
        for name in names:
            matrix = np.kron(matrix, PAULI[name])
        out += coefficient * matrix
    return out


def lowest(observable, n=None):
    return np.linalg.eigvalsh(observable.matrix(n))[0]


def bonds(n, periodic):
    return [(k, (k + 1) % n) for k in range(n if periodic else n - 1)]


@pytest.mark.parametrize("periodic", [False, True])
def test_matrices_are_those_of_their_definitions(periodic):
    n, rng = 4, np.random.default_rng(0)
    pairs = bonds(n, periodic)
    J, K, h = rng.normal(size=len(pairs)), rng.normal(size=len(pairs)), rng.normal(size=n)

    def field(letter):
        return [(letter, (q,), -h[q]) for q in range(n)]

    def bond(letters, values):
        return [(letters, p, v) for p, v in zip(pairs, values, strict=True)]

    triples = [(k, (k + 1) % n, (k + 2) % n) for k in range(n if periodic else n - 2)]
    cases = [
        (tfim(n, J, h, periodic), bond("ZZ", -J) + field("X")),
        (
            heisenberg(n, J, h, periodic),
            bond("XX", J) + bond("YY", J) + bond("ZZ", J) + field("Z"),
        ),
        (xxz(n, J, K, h, periodic), bond("XX", J) + bond("YY", J) + bond("ZZ", K) + field("Z")),
        (
            cluster(n, 0.7, h, K, periodic),
            [("ZXZ", t, -0.7) for t in triples] + field("X") + bond("XX", -K),
        ),
    ]
    for observable, terms in cases:
        np.testing.assert_allclose(observable.matrix(n), dense(n, terms), atol=1e-14)


@pytest.mark.parametrize(("J", "h"), [(1.0, 1.0), (0.3, 1.7), (2.0, 0.0)])
def test_two_site_ising_ground_energy(J, h):
    # In the even sector H = [[-J, -2h], [-2h, J]]
    assert lowest(tfim(2, J, h), 2) == pytest.approx(-np.sqrt(J**2 + 4 * h**2), abs=1e-12)


def test_critical_ising_chain_has_its_free_fermion_energy():
    # Open chain at J = h: E = 1 - 1/sin(pi / (2 (2 n + 1))), Pfeuty 1970
    n = 6
    expected = 1 - 1 / np.sin(np.pi / (2 * (2 * n + 1)))
    assert lowest(tfim(n)) == pytest.approx(expected, abs=1e-12)


def test_heisenberg_ring_of_four_has_energy_minus_eight():
    # E = -2 J in spins one half, and a Pauli product is four spin products
    assert lowest(heisenberg(4, periodic=True)) == pytest.approx(-8, abs=1e-12)


def test_two_site_heisenberg_has_a_singlet_below_a_triplet():
    values = np.linalg.eigvalsh(heisenberg(2).matrix())
    np.testing.assert_allclose(values, [-3, 1, 1, 1], atol=1e-12)


def test_cluster_chain_ground_state():
    closed = np.linalg.eigvalsh(cluster(5, periodic=True).matrix())
    assert closed[0] == pytest.approx(-5, abs=1e-12)
    assert closed[1] > -4
    opened = np.linalg.eigvalsh(cluster(5).matrix())
    np.testing.assert_allclose(opened[:4], -3, atol=1e-12)
    assert opened[4] > -2


def test_maxcut_energy_is_minus_the_cut():
    edges = [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2)]
    weights = np.array([1.0, 2.0, 0.5, 1.5, 3.0])
    energies = np.diag(maxcut(edges, weights).matrix()).real
    for index in range(16):
        bits = [(index >> (3 - q)) & 1 for q in range(4)]
        cut = sum(w for (i, j), w in zip(edges, weights, strict=True) if bits[i] != bits[j])
        assert energies[index] == pytest.approx(-cut, abs=1e-14)
    assert np.diag(maxcut([(0, 1)]).matrix()).real.tolist() == [0, -1, -1, 0]


def test_parallel_edges_add_up():
    assert maxcut([(0, 1), (1, 0)]).coeffs.tolist() == [1.0, -1.0]


def test_ising_takes_mappings_and_lists():
    a = ising({(0, 1): 0.5, (0, 2): -1.0}, {1: 0.3})
    b = ising([(0, 1, 0.5), (0, 2, -1.0)], [0.0, 0.3, 0.0])
    expected = dense(3, [("ZZ", (0, 1), 0.5), ("ZZ", (0, 2), -1.0), ("Z", (1,), 0.3)])
    np.testing.assert_allclose(a.matrix(3), expected, atol=1e-15)
    np.testing.assert_allclose(b.matrix(3), expected, atol=1e-15)


def test_coefficients_may_be_traced_and_batched():
    def coefficients(J, h):
        return tfim(3, J, h).coeffs

    J, h = jnp.array(2.0, jnp.float32), jnp.arange(3.0, dtype=jnp.float32)
    np.testing.assert_array_equal(jax.jit(coefficients)(J, h), [-2, -2, 0, -1, -2])
    batch = jax.vmap(lambda J: tfim(3, J).coeffs)(jnp.arange(4.0))
    np.testing.assert_array_equal(batch[:, 0], [0, -1, -2, -3])
    derivative = jax.jacobian(lambda w: maxcut([(0, 1), (1, 2)], w).coeffs)(jnp.ones(2))
    np.testing.assert_array_equal(derivative, [[0.5, 0], [0, 0.5], [-0.5, -0.5]])
    traced = jax.jit(lambda x: ising({(0, 1): x, (1, 2): 1.0}, {0: 2 * x}).coeffs)(jnp.array(3.0))
    np.testing.assert_array_equal(traced, [3, 1, 6])


def test_fields_left_out_add_no_words():
    assert len(heisenberg(3)) == 6
    assert len(cluster(4)) == 2
    assert len(tfim(1)) == 1


MISUSE = [
    (lambda: tfim(0), ObservableError, "tfim: n must be an integer of at least 1"),
    (lambda: tfim(2, periodic=True), ObservableError, "at least 3 for a periodic chain"),
    (lambda: tfim(3, J=np.ones(3)), ObservableError, "tfim: J must be one number"),
    (lambda: tfim(3, h=1j), ObservableError, "tfim: h must be real"),
    (lambda: xxz(3, Jz=float("nan")), ObservableError, "xxz: Jz must be finite"),
    (lambda: heisenberg(3, J="1"), ObservableError, "heisenberg: J must be real"),
    (lambda: cluster(2), ObservableError, "cluster: n must be an integer of at least 3"),
    (lambda: maxcut([]), ObservableError, "maxcut: edges must not be empty"),
    (lambda: maxcut([(0, 0)]), QubitError, "two different qubits"),
    (lambda: maxcut([(0, 1, 2)]), ObservableError, "an edge joins two qubits"),
    (lambda: maxcut([(0, -1)]), QubitError, "negative"),
    (lambda: maxcut([(0, 1)], [1.0, 2.0]), ObservableError, "maxcut: weights"),
    (lambda: maxcut(3), ObservableError, "maxcut: edges must be a list"),
    (lambda: ising({}), ObservableError, "neither couplings nor fields"),
    (lambda: ising([(0, 1)]), ObservableError, "ising: couplings must be"),
    (lambda: ising({(0, 1): [1.0, 2.0]}), ObservableError, "coupling"),
    (lambda: ising({(0, 1): 1.0}, 0.5), ObservableError, "ising: fields needs one number"),
    (lambda: molecule("water"), DataError, "one of 'beh2', 'h2', 'h2o', 'h4', 'lih'"),
    (lambda: molecule("h2", 0.31), DataError, "0.3, 0.4"),
    (lambda: molecule_bond_lengths(""), DataError, "one of 'beh2', 'h2', 'h2o', 'h4', 'lih'"),
]


@pytest.mark.parametrize("case", MISUSE, ids=lambda c: c[2][:32])
def test_misuse_is_explained(case):
    call, kind, message = case
    with pytest.raises(QjaxError) as caught:
        call()
    assert isinstance(caught.value, kind)
    assert message in str(caught.value)


def test_hydrogen_has_its_published_energy():
    h2 = molecule("H2", 0.735)
    assert h2.exact_energy == pytest.approx(-1.13731, abs=1e-5)
    assert molecule("h2").bond_length == 0.735
    assert (h2.n, h2.electrons, h2.hf_bits) == (4, 2, "1100")


@pytest.mark.parametrize("length", molecule_bond_lengths("h2"))
def test_energies_of_the_file_are_those_of_its_hamiltonian(length):
    h2 = molecule("h2", length)
    matrix = h2.hamiltonian.matrix(h2.n)
    assert np.linalg.eigvalsh(matrix)[0] == pytest.approx(h2.exact_energy, abs=1e-11)
    index = int(h2.hf_bits, 2)
    assert matrix[index, index].real == pytest.approx(h2.hf_energy, abs=1e-11)


def test_a_bond_length_curve_is_one_batched_sum():
    curve = [molecule("h2", r).hamiltonian for r in molecule_bond_lengths("h2")]
    assert len({h.words for h in curve}) == 1
    stacked = jax.tree.map(lambda *c: jnp.stack([jnp.asarray(x) for x in c]), *curve)
    assert stacked.coeffs.shape == (len(curve), len(curve[0]))


def test_a_bond_length_need_not_be_exact_to_the_last_bit():
    assert molecule("h2", 0.1 * 3).bond_length == 0.3
