"""Equal work done once, for many operands in one vectorised call.

Results stay rows of the table that one call has made, so that the next call takes them as a slice:
stacking single values anew costs a loop for each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np


class Row(NamedTuple):
    """One entry of a table, along its leading axis."""

    table: Any
    index: int


def value_of_row(x: Any) -> Any:
    """The entry itself; arrays stay what they are."""
    return x.table[x.index] if isinstance(x, Row) else x


def together(
    jobs: Sequence[tuple[Any, list[Any]]], make: Callable[[Any, list[Any]], Any]
) -> list[Any]:
    """``make(key, values)`` of every job; jobs with equal keys in one vectorised call.

    Args:
        jobs: pairs of a hashable key and values, arrays or rows. NumPy arrays are constants, the
            same in all jobs of a key.
        make: makes an array of them; of NumPy arrays alone it may make a NumPy array.

    Returns:
        For each job an array or a `Row`.
    """
    groups: dict[Any, list[int]] = {}
    for k, (key, values) in enumerate(jobs):
        # Kraus channels of one form may have different numbers of operators.
        groups.setdefault((key, tuple(_shape(v) for v in values)), []).append(k)
    out: list[Any] = [None] * len(jobs)
    for (key, _), members in groups.items():
        first = jobs[members[0]][1]
        moving = [i for i, v in enumerate(first) if not isinstance(v, np.ndarray)]
        if len(members) == 1 or not moving:
            made = make(key, [value_of_row(v) for v in first])
            for k in members:
                out[k] = made
            continue

        def one(values: list[Any], key: Any = key, first: Any = first, moving: Any = moving) -> Any:
            mine = list(first)
            for i, v in zip(moving, values, strict=True):
                mine[i] = v
            return make(key, mine)

        table = jax.vmap(one)([stacked([jobs[k][1][i] for k in members]) for i in moving])
        for row, k in enumerate(members):
            out[k] = Row(table, row)
    return out


def stacked(values: Sequence[Any]) -> Any:
    """Values of one shape along a leading axis: a slice of their table where they are its rows."""
    where = _slice(values)
    if where is None:
        return stack([value_of_row(v) for v in values])
    table = values[0].table
    return table if where == slice(0, table.shape[0], 1) else table[where]


def stack(values: Sequence[Any]) -> Any:
    """`jnp.stack`, by eights that are padded and added.

    XLA copies each part of a larger concatenation in a loop of its own (and undoes nested ones);
    this becomes one loop, also together with what follows.
    """
    parts = [jnp.stack(values[k : k + 8]) for k in range(0, len(values), 8)]
    if len(parts) == 1:
        return parts[0]
    zero = jnp.zeros((), parts[0].dtype)
    total: Any = None
    for k, part in enumerate(parts):
        room = [(8 * k, len(values) - 8 * k - part.shape[0], 0)] + [(0, 0, 0)] * (part.ndim - 1)
        padded = jax.lax.pad(part, zero, room)
        total = padded if total is None else total + padded
    return total


def _slice(values: Sequence[Any]) -> slice | None:
    """The slice of one table that the values are, in order; None where they are something else."""
    if not all(isinstance(v, Row) and v.table is values[0].table for v in values):
        return None
    index = [v.index for v in values]
    step = index[1] - index[0] if len(index) > 1 else 1
    if step < 1 or index != list(range(index[0], index[-1] + 1, step)):
        return None
    return slice(index[0], index[-1] + 1, step)


def _shape(x: Any) -> tuple[int, ...]:
    return jnp.shape(x.table)[1:] if isinstance(x, Row) else jnp.shape(x)
