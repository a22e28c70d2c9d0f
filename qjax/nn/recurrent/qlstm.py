"""Quantum long short-term memory, in its published form and with linear layers around circuits."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from qjax.errors import ParameterError
from qjax.nn.linear import uniform_linear
from qjax.nn.recurrent.circuits import GateCircuit, rx_ring_circuit, two_ring_circuit
from qjax.nn.recurrent.folding import side_by_side
from qjax.nn.recurrent.lstm import Carry, GatedLSTMCell, lstm_update, zero_state


def initial_angles(rngs: nnx.Rngs, shape: tuple[int, ...], scale: float, dtype: Any) -> nnx.Param:
    """Normal angles of a standard deviation, radians."""
    return nnx.Param(scale * jax.random.normal(rngs.params(), shape, dtype))


class QLSTMCell(nnx.RNNCellBase):
    """The published QLSTM cell: six circuits, one qubit per input and hidden feature.

    With v = (x, h) on n = I + H qubits, ``f = s(V1 v)``, ``i = s(V2 v)``, ``g = tanh(V3 v)``,
    ``o = s(V4 v)``; ``c = f c + i g``; ``u = o tanh(c)``; the hidden state is the first H outputs
    of ``V5 u`` and the output is ``V6 u``. Cell and output have n features. The four circuits of
    one step that share v run side by side, and the two that share u.

    Args:
        in_features: number of inputs I.
        hidden_features: size H of the hidden state.
        depth: layers of every circuit.
        circuit: function of v (n,) and weights (depth, n, 3) to a `Circuit`.
        scale: standard deviation of the initial angles.
        dtype: floating-point type of the parameters.
        rngs: NNX random streams.

    Source: Chen, Yoo, Fang, arXiv:2009.01783.

    Example:
        >>> cell = QLSTMCell(1, 2, depth=1, rngs=nnx.Rngs(0))
        >>> nnx.RNN(cell)(jnp.zeros((2, 3, 1))).shape
        (2, 3, 3)
    """

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
        self.circuits = initial_angles(rngs, (6, depth, self.qubits, 3), scale, dtype)

    @property
    def out_features(self) -> int:
        """Features of the output."""
        return self.qubits

    def __call__(self, carry: Carry, inputs: jax.Array) -> tuple[Carry, jax.Array]:
        """One step: carry (c (..., n), h (..., H)) and inputs (..., I) to the next and V6 u."""
        cell, hidden = carry
        circuits, n = self.circuits[...], self.qubits
        inputs = inputs.astype(circuits.dtype)
        v = jnp.concatenate([inputs, hidden], axis=-1)
        gates = side_by_side(self.circuit, v, circuits[:4], n)
        cell, u = lstm_update(gates.reshape(*v.shape[:-1], 4 * n), cell)
        both = side_by_side(self.circuit, u, circuits[4:], n)
        hidden, output = both[..., 0, : self.hidden_features], both[..., 1, :]
        return (cell, hidden), output

    def initialize_carry(
        self, input_shape: tuple[int, ...], rngs: Any = None, carry_init: Any = None
    ) -> Carry:
        """A carry of zeros for inputs of this shape (..., I), in the type of the parameters."""
        del rngs, carry_init
        cell = zero_state(self, input_shape, self.qubits)
        return cell, cell[..., : self.hidden_features]

    @property
    def num_feature_axes(self) -> int:
        """One: inputs are (..., I)."""
        return 1


class LinearInQLSTMCell(GatedLSTMCell):
    """A QLSTM cell with a linear layer into the qubits and one out of them, shared by the gates.

    Args:
        in_features: number of inputs I.
        hidden_features: size H of the hidden state.
        qubits: number of qubits n of every gate's circuit.
        depth: layers of every circuit.
        dtype: floating-point type of the parameters.
        rngs: NNX random streams.

    Source: the form of widely used QLSTM code, with the quantum weights trained as well (there
    they are not registered as parameters).

    Example:
        >>> cell = LinearInQLSTMCell(1, 5, qubits=2, rngs=nnx.Rngs(0))
        >>> nnx.RNN(cell)(jnp.zeros((2, 3, 1))).shape
        (2, 3, 5)
    """

    def __init__(
        self,
        in_features: int,
        hidden_features: int,
        *,
        qubits: int = 4,
        depth: int = 1,
        dtype: Any = jnp.float32,
        rngs: nnx.Rngs,
    ) -> None:
        width = in_features + hidden_features
        gates = CircuitGates(width, hidden_features, qubits, depth, dtype=dtype, rngs=rngs)
        super().__init__(gates, hidden_features)


class CircuitGates(nnx.Module):
    """Four gates (..., 4 H): linear to n qubits, a circuit per gate, a shared linear to H.

    Args:
        in_features: number of inputs.
        features: features H of every gate.
        qubits: number of qubits n.
        depth: layers of every circuit.
        dtype: floating-point type of the parameters.
        rngs: NNX random streams.

    Raises:
        ParameterError: no qubits.

    Example:
        >>> CircuitGates(3, 2, 2, 1, rngs=nnx.Rngs(0))(jnp.zeros((5, 3))).shape
        (5, 8)
    """

    def __init__(
        self,
        in_features: int,
        features: int,
        qubits: int,
        depth: int = 1,
        *,
        dtype: Any = jnp.float32,
        rngs: nnx.Rngs,
    ) -> None:
        if qubits < 1:
            raise ParameterError("qubits: at least one is needed", got=qubits)
        self.qubits, self.circuit = qubits, rx_ring_circuit
        self.encoder = uniform_linear(in_features, qubits, dtype=dtype, rngs=rngs)
        self.decoder = uniform_linear(qubits, features, dtype=dtype, rngs=rngs)
        self.circuits = initial_angles(rngs, (4, depth, qubits), 2 * jnp.pi / 12**0.5, dtype)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Gates (..., 4 H) for x of shape (..., I)."""
        circuits = self.circuits[...]
        y = self.encoder(x.astype(circuits.dtype))
        values = side_by_side(self.circuit, y, circuits, self.qubits)
        return self.decoder(values).reshape(*x.shape[:-1], -1)
