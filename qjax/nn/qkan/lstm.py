"""Recurrent cells whose gates are QKAN layers, for `flax.nnx.RNN`."""

from __future__ import annotations

from typing import Any

from flax import nnx

from qjax.nn.qkan.modules import HQKAN, QKANLayer
from qjax.nn.recurrent.lstm import GatedLSTMCell


class QKANLSTMCell(GatedLSTMCell):
    """An LSTM cell whose four gates are one QKAN layer from H + I to 4 H features.

    Args:
        in_features: number of inputs I.
        hidden_features: size H of the hidden state.
        reps: number of repetitions r.
        rngs: NNX random streams.
        options: further arguments of `QKANLayer`.

    Example:
        >>> import jax.numpy as jnp
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
        width = hidden_features + in_features
        gates = self._gates(width, 4 * hidden_features, reps, rngs=rngs, **options)
        super().__init__(gates, hidden_features)

    def _gates(self, inputs: int, outputs: int, reps: int, **options: Any) -> nnx.Module:
        return QKANLayer(inputs, outputs, reps, **options)


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
        >>> import jax.numpy as jnp
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
