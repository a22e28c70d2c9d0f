"""The weights that a slow programmer writes, one step after another or all steps at once."""

from __future__ import annotations

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp

from qjax.errors import DataError, UnsupportedError
from qjax.nn.fast_weights.updates import Additive, Factors, Update

Form = Literal["auto", "parallel", "scan"]


class Entries(NamedTuple):
    """What a slow programmer says at every step.

    The new entry is the outer product of a row vector and a column vector.

    Args:
        rows: shape (..., T, R), floating.
        columns: shape (..., T, C).
        gates: what the update rule reads, shape (..., T, G); G may be 0.
    """

    rows: jax.Array
    columns: jax.Array
    gates: jax.Array


def fast_weights(
    entries: Entries,
    update: Update = Additive(),  # noqa: B008  (frozen)
    start: jax.Array | None = None,
    *,
    every: bool = False,
    form: Form = "auto",
) -> jax.Array:
    """The fast weights after the last step, or after every step.

    A rule that is linear in the old weights needs no loop: the last weights are one matrix product
    ``rows^T diag(c) columns``, where c is the product of all later gates; the weights of every step
    are a cumulative sum or an associative scan. Both are exact.

    Args:
        entries: what the slow programmer says, T steps.
        update: the rule of change.
        start: weights before the first step, shape (..., R, C). None: zeros.
        every: whether the weights after every step are wanted.
        form: ``"parallel"``, ``"scan"`` (one step after another), or the former where the rule
            allows it.

    Returns:
        Shape (..., R, C), or (..., T, R, C).

    Raises:
        DataError: entries that differ in their leading axes.
        UnsupportedError: the parallel form of a rule that is not linear.

    Source: Schlag, Irie, Schmidhuber, arXiv:2102.11174 (additive rule as linear attention).

    Example:
        >>> said = Entries(jnp.ones((4, 2)), jnp.ones((4, 3)), jnp.zeros((4, 0)))
        >>> fast_weights(said).tolist()
        [[4.0, 4.0, 4.0], [4.0, 4.0, 4.0]]
    """
    lead = entries.rows.shape[:-1]
    if not lead or any(part.shape[:-1] != lead for part in entries):
        raise DataError(
            "entries: rows, columns and gates must agree in all axes but the last",
            expected="(..., time, features)",
            got=", ".join(str(part.shape) for part in entries),
        )
    if form == "parallel" and not update.linear:
        raise UnsupportedError(
            f"fast_weights: {update!r} has no parallel form", fix='use form="auto" or form="scan"'
        )
    if form == "scan" or not update.linear:
        return _one_by_one(entries, update, start, every)
    factors = update.factors(entries.gates, _shape(entries))
    return _all_weights(entries, factors, start) if every else _last(entries, factors, start)


def next_weights(weights: jax.Array, entry: Entries, update: Update) -> jax.Array:
    """One step: weights (..., R, C) and an entry without its axis of time to the next weights."""
    factors = update.factors(entry.gates, _shape(entry))
    old = weights if factors.keep is None else factors.keep * weights
    return update.carried(old) + _new(entry, factors)


def _shape(entries: Entries) -> tuple[int, int]:
    return entries.rows.shape[-1], entries.columns.shape[-1]


def _new(entries: Entries, factors: Factors) -> jax.Array:
    """What is added at every step, (..., T, R, C)."""
    outer = entries.rows[..., :, None] * entries.columns[..., None, :]
    return outer if factors.write is None else factors.write * outer


def _zeros(entries: Entries) -> jax.Array:
    lead = entries.rows.shape[:-2]
    return jnp.zeros((*lead, *_shape(entries)), entries.rows.dtype)


def _one_by_one(
    entries: Entries, update: Update, start: jax.Array | None, every: bool
) -> jax.Array:
    def step(weights: jax.Array, entry: Entries) -> tuple[jax.Array, jax.Array | None]:
        weights = next_weights(weights, entry, update)
        return weights, weights if every else None

    steps = Entries(*(jnp.moveaxis(part, -2, 0) for part in entries))
    first = _zeros(entries) if start is None else start
    last, history = jax.lax.scan(step, first, steps)
    return last if history is None else jnp.moveaxis(history, 0, -3)


def _last(entries: Entries, factors: Factors, start: jax.Array | None) -> jax.Array:
    keep, write = factors
    if keep is None:
        total = jnp.einsum("...tr,...tc->...rc", entries.rows, entries.columns)
        return total if start is None else start + total
    # The product of all gates from step t on; shifted by one it is what is left of entry t.
    since = jax.lax.cumprod(keep, axis=keep.ndim - 3, reverse=True)
    left = jnp.concatenate([since[..., 1:, :, :], jnp.ones_like(keep[..., :1, :, :])], axis=-3)
    weight = left if write is None else left * write
    if weight.shape[-2:] == (1, 1):
        rows = entries.rows * weight[..., 0]
        total = jnp.einsum("...tr,...tc->...rc", rows, entries.columns)
    else:
        outer = entries.rows[..., :, None] * entries.columns[..., None, :]
        total = jnp.sum(weight * outer, axis=-3)
    return total if start is None else since[..., 0, :, :] * start + total


def _all_weights(entries: Entries, factors: Factors, start: jax.Array | None) -> jax.Array:
    new, keep = _new(entries, factors), factors.keep
    if keep is None:
        total = jnp.cumsum(new, axis=-3)
        return total if start is None else start[..., None, :, :] + total
    if start is not None:
        new = new.at[..., 0, :, :].add(keep[..., 0, :, :] * start)

    def both(first: tuple, second: tuple) -> tuple:
        """Two steps, ``W -> a W + b``, in one."""
        return second[0] * first[0], second[0] * first[1] + second[1]

    return jax.lax.associative_scan(both, (keep, new), axis=new.ndim - 3)[1]
