"""Kernel-target alignment: how well a kernel matrix resembles the labels."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..errors import DataError


def kernel_target_alignment(kernel: Any, y: Any, *, centre: bool = False) -> Float[Array, ""]:
    """``<K, T> / (|K| |T|)`` with the ideal kernel ``T = Y Y^T``. Differentiable in both.

    Args:
        kernel: symmetric matrix, shape ``(n, n)``.
        y: targets, shape ``(n,)`` (labels as ±1), or ``(n, k)`` (one-hot rows for k classes).
        centre: whether both matrices are centred first, which makes classes of unequal size count
            alike (Cortes, Mohri and Rostamizadeh, JMLR 13, 795 (2012)).

    Returns:
        At most 1, and 1 where K is a multiple of T.

    Raises:
        DataError: shapes that do not fit.

    Source: Cristianini et al., NIPS 2001; for quantum kernels Hubregtsen et al., arXiv:2105.02276.

    Example:
        >>> import jax.numpy as jnp
        >>> from qjax.kernels import kernel_target_alignment
        >>> round(float(kernel_target_alignment(jnp.eye(4), jnp.array([1, 1, -1, -1]))), 3)
        0.5
    """
    kernel, y = jnp.asarray(kernel), jnp.asarray(y)
    if kernel.ndim != 2 or y.ndim not in (1, 2) or kernel.shape != (y.shape[0],) * 2:
        raise DataError(
            "kernel_target_alignment: kernel and y must belong to the same points",
            expected="kernel (n, n), y (n,) or (n, k)",
            got=f"{kernel.shape} and {y.shape}",
        )
    y = y.astype(kernel.dtype).reshape(y.shape[0], -1)
    target = y @ y.T
    if centre:
        kernel, target = centred(kernel), centred(target)
    norms = jnp.sqrt(jnp.sum(kernel**2) * jnp.sum(target**2))
    return jnp.sum(kernel * target) / norms


def centred(kernel: Float[Array, "n n"]) -> Float[Array, "n n"]:
    """The kernel matrix of the same features with their mean taken away: ``H K H``.

    Example:
        >>> import jax.numpy as jnp
        >>> from qjax.kernels import centred
        >>> centred(jnp.ones((2, 2))).tolist()
        [[0.0, 0.0], [0.0, 0.0]]
    """
    rows = jnp.mean(kernel, axis=0, keepdims=True)
    columns = jnp.mean(kernel, axis=1, keepdims=True)
    return kernel - rows - columns + jnp.mean(kernel)
