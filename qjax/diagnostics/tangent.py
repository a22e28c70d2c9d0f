"""The neural tangent kernel of a model, and how far training carries it away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float


def tangent_kernel(
    model: Callable[[Any, Any], Any], params: Any, x: Any, z: Any = None
) -> Float[Array, "n m"]:
    """``J(x) J(z)^T`` with the derivatives J of a model's outputs with respect to its parameters.

    Args:
        model: ``(params, one input) -> output``, a real scalar or an array of k outputs.
        params: a pytree.
        x: inputs, with a leading axis.
        z: other inputs; ``x`` if not given.

    Returns:
        Shape ``(n, m)``, or ``(n k, m k)``.

    Source: Jacot, Gabriel and Hongler, arXiv:1806.07572; for circuits Liu et al., arXiv:2111.04225.

    Example:
        >>> import jax.numpy as jnp
        >>> from qjax.diagnostics import tangent_kernel
        >>> line = lambda w, x: w[0] + w[1] * x
        >>> tangent_kernel(line, jnp.zeros(2), jnp.array([1.0, 2.0])).tolist()
        [[2.0, 3.0], [3.0, 5.0]]
    """
    flat, unravel = ravel_pytree(params)

    def rows(points: Any) -> Array:
        one = jax.jacrev(lambda w, point: jnp.ravel(model(unravel(w), point)))
        return jax.vmap(one, (None, 0))(flat, points).reshape(-1, flat.shape[0])

    a = rows(x)
    b = a if z is None else rows(z)
    return jnp.matmul(a, b.T, precision=jax.lax.Precision.HIGHEST)


def tangent_drift(
    model: Callable[[Any, Any], Any], path: Any, x: Any
) -> tuple[Float[Array, " steps"], Float[Array, " steps"]]:
    """How the tangent kernel moves along a training.

    Args:
        model: as for `tangent_kernel`.
        path: parameters along the training, every leaf with a leading axis of steps.
        x: inputs, with a leading axis.

    Returns:
        ``|K_t - K_0| / |K_0|`` in the Frobenius norm, near 0 while training is lazy, and the least
        eigenvalue of ``K_t``, the rate at which the slowest residual decays; each ``(steps,)``.

    Example:
        >>> import jax.numpy as jnp
        >>> from qjax.diagnostics import tangent_drift
        >>> line = lambda w, x: w * x
        >>> tangent_drift(line, jnp.array([0.0, 1.0]), jnp.array([1.0]))[0].tolist()
        [0.0, 0.0]
    """

    kernels = jax.lax.map(lambda w: tangent_kernel(model, w, x), path)
    size = jnp.sqrt(jnp.sum(kernels[0] ** 2))
    moved = jnp.sqrt(jnp.sum((kernels - kernels[:1]) ** 2, axis=(1, 2)))
    return moved / size, jnp.linalg.eigvalsh(kernels)[:, 0]
