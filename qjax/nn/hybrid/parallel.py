"""Several small circuits side by side in one layer."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

import qjax as qj
from qjax.errors import DataError
from qjax.nn.hybrid.layer import QuantumLayer, quantum_layer, z_each


def rotations_and_ring(x: jax.Array, params: jax.Array) -> qj.Circuit:
    """``RX(x_q)`` on every qubit, then RZ RY RZ on every qubit and a ring of CNOTs, repeated.

    Args:
        x: radians, shape (n,).
        params: radians, shape (depth, n, 3).

    Example:
        >>> rotations_and_ring(jnp.zeros(3), jnp.zeros((2, 3, 3))).counts()["CX"]
        6
    """
    ranges = [1] * params.shape[0]
    layers = qj.templates.strongly_entangling(params, None if params.shape[1] < 2 else ranges)
    return qj.templates.angle_encoding(x, "X") + layers


class ParallelCircuits(QuantumLayer):
    """k circuits of n qubits each, on k n features: the quantum part of "HQNN-Parallel".

    Feature ``c n + q`` turns qubit q of circuit c; each circuit has parameters of its own and is
    measured by Z on every qubit. All run as one program, batched over the circuits.

    Args:
        circuits: number of circuits k.
        qubits: qubits n of each.
        depth: trained layers.
        options: ``dtype``, ``init``, ``sim``, ``gradient`` and ``rngs`` of `QuantumLayer`.

    Source: Senokosov, Sedykh, Sagingalieva, Kyriacou, Melnikov, arXiv:2304.09224; three angles for
    each qubit and layer.

    Example:
        >>> from flax import nnx
        >>> layer = ParallelCircuits(4, 5, depth=3, rngs=nnx.Rngs(0))
        >>> layer(jnp.zeros((2, 20))).shape, layer.num_parameters
        ((2, 20), 180)
    """

    def __init__(
        self, circuits: int = 4, qubits: int = 5, *, depth: int = 3, **options: Any
    ) -> None:
        shape = (circuits, depth, qubits, 3)
        super().__init__(rotations_and_ring, z_each(qubits), shape, **options)
        self.features = circuits * qubits

    def circuit(self, x: Any, which: int = 0) -> qj.Circuit:
        """One of the circuits, for its own n features."""
        return self.circuit_fn(self._cast(x), self.values[which])

    def __call__(self, x: Any) -> jax.Array:
        """(..., k n) to (..., k n)."""
        if x.ndim < 1 or x.shape[-1] != self.features:
            raise DataError("x: other features", expected=f"(..., {self.features})", got=x.shape)
        params = self.values
        k, _, n, _ = params.shape
        own = jnp.moveaxis(self._cast(x).reshape(*x.shape[:-1], k, n), -2, 0)

        def one(x: jax.Array, params: jax.Array) -> jax.Array:
            return quantum_layer(
                x, params, self.circuit_fn, self.observables, sim=self.sim, gradient=self.gradient
            )

        out = jnp.moveaxis(jax.vmap(one)(own, params), 0, -2)
        return out.reshape(x.shape).astype(params.dtype)
