"""A penalty that makes edges vanish, with a gradient that reaches every layer."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from qjax.nn.qkan.attribution import edge_values
from qjax.nn.qkan.modules import QKAN

_SMALL = 1e-4


def regularisation(
    model: QKAN, x: jax.Array, *, l1: float = 1.0, entropy: float = 2.0
) -> jax.Array:
    """Sum of the edges' relative spreads, and the entropy of how it is shared among them.

    Args:
        model: the network.
        x: inputs, shape (B, I).
        l1: factor of the summed spreads.
        entropy: factor of the entropies over each row and each column of edges, in bits.

    Returns:
        A scalar, differentiable with respect to every parameter.

    Source: Liu et al., KAN, arXiv:2404.19756, section 2.5.1, with the activations' standard
    deviation as the norm of an edge.

    Example:
        >>> from flax import nnx
        >>> penalty = regularisation(QKAN([2, 3, 1], rngs=nnx.Rngs(0)), jnp.eye(2))
    """
    total = jnp.zeros((), x.dtype)
    for layer in model.layers:
        values = edge_values(layer, x)
        # sqrt(variance + small^2): the standard deviation has no gradient where it is zero.
        spread = jnp.sqrt(jnp.var(values, axis=0) + _SMALL**2)
        spread = spread / (jnp.sqrt(jnp.var(x, axis=0) + _SMALL**2) + 0.1)[None, :]
        total = total + l1 * jnp.sum(spread)
        for axis in (0, 1):
            share = spread / (jnp.sum(spread, axis=axis, keepdims=True) + 1.0)
            bits = -jnp.sum(share * jnp.log2(share + _SMALL), axis=axis)
            total = total + entropy * jnp.mean(bits)
        x = jnp.sum(values, axis=-1)
    return total
