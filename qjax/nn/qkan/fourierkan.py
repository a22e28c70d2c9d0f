"""The classical counterpart: a Kolmogorov-Arnold layer of Fourier series."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from flax import nnx

from qjax.nn.qkan.fourier import harmonics
from qjax.nn.qkan.modules import QKANLayer
from qjax.nn.qkan.spectrum import fourier_coefficients


class FourierKANLayer(nnx.Module):
    """``y[o] = sum_i (Fourier series c[o,i] of x[i] + base_weight[o,i] base(x[i]))``.

    Args:
        coefficients: shape (O, I, 2K + 1), as from `fourier_coefficients`.
        base_weight: shape (O, I), or None.
        base_function: elementwise.

    Example:
        >>> FourierKANLayer(jnp.zeros((3, 2, 5)))(jnp.zeros((4, 2))).shape
        (4, 3)
    """

    def __init__(
        self,
        coefficients: jax.Array,
        base_weight: jax.Array | None = None,
        base_function: Callable[[jax.Array], jax.Array] = jax.nn.silu,
    ) -> None:
        self.coefficients = nnx.Param(coefficients)
        self.base_weight = nnx.data(None if base_weight is None else nnx.Param(base_weight))
        self.base_function = base_function

    def __call__(self, x: jax.Array) -> jax.Array:
        """Outputs of shape (..., O) for x of shape (..., I)."""
        coefficients = self.coefficients[...]
        features = harmonics(x, coefficients.shape[-1] // 2)
        y = jnp.einsum("k...i,oik->...o", features, coefficients)
        if self.base_weight is None:
            return y
        return y + jnp.matmul(self.base_function(x), self.base_weight[...].T)


def to_fourierkan(layer: QKANLayer) -> FourierKANLayer:
    """The classical layer that computes exactly what this quantum layer does.

    Args:
        layer: a layer with fixed integer frequencies, measuring ``<Z>``.

    Raises:
        UnsupportedError: trainable frequencies, or activations that are no sum of waves.

    Example:
        >>> layer = QKANLayer(2, 3, preact="fixed", rngs=nnx.Rngs(0))
        >>> classical = to_fourierkan(layer)
    """
    params = layer.params()
    base = params.base_weight
    if base is not None and params.mask is not None:
        base = base * params.mask
    return FourierKANLayer(fourier_coefficients(layer), base, layer.base_function)
