"""Barren plateaus: the variance of gradients over random parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..errors import ParameterError


def gradient_variance(
    cost: Callable[[Any], Any], sampler: Callable[[Array], Any], key: Array, *, samples: int = 200
) -> Any:
    """The variance of every partial derivative over random parameters.

    Args:
        cost: parameters to a real scalar.
        sampler: PRNG key to parameters, a pytree.
        key: a PRNG key.
        samples: random parameters, at least 2.

    Returns:
        A pytree like the parameters.

    Source: McClean et al., arXiv:1803.11173.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from qjax.diagnostics import gradient_variance
        >>> angle = lambda key: jax.random.uniform(key, maxval=2 * jnp.pi)
        >>> round(float(gradient_variance(jnp.cos, angle, jax.random.key(0), samples=4000)), 1)
        0.5
    """
    if samples < 2:
        raise ParameterError("gradient_variance: samples must be at least 2", got=samples)

    def one(k: Array) -> Any:
        return jax.grad(cost)(sampler(k))

    gradients = jax.jit(jax.vmap(one))(jax.random.split(key, samples))
    return jax.tree.map(lambda g: jnp.var(g, axis=0), gradients)


def gradient_variances(
    make: Callable[[int], tuple[Callable[[Any], Any], Callable[[Array], Any]]],
    sizes: Iterable[int],
    key: Array,
    *,
    samples: int = 200,
) -> tuple[np.ndarray, float]:
    """The mean variance of the partial derivatives against a size: of qubits or of layers.

    Args:
        make: size to ``(cost, sampler)``, see `gradient_variance`.
        sizes: of at least two kinds.
        key: a PRNG key.
        samples: random parameters for each size.

    Returns:
        The mean variances, shape ``(sizes,)``, and the slope of their logarithm (natural) against
        the size by least squares: below 0 where gradients vanish exponentially.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from qjax.diagnostics import gradient_variances
        >>> make = lambda n: (lambda x: jnp.cos(x) / 2**n, lambda k: jax.random.uniform(k) * 6.28)
        >>> round(gradient_variances(make, [1, 2], jax.random.key(0))[1], 2)  # -2 ln 2
        -1.39
    """
    sizes = list(sizes)
    if len(set(sizes)) < 2:
        raise ParameterError("gradient_variances: sizes must hold at least two", got=sizes)
    means = []
    for size in sizes:
        cost, sampler = make(size)
        leaves = jax.tree.leaves(gradient_variance(cost, sampler, key, samples=samples))
        means.append(np.mean(np.concatenate([np.ravel(v) for v in leaves])))
    values = np.array(means)
    return values, float(np.polyfit(np.array(sizes, float), np.log(values), 1)[0])
