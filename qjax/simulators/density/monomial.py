"""Runs of Clifford gates and Pauli noise on a small state: signed permutations and scalings.

In the Pauli basis a Clifford gate permutes the words up to signs and Pauli noise scales them. On a
few qubits, where the overhead of each matrix product counts, loops over the elements are faster.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import jax.numpy as jnp
import numpy as np

from ...gates.channels import CHANNELS
from ..gather import permute
from ..kernels import Pair
from ..steps.step import Leaf, Step
from .basis import axes_of
from .blocks import Operands, Placed
from .spread import Spread
from .together import stacked
from .transfer import Form

REGISTER = 10
AT_ONCE = 8  # factors in one product: XLA fuses the parts of so large a concatenation


@lru_cache(maxsize=1024)
def signed_permutation(form: Form) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """``(source, sign)`` with ``out[i] = sign[i] x[source[i]]``; None where a gate does more."""
    m = form.constant
    if m is None or not np.array_equal(np.abs(m), np.round(np.abs(m))):
        return None
    if np.any(np.count_nonzero(m, axis=1) != 1):
        return None
    source = np.argmax(np.abs(m), axis=1)
    return tuple(source.tolist()), tuple(m[np.arange(len(m)), source].astype(int).tolist())


def is_scaling(form: Form) -> bool:
    """Whether a channel's transfer matrix is diagonal."""
    return form.channel and CHANNELS[form.item.name].diagonal is not None


class MonomialStep(Step):
    """Signed permutations and scalings in order: one permutation, then one diagonal."""

    kind = "monomial"
    real = True

    def __init__(self, n: int, items: Sequence[Placed], register: int) -> None:
        self.n, self.register = n, register
        self.items = tuple(items)
        self.qubits = frozenset(q for i in items for q in i.qubits)
        self.leaves = frozenset(p.index for i in items for p in i.params if isinstance(p, Leaf))
        # From the end: where an element of the result stood before what has been seen.
        source, sign = np.arange(2**register), np.ones(2**register, int)
        scaled: list[tuple[Placed, np.ndarray]] = []
        for item in reversed(self.items):
            if is_scaling(item.form):
                scaled.append((item, self._letters(item)[source]))
            else:
                before, turned = self._whole(item)
                source, sign = before[source], sign * turned[source]
        self.source, self.sign = source, sign
        scaled.reverse()  # in the order of the tables, so that slices of them serve
        by_size: dict[int, list[tuple[Placed, np.ndarray]]] = {}
        for item, index in scaled:
            by_size.setdefault(len(item.qubits), []).append((item, index))
        groups = [g[k : k + AT_ONCE] for g in by_size.values() for k in range(0, len(g), AT_ONCE)]
        self.scalings = [[item for item, _ in group] for group in groups]
        self.spread = [Spread(np.stack([index for _, index in group])) for group in groups]

    def _letters(self, item: Placed) -> np.ndarray:
        """For each element of the register its entry in the diagonal of a scaling."""
        where, out = np.arange(2**self.register), np.zeros(2**self.register, np.int32)
        for axis in axes_of(item.qubits):
            out = 2 * out + (where >> (self.register - 1 - axis) & 1).astype(np.int32)
        return out

    def _whole(self, item: Placed) -> tuple[np.ndarray, np.ndarray]:
        """A signed permutation of the whole register."""
        found = signed_permutation(item.form)
        assert found is not None
        source, sign = (np.array(x) for x in found)
        axes = axes_of(item.qubits)
        shape = (2,) * self.register
        grid = np.arange(2**self.register).reshape(shape)
        front = np.moveaxis(grid, axes, range(len(axes)))
        moved = front.reshape(len(source), -1)
        back = np.moveaxis(moved[source].reshape(front.shape), range(len(axes)), axes)
        signs = np.broadcast_to(sign[:, None], moved.shape).reshape(front.shape)
        signs = np.moveaxis(signs, range(len(axes)), axes)
        return back.reshape(-1), signs.reshape(-1)

    def tables(self, operands: Operands) -> list[Any]:
        """The diagonals of the scalings, those on equally many qubits stacked."""
        return [stacked([operands[item][0] for item in group]) for group in self.scalings]

    def apply(self, state: Pair, coefficients: list[Any]) -> Pair:
        x = state[0]
        if np.any(self.source != np.arange(len(self.source))):
            inverse = np.argsort(self.source)
            x = permute(x, *(jnp.asarray(i, np.int32) for i in (self.source, inverse)))
        if np.any(self.sign < 0):
            x = x * jnp.asarray(self.sign, x.dtype)
        for table, spread in zip(coefficients, self.spread, strict=True):
            x = x * spread.product(table)
        return x, None

    def cost(self) -> tuple[float, float]:
        count = 1 + sum(len(group) for group in self.scalings)
        return count * 2.0**self.register, 2.0

    def describe(self) -> str:
        return f"signed permutations and scalings from {len(self.items)} operations"
