"""Many starting points, one program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int

from ..errors import ParameterError


class MultiStart(NamedTuple):
    """What `multistart` found.

    Attributes:
        params: the parameters at the end of the best run.
        value: the objective there.
        all_params: of every run, with a leading axis.
        values: the objective at the end of every run, ``(starts,)``.
        history: the objective before every step, ``(starts, steps)``.
        best: which run.
    """

    params: Any
    value: Float[Array, ""]
    all_params: Any
    values: Float[Array, " starts"]
    history: Float[Array, "starts steps"]
    best: Int[Array, ""]


def multistart(
    optimiser: Any,
    value_fn: Callable[[Any], Array],
    starts: Any,
    steps: int,
    *,
    gradients: bool = True,
) -> MultiStart:
    """Minimise from many starting points at once: one vmapped scan, compiled as a whole.

    Args:
        optimiser: an optax transformation, or one of `qjax.optim`; extra arguments (``value``,
            ``grad``, ``value_fn``) are passed to those that take them.
        value_fn: the objective, from parameters to a real scalar.
        starts: parameters with a leading axis, the starting points.
        steps: how many updates, positive.
        gradients: whether the optimiser needs gradients; `qjax.optim.spsa` and `rotosolve` do not.

    Returns:
        A `MultiStart`. Runs that end in NaN are never the best one.

    Raises:
        ParameterError: starts without a common leading axis, steps not positive.

    Example:
        >>> import jax, jax.numpy as jnp, optax, qjax as qj
        >>> f = lambda w: jnp.cos(3 * w) + 0.1 * w**2
        >>> found = qj.optim.multistart(optax.adam(0.1), f, jnp.linspace(-3.0, 3.0, 8), 100)
        >>> round(abs(float(found.params)), 1)
        1.0
    """
    sizes = {jnp.shape(x)[:1] for x in jax.tree.leaves(starts)}
    if len(sizes) != 1 or sizes == {()}:
        raise ParameterError(
            "multistart: starts must share a leading axis, one entry for each run",
            got=sorted(sizes),
        )
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise ParameterError("multistart: steps must be a positive integer", got=steps)
    rule = optax.with_extra_args_support(optimiser)

    def one(start: Any) -> tuple[Any, Array, Array]:
        def step(carry: Any, _: Any) -> Any:
            params, state = carry
            if gradients:
                value, slope = jax.value_and_grad(value_fn)(params)
            else:
                value, slope = value_fn(params), jax.tree.map(jnp.zeros_like, params)
            # optax mixes dtypes implicitly, which strict promotion would refuse
            with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
                change, state = rule.update(
                    slope, state, params, value=value, grad=slope, value_fn=value_fn
                )
                params = optax.apply_updates(params, change)
            return (params, state), value

        (params, _), history = jax.lax.scan(step, (start, rule.init(start)), length=steps)
        return params, value_fn(params), history

    params, values, history = jax.jit(jax.vmap(one))(jax.tree.map(jnp.asarray, starts))
    best = jnp.argmin(jnp.where(jnp.isnan(values), jnp.inf, values))
    return MultiStart(
        jax.tree.map(lambda x: x[best], params), values[best], params, values, history, best
    )
