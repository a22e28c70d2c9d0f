"""Matrices of all pairs from blocks of rows; of a symmetric matrix only the upper half."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

BLOCKS = 8
"""Into so many blocks a symmetric matrix is cut at most: 36 of their 64 products are computed."""

LEAST = 64
"""Rows that a block has at least; smaller products are not worth cutting."""


def of_all_pairs(block: Callable[[Any, Any], Array], a: Any, b: Any = None) -> Array:
    """``block(a, b)``; without ``b``, ``block(a, a)`` from the blocks on and above its diagonal.

    Args:
        block: what two stacks of rows make of each other, shape ``(rows of a, rows of b)``.
        a: a pytree of arrays with a leading axis of rows.
        b: another.
    """
    if b is not None:
        return block(a, b)
    count = jax.tree.leaves(a)[0].shape[0]
    cuts = max(1, min(BLOCKS, count // LEAST))
    edges = [round(count * k / cuts) for k in range(cuts + 1)]
    parts = [jax.tree.map(lambda x: x[low:high], a) for low, high in pairwise(edges)]  # noqa: B023
    upper = {(i, j): block(parts[i], parts[j]) for i in range(cuts) for j in range(i, cuts)}
    rows = [
        jnp.concatenate([upper[i, j] if i <= j else upper[j, i].T for j in range(cuts)], axis=1)
        for i in range(cuts)
    ]
    return jnp.concatenate(rows)


def product(a: Float[Array, "n d"], b: Float[Array, "m d"]) -> Float[Array, "n m"]:
    """All inner products of real rows, in full precision on every device."""
    return jnp.matmul(a, b.T, precision=jax.lax.Precision.HIGHEST)


def fidelities(a: Float[Array, "n p d"], b: Float[Array, "m p d"]) -> Float[Array, "n m"]:
    """``|<a_i|b_j>|**2`` of states given by their real parts, or by real and imaginary parts."""
    rows = a.reshape(a.shape[0], -1)
    real = product(rows, b.reshape(b.shape[0], -1))
    if a.shape[1] == 1:
        return real**2
    turned = jnp.stack([b[:, 1], -b[:, 0]], axis=1)
    return real**2 + product(rows, turned.reshape(b.shape[0], -1)) ** 2


def traces(a: Float[Array, "n p d"], b: Float[Array, "m p d"]) -> Float[Array, "n m"]:
    """``tr(rho_i sigma_j)`` of Hermitian matrices given by real and imaginary parts."""
    return product(a.reshape(a.shape[0], -1), b.reshape(b.shape[0], -1))


def squared_distances(a: Float[Array, "n d"], b: Float[Array, "m d"]) -> Float[Array, "n m"]:
    """``|a_i - b_j|**2`` of real rows, never negative."""
    squares = jnp.sum(a**2, axis=1)[:, None] + jnp.sum(b**2, axis=1)[None, :]
    return jnp.maximum(squares - 2 * product(a, b), np.zeros((), a.dtype))
