"""Zero-noise extrapolation by a small neural network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..errors import ParameterError
from .extrapolation import checked_scales

Weights = list[tuple[Any, Any]]


def initial_weights(key: Array, width: int) -> Weights:
    """Random weights of a network from one number to one, with two hidden layers."""
    sizes = (1, width, width, 1)
    keys = jax.random.split(key, 3)
    return [
        (jax.random.normal(k, (a, b)) * a**-0.5, jnp.zeros(b))
        for k, a, b in zip(keys, sizes[:-1], sizes[1:], strict=True)
    ]


def predict(weights: Weights, x: Any) -> Array:
    """The network's value at one noise strength, in units of the strongest one."""
    h = jnp.atleast_1d(x)
    for w, b in weights[:-1]:
        h = jnp.tanh(h @ w + b)
    w, b = weights[-1]
    return (h @ w + b)[0]


@dataclass(frozen=True)
class Network:
    """A network of two hidden layers of tanh units, trained on the values, asked at scale 0.

    It knows nothing of how noise acts: where a decay is exponential, or a polynomial of low degree,
    the fits of that form are far more accurate (``qjax run zne-nn`` compares them).

    Args:
        width: units of each hidden layer.
        steps: Adam steps on the mean squared error.
        rate: learning rate.
        seed: of the random initial weights.

    Raises:
        ParameterError: a width or number of steps below 1.

    Source: arXiv:2403.07025; Kingma and Ba, arXiv:1412.6980 (Adam).

    Example:
        >>> import numpy as np
        >>> from qjax import noise
        >>> x = np.linspace(1.0, 3.0, 6)
        >>> found = noise.Network()(x, 0.7 * np.exp(-0.3 * x))
        >>> abs(float(found) - 0.7) < 0.05
        True
    """

    width: int = 16
    steps: int = 2000
    rate: float = 0.01
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("width", "steps"):
            if getattr(self, name) < 1:
                raise ParameterError(
                    f"Network: {name} must be a positive integer", got=repr(getattr(self, name))
                )

    def __call__(self, scales: Any, values: Any) -> Float[Array, ...]:
        x, y = checked_scales(scales, values, 2, "Network")
        unit = jnp.asarray(x / np.max(np.abs(x)), y.dtype)
        middle = jnp.mean(y, axis=0)
        spread = jnp.max(jnp.abs(y - middle[None]), axis=0)
        spread = jnp.where(spread > 0, spread, 1)
        columns = ((y - middle[None]) / spread[None]).reshape(len(x), -1).T
        found = jax.vmap(lambda column: self._trained(unit, column))(columns)
        return middle + spread * found.reshape(middle.shape)

    def _trained(self, x: Any, y: Any) -> Any:
        """The prediction at 0 of a network trained on ``y``."""

        def loss(weights: Weights) -> Any:
            return jnp.mean((jax.vmap(lambda s: predict(weights, s))(x) - y) ** 2)

        def step(carry: Any, count: Any) -> tuple[Any, None]:
            weights, first, second = carry
            slope = jax.grad(loss)(weights)
            first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, slope)
            second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, slope)

            def moved(w: Any, m: Any, v: Any) -> Any:
                size = jnp.sqrt(v / (1 - 0.999**count)) + 1e-8
                return w - self.rate * (m / (1 - 0.9**count)) / size

            return (jax.tree.map(moved, weights, first, second), first, second), None

        start = initial_weights(jax.random.key(self.seed), self.width)
        start = jax.tree.map(lambda w: w.astype(y.dtype), start)
        zero = jax.tree.map(jnp.zeros_like, start)
        counts = jnp.arange(1, self.steps + 1, dtype=y.dtype)
        (weights, *_), _ = jax.lax.scan(step, (start, zero, zero), counts)
        return predict(weights, jnp.zeros((), y.dtype))
