"""Adversarial inputs, by gradients with respect to the input, and training against them.

An attack is a pure function of one sample; batch it with `jax.vmap`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..errors import ParameterError

Loss = Callable[[Any, Any], Any]
Bounds = tuple[float | int, float | int]


def fgsm(
    loss: Loss, x: Any, y: Any, epsilon: Any, *, bounds: Bounds | None = None
) -> Float[Array, ...]:
    """The fast gradient sign method: ``x + epsilon sign(dloss/dx)``.

    Args:
        loss: ``(one input, its label) -> scalar``, which the attack raises.
        x: one input, any shape.
        y: its label.
        epsilon: how far any feature may move.
        bounds: the least and the largest value of a feature, kept.

    Source: Goodfellow, Shlens and Szegedy, arXiv:1412.6572; for circuits Lu, Duan and Deng,
        arXiv:2001.00030.

    Example:
        >>> import jax.numpy as jnp
        >>> from qjax.robustness import fgsm
        >>> fgsm(lambda x, y: jnp.sum(x * y), jnp.zeros(2), jnp.array([1.0, -2.0]), 0.5).tolist()
        [0.5, -0.5]
    """
    x = jnp.asarray(x)
    moved = x + jnp.asarray(epsilon, x.dtype) * jnp.sign(jax.grad(loss)(x, y))
    return moved if bounds is None else jnp.clip(moved, *bounds)


def pgd(
    loss: Loss,
    x: Any,
    y: Any,
    epsilon: Any,
    *,
    steps: int = 10,
    size: Any = None,
    norm: str = "inf",
    bounds: Bounds | None = None,
    key: Array | None = None,
) -> Float[Array, ...]:
    """Projected gradient ascent within a ball about the input.

    Args:
        loss: ``(one input, its label) -> scalar``, which the attack raises.
        x: one input, any shape.
        y: its label.
        epsilon: radius of the ball.
        steps: how many, at least 1.
        size: of a step; ``2.5 epsilon / steps`` if not given.
        norm: ``"inf"`` (every feature by itself) or ``"2"`` (Euclidean).
        bounds: the least and the largest value of a feature, kept.
        key: start at a random point of the ball; at x if not given.

    Raises:
        ParameterError: steps below 1, another norm.

    Source: Madry et al., arXiv:1706.06083.

    Example:
        >>> import jax.numpy as jnp
        >>> from qjax.robustness import pgd
        >>> away = lambda x, y: jnp.sum((x - y) ** 2)
        >>> [f"{v:.2f}" for v in pgd(away, jnp.zeros(2), jnp.array([-3.0, -4.0]), 1.0, norm="2")]
        ['0.60', '0.80']
    """
    if steps < 1 or norm not in ("inf", "2"):
        raise ParameterError(
            "pgd: steps must be at least 1 and norm 'inf' or '2'", got=f"{steps}, {norm!r}"
        )
    x = jnp.asarray(x)
    radius = jnp.asarray(epsilon, x.dtype)
    step = radius * 2.5 / steps if size is None else jnp.asarray(size, x.dtype)

    def project(z: Array) -> Array:
        shift = z - x
        if norm == "inf":
            shift = jnp.clip(shift, -radius, radius)
        else:
            length = _length(shift)
            shift = shift * jnp.where(length > radius, radius / length, 1)
        z = x + shift
        return z if bounds is None else jnp.clip(z, *bounds)

    def ascend(z: Array, _: Any) -> tuple[Array, None]:
        slope = jax.grad(loss)(z, y)
        slope = jnp.sign(slope) if norm == "inf" else slope / _length(slope)
        return project(z + step * slope), None

    start = x
    if key is not None:
        if norm == "inf":
            noise = jax.random.uniform(key, x.shape, x.dtype, -1, 1)
        else:
            for_way, for_length = jax.random.split(key)
            way = jax.random.normal(for_way, x.shape, x.dtype)
            share = jax.random.uniform(for_length, (), x.dtype)  # of the volume
            noise = way / _length(way) * share ** (1 / x.size)
        start = project(x + radius * noise)
    return jax.lax.scan(ascend, start, None, length=steps)[0]


def adversarial_loss(
    loss: Callable[[Any, Any, Any], Any], attack: Callable[[Loss, Any, Any], Any]
) -> Callable[[Any, Any, Any], Any]:
    """The loss at the attacked inputs: what adversarial training minimises.

    Args:
        loss: ``(params, one input, its label) -> scalar``.
        attack: ``(loss, input, label) -> input``, such as
            ``lambda f, x, y: pgd(f, x, y, 0.1)``.

    Returns:
        ``(params, inputs, labels) -> mean loss`` over a leading axis of inputs; the attack itself
        is not differentiated (Danskin's theorem).

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from qjax.robustness import adversarial_loss, fgsm
        >>> loss = lambda w, x, y: (w * x - y) ** 2
        >>> robust = adversarial_loss(loss, lambda f, x, y: fgsm(f, x, y, 0.1))
        >>> round(float(robust(jnp.array(1.0), jnp.array([1.0]), jnp.array([0.0]))), 2)
        1.21
    """

    def one(params: Any, x: Any, y: Any) -> Any:
        attacked = attack(partial(loss, jax.lax.stop_gradient(params)), x, y)
        return loss(params, jax.lax.stop_gradient(attacked), y)

    def mean(params: Any, xs: Any, ys: Any) -> Any:
        return jnp.mean(jax.vmap(one, (None, 0, 0))(params, xs, ys))

    return mean


def _length(v: Array) -> Array:
    """The Euclidean norm, never zero."""
    return jnp.sqrt(jnp.maximum(jnp.sum(v**2), jnp.finfo(v.dtype).tiny))
