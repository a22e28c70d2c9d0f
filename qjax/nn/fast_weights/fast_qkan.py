"""The fast part of a fast-weight programmer as a QKAN layer whose angles are the weights."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from qjax.nn.linear import uniform_linear
from qjax.nn.qkan import QKANLayer, qkan_layer


class FastQKAN(nnx.Module):
    """A QKAN layer of fast angles between trained linear layers.

    The fast weights are of low rank: ``theta[o, i, k, c] = A[o, k] B[i, c]``, the outer product of
    ``O (r + 1)`` rows and ``2 I`` columns. Frequencies, phases and factors are trained, not fast.

    Args:
        in_features: number of inputs F.
        latent: number of inputs and of outputs of the QKAN layer, I = O.
        reps: number of repetitions r.
        dtype: floating-point type of the parameters.
        rngs: NNX random streams.
        options: further arguments of `QKANLayer`.

    Source: arXiv:2605.06734 and its code.

    Example:
        >>> fast = FastQKAN(1, 3, rngs=nnx.Rngs(0))
        >>> fast.shape, fast(jnp.zeros(1), jnp.zeros(fast.shape)).shape
        ((6, 6), (3,))
    """

    def __init__(
        self,
        in_features: int,
        latent: int = 3,
        reps: int = 1,
        *,
        dtype: Any = jnp.float32,
        rngs: nnx.Rngs,
        **options: Any,
    ) -> None:
        self.encoder = uniform_linear(in_features, latent, dtype=dtype, rngs=rngs)
        self.layer = QKANLayer(latent, latent, reps, dtype=dtype, rngs=rngs, **options)
        params = self.layer.params()
        self.angles = params.theta.shape  # (O, I, rows, columns)
        absent: Any = None  # what is fast is not trained
        self.layer.set_params(params._replace(theta=absent))
        self.out_features = latent

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the fast weights."""
        outputs, inputs, rows, columns = self.angles
        return outputs * rows, inputs * columns

    def __call__(self, x: jax.Array, weights: jax.Array) -> jax.Array:
        """Outputs (O,) for one input (F,) and one set of weights (R, C)."""
        outputs, inputs, rows, columns = self.angles
        theta = weights.reshape(outputs, rows, inputs, columns).transpose(0, 2, 1, 3)
        layer = self.layer
        params = layer.params()._replace(theta=theta)
        base, method = layer.base_function, layer.method
        return qkan_layer(self.encoder(x), params, base=base, method=method, **layer.how)
