"""How entangled a matrix of weights is, read as the state of a chain."""

from __future__ import annotations

from math import prod
from typing import Any

import jax
import jax.numpy as jnp

from qjax.errors import ParameterError
from qjax.nn.hybrid.factors import prime_factors


def entanglement_profile(matrix: Any, sites: tuple[int, ...] | None = None) -> jax.Array:
    """Von Neumann entropy of the normalised weights at every cut of a chain, in nats.

    The matrix becomes a vector, row index first, of unit norm; its sites are the prime factors of
    the rows, then those of the columns (bits, where the sizes are powers of two). The cut between
    rows and columns therefore has at most ``ln rank``.

    Args:
        matrix: weights, shape (rows, columns), real or complex.
        sites: dimensions of the sites, whose product is rows times columns.

    Returns:
        Entropies, shape (sites - 1,); zeros for a matrix of zeros.

    Raises:
        ParameterError: not a matrix, or sites that do not fit.

    Source: Chen et al., arXiv:2601.06788 ("artificial entanglement").

    Example:
        >>> [f"{s:.3f}" for s in entanglement_profile(jnp.eye(4))]  # 2 ln 2 in the middle
        ['0.693', '1.386', '0.693']
    """
    matrix = jnp.asarray(matrix)
    if matrix.ndim != 2:
        raise ParameterError("matrix: two axes are needed", got=matrix.shape)
    if sites is None:
        sites = tuple(p for size in matrix.shape for p in prime_factors(size))
    if prod(sites) != matrix.size or len(sites) < 2:
        raise ParameterError(
            "sites: their dimensions do not multiply to the size of the matrix",
            expected=f"two or more whose product is {matrix.size}",
            got=sites,
        )
    weights = [
        jnp.linalg.svd(matrix.reshape(prod(sites[:k]), -1), compute_uv=False) ** 2
        for k in range(1, len(sites))
    ]
    return jnp.stack([_entropy(w) for w in weights])


def profile_bound(shape: tuple[int, int], rank: int | None = None) -> jax.Array:
    """The largest entropy at every cut: of any matrix of this shape, or of this rank.

    A matrix of rank r has at most ``ln r`` more at a cut than what lies between it and the cut
    between rows and columns allows.

    Args:
        shape: rows and columns.
        rank: of the matrix; full if not given.

    Example:
        >>> [f"{s:.3f}" for s in profile_bound((4, 4), rank=1)]
        ['0.693', '0.000', '0.693']
    """
    rows, columns = (prime_factors(size) for size in shape)
    sites, full = (*rows, *columns), min(shape) if rank is None else min(rank, *shape)
    bounds = []
    for k in range(1, len(sites)):
        left, right = prod(sites[:k]), prod(sites[k:])
        between = prod(sites[min(k, len(rows)) : max(k, len(rows))])
        bounds.append(jnp.log(jnp.asarray(float(min(left, right, full * between)))))
    return jnp.stack(bounds)


def _entropy(weights: jax.Array) -> jax.Array:
    total = jnp.sum(weights)
    p = weights / jnp.where(total > 0, total, 1)
    safe = jnp.where(p > 0, p, 1)  # 0 ln 0 = 0, and its derivative is taken as 0
    return -jnp.sum(safe * jnp.log(safe))
