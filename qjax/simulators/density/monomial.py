"""Runs of Clifford gates and Pauli noise on a small state: signed permutations and scalings.

In the Pauli basis a Clifford gate permutes the words up to signs and Pauli noise scales them. On a
few qubits, where the overhead of each matrix product counts, loops over the elements are faster.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ...gates.channels import CHANNELS
from ..gather import permute
from ..kernels import Pair, split_axes
from ..steps.step import Leaf, Step
from .basis import axes_of
from .blocks import Placed, value_of
from .transfer import Form

REGISTER = 10


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


@partial(jax.custom_jvp, nondiff_argnums=(2, 3))
def scale(x: Any, d: Any, axes: tuple[int, ...], register: int) -> Any:
    """``x[j]`` times the entry of ``d`` that the bits of j on the (ascending) axes name.

    As a gather, which XLA fuses with the permutations around it; where it is differentiated, as a
    product of broadcast arrays, whose derivative is a sum and not a scatter.
    """
    index = np.zeros(2**register, np.int32)
    for axis in axes:
        index = 2 * index + (np.arange(2**register) >> (register - 1 - axis) & 1).astype(np.int32)
    return x * d.at[jnp.asarray(index)].get(mode="promise_in_bounds")


@scale.defjvp
def _scale_rule(axes: tuple[int, ...], register: int, primals: Any, tangents: Any) -> Any:
    shape, places = split_axes(register, axes)
    spread = [2 if a in places else 1 for a in range(len(shape))]

    def times(x: Any, d: Any) -> Any:
        return (x.reshape(shape) * d.reshape(spread)).reshape(x.shape)

    (x, d), (x_dot, d_dot) = primals, tangents
    return times(x, d), times(x_dot, d) + times(x, d_dot)


class MonomialStep(Step):
    """Signed permutations and scalings in order."""

    kind = "monomial"
    real = True

    def __init__(self, n: int, items: Sequence[Placed], register: int) -> None:
        self.n, self.register = n, register
        self.items = tuple(items)
        self.qubits = frozenset(q for i in items for q in i.qubits)
        self.leaves = frozenset(p.index for i in items for p in i.params if isinstance(p, Leaf))
        # Permutations in succession are one; a scaling is an item by itself.
        self.parts: list[Placed | tuple[np.ndarray, np.ndarray]] = []
        for item in self.items:
            if is_scaling(item.form):
                self.parts.append(item)
                continue
            source, sign = self._whole(item)
            last = self.parts[-1] if self.parts else None
            if isinstance(last, tuple):
                source, sign = last[0][source], sign * last[1][source]
                self.parts[-1] = (source, sign)
            else:
                self.parts.append((source, sign))

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

    @property
    def scalings(self) -> list[Placed]:
        """The operations that have parameters."""
        return [part for part in self.parts if isinstance(part, Placed)]

    def jobs(self, leaves: Sequence[Any], dtype: Any) -> list[tuple[Any, list[Any]]]:
        """What must be computed: forms and the values of their parameters."""
        return [
            ((part.form,), [value_of(p, leaves, dtype) for p in part.params])
            for part in self.scalings
        ]

    def apply(self, state: Pair, coefficients: list[Any]) -> Pair:
        x, made = state[0], iter(coefficients)
        for part in self.parts:
            if isinstance(part, Placed):
                x = scale(x, next(made), axes_of(part.qubits), self.register)
                continue
            source, sign = part
            inverse = np.argsort(source)
            x = permute(x, jnp.asarray(source, np.int32), jnp.asarray(inverse, np.int32))
            if np.any(sign < 0):
                x = x * jnp.asarray(sign, x.dtype)
        return x, None

    def cost(self) -> tuple[float, float]:
        return len(self.parts) * 2.0**self.register, float(len(self.parts))

    def describe(self) -> str:
        return f"signed permutations and scalings from {len(self.items)} operations"
