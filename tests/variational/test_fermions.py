"""Fermions in qubits, and the molecules that ship, against dense Fock-space matrices."""

import numpy as np
import pytest

from qjax.errors import DataError, ObservableError
from qjax.observables import (
    Excitation,
    electronic_hamiltonian,
    encode_occupations,
    encoding_matrix,
    fermion_operator,
    generalised_excitations,
    molecule,
    molecule_bond_lengths,
    uccsd_excitations,
)

ENCODINGS = ["jordan-wigner", "parity", "bravyi-kitaev"]


def annihilators(modes):
    """Dense matrices in the basis of occupations, mode 0 the most significant, by Kronecker."""
    z, lower = np.diag([1.0, -1]), np.array([[0.0, 1], [0, 0]])
    out = []
    for m in range(modes):
        a = np.eye(1)
        for k in range(modes):
            a = np.kron(a, z if k < m else lower if k == m else np.eye(2))
        out.append(a)
    return out


def recoded(encoding, modes):
    """The permutation from occupations to the bits of an encoding."""
    bits = (np.arange(2**modes)[:, None] >> np.arange(modes - 1, -1, -1)) & 1
    new = bits @ encoding_matrix(encoding, modes).T % 2
    p = np.zeros((2**modes, 2**modes))
    p[new @ (1 << np.arange(modes - 1, -1, -1)), np.arange(2**modes)] = 1
    return p


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("modes", [3, 4, 5])
def test_ladder_operators_are_those_of_fock_space(encoding, modes):
    p = recoded(encoding, modes)
    for mode, a in enumerate(annihilators(modes)):
        for creates in (False, True):
            found = fermion_operator({((mode, creates),): 1.0}, modes, encoding).matrix(modes)
            expected = p @ (a.T if creates else a) @ p.T
            np.testing.assert_allclose(found, expected, atol=1e-14)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_random_molecule_is_its_second_quantised_hamiltonian(encoding):
    rng, size = np.random.default_rng(0), 2
    h = rng.normal(size=(size, size))
    h = h + h.T
    v = rng.normal(size=(size,) * 4)
    v = sum(v.transpose(p) for p in ((0, 1, 2, 3), (1, 0, 2, 3), (0, 1, 3, 2), (1, 0, 3, 2)))
    v = v + v.transpose(2, 3, 0, 1)
    a = annihilators(2 * size)
    expected = 0.3 * np.eye(16)
    for s in (0, 1):
        for p, q in np.ndindex(size, size):
            expected = expected + h[p, q] * a[2 * p + s].T @ a[2 * q + s]
    for s, t in np.ndindex(2, 2):
        for p, q, r, u in np.ndindex((size,) * 4):
            product = a[2 * p + s].T @ a[2 * r + t].T @ a[2 * u + t] @ a[2 * q + s]
            expected = expected + 0.5 * v[p, q, r, u] * product
    p = recoded(encoding, 4)
    found = electronic_hamiltonian(0.3, h, v, encoding).matrix(4)
    np.testing.assert_allclose(found, p @ expected @ p.T, atol=1e-12)


def test_occupations_in_every_encoding():
    # the examples of Seeley, Richard and Love, section II: occupations 1 0 1 1
    assert encode_occupations([1, 0, 1, 1], "jordan-wigner") == "1011"
    assert encode_occupations([1, 0, 1, 1], "parity") == "1101"
    assert encode_occupations([1, 0, 1, 1], "bravyi-kitaev") == "1111"


def test_excitations_are_antihermitian_and_counted():
    # 4 electrons in 4 orbitals: 8 singles, and 1 + 1 + 16 doubles
    assert len(uccsd_excitations(4, 4)) == 26
    assert all(len(e.out) == len(e.into) for e in generalised_excitations(4))
    a = annihilators(4)
    e = Excitation((0, 1), (2, 3))
    t = a[2].T @ a[3].T @ a[1] @ a[0]
    np.testing.assert_allclose(e.generator(4).matrix(4), 1j * (t - t.T), atol=1e-14)


@pytest.mark.parametrize("name", ["h4", "lih", "beh2", "h2o"])
def test_the_energies_of_a_file_are_those_of_its_integrals(name):
    """The lowest eigenvalue with as many electrons of either spin is pyscf's; and the diagonal."""
    lengths = molecule_bond_lengths(name)
    words = set()
    for length in (lengths[0], lengths[-1]):
        m = molecule(name, length)
        matrix = m.hamiltonian.matrix(m.n).real
        index = np.arange(2**m.n)
        up = np.bitwise_count(index & int("10" * (m.n // 2), 2))
        down = np.bitwise_count(index & int("01" * (m.n // 2), 2))
        inside = np.flatnonzero((up == m.electrons // 2) & (down == m.electrons // 2))
        ground = np.linalg.eigvalsh(matrix[np.ix_(inside, inside)])[0]
        assert ground == pytest.approx(m.exact_energy, abs=1e-8)
        at = int(m.hf_bits, 2)
        assert matrix[at, at] == pytest.approx(m.hf_energy, abs=1e-8)
        words.add(m.hamiltonian.words)
    assert len(words) == 1


def test_encodings_of_a_molecule_have_one_spectrum():
    spectra = [
        np.linalg.eigvalsh(molecule("lih", 1.6 - 0.0051, encoding=e).hamiltonian.matrix(6))
        for e in ENCODINGS
    ]
    for other in spectra[1:]:
        np.testing.assert_allclose(other, spectra[0], atol=1e-10)
    m = molecule("lih", encoding="parity")
    at = int(m.hf_bits, 2)
    assert m.hamiltonian.matrix(6)[at, at].real == pytest.approx(m.hf_energy, abs=1e-8)


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: encoding_matrix("fenwick", 4), ObservableError, "'parity'"),
        (lambda: fermion_operator({((4, True),): 1.0}, 4), ObservableError, "no such mode"),
        (lambda: uccsd_excitations(2, 3), ObservableError, "electrons must be even"),
        (
            lambda: electronic_hamiltonian(0.0, np.eye(2), np.zeros((2, 2, 2))),
            ObservableError,
            "wrong shape",
        ),
        (lambda: molecule("h2", encoding="parity"), DataError, "Jordan-Wigner form only"),
        (lambda: molecule("lih", 9.0), DataError, "make_integrals"),
    ],
)
def test_misuse_is_explained(call, kind, words):
    with pytest.raises(kind, match=words):
        call()
