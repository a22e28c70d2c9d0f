"""A product of small diagonals, each spread over a register by a fixed index."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..gather import repeat


class Spread:
    """``out[j]``, the product of ``table[k, index[k, j]]`` over k.

    All factors are gathered at once, and so are the sums over the elements that name an entry, of
    which the derivative consists (as a scatter it would be slow).
    """

    def __init__(self, index: np.ndarray) -> None:
        count, size = index.shape
        entries = int(index.max()) + 1
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
        flat = repeat(table.reshape(-1), jnp.asarray(self.index), jnp.asarray(self.inverse))
        out: Any = None
        for factor in jax.lax.split(flat.reshape(self.shape), (1,) * self.shape[0]):
            out = factor if out is None else out * factor
        return out.reshape(-1)
