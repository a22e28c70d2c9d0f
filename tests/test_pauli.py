"""Pauli algebra against dense matrices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import reference as ref
from hypothesis import given, settings
from hypothesis import strategies as st

import qjax as qj
from qjax.pauli import make_word, multiply_words, word_masks

N = 3
letters = st.text("IXYZ", min_size=N, max_size=N)
numbers = st.floats(-10, 10).map(lambda x: round(x, 3))
sums = st.lists(st.tuples(letters, numbers), min_size=1, max_size=5)


def dense(terms):
    return sum(c * ref.word_matrix(word) for word, c in terms)


def matrix(pauli_sum):
    return pauli_sum.matrix(N)


@given(sums, sums, numbers)
@settings(max_examples=60, deadline=None)
def test_algebra_is_that_of_the_matrices(a, b, c):
    """Sums, differences, products with numbers and with each other agree with dense matrices."""
    p, q = qj.PauliSum.from_terms(a), qj.PauliSum.from_terms(b)
    np.testing.assert_allclose(matrix(p), dense(a), atol=1e-9)
    np.testing.assert_allclose(matrix(p + q), dense(a) + dense(b), atol=1e-9)
    np.testing.assert_allclose(matrix(p - q), dense(a) - dense(b), atol=1e-9)
    np.testing.assert_allclose(matrix(p @ q), dense(a) @ dense(b), atol=1e-9)
    np.testing.assert_allclose(matrix(c * p), c * dense(a), atol=1e-9)
    np.testing.assert_allclose(matrix(p * c), c * dense(a), atol=1e-9)
    np.testing.assert_allclose(matrix(-p), -dense(a), atol=1e-9)
    np.testing.assert_allclose(matrix(p + c), dense(a) + c * np.eye(8), atol=1e-9)
    np.testing.assert_allclose(matrix(c - p), c * np.eye(8) - dense(a), atol=1e-9)
    np.testing.assert_allclose(matrix(p / 4), dense(a) / 4, atol=1e-9)


@given(letters, letters, letters)
@settings(max_examples=60, deadline=None)
def test_word_products_are_associative_with_phase(a, b, c):
    """``(ab)c = a(bc)`` with the powers of i counted."""
    x, y, z = make_word(a), make_word(b), make_word(c)
    p, xy = multiply_words(x, y)
    q, left = multiply_words(xy, z)
    r, yz = multiply_words(y, z)
    s, right = multiply_words(x, yz)
    assert ((p + q) % 4, left) == ((r + s) % 4, right)


def test_paulis_of_gates_combine():
    """`X(0) @ Z(1)` and its like are observables, with every operand order."""
    h = 0.5 * qj.X(0) @ qj.X(2) - qj.Z(1) + 2 + qj.Y(0) / 4 - (1 - qj.I(2))
    expected = 0.5 * ref.word_matrix("XIX") - ref.word_matrix("IZI") + 2 * np.eye(8)
    expected = expected + ref.word_matrix("YII") / 4
    np.testing.assert_allclose(h.matrix(3), expected, atol=1e-15)
    np.testing.assert_allclose((qj.X(0) @ qj.Y(0)).matrix(1), 1j * ref.LETTERS["Z"], atol=1e-15)
    np.testing.assert_allclose((qj.Z(0) @ qj.Z(0)).matrix(1), np.eye(2), atol=1e-15)
    np.testing.assert_allclose((np.float64(3) * qj.X(0)).matrix(1), 3 * ref.LETTERS["X"])
    np.testing.assert_allclose((np.float64(3) * (qj.X(0) + 0)).matrix(1), 3 * ref.LETTERS["X"])


def test_products_that_are_hermitian_have_real_coefficients():
    """XY times XY is the identity with a real coefficient: expval accepts it."""
    p = qj.X(0) @ qj.Y(1)
    assert (p @ p).coeffs.dtype.kind == "f"
    assert (p @ p).words == ((),)


def test_equal_words_join():
    """``X + X`` is ``2 X``: one word, coefficients summed."""
    p = qj.X(0) + qj.Z(1) + qj.X(0)
    assert len(p) == 2
    assert p.coeffs.tolist() == [2.0, 1.0]


def test_masks_flip_and_sign_the_right_bits():
    """Qubit 0 is the most significant bit of the masks."""
    assert word_masks(make_word("XYZ"), 3) == (0b110, 0b011, 1)
    assert word_masks(make_word("Y", [2]), 4) == (0b0010, 0b0010, 1)


def test_facts_about_sums():
    """Which qubits are named, and whether the matrix is diagonal or real."""
    p = qj.PauliSum.from_terms([("ZZ", (1, 4), 1.0), ("Z", (2,), 0.5)])
    assert (p.num_qubits, p.qubits, p.is_diagonal, p.is_real) == (5, (1, 2, 4), True, True)
    assert (qj.Y(0) @ qj.Y(1)).is_real
    assert not (qj.Y(0) + qj.X(1)).is_real
    assert not (qj.X(0) + 0).is_diagonal
    assert p.map_qubits({1: 0, 4: 7}).qubits == (0, 2, 7)
    assert qj.PauliSum([], np.zeros(0)).num_qubits == 0


def test_coefficients_are_leaves_and_words_are_structure():
    """A Hamiltonian can be traced, batched and differentiated in its coefficients."""
    p = qj.PauliSum.from_terms({"XX": 1.0, "ZI": 0.5})
    leaves, treedef = jax.tree.flatten(p)
    assert [leaf.shape for leaf in leaves] == [(2,)]
    assert hash(treedef) == hash(jax.tree.structure(2.0 * p))
    batch = jax.vmap(lambda g: g * (qj.X(0) @ qj.X(1)) - qj.Z(0))(jnp.arange(3.0))
    np.testing.assert_array_equal(batch.coeffs, [[0, -1], [1, -1], [2, -1]])

    def total(g):
        return jnp.sum((g * qj.X(0) @ (g * qj.X(0) + qj.Z(1))).coeffs)

    np.testing.assert_allclose(jax.grad(total)(2.0), 2 * 2.0 + 1)


@pytest.mark.parametrize("bad", ["XQ", "x", "X Z"])
def test_only_pauli_letters(bad):
    with pytest.raises(qj.errors.QjaxError, match="letters"):
        make_word(bad, (0, 1))


def test_traced_coefficients_of_another_precision():
    """Float32 or complex JAX coefficients meet float64 constants under strict promotion."""
    h = qj.X(0) + 0.5 * qj.Z(1)
    for g in (jnp.float32(0.25), jnp.complex64(0.25j), jnp.asarray(0.25), 2):
        expected = (ref.word_matrix("XI") + 0.5 * ref.word_matrix("IZ")) * complex(g)
        np.testing.assert_allclose((g * h).matrix(2), expected, atol=1e-15)
        np.testing.assert_allclose((g * h + h).matrix(2), expected + h.matrix(2), atol=1e-15)
        np.testing.assert_allclose((h @ (g * h)).matrix(2), h.matrix(2) @ expected, atol=1e-15)


def test_words_have_one_form():
    """However a word is written, equal words compare equal and join."""
    p = qj.PauliSum([((2, "X"), (0, "Z")), ((0, "Z"), (1, "I"), (2, "X"))], [1.0, 2.0])
    assert p.words == (((0, "Z"), (2, "X")),)
    assert p.coeffs.tolist() == [3.0]
