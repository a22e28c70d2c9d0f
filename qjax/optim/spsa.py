"""Simultaneous perturbation: descent from a few values of a possibly noisy objective."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array

from ..errors import ParameterError


class SPSAState(NamedTuple):
    """Key of the next perturbation, and steps made."""

    key: Array
    count: Array


class SecondOrderState(NamedTuple):
    """Key, steps made, and the running mean of the Hessian."""

    key: Array
    count: Array
    hessian: Array


def spsa(
    key: Array,
    learning_rate: float = 0.2,
    c: float = 0.1,
    *,
    samples: int = 1,
    noisy: bool = False,
    stability: float = 0.0,
    alpha: float = 0.602,
    gamma: float = 0.101,
) -> optax.GradientTransformationExtraArgs:
    """Gradient descent along random directions, two values of the objective for each.

    The step is ``learning_rate / (k + 1 + stability)**alpha``, the perturbation
    ``c / (k + 1)**gamma`` in step k. ``update`` takes the objective as ``value_fn`` and ignores the
    gradients it is given. (`qjax.SPSA` is the same estimate as a gradient method of `expval`.)

    Args:
        key: a PRNG key; it travels in the state.
        learning_rate: scale of the steps.
        c: size of the perturbation (radians), positive.
        samples: how many directions are averaged; their values are one batch.
        noisy: whether ``value_fn`` takes a key as its second argument.
        stability: delays the decay of the first steps.
        alpha: exponent of the step.
        gamma: exponent of the perturbation.

    Raises:
        ParameterError: c or samples not positive; an update without params or value_fn.

    Source: Spall, IEEE Trans. Aerosp. Electron. Syst. 34, 817 (1998).

    Example:
        >>> import jax, jax.numpy as jnp, optax, qjax as qj
        >>> rule = qj.optim.spsa(jax.random.key(0), 0.2)
        >>> f = lambda w: jnp.sum(w**2)
        >>> w = jnp.ones(3); state = rule.init(w)
        >>> for _ in range(100):
        ...     updates, state = rule.update(w, state, w, value_fn=f)
        ...     w = optax.apply_updates(w, updates)
        >>> float(f(w)) < 0.05
        True
    """
    _positive("spsa", c, samples)

    def init(params: Any) -> SPSAState:
        return SPSAState(key, jnp.zeros((), int))

    def update(
        updates: Any,
        state: SPSAState,
        params: Any = None,
        *,
        value_fn: Callable | None = None,
        **_: Any,
    ) -> tuple[Any, SPSAState]:
        flat, unravel = _flat("spsa", params, value_fn)
        following, key_signs, key_values = jax.random.split(state.key, 3)
        k = state.count.astype(flat.dtype) + 1
        step, size = learning_rate / (k + stability) ** alpha, c / k**gamma
        signs = jax.random.rademacher(key_signs, (samples, flat.size), flat.dtype)
        points = flat[None] + size * jnp.concatenate([signs, -signs])
        ahead, behind = jnp.split(_values(value_fn, unravel, points, key_values, noisy), 2)
        slope = ((ahead - behind) / (2 * size)).astype(flat.dtype)
        gradient = jnp.mean(slope[:, None] * signs, axis=0)
        return unravel(-step * gradient), SPSAState(following, state.count + 1)

    return optax.GradientTransformationExtraArgs(init, update)  # pyright: ignore[reportArgumentType]


def second_order_spsa(
    key: Array,
    learning_rate: float = 0.1,
    c: float = 0.1,
    *,
    damping: float = 0.01,
    samples: int = 1,
    noisy: bool = False,
    fidelity: Callable[[Any, Any], Array] | None = None,
    blocking: float | None = 0.0,
) -> optax.GradientTransformationExtraArgs:
    """2-SPSA: as `spsa`, each step turned by the inverse of a running mean of the Hessian.

    Two further values for each direction estimate the Hessian; its mean ``H`` over all steps enters
    as ``sqrt(H @ H) + damping``, positive definite. With ``fidelity`` the Fubini-Study metric is
    estimated in its place (QN-SPSA): natural gradient without a quadratic number of circuits.

    The first estimates can be nearly singular and would then throw the parameters far away: a step
    that raises the objective is not taken (Spall's blocking), while the mean goes on. It costs two
    more values for each step.

    Args:
        key: a PRNG key; it travels in the state.
        learning_rate: the step, constant: 1 is Newton's.
        c: size of the perturbation (radians), positive.
        damping: added to the positive part, positive.
        samples: directions averaged in each step, one batch.
        noisy: whether ``value_fn`` (and ``fidelity``) takes a key as its last argument.
        fidelity: ``|<psi(a)|psi(b)>|**2`` of two parameter sets.
        blocking: by how much a step may raise the objective, not negative; twice the standard
            deviation of a noisy one is advised. None takes every step.

    Raises:
        ParameterError: c, damping or samples not positive, blocking negative; an update without
            params or value_fn.

    Source: Spall, IEEE Trans. Autom. Control 45, 1839 (2000), with the advice to block steps that
    are too large or worsen the objective; Gacon, Zoufal, Carleo and Woerner, arXiv:2103.09232, for
    the metric.

    Example:
        >>> import jax, jax.numpy as jnp, optax, qjax as qj
        >>> rule = qj.optim.second_order_spsa(jax.random.key(0), 0.3)
        >>> f = lambda w: w[0] ** 2 + 20 * w[1] ** 2
        >>> w = jnp.ones(2); state = rule.init(w)
        >>> for _ in range(100):
        ...     updates, state = rule.update(w, state, w, value_fn=f)
        ...     w = optax.apply_updates(w, updates)
        >>> float(f(w)) < 0.01
        True
    """
    _positive("second_order_spsa", c, samples)
    if not damping > 0:
        raise ParameterError("second_order_spsa: damping must be positive", got=damping)
    if blocking is not None and not blocking >= 0:
        raise ParameterError("second_order_spsa: blocking must not be negative", got=blocking)

    def init(params: Any) -> SecondOrderState:
        flat, _ = ravel_pytree(params)
        return SecondOrderState(key, jnp.zeros((), int), jnp.eye(flat.size, dtype=flat.dtype))

    def update(
        updates: Any,
        state: SecondOrderState,
        params: Any = None,
        *,
        value_fn: Callable | None = None,
        **_: Any,
    ) -> tuple[Any, SecondOrderState]:
        flat, unravel = _flat("second_order_spsa", params, value_fn)
        following, *keys = jax.random.split(state.key, 6)
        shape = (samples, flat.size)
        first = jax.random.rademacher(keys[0], shape, flat.dtype)
        second = jax.random.rademacher(keys[1], shape, flat.dtype)
        near = flat[None] + c * jnp.concatenate([first, -first])
        far = near + c * jnp.concatenate([second, second])
        if fidelity is None:
            found = _values(value_fn, unravel, jnp.concatenate([near, far]), keys[2], noisy)
            near_values, far_values = jnp.split(found, 2)
            sides, scale = far_values - near_values, 1.0
        else:
            near_values = _values(value_fn, unravel, near, keys[2], noisy)

            def likeness(other: Any, *rest: Any) -> Array:
                return fidelity(params, other, *rest)  # pyright: ignore[reportOptionalCall]

            moved = jnp.concatenate([near, far])
            close, distant = jnp.split(_values(likeness, unravel, moved, keys[3], noisy), 2)
            sides, scale = distant - close, -0.5
        ahead, behind = jnp.split(near_values, 2)
        slope = ((ahead - behind) / (2 * c)).astype(flat.dtype)
        gradient = jnp.mean(slope[:, None] * first, axis=0)
        bend = (sides[:samples] - sides[samples:]).astype(flat.dtype) * (scale / (2 * c**2))
        outer = jnp.einsum("s,si,sj->ij", bend, first, second) / samples
        k = state.count.astype(flat.dtype) + 1
        mean = (k * state.hessian + (outer + outer.T) / 2) / (k + 1)
        values, vectors = jnp.linalg.eigh(mean)
        turned = vectors @ ((vectors.T @ gradient) / (jnp.abs(values) + damping))
        change = -learning_rate * turned
        if blocking is not None:
            ends = jnp.stack([flat, flat + change])
            before, after = _values(value_fn, unravel, ends, keys[4], noisy)
            change = jnp.where(after <= before + blocking, change, jnp.zeros_like(change))
        return unravel(change), SecondOrderState(following, state.count + 1, mean)

    return optax.GradientTransformationExtraArgs(init, update)  # pyright: ignore[reportArgumentType]


def _positive(name: str, c: float, samples: int) -> None:
    if not c > 0:
        raise ParameterError(f"{name}: c must be positive", got=c)
    if isinstance(samples, bool) or not isinstance(samples, int) or samples < 1:
        raise ParameterError(f"{name}: samples must be a positive integer", got=samples)


def _flat(name: str, params: Any, value_fn: Callable | None) -> tuple[Array, Callable]:
    if params is None or value_fn is None:
        raise ParameterError(
            f"{name} needs the parameters and the objective",
            fix="optimiser.update(params, state, params, value_fn=objective)",
        )
    return ravel_pytree(params)


def _values(value_fn: Any, unravel: Callable, points: Array, key: Array, noisy: bool) -> Array:
    if not noisy:
        return jax.vmap(lambda w: value_fn(unravel(w)))(points)
    keys = jax.random.split(key, len(points))
    return jax.vmap(lambda w, k: value_fn(unravel(w), k))(points, keys)
