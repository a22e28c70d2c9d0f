"""Entropies and coherences of density matrices, differentiable."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..errors import DataError


def von_neumann_entropy(rho: Any) -> Float[Array, ""]:
    """``-tr(rho ln rho)`` in nats of a positive semidefinite matrix, normalised to trace 1.

    It serves states and, as a measure of how many directions features make use of, their
    autocorrelation ``features.T @ features`` (Friedman and Dieng, arXiv:2210.02410).

    Args:
        rho: Hermitian, shape ``(d, d)``.

    Example:
        >>> import jax.numpy as jnp
        >>> from qjax.diagnostics import von_neumann_entropy
        >>> round(float(von_neumann_entropy(jnp.eye(4))), 4)  # ln 4
        1.3863
    """
    rho = _square(rho, "von_neumann_entropy")
    values = jnp.linalg.eigvalsh(rho)
    return _entropy(values / jnp.sum(values))


def relative_entropy_coherence(rho: Any) -> Float[Array, ""]:
    """``S(diag rho) - S(rho)`` in nats: 0 for classical mixtures, ``ln d`` at most.

    Args:
        rho: a density matrix, shape ``(d, d)``.

    Source: Baumgratz, Cramer and Plenio, arXiv:1311.0275.

    Example:
        >>> import jax.numpy as jnp
        >>> from qjax.diagnostics import relative_entropy_coherence
        >>> round(float(relative_entropy_coherence(jnp.full((2, 2), 0.5))), 4)  # ln 2
        0.6931
    """
    rho = _square(rho, "relative_entropy_coherence")
    return _entropy(jnp.real(jnp.diagonal(rho))) - _entropy(jnp.linalg.eigvalsh(rho))


def l1_coherence(rho: Any) -> Float[Array, ""]:
    """The sum of the magnitudes off the diagonal: at most ``d - 1``.

    Args:
        rho: a density matrix, shape ``(d, d)``.

    Source: Baumgratz, Cramer and Plenio, arXiv:1311.0275.

    Example:
        >>> import jax.numpy as jnp
        >>> from qjax.diagnostics import l1_coherence
        >>> float(l1_coherence(jnp.full((2, 2), 0.5)))
        1.0
    """
    rho = _square(rho, "l1_coherence")
    diagonal = jnp.eye(rho.shape[0], dtype=bool)
    squares = jnp.real(rho) ** 2 + jnp.imag(rho) ** 2
    some = (squares > 0) & ~diagonal  # the root has no derivative at zero
    return jnp.sum(jnp.where(some, jnp.sqrt(jnp.where(some, squares, 1)), 0))


def _entropy(values: Array) -> Array:
    positive = values > jnp.finfo(values.dtype).eps
    safe = jnp.where(positive, values, 1)
    return -jnp.sum(jnp.where(positive, safe * jnp.log(safe), 0))


def _square(rho: Any, where: str) -> Array:
    rho = jnp.asarray(rho)
    if rho.ndim != 2 or rho.shape[0] != rho.shape[1]:
        raise DataError(f"{where}: rho must be a square matrix", got=f"shape {rho.shape}")
    return rho
