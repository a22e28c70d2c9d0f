"""One step of an optax optimiser, under any promotion setting of JAX."""

from __future__ import annotations

from typing import Any

import jax
import optax


def descend(
    optimiser: optax.GradientTransformation, gradient: Any, state: Any, params: Any, **extra: Any
) -> tuple[Any, Any]:
    """Apply one update.

    optax mixes dtypes implicitly (``0.9 ** count`` with an integer count), which fails where
    ``jax_numpy_dtype_promotion="strict"`` is set; here it is relaxed for the optimiser alone.

    Args:
        optimiser: from optax.
        gradient: a pytree like ``params``.
        state: the optimiser's state.
        params: what is optimised.
        extra: further arguments that the optimiser takes (``value``, ``value_fn``, ...).

    Returns:
        New parameters and new state.

    Example:
        >>> import jax.numpy as jnp, optax
        >>> from qjax.train import descend
        >>> sgd, w = optax.sgd(0.5), jnp.ones(2)
        >>> descend(sgd, w, sgd.init(w), w)[0].tolist()
        [0.5, 0.5]
    """
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        change, state = optimiser.update(gradient, state, params, **extra)
        return optax.apply_updates(params, change), state
