"""Means over trajectories, with unbiased derivatives and standard errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero

from ...errors import UnsupportedError


def average(values: Any, ratio: Any, weights: Any = None) -> tuple[Any, Any]:
    """Means over the leading axis of every leaf, and their standard errors.

    Each value counts as ``(value - baseline) ratio + baseline`` with the ratio of its path's
    probability to that which it was drawn with: of mean 1 (mostly it is 1), and its derivatives of
    every order are those of the probability. The baseline, the mean of all other trajectories, does
    not depend on the path and so leaves no bias.

    With ``weights`` the means are weighted (a consistent estimate, not an unbiased one).

    Source: Foerster et al., arXiv:1802.05098, equation (8), with a leave-one-out baseline.
    """
    count = ratio.shape[0]

    def spread(x: Any, like: Any) -> Any:
        return x.reshape((count,) + (1,) * (like.ndim - 1)).astype(like.dtype)

    def one(v: Any) -> tuple[Any, Any]:
        still = jax.lax.stop_gradient(v)
        if weights is not None:
            w = spread(weights / jnp.mean(weights), v)
            mean = jnp.mean(w * v, axis=0)
            return mean, _error(w * (still - mean), count)
        factor = spread(ratio, v)
        known = still * jax.lax.stop_gradient(factor)
        baseline = (jnp.sum(known, axis=0, keepdims=True) - known) / max(count - 1, 1)
        counted = (v - baseline) * factor + baseline
        mean = jnp.mean(counted, axis=0)
        return mean, _error(jax.lax.stop_gradient(counted - mean[None]), count)

    flat, treedef = jax.tree.flatten(values)
    pairs = [one(v) for v in flat]
    return tuple(treedef.unflatten([p[i] for p in pairs]) for i in (0, 1))  # type: ignore[return-value]


def _error(deviations: Any, count: int) -> Any:
    if count == 1:
        return jnp.full(deviations.shape[1:], jnp.inf, jnp.real(deviations).dtype)
    square = jnp.real(deviations * jnp.conj(deviations))
    return jnp.sqrt(jnp.sum(square, axis=0) / (count * (count - 1)))


def refuse(leaves: Sequence[Any], why: str) -> list[Any]:
    """The leaves, with an error where somebody differentiates with respect to them."""

    @jax.custom_jvp
    def guard(values: list[Any]) -> list[Any]:
        return values

    def rule(primals: Any, tangents: Any) -> Any:
        if any(not isinstance(t, SymbolicZero) for t in tangents[0]):
            raise UnsupportedError(why, fix="use sim=qjax.DensityMatrix(), which is exact")
        return primals[0], [jnp.zeros_like(x) for x in primals[0]]

    guard.defjvp(rule, symbolic_zeros=True)
    return guard([jnp.asarray(x) for x in leaves])
