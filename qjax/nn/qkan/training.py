"""Full-batch training as one compiled scan: one optimiser after another, many seeds at once."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

Loss = Callable[[Any], jax.Array]


def minimise(loss: Loss, params: Any, phases: Sequence[tuple[Any, int]]) -> tuple[Any, jax.Array]:
    """Minimise a function by one optimiser after another, as one `jax.lax.scan` each.

    Pure: wrap it in `jax.jit`, and in `jax.vmap` over initial parameters for many seeds at once.

    Args:
        loss: function of the parameters, a scalar.
        params: pytree of floating-point arrays, the start.
        phases: pairs of an optax transformation and a number of steps, such as
            ``[(optax.adam(5e-3), 200), (optax.lbfgs(), 300)]``.

    Returns:
        The last parameters, and the loss before every step, shape (steps,).

    Example:
        >>> import optax
        >>> phases = [(optax.adam(0.1), 20), (optax.lbfgs(), 10)]
        >>> x, losses = minimise(lambda x: jnp.sum(x**2), jnp.ones(3), phases)
        >>> losses.shape
        (30,)
    """
    history = []
    for optimiser, steps in phases:
        params, losses = _phase(loss, params, optimiser, steps)
        history.append(losses)
    return params, jnp.concatenate(history)


def _phase(loss: Loss, params: Any, optimiser: Any, steps: int) -> tuple[Any, jax.Array]:
    # A transformation with a line search asks for the value, the gradient and the function.
    kinds = {p.kind for p in inspect.signature(optimiser.update).parameters.values()}
    searches = inspect.Parameter.VAR_KEYWORD in kinds

    def step(carry: tuple[Any, Any], _: None) -> tuple[tuple[Any, Any], jax.Array]:
        params, state = carry
        value, gradient = jax.value_and_grad(loss)(params)
        extra = {"value": value, "grad": gradient, "value_fn": loss} if searches else {}
        # Optax mixes its integer step count with floats, which strict promotion would refuse.
        with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
            updates, state = optimiser.update(gradient, state, params, **extra)
        params = jax.tree.map(lambda p, u: p + u.astype(p.dtype), params, updates)
        return (params, state), value

    (params, _), losses = jax.lax.scan(step, (params, optimiser.init(params)), None, length=steps)
    return params, losses
