"""Self-attention whose weights form a doubly stochastic matrix."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from qjax.errors import DataError
from qjax.nn.hybrid.stochastic import CircuitStochastic, Normaliser


class DoublyStochasticAttention(nnx.Module):
    """One head of self-attention, ``A(Q K^T / sqrt(d)) V``, with a choice of what A is.

    Args:
        features: features d of a token.
        tokens: number T of tokens; a power of two for the circuit.
        normaliser: `CircuitStochastic` (if not given), `QRStochastic`, `Sinkhorn` or `Softmax`.
        dtype: floating-point type of the parameters.
        rngs: NNX random streams.

    Source: Born et al., arXiv:2504.16275 (QDSFormer).

    Example:
        >>> layer = DoublyStochasticAttention(6, 4, rngs=nnx.Rngs(0))
        >>> layer(jnp.ones((2, 4, 6))).shape, layer.weights(jnp.ones((4, 6))).sum().round(3).item()
        ((2, 4, 6), 4.0)
    """

    def __init__(
        self, features: int, tokens: int, normaliser: Normaliser | None = None, *,
        dtype: Any = jnp.float32, rngs: nnx.Rngs,
    ) -> None:  # fmt: skip
        self.normaliser = CircuitStochastic() if normaliser is None else normaliser
        self.tokens, self.features = tokens, features

        def linear(outputs: int) -> nnx.Linear:
            return nnx.Linear(features, outputs, use_bias=False, param_dtype=dtype, rngs=rngs)

        self.project, self.out = linear(3 * features), linear(features)
        shape = self.normaliser.shape(tokens)
        self.angles = nnx.Param(jax.random.normal(rngs.params(), shape, dtype))

    def scores(self, x: Any) -> jax.Array:
        """``Q K^T / sqrt(d)``, (..., T, d) to (..., T, T)."""
        return self._scores_and_values(x)[0]

    def _scores_and_values(self, x: Any) -> tuple[jax.Array, jax.Array]:
        if x.ndim < 2 or x.shape[-2:] != (self.tokens, self.features):
            expected = f"(..., {self.tokens}, {self.features})"
            raise DataError("x: not such a sequence", expected=expected, got=x.shape)
        query, key, value = jnp.split(self.project(x), 3, axis=-1)
        scores = jnp.einsum("...id,...jd->...ij", query, key)
        return scores * self.features**-0.5, value

    def weights(self, x: Any) -> jax.Array:
        """The attention matrices, (..., T, d) to (..., T, T)."""
        return self.normaliser(self.scores(x), self.angles[...])

    def __call__(self, x: Any) -> jax.Array:
        """(..., T, d) to (..., T, d)."""
        scores, value = self._scores_and_values(x)
        return self.out(self.normaliser(scores, self.angles[...]) @ value)
