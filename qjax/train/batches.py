"""Rows for each step, drawn inside the compiled program."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ..errors import ExperimentError


def rows(data: Any) -> int:
    """The length of the leading axis that all leaves of ``data`` share.

    Raises:
        ExperimentError: there is none.
    """
    shapes = [jnp.shape(leaf) for leaf in jax.tree.leaves(data)]
    lengths = {shape[0] if shape else None for shape in shapes}
    if len(lengths) != 1 or None in lengths:
        raise ExperimentError(
            "batch_size needs data whose leaves share a leading axis", got=f"shapes {shapes}"
        )
    return int(lengths.pop())  # pyright: ignore[reportArgumentType]


def check_batch(batch_size: int, data: Any, key: Any) -> None:
    """Refuse a batch that cannot be drawn."""
    if data is None or key is None:
        raise ExperimentError(
            "batch_size needs data and a key",
            got=f"data {'missing' if data is None else 'given'}, "
            f"key {'missing' if key is None else 'given'}",
            fix="pass key=jax.random.key(0)",
        )
    total = rows(data)
    if not 1 <= batch_size <= total:
        raise ExperimentError("batch_size does not fit", expected=f"1 to {total}", got=batch_size)


def batch_of(data: Any, key: jax.Array, step: jax.Array, batch_size: int) -> Any:
    """The rows of one step: every epoch goes once through a new order of the data.

    Args:
        data: pytree whose leaves share a leading axis.
        key: the same in every step.
        step: number of the step, int32 scalar.
        batch_size: rows per step.
    """
    total = rows(data)
    per_epoch = total // batch_size
    order = jax.random.permutation(jax.random.fold_in(key, step // per_epoch), total)
    first = (step % per_epoch) * batch_size
    chosen = jax.lax.dynamic_slice_in_dim(order, first, batch_size)
    return jax.tree.map(lambda leaf: jnp.asarray(leaf)[chosen], data)
