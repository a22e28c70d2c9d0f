"""Free-running forecasts: a reservoir that is fed its own predictions."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from ..errors import DataError
from ..measure.checks import as_key
from .base import prepared
from .engine import Engine
from .readout import Readout


def forecast(
    reservoir: Any,
    readout: Readout,
    state: Any,
    features: Any,
    steps: int,
    *,
    sim: Any = None,
    key: Any = None,
) -> Any:
    """Predict a series step by step, each prediction being the next input.

    Args:
        reservoir: any reservoir whose inputs have the shape of the readout's predictions.
        readout: from features to the next input, fitted on such pairs.
        state: the state at the end of the known series, from `Reservoir.run`.
        features: the last features of it, shape (F,).
        steps: how many steps ahead.
        sim: what the state belongs to.
        key: PRNG key, for trajectories.

    Returns:
        Predictions, shape (steps,) or (steps, k). Differentiable; batch over initial conditions
        with `jax.vmap` over ``state`` and ``features``.

    Raises:
        DataError: no steps.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from qjax.reservoir import IsingReservoir, forecast, ridge
        >>> u = 0.5 + 0.4 * jnp.sin(0.3 * jnp.arange(200.0))
        >>> reservoir = IsingReservoir.random(jax.random.key(0), 3)
        >>> done = reservoir.run(u)
        >>> readout = ridge(done.features[50:-1], u[51:], 1e-3)
        >>> forecast(reservoir, readout, done.state, done.features[-1], 5).shape
        (5,)
    """
    if steps < 1:
        raise DataError("forecast: steps must be positive", got=steps)
    engine = reservoir.engine(sim)
    if engine.random or key is not None:
        key = as_key(key, "forecast", engine.random)
    params = prepared(engine, reservoir)
    return _forecast(engine, steps, params, readout, state, features, key)


@partial(jax.jit, static_argnums=(0, 1))
def _forecast(
    engine: Engine,
    steps: int,
    params: Any,
    readout: Readout,
    state: Any,
    features: Any,
    key: Any,
) -> Any:
    def body(carry: Any, step: Any) -> tuple[Any, Any]:
        state, value = carry
        mine = None if key is None else jax.random.fold_in(key, step)
        state, record = engine.advance(params, state, value, mine)
        records = jax.tree.map(lambda x: x[None], record)
        seen = engine.readout(params, records, value[None])[0]
        return (state, readout(seen)), value

    first = readout(jnp.asarray(features))
    return jax.lax.scan(body, (state, first), jnp.arange(steps))[1]
