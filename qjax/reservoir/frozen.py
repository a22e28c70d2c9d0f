"""A recurrent cell with frozen parameters as a reservoir: only the readout is fitted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp

from ..errors import UnsupportedError
from .base import Reservoir
from .circuits import _real
from .engine import Engine


@dataclass(frozen=True)
class CellEngine(Engine):
    """The cell step by step; the state is its carry."""

    def prepare(self, reservoir: Any) -> Any:
        return reservoir

    def start(self, params: Any) -> Any:
        return params.carry

    def advance(self, params: Any, state: Any, u: Any, key: Any) -> tuple[Any, Any]:
        leaf = jax.tree.leaves(params.carry)[0]
        new, out = params.step(params.params, state, jnp.atleast_1d(u).astype(leaf.dtype))
        return new, out.reshape(-1)


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class FrozenCell(Reservoir):
    """Any recurrence ``step(params, carry, x) -> (carry, features)`` as a reservoir.

    Args:
        params: pytree. A leaf.
        carry: the first carry, a pytree of arrays. A leaf.
        step: pure; ``x`` has shape (inputs,), the features any shape.
        inputs: numbers per step.

    Source: quantum recurrent networks as reservoirs, Chen et al., arXiv:2211.02612.

    Example:
        >>> import jax.numpy as jnp
        >>> from qjax.reservoir import FrozenCell
        >>> def leak(rate, carry, x):
        ...     carry = carry + rate * (x - carry)
        ...     return carry, carry
        >>> FrozenCell.of(leak, 0.5, jnp.zeros(1)).features([1.0, 1.0])[:, 0].tolist()
        [0.5, 0.75]
    """

    linear = False
    params: Any
    carry: Any
    step: Callable[..., Any] = field(metadata={"static": True})
    inputs: int = field(default=1, metadata={"static": True})

    @classmethod
    def of(cls, step: Callable[..., Any], params: Any, carry: Any, inputs: int = 1) -> FrozenCell:
        """From a step function, its parameters and the first carry."""
        return cls(jax.tree.map(_real, params), jax.tree.map(_real, carry), step, inputs)

    @property
    def n_features(self) -> int:
        x = jnp.zeros(self.inputs, jax.tree.leaves(self.carry)[0].dtype)
        return jax.eval_shape(lambda c: self.step(self.params, c, x)[1], self.carry).size

    def engine(self, sim: Any = None) -> Engine:
        if sim is not None:
            raise UnsupportedError(
                "FrozenCell has its own simulation", fix="leave sim= out; build it into the step"
            )
        return CellEngine()
