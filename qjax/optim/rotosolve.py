"""Rotosolve: each parameter in turn goes to its best value, which is known in closed form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array

from ..errors import ParameterError

GRID, NEWTON = 32, 4  # points for each frequency, and steps from the best of them


def rotosolve(frequencies: int = 1) -> optax.GradientTransformationExtraArgs:
    """Minimise along every parameter in turn; one ``update`` is a sweep over all of them.

    Along one parameter an expectation value is a trigonometric polynomial, of degree 1 where the
    parameter is the angle of one Pauli rotation. ``2 * frequencies + 1`` values, one batch, fix it;
    its minimum is exact for one frequency and found on a grid with Newton steps for more. The
    objective never rises. ``update`` takes it as ``value_fn`` and ignores gradients.

    Args:
        frequencies: degree, positive: in how many Pauli rotations a parameter stands.

    Raises:
        ParameterError: frequencies not positive; an update without params or value_fn.

    Source: Ostaszewski, Grant and Benedetti, arXiv:1905.09692; Nakanishi, Fujii and Todo,
    arXiv:1903.12166.

    Example:
        >>> import jax.numpy as jnp, optax, qjax as qj
        >>> f = lambda w: qj.expval(qj.Circuit(1, [qj.RX(w[0], 0)]), qj.Z(0))
        >>> rule, w = qj.optim.rotosolve(), jnp.array([0.3])
        >>> updates, _ = rule.update(w, rule.init(w), w, value_fn=f)
        >>> round(float(f(optax.apply_updates(w, updates))), 5)
        -1.0
    """
    if isinstance(frequencies, bool) or not isinstance(frequencies, int) or frequencies < 1:
        raise ParameterError("rotosolve: frequencies must be a positive integer", got=frequencies)
    count = 2 * frequencies + 1

    def init(params: Any) -> optax.EmptyState:
        return optax.EmptyState()

    def update(
        updates: Any,
        state: optax.EmptyState,
        params: Any = None,
        *,
        value_fn: Callable | None = None,
        **_: Any,
    ) -> tuple[Any, optax.EmptyState]:
        if params is None or value_fn is None:
            raise ParameterError(
                "rotosolve needs the parameters and the objective",
                fix="optimiser.update(params, state, params, value_fn=objective)",
            )
        flat, unravel = ravel_pytree(params)
        shifts = jnp.asarray(2 * np.pi * np.arange(count) / count, flat.dtype)

        def one(i: Array, w: Array) -> Array:
            values = jax.vmap(lambda s: value_fn(unravel(w.at[i].add(s))))(shifts)
            return w.at[i].add(_lowest(values.astype(w.dtype), shifts, frequencies))

        return unravel(jax.lax.fori_loop(0, flat.size, one, flat) - flat), state

    return optax.GradientTransformationExtraArgs(init, update)  # pyright: ignore[reportArgumentType]


def _lowest(values: Array, shifts: Array, degree: int) -> Array:
    """Where the trigonometric polynomial through equidistant values is lowest, in (-pi, pi]."""
    orders = jnp.arange(1, degree + 1, dtype=values.dtype)
    angles = orders[:, None] * shifts[None]
    a, b = (2 / len(shifts) * jnp.sum(f(angles) * values[None], 1) for f in (jnp.cos, jnp.sin))
    if degree == 1:
        return jnp.arctan2(-b[0], -a[0])

    def at(x: Array) -> Array:
        return jnp.sum(a * jnp.cos(orders * x) + b * jnp.sin(orders * x))

    grid = jnp.linspace(-np.pi, np.pi, GRID * degree, dtype=values.dtype)
    heights = jax.vmap(at)(grid)
    best = x = grid[jnp.argmin(heights)]
    for _ in range(NEWTON):
        bend = jax.grad(jax.grad(at))(x)
        x = x - jnp.where(bend > 0, jax.grad(at)(x) / jnp.where(bend > 0, bend, 1), 0)
    return jnp.where(at(x) < at(best), x, best)
