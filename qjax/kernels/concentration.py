"""Whether a kernel concentrates: how much its entries still tell points apart."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..errors import DataError


class Concentration(NamedTuple):
    """The spread of the entries between different points.

    Attributes:
        mean: of the entries off the diagonal.
        variance: of the same.
        shots: measurements per entry at which their noise is as large as the spread,
            ``mean (1 - mean) / variance``.
    """

    mean: Array
    variance: Array
    shots: Array


def concentration(kernel: Any) -> Concentration:
    """The spread of a kernel's entries off the diagonal. A diagnosis of exponential concentration.

    Args:
        kernel: symmetric matrix, shape ``(n, n)`` with n of at least 3.

    Raises:
        DataError: not a square matrix of that size.

    Source: Thanasilp et al., arXiv:2208.11060. Random states of dimension D have mean ``1 / D`` and
        variance ``(D - 1) / (D**2 (D + 1))``.

    Example:
        >>> import jax.numpy as jnp
        >>> from qjax.kernels import concentration
        >>> concentration(jnp.eye(3) + 0.25).mean.tolist()
        0.25
    """
    kernel = jnp.asarray(kernel)
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1] or kernel.shape[0] < 3:
        raise DataError(
            "concentration: kernel must be a square matrix of at least 3 points", got=kernel.shape
        )
    entries = kernel[np.triu_indices(kernel.shape[0], 1)]
    mean, variance = jnp.mean(entries), jnp.var(entries)
    return Concentration(mean, variance, mean * (1 - mean) / variance)
