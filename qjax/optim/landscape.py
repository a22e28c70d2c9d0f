"""An objective on a plane through its parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array

from ..errors import ParameterError


def landscape(
    value_fn: Callable[[Any], Array],
    centre: Any,
    directions: Any,
    extent: float = float(np.pi),
    points: int = 41,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values of an objective on a square around a point: one vmapped program.

    Args:
        value_fn: from parameters to a real scalar.
        centre: parameters.
        directions: two arrays like the parameters, or a PRNG key for two random orthogonal ones,
            each of largest entry 1.
        extent: half the side of the square, in units of the directions.
        points: along each side, at least 2.

    Returns:
        ``(x, y, values)`` of shapes ``(points,)``, ``(points,)`` and ``(points, points)``:
        ``values[i, j]`` stands at ``centre + x[i] * first + y[j] * second``, as
        `qjax.viz.plot_landscape` takes them.

    Raises:
        ParameterError: fewer than 2 points.

    Example:
        >>> import jax.numpy as jnp, qjax as qj
        >>> f = lambda w: jnp.sum(jnp.cos(w))
        >>> x, y, values = qj.optim.landscape(f, jnp.zeros(2), (jnp.eye(2)[0], jnp.eye(2)[1]))
        >>> values.shape, round(float(values.max()), 3)
        ((41, 41), 2.0)
    """
    if points < 2:
        raise ParameterError("landscape: points must be at least 2", got=points)
    flat, unravel = ravel_pytree(jax.tree.map(jnp.asarray, centre))
    if isinstance(directions, tuple | list):
        first, second = (ravel_pytree(d)[0].astype(flat.dtype) for d in directions)
    else:
        first, second = jax.random.normal(directions, (2, flat.size), flat.dtype)
        if flat.size > 1:
            second = second - first * (jnp.dot(first, second) / jnp.dot(first, first))
        first, second = (d / jnp.max(jnp.abs(d)) for d in (first, second))
    at = jnp.linspace(-extent, extent, points, dtype=flat.dtype)

    def value(x: Array, y: Array) -> Array:
        return value_fn(unravel(flat + x * first + y * second))

    rows = jax.jit(jax.vmap(jax.vmap(value, (None, 0)), (0, None)))(at, at)
    return np.asarray(at), np.asarray(at), np.asarray(rows)
