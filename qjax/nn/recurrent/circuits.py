"""The circuits inside quantum recurrent cells: an encoding of the inputs, then trained layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

import qjax as qj
from qjax.errors import ParameterError

GateCircuit = Callable[[jax.Array, jax.Array], qj.Circuit]


@dataclass(frozen=True)
class EncodedCircuit:
    """A circuit of inputs and weights that come one after the other: v on single qubits first.

    Because the weights do not meet the inputs, their part is one matrix for all inputs, and
    `side_by_side` runs it as one.

    Args:
        encode: operations that bring one input, a scalar, into one qubit.
        ansatz: circuit of the weights.

    Example:
        >>> tilted = EncodedCircuit(rx_rotation, two_ring_layers)
        >>> tilted(jnp.zeros(4), jnp.zeros((1, 4, 3))).counts()
        {'RX': 4, 'CX': 8, 'RZ': 8, 'RY': 4}
    """

    encode: Callable[[jax.Array, int], Sequence[Any]]
    ansatz: Callable[[jax.Array], qj.Circuit]

    def __call__(self, v: jax.Array, weights: jax.Array) -> qj.Circuit:
        """The circuit for one input per qubit, v of shape (n,).

        Raises:
            ParameterError: another number of inputs.
        """
        layers = self.layers(weights, *v.shape)
        encoding = [op for q in range(layers.n) for op in self.encode(v[q], q)]
        return qj.Circuit(layers.n, [*encoding, *layers.ops])

    def layers(self, weights: jax.Array, *inputs: int) -> qj.Circuit:
        """The circuit of the weights alone, checked against the shape of the inputs."""
        circuit = self.ansatz(weights)
        if inputs != (circuit.n,):
            raise ParameterError(
                "v: one input per qubit is needed", expected=(circuit.n,), got=inputs
            )
        return circuit


def arctan_rotations(x: jax.Array, qubit: int) -> list[Any]:
    """H, RY(arctan x) and RZ(arctan x^2) on a qubit.

    Source: Chen, Yoo, Fang, arXiv:2009.01783.

    Example:
        >>> qj.Circuit(1, arctan_rotations(jnp.zeros(()), 0)).counts()
        {'H': 1, 'RY': 1, 'RZ': 1}
    """
    return [qj.H(qubit), qj.RY(jnp.arctan(x), qubit), qj.RZ(jnp.arctan(x**2), qubit)]


def two_ring_layers(weights: jax.Array) -> qj.Circuit:
    """Layers of two rings and rotations.

    A layer is CNOT from every qubit to its neighbour on the ring, CNOT to the neighbour after the
    next, and RZ(a), RY(b), RZ(c) on every qubit.

    Args:
        weights: radians, shape (depth, n, 3).

    Source: Chen, Yoo, Fang, arXiv:2009.01783, and the author's code.

    Example:
        >>> two_ring_layers(jnp.zeros((2, 4, 3))).counts()
        {'CX': 16, 'RZ': 16, 'RY': 8}
    """
    depth, n, _ = weights.shape
    ops: list[Any] = []
    for layer in range(depth):
        # On one or two qubits the neighbour after the next is the qubit itself.
        ops += [qj.CNOT(q, (q + hop) % n) for hop in (1, 2) for q in range(n) if (q + hop) % n != q]
        for q in range(n):
            a, b, c = weights[layer, q]
            ops += [qj.RZ(a, q), qj.RY(b, q), qj.RZ(c, q)]
    return qj.Circuit(n, ops)


def rx_rotation(x: jax.Array, qubit: int) -> list[Any]:
    """RX(x) on a qubit, "angle embedding"."""
    return [qj.RX(x, qubit)]


def rx_ring_layers(weights: jax.Array) -> qj.Circuit:
    """Layers of RX on every qubit and a ring of CNOTs ("basic entangler").

    Args:
        weights: radians, shape (depth, n).

    Example:
        >>> rx_ring_layers(jnp.zeros((1, 4))).counts()
        {'RX': 4, 'CX': 4}
    """
    depth, n = weights.shape
    ops: list[Any] = []
    for layer in range(depth):
        ops += [qj.RX(weights[layer, q], q) for q in range(n)]
        ops += [qj.CNOT(q, (q + 1) % n) for q in range(n if n > 2 else n - 1)]
    return qj.Circuit(n, ops)


two_ring_circuit = EncodedCircuit(arctan_rotations, two_ring_layers)
"""The circuit of the published QLSTM, arXiv:2009.01783; weights (depth, n, 3)."""

rx_ring_circuit = EncodedCircuit(rx_rotation, rx_ring_layers)
"""Angle embedding and "basic entangler" layers of widely used QLSTM code; weights (depth, n)."""
