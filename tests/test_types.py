"""Annotations of qjax are enforced while the tests run."""

import jax.numpy as jnp
import pytest
from jaxtyping import TypeCheckError

import qjax as qj
from qjax.gates import exp_i


def test_shape_annotations_are_enforced_under_pytest():
    """A vector where ``(..., d, d)`` is annotated is refused by the type checker."""
    with pytest.raises(TypeCheckError):
        exp_i(jnp.zeros(3))
    with pytest.raises(TypeCheckError):
        exp_i(jnp.zeros((2, 3)))


def test_type_annotations_are_enforced_under_pytest():
    """So is a string where an integer is annotated: beartype sees through PEP 563."""
    with pytest.raises(TypeCheckError):
        qj.gates.matrices.pauli_rotation("theta", 3, jnp.complex64)
