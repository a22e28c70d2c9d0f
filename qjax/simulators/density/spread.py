"""A product of small diagonals, each spread over a register by a fixed index."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..gather import repeat

SMALL = 4  # entries of factors that are multiplied in pairs


class Spread:
    """``out[j]``, the product of ``table[k, index[k, j]]`` over k.

    All factors are gathered at once, and so are the sums over the elements that name an entry, of
    which the derivative consists (as a scatter it would be slow). An even number of small factors
    is multiplied in pairs before it is spread.
    """

    def __init__(self, index: np.ndarray) -> None:
        entries = int(index.max()) + 1
        self.paired = len(index) % 2 == 0 and entries <= SMALL
        if self.paired:
            index, entries = index[::2] * entries + index[1::2], entries**2
        count, size = index.shape
        flat = (index + entries * np.arange(count)[:, None]).reshape(-1)
        order = np.argsort(flat, kind="stable")
        named = np.bincount(flat, minlength=entries * count)
        inverse = np.full((entries * count, int(named.max())), count * size)
        column = np.arange(count * size) - np.repeat(np.cumsum(named) - named, named)
        inverse[flat[order], column] = order
        self.shape = (count, size)
        self.index, self.inverse = flat[:, None].astype(np.int32), inverse.astype(np.int32)

    def product(self, table: Any) -> Any:
        """The product for a table ``(factors, entries)``."""
        if self.paired:
            pairs = table.reshape(len(table) // 2, 2, -1)
            table = pairs[:, 0, :, None] * pairs[:, 1, None, :]
        flat = repeat(table.reshape(-1), jnp.asarray(self.index), jnp.asarray(self.inverse))
        out: Any = None
        for factor in jax.lax.split(flat.reshape(self.shape), (1,) * self.shape[0]):
            out = factor if out is None else out * factor
        return out.reshape(-1)
