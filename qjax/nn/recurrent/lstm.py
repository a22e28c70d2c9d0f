"""The recurrence of an LSTM around any module that computes its gates."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

Carry = tuple[jax.Array, jax.Array]


def lstm_update(gates: jax.Array, cell: jax.Array) -> Carry:
    """New cell and hidden state (..., H) from gates (..., 4 H), in the order forget, admit,
    content, emit, and the old cell (..., H).

    Source: Hochreiter and Schmidhuber, Neural Computation 9, 1735 (1997); Gers et al. (2000).

    Example:
        >>> cell, hidden = lstm_update(jnp.zeros(8), jnp.ones(2))
        >>> cell.tolist()
        [0.5, 0.5]
    """
    forget, admit, content, emit = jnp.split(gates, 4, axis=-1)
    cell = jax.nn.sigmoid(forget) * cell + jax.nn.sigmoid(admit) * jnp.tanh(content)
    return cell, jax.nn.sigmoid(emit) * jnp.tanh(cell)


class GatedLSTMCell(nnx.RNNCellBase):
    """An LSTM cell whose four gates are one module from H + I to 4 H features.

    Args:
        gates: the module; it sees the hidden state first, then the inputs.
        hidden_features: size H of the hidden state.

    Example:
        >>> gates = nnx.Linear(3, 8, rngs=nnx.Rngs(0))
        >>> nnx.RNN(GatedLSTMCell(gates, 2))(jnp.zeros((5, 10, 1))).shape
        (5, 10, 2)
    """

    def __init__(self, gates: Any, hidden_features: int) -> None:
        self.hidden_features = hidden_features
        self.gates = gates

    def __call__(self, carry: Carry, inputs: jax.Array) -> tuple[Carry, jax.Array]:
        """One step: carry (c, h) of shape (..., H) and inputs (..., I) to the next carry and h."""
        cell, hidden = carry
        gates = self.gates(jnp.concatenate([hidden, inputs], axis=-1))
        cell, hidden = lstm_update(gates, cell)
        return (cell, hidden), hidden

    def initialize_carry(
        self, input_shape: tuple[int, ...], rngs: Any = None, carry_init: Any = None
    ) -> Carry:
        """A carry of zeros for inputs of this shape (..., I), in the type of the parameters."""
        del rngs, carry_init
        zeros = zero_state(self, input_shape, self.hidden_features)
        return zeros, zeros

    @property
    def num_feature_axes(self) -> int:
        """One: inputs are (..., I)."""
        return 1


def zero_state(cell: nnx.Module, input_shape: tuple[int, ...], features: int) -> jax.Array:
    """Zeros (..., features) in the type of a cell's parameters, for inputs (..., I)."""
    dtype = jax.tree.leaves(nnx.state(cell, nnx.Param))[0].dtype
    return jnp.zeros((*input_shape[:-1], features), dtype)
