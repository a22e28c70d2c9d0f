"""Recurrent cells whose gates are QKAN layers, for `flax.nnx.RNN`."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from qjax.nn.qkan.modules import HQKAN, QKANLayer

Carry = tuple[jax.Array, jax.Array]


class QKANLSTMCell(nnx.RNNCellBase):
    """An LSTM cell whose four gates are one QKAN layer from H + I to 4 H features.

    Args:
        in_features: number of inputs I.
        hidden_features: size H of the hidden state.
        reps: number of repetitions r.
        rngs: NNX random streams.
        options: further arguments of `QKANLayer`.

    Example:
        >>> cell = QKANLSTMCell(1, 3, rngs=nnx.Rngs(0))
        >>> nnx.RNN(cell)(jnp.zeros((2, 10, 1))).shape
        (2, 10, 3)
    """

    def __init__(
        self,
        in_features: int,
        hidden_features: int,
        reps: int = 1,
        *,
        rngs: nnx.Rngs,
        **options: Any,
    ) -> None:
        self.hidden_features = hidden_features
        width = hidden_features + in_features
        self.gates: Any = self._gates(width, 4 * hidden_features, reps, rngs=rngs, **options)

    def _gates(self, inputs: int, outputs: int, reps: int, **options: Any) -> nnx.Module:
        return QKANLayer(inputs, outputs, reps, **options)

    def __call__(self, carry: Carry, inputs: jax.Array) -> tuple[Carry, jax.Array]:
        """One step: carry (c, h) of shape (..., H) and inputs (..., I) to the next carry and h."""
        cell, hidden = carry
        gates = self.gates(jnp.concatenate([hidden, inputs], axis=-1))
        forget, admit, content, emit = jnp.split(gates, 4, axis=-1)
        cell = jax.nn.sigmoid(forget) * cell + jax.nn.sigmoid(admit) * jnp.tanh(content)
        hidden = jax.nn.sigmoid(emit) * jnp.tanh(cell)
        return (cell, hidden), hidden

    def initialize_carry(
        self, input_shape: tuple[int, ...], rngs: Any = None, carry_init: Any = None
    ) -> Carry:
        """A carry of zeros for inputs of this shape (..., I), in the type of the parameters."""
        del rngs, carry_init
        dtype = jax.tree.leaves(nnx.state(self.gates, nnx.Param))[0].dtype
        zeros = jnp.zeros((*input_shape[:-1], self.hidden_features), dtype)
        return zeros, zeros

    @property
    def num_feature_axes(self) -> int:
        """One: inputs are (..., I)."""
        return 1


class HQKANLSTMCell(QKANLSTMCell):
    """An LSTM cell whose gates are an `HQKAN`: encoder, latent QKAN, decoder.

    Args:
        in_features: number of inputs I.
        hidden_features: size H of the hidden state.
        reps: number of repetitions r.
        rngs: NNX random streams.
        options: ``latent_in`` and ``latent_out``, the widths of the latent QKAN (None: from the
            sizes), and further arguments of `QKANLayer`.

    Example:
        >>> cell = HQKANLSTMCell(1, 3, rngs=nnx.Rngs(0))
        >>> nnx.RNN(cell)(jnp.zeros((2, 10, 1))).shape
        (2, 10, 3)
    """

    def _gates(
        self,
        inputs: int,
        outputs: int,
        reps: int,
        latent_in: int | None = None,
        latent_out: int | None = None,
        **options: Any,
    ) -> nnx.Module:
        return HQKAN(inputs, latent_in, latent_out, outputs, reps, **options)
