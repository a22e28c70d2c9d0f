"""What is minimised over the outcomes of a circuit, beside the mean."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..errors import ParameterError


def cvar(
    probabilities: Float[Array, " outcomes"],
    energies: Float[Array, " outcomes"],
    alpha: float,
) -> Float[Array, ""]:
    """The mean energy of the best outcomes that hold a share ``alpha`` of the probability.

    Args:
        probabilities: of the outcomes, as of `qjax.probs`.
        energies: of the same outcomes.
        alpha: above 0 and at most 1; 1 is the mean, near 0 the best outcome alone.

    Returns:
        A real scalar, differentiable in both (the outcomes that count are those of this point).

    Raises:
        ParameterError: an alpha out of its range.

    Source: Barkoutsos et al., arXiv:1907.04769.

    Example:
        >>> import jax.numpy as jnp
        >>> from qjax.combinatorial import cvar
        >>> float(cvar(jnp.array([0.5, 0.25, 0.25]), jnp.array([3.0, 1.0, 2.0]), 0.5))
        1.5
    """
    if not 0 < alpha <= 1:
        raise ParameterError("cvar: alpha must be above 0 and at most 1", got=alpha)
    order = jnp.argsort(energies)
    p, e = probabilities[order], energies[order]
    before = jnp.cumsum(p) - p
    counted = jnp.clip(jnp.asarray(alpha, p.dtype) - before, 0, p)
    return jnp.sum(counted * e.astype(p.dtype)) / alpha
