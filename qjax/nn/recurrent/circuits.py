"""The circuits inside quantum recurrent cells, and many of them evaluated side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

import qjax as qj
from qjax.errors import ParameterError

GateCircuit = Callable[[jax.Array, jax.Array], qj.Circuit]


def two_ring_circuit(v: jax.Array, weights: jax.Array) -> qj.Circuit:
    """H, RY(arctan v) and RZ(arctan v^2) on every qubit; then layers of two rings and rotations.

    A layer is CNOT from every qubit to its neighbour on the ring, CNOT to the neighbour after the
    next, and RZ(a), RY(b), RZ(c) on every qubit.

    Args:
        v: one number per qubit, shape (n,).
        weights: radians, shape (depth, n, 3).

    Source: Chen, Yoo, Fang, arXiv:2009.01783, and the author's code.

    Example:
        >>> two_ring_circuit(jnp.zeros(4), jnp.zeros((2, 4, 3))).counts()
        {'H': 4, 'RY': 12, 'RZ': 20, 'CX': 16}
    """
    depth, n, _ = weights.shape
    _check_inputs("two_ring_circuit", v, n)
    ops: list[Any] = []
    for q in range(n):
        ops += [qj.H(q), qj.RY(jnp.arctan(v[q]), q), qj.RZ(jnp.arctan(v[q] ** 2), q)]
    for layer in range(depth):
        # On one or two qubits the neighbour after the next is the qubit itself.
        ops += [qj.CNOT(q, (q + hop) % n) for hop in (1, 2) for q in range(n) if (q + hop) % n != q]
        for q in range(n):
            a, b, c = weights[layer, q]
            ops += [qj.RZ(a, q), qj.RY(b, q), qj.RZ(c, q)]
    return qj.Circuit(n, ops)


def rx_ring_circuit(v: jax.Array, weights: jax.Array) -> qj.Circuit:
    """RX(v) on every qubit; then layers of RX and a ring of CNOTs.

    Args:
        v: radians, shape (n,).
        weights: radians, shape (depth, n).

    Source: the angle embedding and "basic entangler" layers of widely used QLSTM code.

    Example:
        >>> rx_ring_circuit(jnp.zeros(4), jnp.zeros((1, 4))).counts()
        {'RX': 8, 'CX': 4}
    """
    depth, n = weights.shape
    _check_inputs("rx_ring_circuit", v, n)
    ops: list[Any] = [qj.RX(v[q], q) for q in range(n)]
    for layer in range(depth):
        ops += [qj.RX(weights[layer, q], q) for q in range(n)]
        ops += [qj.CNOT(q, (q + 1) % n) for q in range(n if n > 2 else n - 1)]
    return qj.Circuit(n, ops)


def side_by_side(
    circuit: GateCircuit,
    v: jax.Array,
    weights: jax.Array,
    outputs: int,
    *,
    sim: qj.Statevector | None = None,
) -> jax.Array:
    """``<Z>`` of the first qubits of several circuits on the same inputs, all in one go.

    Args:
        circuit: function of inputs (n,) and weights of one circuit to a `Circuit`.
        v: inputs, shape (..., n).
        weights: of G circuits, shape (G, ...).
        outputs: how many qubits are measured.
        sim: how they are simulated.

    Returns:
        Shape (..., G, outputs).

    Example:
        >>> side_by_side(rx_ring_circuit, jnp.zeros((5, 3)), jnp.zeros((4, 1, 3)), 2).shape
        (5, 4, 2)
    """
    observables = [qj.Z(q) for q in range(outputs)]
    sim = qj.Statevector() if sim is None else sim

    def one(v: jax.Array, w: jax.Array) -> jax.Array:
        return jnp.stack(qj.expval(circuit(v, w), observables, sim=sim, gradient=qj.Adjoint()))

    flat = v.reshape(-1, v.shape[-1])
    count, kinds = flat.shape[0], weights.shape[0]
    # One batch axis for both: the simulator lays it out once.
    pairs = jnp.repeat(flat, kinds, axis=0), jnp.tile(weights, (count,) + (1,) * (weights.ndim - 1))
    values = jax.vmap(one)(*pairs).astype(v.dtype)
    return values.reshape(*v.shape[:-1], kinds, outputs)


def _check_inputs(name: str, v: jax.Array, n: int) -> None:
    if v.shape != (n,):
        raise ParameterError(f"{name}: one input per qubit is needed", expected=(n,), got=v.shape)
