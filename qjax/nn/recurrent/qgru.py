"""Quantum gated recurrent units and plain quantum recurrent networks."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from qjax.nn.recurrent.circuits import GateCircuit, two_ring_circuit
from qjax.nn.recurrent.folding import side_by_side
from qjax.nn.recurrent.lstm import zero_state
from qjax.nn.recurrent.qlstm import initial_angles


class QRNNCell(nnx.RNNCellBase):
    """``h = tanh(V (x, h))`` with one circuit of I + H qubits, of which the first H are measured.

    Args:
        in_features: number of inputs I.
        hidden_features: size H of the hidden state, which is also the output.
        depth: layers of the circuit.
        circuit: function of v (n,) and weights (depth, n, 3) to a `Circuit`.
        scale: standard deviation of the initial angles.
        dtype: floating-point type of the parameters.
        rngs: NNX random streams.

    Source: Chen, Fry, Deshmukh, Rastunkov, Stefanski, arXiv:2211.02612.

    Example:
        >>> nnx.RNN(QRNNCell(1, 2, depth=1, rngs=nnx.Rngs(0)))(jnp.zeros((2, 3, 1))).shape
        (2, 3, 2)
    """

    kinds = 1

    def __init__(
        self,
        in_features: int = 1,
        hidden_features: int = 3,
        *,
        depth: int = 2,
        circuit: GateCircuit = two_ring_circuit,
        scale: float = 0.01,
        dtype: Any = jnp.float32,
        rngs: nnx.Rngs,
    ) -> None:
        self.in_features, self.hidden_features = in_features, hidden_features
        self.qubits = in_features + hidden_features
        self.circuit = circuit
        self.circuits = initial_angles(rngs, (self.kinds, depth, self.qubits, 3), scale, dtype)

    @property
    def out_features(self) -> int:
        """Features of the output."""
        return self.hidden_features

    def _measured(self, v: jax.Array, circuits: jax.Array) -> jax.Array:
        """The first H outputs of some of the circuits, (..., kinds, H)."""
        return side_by_side(self.circuit, v, circuits, self.hidden_features)

    def __call__(self, carry: jax.Array, inputs: jax.Array) -> tuple[jax.Array, jax.Array]:
        """One step: hidden state (..., H) and inputs (..., I) to the next hidden state, twice."""
        circuits = self.circuits[...]
        v = jnp.concatenate([inputs.astype(circuits.dtype), carry], axis=-1)
        hidden = jnp.tanh(self._measured(v, circuits)[..., 0, :])
        return hidden, hidden

    def initialize_carry(
        self, input_shape: tuple[int, ...], rngs: Any = None, carry_init: Any = None
    ) -> jax.Array:
        """Zeros for inputs of this shape (..., I), in the type of the parameters."""
        del rngs, carry_init
        return zero_state(self, input_shape, self.hidden_features)

    @property
    def num_feature_axes(self) -> int:
        """One: inputs are (..., I)."""
        return 1


class QGRUCell(QRNNCell):
    """The quantum gated recurrent unit: three circuits of I + H qubits.

    With v = (x, h): ``r = s(V1 v)``, ``z = s(V2 v)``, ``g = tanh(V3 (x, r h))``,
    ``h = z h + (1 - z) g``. Arguments as `QRNNCell`.

    Source: Chen, Fry, Deshmukh, Rastunkov, Stefanski, arXiv:2211.02612.

    Example:
        >>> nnx.RNN(QGRUCell(1, 2, depth=1, rngs=nnx.Rngs(0)))(jnp.zeros((2, 3, 1))).shape
        (2, 3, 2)
    """

    kinds = 3

    def __call__(self, carry: jax.Array, inputs: jax.Array) -> tuple[jax.Array, jax.Array]:
        """One step: hidden state (..., H) and inputs (..., I) to the next hidden state, twice."""
        circuits = self.circuits[...]
        inputs = inputs.astype(circuits.dtype)
        v = jnp.concatenate([inputs, carry], axis=-1)
        gates = jax.nn.sigmoid(self._measured(v, circuits[:2]))
        reset, update = gates[..., 0, :], gates[..., 1, :]
        trial = jnp.concatenate([inputs, reset * carry], axis=-1)
        trial = jnp.tanh(self._measured(trial, circuits[2:])[..., 0, :])
        hidden = update * carry + (1 - update) * trial
        return hidden, hidden
