"""Many circuits on the same inputs in one go, and what of them can be worked out once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

import qjax as qj
from qjax.nn.recurrent.circuits import EncodedCircuit, GateCircuit

# Up to here a matrix, worked out anew every time, is no slower than its gates on a batch of ten.
FOLDED_QUBITS = 6


@dataclass(frozen=True)
class FoldedCircuit:
    """What is left of an `EncodedCircuit` whose weights have become a matrix: the encoding."""

    encode: Callable[[jax.Array, int], Sequence[Any]]


def side_by_side(
    circuit: GateCircuit | FoldedCircuit,
    v: jax.Array,
    weights: jax.Array,
    outputs: int,
    *,
    sim: qj.Statevector | None = None,
) -> jax.Array:
    """``<Z>`` of the first qubits of several circuits on the same inputs, all in one go.

    Of a small `EncodedCircuit` the encoded state is found once for all circuits, as a product of
    qubits, and the weights' part of every circuit is one matrix; other circuits run gate by gate.

    Args:
        circuit: function of inputs (n,) and weights of one circuit to a `Circuit`.
        v: inputs, shape (..., n).
        weights: of G circuits, shape (G, ...).
        outputs: how many qubits are measured.
        sim: how they are simulated.

    Returns:
        Shape (..., G, outputs).

    Example:
        >>> from qjax.nn.recurrent import rx_ring_circuit
        >>> side_by_side(rx_ring_circuit, jnp.zeros((5, 3)), jnp.zeros((4, 1, 3)), 2).shape
        (5, 4, 2)
    """
    sim = qj.Statevector() if sim is None else sim
    folded, operators = fold(circuit, v.shape[-1], weights, sim=sim)
    if isinstance(folded, FoldedCircuit):
        return _by_matrices(folded, v, operators, outputs, sim)
    return _by_gates(folded, v, weights, outputs, sim)


def fold(
    circuit: GateCircuit | FoldedCircuit,
    n: int,
    weights: jax.Array,
    *,
    sim: qj.Statevector | None = None,
) -> tuple[GateCircuit | FoldedCircuit, jax.Array]:
    """A circuit of n qubits and its weights (G, ...) with the weights' part as matrices, if small.

    Returns:
        What `side_by_side` takes in their place; the matrices are real, (G, 2 2^n, 2 2^n), and act
        on the real part of a state followed by its imaginary part. A circuit that is not an
        `EncodedCircuit` of at most six qubits comes back as it is.

    Example:
        >>> from qjax.nn.recurrent import two_ring_circuit
        >>> fold(two_ring_circuit, 3, jnp.zeros((4, 2, 3, 3)))[1].shape
        (4, 16, 16)
    """
    if not isinstance(circuit, EncodedCircuit) or n > FOLDED_QUBITS:
        return circuit, weights
    sim = qj.Statevector() if sim is None else sim
    u = jax.vmap(lambda w: qj.unitary(circuit.layers(w, n), sim=sim))(weights)
    halves = [jnp.concatenate(pair, -1) for pair in ((u.real, -u.imag), (u.imag, u.real))]
    return FoldedCircuit(circuit.encode), jnp.concatenate(halves, -2).astype(weights.dtype)


def folded(module: Any) -> Any:
    """A module with the same outputs whose circuits' weights have become matrices, if small.

    For many steps with the same weights: a loop over ``folded(cell)`` works the matrices out once
    and not at every step. Gradients pass through to the weights.

    Args:
        module: a quantum recurrent cell or anything that holds some; others come back as they are.

    Example:
        >>> from qjax.nn.recurrent import QRNNCell
        >>> cell = QRNNCell(1, 2, depth=1, rngs=nnx.Rngs(0))
        >>> nnx.RNN(folded(cell))(jnp.zeros((5, 10, 1))).shape
        (5, 10, 2)
    """
    module = nnx.merge(*nnx.split(module))
    for _, part in nnx.iter_modules(module):
        circuit: Any = getattr(part, "circuit", None)
        if isinstance(circuit, EncodedCircuit):
            place: Any = part
            place.circuit, matrices = fold(circuit, place.qubits, place.circuits[...])
            place.circuits = nnx.Param(matrices)
    return module


def _by_matrices(
    circuit: FoldedCircuit,
    v: jax.Array,
    matrices: jax.Array,
    outputs: int,
    sim: qj.Statevector,
) -> jax.Array:
    def qubit(x: jax.Array) -> jax.Array:
        return qj.run(qj.Circuit(1, circuit.encode(x, 0)), sim=sim)

    n = v.shape[-1]
    qubits = jax.vmap(qubit)(v.reshape(-1)).reshape(*v.shape, 2)
    state = reduce(_kron, [qubits[..., q, :] for q in range(n)])
    state = jnp.concatenate([state.real, state.imag], axis=-1).astype(v.dtype)
    precision = jax.lax.Precision.HIGHEST
    final = jnp.einsum("...i,gji->...gj", state, matrices, precision=precision)
    return jnp.matmul(final**2, _signs(n, outputs, v.dtype), precision=precision)


def _kron(a: jax.Array, b: jax.Array) -> jax.Array:
    return (a[..., :, None] * b[..., None, :]).reshape(*a.shape[:-1], -1)


def _signs(n: int, outputs: int, dtype: Any) -> jax.Array:
    """Eigenvalues of Z on the first qubits, for real parts and for imaginary parts, (2 2^n, O)."""
    bits = np.arange(2**n)[:, None] >> (n - 1 - np.arange(outputs))
    return jnp.asarray(np.tile(1 - 2 * (bits & 1), (2, 1)), dtype)


def _by_gates(
    circuit: GateCircuit,
    v: jax.Array,
    weights: jax.Array,
    outputs: int,
    sim: qj.Statevector,
) -> jax.Array:
    observables = [qj.Z(q) for q in range(outputs)]

    def one(v: jax.Array, w: jax.Array) -> jax.Array:
        return jnp.stack(qj.expval(circuit(v, w), observables, sim=sim, gradient=qj.Adjoint()))

    flat = v.reshape(-1, v.shape[-1])
    count, kinds = flat.shape[0], weights.shape[0]
    # One batch axis for both: the simulator lays it out once.
    pairs = jnp.repeat(flat, kinds, axis=0), jnp.tile(weights, (count,) + (1,) * (weights.ndim - 1))
    values = jax.vmap(one)(*pairs).astype(v.dtype)
    return values.reshape(*v.shape[:-1], kinds, outputs)
