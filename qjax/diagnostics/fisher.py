"""Fisher information matrices of classifiers, and the effective dimension that follows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from ..errors import DataError


def fisher_information(
    probabilities: Callable[[Any, Any], Any], params: Any, x: Any
) -> Float[Array, "d d"]:
    """The exact Fisher information matrix ``E_x sum_y (dp_y)(dp_y)^T / p_y``.

    The sum over outcomes is done in full, not sampled. Batch over parameters with `jax.vmap`.

    Args:
        probabilities: ``(params, one input) -> p(y | x)``, shape ``(outcomes,)``.
        params: a pytree of d numbers in all.
        x: inputs, with a leading axis; the expectation is their mean.

    Returns:
        Symmetric and positive semidefinite, in the order of ``ravel_pytree(params)``.

    Source: Abbas et al., arXiv:2011.00027, with the model's own outcomes.

    Example:
        >>> import jax, jax.numpy as jnp, qjax as qj
        >>> from qjax.diagnostics import fisher_information
        >>> model = lambda w, x: qj.probs(qj.Circuit(1, [qj.RY(w + x, 0)]))
        >>> fisher_information(model, jnp.array(0.3), jnp.array([0.1, 0.2])).round(3).tolist()
        [[1.0]]
    """
    flat, unravel = ravel_pytree(params)

    def scores(one: Any) -> Array:
        def amplitudes(w: Array) -> Array:
            p = probabilities(unravel(w), one)
            # dp dp^T / p = 4 d(sqrt p) d(sqrt p)^T; an outcome that cannot happen counts nothing.
            tiny = jnp.finfo(p.dtype).tiny
            return 2 * jnp.where(p > tiny, jnp.sqrt(jnp.where(p > tiny, p, 1)), 0)

        return jax.jacrev(amplitudes)(flat)

    rows = jax.vmap(scores)(x)
    count = rows.shape[0]
    rows = rows.reshape(-1, flat.shape[0])
    return jnp.matmul(rows.T, rows, precision=jax.lax.Precision.HIGHEST) / count


def effective_dimension(
    fishers: Any, samples: Any, *, gamma: float | int = 1.0
) -> Float[Array, ...]:
    """The effective dimension of a model, as a share of its number of parameters.

    Args:
        fishers: Fisher matrices at random parameters, shape ``(k, d, d)``.
        samples: sizes of data sets n, a number or an array; ``gamma n`` well above ``2 pi ln n``.
        gamma: within (0, 1].

    Returns:
        ``d_eff / d``, within [0, 1] for large n, in the shape of ``samples``.

    Raises:
        DataError: matrices of another shape, or n for which the definition makes no sense.

    Source: Abbas et al., arXiv:2011.00027, equation (2), with the matrices normalised to a mean
        trace of d.

    Example:
        >>> import jax.numpy as jnp
        >>> from qjax.diagnostics import effective_dimension
        >>> full, flat = jnp.eye(4)[None], jnp.diag(jnp.array([1.0, 0, 0, 0]))[None]
        >>> [f"{effective_dimension(f, 1e6):.2f}" for f in (full, flat)]
        ['1.00', '0.29']
    """
    fishers = jnp.asarray(fishers)
    if fishers.ndim != 3 or fishers.shape[1] != fishers.shape[2]:
        raise DataError(
            "effective_dimension: fishers must be a stack of matrices",
            expected="shape (k, d, d)",
            got=f"shape {fishers.shape}",
        )
    numbers = np.asarray(samples, float)
    kappa = gamma * numbers / (2 * np.pi * np.log(numbers))
    if not np.all(kappa > 1):
        raise DataError(
            "effective_dimension: samples are too few",
            expected="gamma n / (2 pi ln n) above 1 (n of 20 or more at gamma 1)",
            got=samples,
        )
    d = fishers.shape[1]
    trace = jnp.mean(jnp.trace(fishers, axis1=1, axis2=2))
    values = jnp.maximum(jnp.linalg.eigvalsh(fishers * (d / trace)), 0)
    scale = jnp.asarray(kappa, values.dtype)
    half = (
        jnp.sum(
            jnp.log1p(scale[..., None, None] * values.reshape((1,) * scale.ndim + values.shape)),
            axis=-1,
        )
        / 2
    )
    volume = jax.scipy.special.logsumexp(half, axis=-1) - np.log(fishers.shape[0])
    return 2 * volume / jnp.log(scale) / d
