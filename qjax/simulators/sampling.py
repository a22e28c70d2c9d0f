"""Drawing basis states from a vector of probabilities."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp


def draw(key: Any, p: Any, n: int, shots: int) -> Any:
    """``shots`` indices distributed as ``p``, shape ``(2**n,)``; int32 ``(shots,)``.

    Two levels, first the leading half of the bits, then the rest given those: cumulative sums
    stay short, so float32 does not lose rare outcomes at the end of a long table.
    """
    half = n // 2
    table = p.reshape(2**half, -1)
    rows = jnp.sum(table, axis=1)
    key_row, key_column = jax.random.split(key)
    row = _invert(jnp.cumsum(rows), jax.random.uniform(key_row, (shots,), p.dtype))
    within = jnp.cumsum(table, axis=1)
    column = _invert_rows(within, row, jax.random.uniform(key_column, (shots,), p.dtype))
    return (row * table.shape[1] + column).astype(jnp.int32)


def _invert(cumulative: Any, u: Any) -> Any:
    """The first index whose cumulative sum exceeds ``u`` times the total."""
    target = _below(cumulative[-1], u)
    return jnp.searchsorted(cumulative, target, side="right").astype(jnp.int32)


def _below(total: Any, u: Any) -> Any:
    """``u * total``, never rounded up to ``total`` itself: the last outcome may be impossible."""
    return jnp.minimum(u * total, jnp.nextafter(total, jnp.zeros_like(total)))


def _invert_rows(cumulative: Any, row: Any, u: Any) -> Any:
    """`_invert` within row ``row[s]`` for every shot ``s``, by bisection."""
    width = cumulative.shape[1]
    target = _below(cumulative[row, -1], u)
    low = jnp.zeros_like(row)
    for step in range(width.bit_length() - 1, 0, -1):
        middle = low + 2 ** (step - 1)
        low = jnp.where(cumulative[row, middle - 1] <= target, middle, low)
    return low


def to_bits(index: Any, n: int) -> Any:
    """Indices as bits, qubit 0 first; uint8 ``(..., n)``."""
    places = jnp.arange(n - 1, -1, -1, dtype=index.dtype)
    return ((index[..., None] >> places.reshape((1,) * index.ndim + (n,))) & 1).astype(jnp.uint8)
