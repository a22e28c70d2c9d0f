"""Zero-noise extrapolation by a small neural network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jax.scipy.linalg import cho_factor, cho_solve
from jaxtyping import Array, Float

from ..errors import ParameterError
from .extrapolation import HIGHEST, checked_scales

CORRECTIONS = (0.01, 0.1, 1.0)
"""How large, in units of the largest value, the corrections to a decay are expected to be."""

Model = Callable[[Any, Any], Any]
"""``(weights (m,), strengths (k,)) -> values (k,)``, all weights of the order of 1."""


@dataclass(frozen=True)
class Network:
    """A decay with a correction by a network of two hidden layers of tanh units, asked at scale 0.

    The model is ``a exp(-c scale) + b + network(scale)``. All of its weights are trained together,
    with a prior that keeps them near their (for the network random) initial values, by
    Levenberg-Marquardt steps at one assumed error of the values after another, each starting from
    the one before. The predictions for all errors and all sizes of the correction are averaged,
    weighted by the evidence: how probable each of them makes the values. So nothing needs to be
    told about the shot noise, and from few values with large errors the network learns no more
    than the decay.

    Args:
        width: units of each hidden layer.
        steps: Levenberg-Marquardt steps at each assumed error.
        seed: of the random initial weights.

    Raises:
        ParameterError: a width or number of steps below 1.

    Source: arXiv:2403.07025 (extrapolation by a network); MacKay, Neural Computation 4, 415 (1992)
    (evidence); Foresee and Hagan, Proc. ICNN 1997, 1930 (with Levenberg-Marquardt steps).

    Example:
        >>> import numpy as np
        >>> from qjax import noise
        >>> x = np.linspace(1.0, 3.0, 6)
        >>> found = noise.Network()(x, 0.7 * np.exp(-0.3 * x))
        >>> abs(float(found) - 0.7) < 0.01
        True
    """

    width: int = 12
    steps: int = 10
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
        largest = jnp.max(jnp.abs(y), axis=0)
        largest = jnp.where(largest > 0, largest, 1)
        columns = (y / largest[None]).reshape(len(x), -1).T
        start = initial_weights(jax.random.key(self.seed), self.width, y.dtype)
        found = jax.vmap(lambda column: extrapolated(start, unit, column, self.steps))(columns)
        return largest * found.reshape(y.shape[1:])


def extrapolated(start: dict[str, Array], x: Any, y: Any, steps: int) -> Array:
    """The value at 0 of values of the order of 1 at strengths up to 1, by a network that starts
    from the given weights."""

    def one(correction: Any) -> tuple[Any, Any]:
        model, weights = decay_and_network(start, correction)
        return fitted(model, weights, x, y, steps)

    found, evidence = jax.vmap(one)(jnp.asarray(CORRECTIONS, y.dtype))
    return jnp.sum(jax.nn.softmax(evidence.reshape(-1)) * found.reshape(-1))


def initial_weights(key: Array, width: int, dtype: Any) -> dict[str, Array]:
    """Random weights of a network from one number to one; those of the last layer are 0."""
    keys = jax.random.split(key, 3)
    return {
        "first": jax.random.normal(keys[0], (width,), dtype),
        "first_bias": jax.random.normal(keys[1], (width,), dtype),
        "second": jax.random.normal(keys[2], (width, width), dtype),
        "second_bias": jnp.zeros(width, dtype),
        "last": jnp.zeros(width, dtype),
    }


def decay_and_network(start: dict[str, Array], correction: Any) -> tuple[Model, Array]:
    """The model as a function of how far its weights are from those at the start, and these zeros.

    The prior of each weight is a normal distribution of width 1; the factors here say how large
    what it stands for is expected to be.
    """
    decay = dict.fromkeys(("size", "rate", "limit"), jnp.zeros((), start["last"].dtype))
    zeros, rebuild = ravel_pytree(jax.tree.map(jnp.zeros_like, (decay, start)))
    scale = start["last"].shape[0] ** -0.5

    def model(weights: Any, x: Any) -> Any:
        decay, moved = rebuild(weights)
        w = jax.tree.map(jnp.add, start, moved)
        h = jnp.tanh(x[:, None] * w["first"][None] + w["first_bias"][None])
        h = jnp.matmul(h, w["second"], precision=HIGHEST) * scale + w["second_bias"][None]
        network = scale * jnp.matmul(jnp.tanh(h), w["last"], precision=HIGHEST)
        simple = 2 * decay["size"] * jnp.exp(-decay["rate"] * x) + 0.1 * decay["limit"]
        return simple + correction * network

    return model, zeros


def errors_tried(dtype: Any) -> np.ndarray:
    """The errors of the values that are assumed one after another, falling by half decades."""
    least = max(1e-6, 10 * float(np.sqrt(np.finfo(dtype).eps)))
    return np.geomspace(0.1, least, 1 + round(2 * float(np.log10(0.1 / least))))


def fitted(model: Model, weights: Array, x: Any, y: Any, steps: int) -> tuple[Array, Array]:
    """For each error tried: the value at 0 of the most probable model, and the logarithm of its
    evidence up to a constant."""
    unit = jnp.eye(y.shape[0], dtype=y.dtype)

    def linear(w: Any) -> tuple[Any, Any, Any]:
        """What is missing, the Jacobian, and its square."""
        slope = jax.jacrev(model)(w, x)
        return y - model(w, x), slope, jnp.matmul(slope, slope.T, precision=HIGHEST)

    def level(w: Any, error: Any) -> tuple[Any, tuple[Any, Any]]:
        variance = error * error

        def cost(w: Any) -> Any:
            return jnp.sum((y - model(w, x)) ** 2) / variance + jnp.sum(w * w)

        def step(carry: Any, _: None) -> tuple[Any, None]:
            w, damping, least = carry
            missing, slope, square = linear(w)
            shrink = 1 / (1 + damping)
            goal = missing + shrink * jnp.dot(slope, w, precision=HIGHEST)
            # The normal equations of all weights, by Woodbury those of the few values.
            factor = cho_factor(square + variance / shrink * unit)
            new = w + jnp.dot(cho_solve(factor, goal), slope, precision=HIGHEST) - shrink * w
            reached = cost(new)
            better = reached < least
            damping = jnp.where(better, damping / 5, 5 * damping + 0.01)
            return (jnp.where(better, new, w), damping, jnp.where(better, reached, least)), None

        (w, *_), _ = jax.lax.scan(step, (w, jnp.full_like(error, 0.1), cost(w)), None, steps)
        missing, slope, square = linear(w)
        whole = missing + jnp.dot(slope, w, precision=HIGHEST)
        factor, lower = cho_factor(square + variance * unit)
        spread = jnp.sum(jnp.log(jnp.diag(factor)))
        misfit = jnp.dot(whole, cho_solve((factor, lower), whole), precision=HIGHEST)
        return w, (model(w, jnp.zeros_like(x[:1]))[0], -0.5 * misfit - spread)

    return jax.lax.scan(level, weights, jnp.asarray(errors_tried(y.dtype), y.dtype))[1]
