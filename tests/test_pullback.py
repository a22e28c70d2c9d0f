"""Several expectation values by Adjoint: alone and side by side, the derivatives of Backprop."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qjax as qj
from qjax.errors import UnsupportedError


def circuit(x, w):
    turns = [qj.RZ(x[q], q) for q in range(3)] + [qj.RY(w[q], q) for q in range(3)]
    return qj.Circuit(3, [qj.H(0), *turns, qj.CNOT(0, 1), qj.CNOT(1, 2), qj.RX(w[0] * x[1], 2)])


def values(x, w, k, gradient):
    observables = {"a": k * qj.Z(0) + qj.X(1), "b": [qj.Z(1) @ qj.Y(2), qj.Z(2)]}
    found = qj.expval(circuit(x, w), observables, gradient=gradient)
    return jnp.stack(jax.tree.leaves(found))


@pytest.mark.parametrize("lanes", [3, 20])
def test_batches_have_the_gradient_of_backprop_in_angles_and_coefficients(lanes):
    rng = np.random.default_rng(0)
    x, w = (jnp.asarray(rng.normal(size=(lanes, 3))) for _ in range(2))
    weight = jnp.asarray(rng.normal(size=(lanes, 3)))

    def slope(gradient):
        def loss(x, w, k):
            out = jax.vmap(lambda x, w: values(x, w, k, gradient))(x, w)
            return jnp.sum(weight * jnp.sin(out))

        return jax.jit(jax.value_and_grad(loss, (0, 1, 2)))(x, w, jnp.asarray(0.3))

    for ours, exact in zip(
        jax.tree.leaves(slope(qj.Adjoint())), jax.tree.leaves(slope(qj.Backprop())), strict=True
    ):
        np.testing.assert_allclose(ours, exact, rtol=0, atol=1e-12)


def test_an_output_that_is_not_used_has_no_slope():
    x = jnp.asarray(np.random.default_rng(1).normal(size=(9, 3)))
    grads = [
        jax.jit(jax.grad(lambda x, g=g: jax.vmap(lambda x: values(x, x, 0.3, g)[2])(x).sum()))(x)
        for g in (qj.Adjoint(), qj.Backprop())
    ]
    np.testing.assert_allclose(grads[0], grads[1], rtol=0, atol=1e-12)


def test_second_derivatives_are_refused_with_the_way_out():
    x = jnp.asarray([0.1, 0.2, 0.3])
    slope = jax.grad(lambda x: values(x, x, 0.3, qj.Adjoint()).sum())
    with pytest.raises(UnsupportedError, match="Backprop"):
        jax.grad(lambda x: slope(x).sum())(x)


def test_one_program_serves_whatever_is_differentiated():
    """Angles and coefficients side by side first, then angles alone, of the very same circuit."""
    rng = np.random.default_rng(2)
    x = jnp.asarray(rng.normal(size=(9, 3)))

    def loss(x, k, gradient):
        return jax.vmap(lambda x: values(x, x, k, gradient))(x).sum()

    k = jnp.asarray(0.3)
    both = [jax.grad(loss, (0, 1))(x, k, g) for g in (qj.Adjoint(), qj.Backprop())]
    for ours, exact in zip(*both, strict=True):
        np.testing.assert_allclose(ours, exact, rtol=0, atol=1e-12)
    one = [
        jax.jacrev(lambda x, g=g: values(x, x, 0.3, g))(x[0]) for g in (qj.Adjoint(), qj.Backprop())
    ]
    np.testing.assert_allclose(one[0], one[1], rtol=0, atol=1e-12)
