"""Ways to turn a square matrix of scores into attention weights: rows, or rows and columns, sum
to one. Each is a frozen object called with scores (..., T, T); some hold trained parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

import qjax as qj
from qjax.errors import DataError, ParameterError


@dataclass(frozen=True)
class Softmax:
    """Rows sum to one; columns sum to whatever they do."""

    def shape(self, tokens: int) -> tuple[int, ...]:
        """No parameters."""
        del tokens
        return (0,)

    def __call__(self, scores: jax.Array, params: jax.Array) -> jax.Array:
        """Softmax along the last axis."""
        del params
        return jax.nn.softmax(scores, axis=-1)


@dataclass(frozen=True)
class Sinkhorn:
    """Rows and columns of ``exp(scores)`` normalised in turn; the columns come last.

    After a finite number of iterations columns sum to one and rows only nearly so.

    Args:
        iterations: pairs of normalisations.

    Source: Sander, Ablin, Blondel, Peyre, arXiv:2110.11773 (Sinkformers).
    """

    iterations: int = 20

    def shape(self, tokens: int) -> tuple[int, ...]:
        """No parameters."""
        del tokens
        return (0,)

    def __call__(self, scores: jax.Array, params: jax.Array) -> jax.Array:
        """Iterations on logarithms."""
        del params

        def once(_: Any, m: jax.Array) -> jax.Array:
            return jax.nn.log_softmax(jax.nn.log_softmax(m, axis=-1), axis=-2)

        return jnp.exp(jax.lax.fori_loop(0, self.iterations, once, scores))


@dataclass(frozen=True)
class QRStochastic:
    """``|Q|^2`` elementwise, Q the orthogonal factor of the scores: exactly doubly stochastic.

    No parameters, no circuit. Its derivative is singular where the scores are a singular matrix.

    Source: the quantum-inspired baseline of Born et al., arXiv:2504.16275.
    """

    def shape(self, tokens: int) -> tuple[int, ...]:
        """No parameters."""
        del tokens
        return (0,)

    def __call__(self, scores: jax.Array, params: jax.Array) -> jax.Array:
        """Squares of the elements of Q."""
        del params
        q, _ = jnp.linalg.qr(scores)
        return q**2


@dataclass(frozen=True)
class CircuitStochastic:
    """Squared moduli of a circuit's matrix, averaged over auxiliary qubits: doubly stochastic.

    The angles of the circuit are the scores, entry by entry times trained numbers. The circuit
    acts on ``log2 T`` qubits and some auxiliary ones, which begin maximally mixed and are traced
    out: ``A[i, j] = 2**-a sum_{b, c} |<i b|U|j c>|^2``. Rows and columns sum to one because U is
    unitary, whatever the scores; with scores of zero, A is the identity.

    Args:
        layers: how often the scores are injected; T^2 trained numbers each.
        auxiliary: number a of auxiliary qubits.

    Source: Born et al., arXiv:2504.16275: the injection and the construction from unitaries; the
    gates are RX, RY and RZ on every qubit in turn with CZ on a chain, a choice made here.
    """

    layers: int = 2
    auxiliary: int = 1

    def shape(self, tokens: int) -> tuple[int, ...]:
        """(layers, T, T)."""
        return (self.layers, tokens, tokens)

    def circuit(self, scores: jax.Array, params: jax.Array) -> qj.Circuit:
        """The circuit for one matrix of scores."""
        tokens = scores.shape[-1]
        n = (tokens - 1).bit_length() + self.auxiliary
        angles = (params * jnp.broadcast_to(scores, params.shape)).reshape(-1)
        rows = -(-angles.shape[0] // (3 * n))  # of 3 n angles, the last one padded
        angles = jnp.pad(angles, (0, rows * 3 * n - angles.shape[0])).reshape(rows, n, 3)

        def row(a: jax.Array) -> list[Any]:
            turns = [[qj.RX(a[q, 0], q), qj.RY(a[q, 1], q), qj.RZ(a[q, 2], q)] for q in range(n)]
            return [*turns, [qj.CZ(q, q + 1) for q in range(n - 1)]]

        return qj.Circuit(n, [qj.Layers(row, angles)])

    def __call__(self, scores: jax.Array, params: jax.Array) -> jax.Array:
        """A doubly stochastic matrix for each matrix of scores."""
        tokens = scores.shape[-1]
        if tokens < 2 or tokens & (tokens - 1):
            raise DataError(
                "tokens: their number must be a power of two", expected="2, 4, 8", got=tokens,
                fix="pad the sequence with empty tokens",
            )  # fmt: skip

        def one(scores: jax.Array) -> jax.Array:
            u = _orthonormal(qj.unitary(self.circuit(scores, params)))
            weights = (u.real**2 + u.imag**2).reshape(tokens, -1, tokens, 2**self.auxiliary)
            return (weights.sum((1, 3)) / 2**self.auxiliary).astype(scores.dtype)

        flat = jax.vmap(one)(scores.reshape(-1, tokens, tokens))
        return flat.reshape(scores.shape)


def _orthonormal(u: jax.Array) -> jax.Array:
    """A matrix that is unitary but for accumulated rounding, after one Newton step towards the
    nearest unitary one: single precision then sums to one within 1e-6 at any depth."""
    gram = jnp.matmul(u.conj().T, u, precision="highest")
    return jnp.matmul(u, 1.5 * jnp.eye(len(u), dtype=u.dtype) - gram / 2, precision="highest")


Normaliser = Softmax | Sinkhorn | QRStochastic | CircuitStochastic


def stochastic_error(weights: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Largest distance of a row sum, and of a column sum, from one.

    Args:
        weights: shape (..., T, T).

    Returns:
        Two numbers, each the maximum over the whole batch.

    Raises:
        ParameterError: matrices that are not square.

    Example:
        >>> rows, columns = stochastic_error(jnp.array([[0.5, 0.5], [1.0, 0.0]]))
        >>> float(rows), float(columns)
        (0.0, 0.5)
    """
    if weights.ndim < 2 or weights.shape[-1] != weights.shape[-2]:
        raise ParameterError("weights: square matrices are needed", got=weights.shape)
    sums = (jnp.sum(weights, axis=axis) for axis in (-1, -2))
    rows, columns = (jnp.max(jnp.abs(s - jnp.ones_like(s))) for s in sums)
    return rows, columns
