"""Tests of independence and of conditional independence from kernel matrices."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..errors import DataError
from .alignment import centred


def independence_test(
    kernel_x: Any, kernel_y: Any, kernel_z: Any = None, *, ridge: float | int = 1e-3
) -> Float[Array, ""]:
    """The p-value of "x and y are independent", or of "... given z". Pure; batch with `jax.vmap`.

    The statistic is ``tr(K_x K_y)`` of centred kernels; given z, of their residuals after kernel
    ridge regression on z. Its distribution under independence is approximated by the gamma
    distribution of the same mean and variance.

    Args:
        kernel_x: kernel matrix of x, shape ``(n, n)``.
        kernel_y: of y.
        kernel_z: of the condition.
        ridge: of the regression on z, as a share of the largest eigenvalue that K_z can have, n.

    Returns:
        Within [0, 1].

    Raises:
        DataError: matrices of different shapes, or not square.

    Source: Gretton et al., NIPS 2007; Zhang, Peters, Janzing and Schölkopf, arXiv:1202.3775.

    Example:
        >>> import jax.numpy as jnp
        >>> from qjax.kernels import independence_test
        >>> x = jnp.linspace(-1, 1, 30)
        >>> same = jnp.exp(-((x[:, None] - x[None]) ** 2))
        >>> bool(independence_test(same, same) < 1e-3)
        True
    """
    kernels = [jnp.asarray(k) for k in (kernel_x, kernel_y, kernel_z) if k is not None]
    shapes = {k.shape for k in kernels}
    if len(shapes) > 1 or kernels[0].ndim != 2 or kernels[0].shape[0] != kernels[0].shape[1]:
        raise DataError(
            "independence_test: the kernel matrices must be square and of one shape",
            got=[k.shape for k in kernels],
        )
    n = kernels[0].shape[0]
    if kernel_z is None:
        a, b = (centred(k) for k in kernels)
        mean = jnp.trace(a) * jnp.trace(b) / n
        variance = 2 * jnp.sum(a**2) * jnp.sum(b**2) / n**2
    else:
        # The residual of x given z is taken of (x, z) jointly, as the theorem asks.
        joint, other, condition = kernels[0] * kernels[2], kernels[1], centred(kernels[2])
        epsilon = ridge * n
        eye = jnp.eye(n, dtype=condition.dtype)
        residual = epsilon * jnp.linalg.inv(condition + epsilon * eye)
        a, b = (residual @ centred(k) @ residual for k in (joint, other))
        both = a * b
        mean, variance = jnp.trace(both), 2 * jnp.sum(both**2)
    statistic = jnp.sum(a * b)
    shape, scale = mean**2 / variance, variance / mean
    return jax.scipy.special.gammaincc(shape, jnp.maximum(statistic, 0) / scale)
