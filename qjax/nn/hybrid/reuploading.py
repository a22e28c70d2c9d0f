"""Layers whose input enters the circuit again and again: as angles, or as a Hamiltonian."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

import qjax as qj
from qjax.errors import DataError, ParameterError
from qjax.gates.exponential import exp_i
from qjax.gates.matrices import PAULI
from qjax.nn.hybrid.layer import QuantumLayer, z_each
from qjax.nn.hybrid.readout import Probabilities


def reuploading_circuit(x: jax.Array, params: dict[str, jax.Array]) -> qj.Circuit:
    """`qjax.templates.data_reuploading` with one weight for each feature that there is.

    Args:
        x: features, shape (d,).
        params: ``weights`` (layers, n, d) and ``biases`` (layers, n, 3 ceil(d / 3)), radians.
    """
    weights, biases = params["weights"], params["biases"]
    missing = biases.shape[-1] - weights.shape[-1]
    weights = jnp.pad(weights, ((0, 0), (0, 0), (0, missing)))
    return qj.templates.data_reuploading(x, weights, biases)


class Reuploading(QuantumLayer):
    """Data re-uploading: layers of ``U3(bias + weight x)`` on every qubit, CZ between them.

    Args:
        in_features: number of features d.
        qubits: number of qubits n.
        layers: how often the input is uploaded.
        observables: what is measured; Z on every qubit if not given.
        options: ``dtype``, ``sim``, ``gradient`` and ``rngs`` of `QuantumLayer`.

    Parameters are counted as by the source: (d + 3 ceil(d / 3)) for each qubit and layer.

    Source: Perez-Salinas, Cervera-Lierta, Gil-Fuster, Latorre, arXiv:1907.02085.

    Example:
        >>> layer = Reuploading(2, qubits=1, layers=3, rngs=nnx.Rngs(0))
        >>> layer(jnp.zeros((5, 2))).shape, layer.num_parameters
        ((5, 1), 15)
    """

    def __init__(
        self, in_features: int, qubits: int = 2, layers: int = 3, *,
        observables: Any = None, **options: Any,
    ) -> None:  # fmt: skip
        shapes = {
            "weights": (layers, qubits, in_features),
            "biases": (layers, qubits, 3 * -(-in_features // 3)),
        }
        observables = z_each(qubits) if observables is None else observables
        super().__init__(reuploading_circuit, observables, shapes, **options)


def pauli_combination(theta: jax.Array, n: int) -> jax.Array:
    """``sum_k theta[k] P_k`` over all Pauli words on n qubits but the identity, II..X first.

    Args:
        theta: real, shape (4**n - 1,); the order of `qjax.SU4` for two qubits.
        n: number of qubits.

    Returns:
        Complex, shape (2**n, 2**n).

    Example:
        >>> pauli_combination(jnp.array([1.0, 0.0, 0.0]), 1).real.tolist()
        [[0.0, 1.0], [1.0, 0.0]]
    """
    kind = np.result_type(theta.dtype, np.complex64)
    letters = jnp.asarray(np.stack([PAULI[c] for c in "IXYZ"]), kind)
    out = jnp.pad(theta, (1, 0)).astype(kind).reshape(4, 1, 1, -1)
    for left in range(n - 1, -1, -1):  # one letter after the other becomes a tensor factor
        size = out.shape[1]
        out = jnp.einsum("pijr,pab->iajbr", out, letters, precision="highest")
        out = out.reshape(2 * size, 2 * size, -1)
        if left:
            out = out.reshape(2 * size, 2 * size, 4, -1).transpose(2, 0, 1, 3)
    return out[..., 0]


@dataclass(frozen=True)
class HamiltonianReuploading:
    """Repetitions of ``exp(i H / r)``, H made of the input, and a general unitary of n qubits.

    The circuit takes a vector of 4**n numbers (one input, padded) and angles (r, 4**n - 1).
    """

    qubits: int

    def __call__(self, x: jax.Array, angles: jax.Array) -> qj.Circuit:
        """``|+...+>``, then for each repetition the data and the trained unitary."""
        n, size = self.qubits, 2**self.qubits
        data = jnp.pad(x, (0, size * size - x.shape[0])).reshape(size, size)
        step = exp_i((data + data.T) / (2 * angles.shape[0]))
        everything = tuple(range(n))
        ops: list[Any] = [qj.H(q) for q in everything]
        for theta in angles:
            trained = exp_i(pauli_combination(theta, n))
            ops += [qj.Unitary(step, everything), qj.Unitary(trained, everything)]
        return qj.Circuit(n, ops)


class ReuploadingLinear(QuantumLayer):
    """In place of a dense layer: the input as a Hamiltonian, outcome probabilities as outputs.

    The input, padded with zeros to a matrix D, drives ``exp(i (D + D^T) / 2 r)``; after each of r
    repetitions follows ``exp(i sum_k theta_k P_k)`` over all Pauli words; output k is the
    probability of bitstring k plus a trained bias.

    Args:
        in_features: number of inputs.
        out_features: number of outputs.
        qubits: n with ``4**n >= in_features`` and ``2**n >= out_features``; the least if not given.
        reps: number of repetitions r.
        options: ``dtype``, ``sim`` and ``rngs`` of `QuantumLayer`.

    Parameters are counted as by the source: r (4**n - 1) angles and a bias for each output.

    Raises:
        ParameterError: too few qubits.

    Source: Wang, Myers, Hollenberg, Parampalli, arXiv:2409.17583 (DataReUploadingLinear).

    Example:
        >>> layer = ReuploadingLinear(16, 4, rngs=nnx.Rngs(0))
        >>> layer(jnp.ones((3, 16))).shape, layer.num_parameters
        ((3, 4), 19)
    """

    def __init__(
        self, in_features: int, out_features: int, *,
        qubits: int | None = None, reps: int = 1, init: Any = None, **options: Any,
    ) -> None:  # fmt: skip
        least = max(_bits(in_features, 4), _bits(out_features, 2), 1)
        n = least if qubits is None else qubits
        if n < least:
            raise ParameterError(
                "qubits: too few for these inputs and outputs", expected=f">= {least}", got=n
            )
        init = jax.nn.initializers.normal(1.0) if init is None else init
        readout = Probabilities(outcomes=out_features)
        shape = (reps, 4**n - 1)
        super().__init__(HamiltonianReuploading(n), readout, shape, init=init, **options)
        self.in_features = in_features
        self.bias = nnx.Param(jnp.zeros((out_features,), self.params[...].dtype))

    def __call__(self, x: Any) -> jax.Array:
        """(..., in_features) to (..., out_features)."""
        if x.shape[-1] != self.in_features:
            raise DataError("x: other features", expected=self.in_features, got=x.shape[-1])
        out = super().__call__(x)
        return out + jnp.broadcast_to(self.bias[...], out.shape)


def _bits(count: int, base: int) -> int:
    """The least n with ``base**n >= count``."""
    n = 0
    while base**n < count:
        n += 1
    return n
