"""Dense Hermitians, projectors, and the grouping of commuting words."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qjax.errors import MatrixError, ObservableError, ParameterError, QjaxError, QubitError
from qjax.observables import Hermitian, Projector, group_commuting, molecule, tfim
from qjax.pauli import PauliSum, make_word


def test_the_matrix_of_a_hermitian_is_a_leaf_and_its_qubits_are_structure():
    matrix = np.array([[1.0, 2j], [-2j, 3.0]])
    observable = Hermitian(matrix, 2)
    (leaf,), treedef = jax.tree.flatten(observable)
    assert leaf.dtype == np.complex128
    np.testing.assert_array_equal(leaf, matrix)
    assert observable.qubits == (2,)
    assert observable.num_qubits == 3
    assert treedef == jax.tree.structure(Hermitian(np.eye(2) + 0j, 2))
    assert treedef != jax.tree.structure(Hermitian(np.eye(2) + 0j, 1))


def test_a_hermitian_may_be_traced_and_batched():
    def trace_of(x):
        return jnp.trace(Hermitian(jnp.outer(x, x), (0, 1)).matrix)

    x = jnp.arange(4.0)
    assert jax.jit(trace_of)(x) == 14
    np.testing.assert_array_equal(jax.grad(trace_of)(x), 2 * x)
    batch = jax.vmap(lambda x: Hermitian(jnp.outer(x, x), (0, 1)))(jnp.ones((5, 4)))
    assert batch.matrix.shape == (5, 4, 4)


def test_hermitians_and_projectors_follow_renamed_qubits():
    assert Hermitian(np.eye(4), (0, 1)).map_qubits({0: 3}).qubits == (3, 1)
    assert Projector("01").map_qubits([2, 5]) == Projector("01", (2, 5))


def test_a_projector_is_structure_alone():
    projector = Projector("010")
    assert jax.tree.leaves(projector) == []
    assert projector.bits == (0, 1, 0)
    assert projector.qubits == (0, 1, 2)
    assert hash(projector) == hash(Projector((0, 1, 0)))
    assert projector != Projector("011")
    assert Projector(np.array([1, 0]), np.array([4, 2])).qubits == (4, 2)
    assert Projector("1", 3).num_qubits == 4
    assert jax.tree.unflatten(jax.tree.structure(projector), []) == projector


MISUSE = [
    (lambda: Hermitian(np.array([[0, 1], [2, 0]]), 0), MatrixError, "matrix is not Hermitian"),
    (lambda: Hermitian(np.eye(2), (0, 1)), ParameterError, "shape (4, 4)"),
    (lambda: Hermitian(np.eye(2) * np.nan, 0), ParameterError, "finite"),
    (lambda: Hermitian("Z", 0), ParameterError, "Hermitian: matrix"),
    (lambda: Hermitian(np.eye(4), (1, 1)), QubitError, "once only"),
    (lambda: Hermitian(np.eye(2), -1), QubitError, "negative"),
    (lambda: Hermitian(np.eye(1), ()), ObservableError, "at least one qubit"),
    (lambda: Projector("012"), ObservableError, "zeros and ones"),
    (lambda: Projector(""), ObservableError, "zeros and ones"),
    (lambda: Projector(5), ObservableError, "zeros and ones"),
    (lambda: Projector("01", (0,)), ObservableError, "one qubit per bit"),
    (lambda: Projector("01", (0, 0)), QubitError, "once only"),
    (lambda: jax.jit(Projector)(jnp.array([0, 1])), ObservableError, "qjax.probs"),
]


@pytest.mark.parametrize("case", MISUSE, ids=lambda c: c[2][:32])
def test_misuse_is_explained(case):
    call, kind, message = case
    with pytest.raises(QjaxError) as caught:
        call()
    assert isinstance(caught.value, kind)
    assert message in str(caught.value)


LETTERS = st.text("IXYZ", min_size=4, max_size=4)


@settings(max_examples=60, deadline=None)
@given(st.lists(LETTERS, min_size=1, max_size=20, unique=True))
def test_every_word_stands_in_one_group_that_measures_it(texts):
    observable = PauliSum([make_word(t) for t in texts], np.ones(len(texts)))
    groups = group_commuting(observable)
    assert sorted(k for g in groups for k in g.indices) == list(range(len(texts)))
    for basis, indices in groups:
        letters = dict(basis)
        assert list(letters) == sorted(letters)
        for k in indices:
            assert all(letters[q] == letter for q, letter in observable.words[k])


def test_groups_of_known_hamiltonians():
    assert len(group_commuting(tfim(6))) == 2
    # ZZ-type words, and the four double excitations, no two of which agree on every qubit
    assert len(group_commuting(molecule("h2").hamiltonian)) == 5


def test_grouping_needs_no_numbers():
    count = []
    jax.jit(lambda c: count.append(len(group_commuting(tfim(3, c)))) or c)(jnp.array(1.0))
    assert count == [2]
