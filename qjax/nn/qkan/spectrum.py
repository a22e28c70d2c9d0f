"""The activations as sums of waves: frequencies and Fourier coefficients of each edge."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from qjax.errors import UnsupportedError
from qjax.nn.qkan.ansatz import Ansatz
from qjax.nn.qkan.circuits import edge_parameters
from qjax.nn.qkan.fourier import integer_coefficients, product_coefficients
from qjax.nn.qkan.modules import QKANLayer
from qjax.nn.qkan.parameters import QKANParams
from qjax.nn.qkan.prepared import Layer


class Spectrum(NamedTuple):
    """``phi(x) = sum_k coefficients[k] exp(i frequencies[k] x)``.

    Args:
        frequencies: real, ascending, shape (K,), radians per unit of x.
        coefficients: complex, shape (K,).
    """

    frequencies: np.ndarray
    coefficients: np.ndarray


def spectrum(layer: QKANLayer, output: int, source: int) -> Spectrum:
    """Frequencies ``sum_l k_l w_l`` with k_l in -1, 0, 1, and coefficients, of one activation.

    Args:
        layer: a layer with a linear encoding, measuring ``<Z>``.
        output: index o of the edge.
        source: index i of the edge.

    Returns:
        The `Spectrum` of ``<Z>``, without post factors and base function.

    Raises:
        UnsupportedError: activations that are no sum of waves.

    Source: Schuld, Sweke, Meyer, arXiv:2008.08605.

    Example:
        >>> from flax import nnx
        >>> spectrum(QKANLayer(2, 3, reps=1, rngs=nnx.Rngs(0)), 0, 0).frequencies.tolist()
        [-1.0, 0.0, 1.0]
    """
    ansatz = _wave_ansatz(layer)
    theta, weight, bias = edge_parameters(layer.params(), output, source)
    alone = QKANParams(theta[None, None], None, None if bias is None else bias[None, None])
    how = Layer(ansatz, layer.reps, (1.0,) * layer.reps, "expval", 1, 1)
    tensor = np.asarray(product_coefficients(how, ansatz, alone), complex)
    tensor = tensor.reshape((3,) * layer.reps)
    # 1, cos and sin as combinations of exp(-i phi), 1, exp(i phi).
    waves = np.array([[0, 0.5, 0.5j], [1, 0, 0], [0, 0.5, -0.5j]])
    for axis in range(layer.reps):
        tensor = np.moveaxis(np.tensordot(waves, tensor, axes=(1, axis)), 0, axis)
    if weight is None:
        weight = layer.frequencies or (1.0,) * layer.reps
    signs = np.indices((3,) * layer.reps).reshape(layer.reps, -1) - 1
    all_frequencies = np.asarray(weight, float) @ signs
    # Equal frequencies, up to rounding, are one wave.
    frequencies, index = np.unique(np.round(all_frequencies, 9), return_inverse=True)
    coefficients = np.zeros(frequencies.size, complex)
    np.add.at(coefficients, index.reshape(-1), tensor.reshape(-1))
    return Spectrum(frequencies + 0.0, coefficients)


def fourier_coefficients(layer: QKANLayer) -> jax.Array:
    """Real Fourier coefficients of all edges of a layer with fixed integer frequencies.

    Args:
        layer: a layer with ``preact="fixed"`` or ``"integer"``, measuring ``<Z>``.

    Returns:
        Shape (O, I, 2K + 1): the mean, the coefficients of ``cos x .. cos K x``, then those of
        ``sin x .. sin K x``; post factors and the mask are included.

    Raises:
        UnsupportedError: trainable frequencies (see `spectrum`), or no sum of waves.

    Example:
        >>> from flax import nnx
        >>> layer = QKANLayer(2, 3, reps=2, preact="fixed", rngs=nnx.Rngs(0))
        >>> fourier_coefficients(layer).shape
        (3, 2, 5)
    """
    ansatz, params = _wave_ansatz(layer), layer.params()
    if params.weight is not None:
        raise UnsupportedError(
            "fourier_coefficients: the frequencies are trainable",
            expected='preact="fixed" or "integer"',
            fix="use spectrum(layer, output, source) for one edge",
        )
    frequencies = layer.frequencies or (1.0,) * layer.reps
    how = Layer(ansatz, layer.reps, frequencies, "expval", layer.in_features, layer.out_features)
    values = integer_coefficients(how, params)
    values = jnp.broadcast_to(
        values, (values.shape[0], layer.in_features, layer.out_features)
    ).transpose(2, 1, 0)
    if params.post_bias is not None:
        values = values.at[..., 0].add(params.post_bias)
    for factor in (params.post_weight, params.mask):
        values = values if factor is None else values * factor[..., None]
    return values


def _wave_ansatz(layer: QKANLayer) -> Ansatz:
    ansatz = layer.ansatz
    if not isinstance(ansatz, Ansatz) or ansatz.encoding != "linear" or layer.measure != "expval":
        raise UnsupportedError(
            "spectrum: the activations are no sum of waves",
            expected='a linear encoding and measure="expval"',
            got=f"ansatz {ansatz}, measure {layer.measure}",
        )
    return ansatz
