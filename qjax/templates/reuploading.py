"""Data re-uploading: the features enter every layer again."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from ..circuit import Circuit, Layers
from ..circuit.constructors import CZ, U3
from .arrays import as_parameters, of_one_kind
from .entanglement import entangled_pairs


def data_reuploading(x: Any, weights: Any, biases: Any, entanglement: Any = "linear") -> Circuit:
    """Layers of ``U3(bias + weight * x)`` on every qubit, with CZ between the layers.

    The features are padded with zeros to a multiple of three, and each three of them are the
    angles (theta, phi, lam) of one U3 on every qubit, so that all qubits see all features in
    every layer. After the last layer there is no entangler.

    Args:
        x: features, shape ``(d,)``.
        weights: shape ``(layers, n, 3 * ceil(d / 3))``, radians per unit of x; see
            `data_reuploading_shape`.
        biases: radians, of the shape of weights.
        entanglement: pairs joined by CZ, see `entangled_pairs`.

    Returns:
        A circuit on n qubits.

    Raises:
        ParameterError: arrays of another shape, an unknown entanglement.

    Source: Perez-Salinas et al., arXiv:1907.02085, the compressed form of a layer, with the
    angles of qjax.U3 in place of their exponents.

    Example:
        >>> import numpy as np, qjax as qj
        >>> shape = qj.templates.data_reuploading_shape(features=2, n=2, layers=4)
        >>> x, w, b = np.array([0.1, 0.2]), np.ones(shape), np.zeros(shape)
        >>> qj.templates.data_reuploading(x, w, b).counts()
        {'U3': 8, 'CZ': 3}
    """
    x = as_parameters(x, ("d",), "data_reuploading: x", "pass one sample; batch with jax.vmap")
    fix = f"qjax.templates.data_reuploading_shape({x.shape[0]}, n, layers) tells the shape"
    padded = 3 * -(-x.shape[0] // 3)
    weights = as_parameters(weights, ("layers", "n", padded), "data_reuploading: weights", fix)
    biases = as_parameters(biases, tuple(weights.shape), "data_reuploading: biases", fix)
    x, weights, biases = of_one_kind(x, weights, biases)
    xp = np if isinstance(x, np.ndarray) else jnp
    features = xp.concatenate([x, xp.zeros(padded - x.shape[0], x.dtype)])
    angles = biases + weights * features[None, None, :]
    layers, n = angles.shape[:2]
    pairs = entangled_pairs(n, entanglement)

    def rotations(a: Any) -> list:
        return [
            U3(a[q, k], a[q, k + 1], a[q, k + 2], q) for k in range(0, padded, 3) for q in range(n)
        ]

    def layer(a: Any) -> list:
        return [*rotations(a), *(CZ(i, j) for i, j in pairs)]

    repeated = [Layers(layer, angles[:-1])] if layers > 1 else []
    return Circuit(n, [*repeated, *rotations(angles[-1])])


def data_reuploading_shape(features: int, n: int, layers: int) -> tuple[int, int, int]:
    """The shape of weights and biases of `data_reuploading`: ``(layers, n, 3 ceil(d / 3))``."""
    return layers, n, 3 * -(-features // 3)
