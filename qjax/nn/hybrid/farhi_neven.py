"""The classifier of Farhi and Neven: data qubits act on a readout qubit, which is measured."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

import qjax as qj
from qjax.errors import DataError, ParameterError
from qjax.nn.hybrid.layer import count_parameters


def readout_circuit(bits: jax.Array, angles: jax.Array, letters: str) -> qj.Circuit:
    """Layers of ``exp(i t X_j X_r)`` or ``exp(i t Z_j X_r)`` between all data qubits and a readout.

    Args:
        bits: shape (n,), 0 or 1; values between turn a qubit part of the way.
        angles: radians, shape (layers, n).
        letters: ``X`` or ``Z`` for each layer.

    Returns:
        A circuit on n + 1 qubits, the readout last, from ``|bits, 1>``.

    Example:
        >>> readout_circuit(jnp.zeros(2), jnp.zeros((2, 2)), "XZ").counts()["PauliRotation"]
        4
    """
    n = bits.shape[0]
    ops: list[Any] = [qj.RX(np.pi * bits[q], q) for q in range(n)]
    ops.append(qj.X(n))
    for layer, letter in enumerate(letters):
        ops += [qj.PauliRotation(-2 * angles[layer, q], letter + "X", (q, n)) for q in range(n)]
    return qj.Circuit(n + 1, ops)


def readout_value(bits: jax.Array, angles: jax.Array, letters: str) -> jax.Array:
    """``<Y>`` on the readout of `readout_circuit`, by products over the data qubits.

    All gates commute with X on the readout. In its two eigenspaces the data qubits turn by plus or
    minus their angles, each on its own, so that ``<Y> = -Im prod_j <b_j| W_j(-)^+ W_j(+) |b_j>``:
    the classifier costs n 2 x 2 products, at any n.

    Args:
        bits: shape (n,).
        angles: radians, shape (layers, n).
        letters: ``X`` or ``Z`` for each layer.

    Returns:
        A real number in [-1, 1].

    Example:
        >>> bit, angle = jnp.array([1.0]), jnp.array([[jnp.pi / 4]])
        >>> round(float(readout_value(bit, angle, "Z")), 5)
        1.0
    """
    half = np.pi / 2 * bits
    kind = np.result_type(angles.dtype, np.complex64)
    start = jnp.stack([jnp.cos(half).astype(kind), -1j * jnp.sin(half).astype(kind)])

    def turned(sign: int) -> jax.Array:
        a, b = start
        for angle, letter in zip(sign * angles, letters, strict=True):
            cos, sin = jnp.cos(angle).astype(kind), 1j * jnp.sin(angle).astype(kind)
            if letter == "X":
                a, b = cos * a + sin * b, cos * b + sin * a
            else:
                a, b = (cos + sin) * a, (cos - sin) * b
        return jnp.stack([a, b])

    overlaps = jnp.sum(turned(-1).conj() * turned(1), axis=0)
    return -jnp.prod(overlaps).imag


class FarhiNeven(nnx.Module):
    """A classifier of bit strings into labels -1 and 1, by the expectation of Y on the readout.

    Trained by the loss ``1 - label * value``. Evaluated by `readout_value`, which is exact and
    takes time linear in n; `circuit` is what a quantum computer would run.

    Args:
        bits: number n of data qubits.
        letters: which two-qubit generators the layers have, ``X`` (XX) or ``Z`` (ZX).
        dtype: floating-point type of the parameters.
        rngs: NNX random streams.

    Parameters are counted as by the source: n for each layer, so 96 for 16 bits and six layers.

    Raises:
        ParameterError: letters other than X and Z.

    Source: Farhi, Neven, arXiv:1802.06002.

    Example:
        >>> model = FarhiNeven(16, rngs=nnx.Rngs(0))
        >>> model(jnp.ones((3, 16))).shape, model.num_parameters
        ((3,), 96)
    """

    def __init__(
        self, bits: int, letters: str = "XZXZXZ", *, dtype: Any = jnp.float32, rngs: nnx.Rngs
    ) -> None:
        if not letters or set(letters) - {"X", "Z"}:
            raise ParameterError("letters: X or Z for each layer", expected="XZXZ", got=letters)
        self.letters = letters
        shape = (len(letters), bits)
        self.angles = nnx.Param(0.2 * jax.random.normal(rngs.params(), shape, dtype))

    @property
    def num_parameters(self) -> int:
        """Number of trained numbers."""
        return count_parameters(self)

    def circuit(self, bits: Any) -> qj.Circuit:
        """The circuit for one bit string; measure Y on its last qubit."""
        angles = self.angles[...]
        return readout_circuit(jnp.asarray(bits).astype(angles.dtype), angles, self.letters)

    def __call__(self, x: Any) -> jax.Array:
        """(..., n) to (...), values in [-1, 1]."""
        angles = self.angles[...]
        x = jnp.asarray(x).astype(angles.dtype)
        if x.ndim < 1 or x.shape[-1] != angles.shape[1]:
            raise DataError("x: other bits", expected=f"(..., {angles.shape[1]})", got=x.shape)
        flat = x.reshape(-1, x.shape[-1])
        values = jax.vmap(lambda bits: readout_value(bits, angles, self.letters))(flat)
        return values.reshape(x.shape[:-1])
