"""A linear layer whose initial weights and biases are uniform, as most published code has it."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx


def uniform_linear(
    in_features: int,
    out_features: int,
    *,
    bias: Any = None,
    dtype: Any = jnp.float32,
    rngs: nnx.Rngs,
) -> nnx.Linear:
    """`flax.nnx.Linear` with weights and biases uniform on ``[-1, 1] / sqrt(in_features)``.

    Args:
        in_features: number of inputs.
        out_features: number of outputs.
        bias: initial biases, broadcast to (out_features,). None: uniform, like the weights.
        dtype: floating-point type of the parameters.
        rngs: NNX random streams.

    Source: the defaults of PyTorch's ``nn.Linear``.

    Example:
        >>> uniform_linear(4, 2, rngs=nnx.Rngs(0))(jnp.zeros((3, 4))).shape
        (3, 2)
    """
    bound = in_features**-0.5

    def uniform(key: Any, shape: Any, dtype: Any = jnp.float32, out_sharding: Any = None) -> Any:
        return jax.random.uniform(key, shape, dtype, -bound, bound)

    def given(key: Any, shape: Any, dtype: Any = jnp.float32, out_sharding: Any = None) -> Any:
        return jnp.broadcast_to(jnp.asarray(bias, dtype), shape)

    return nnx.Linear(
        in_features,
        out_features,
        kernel_init=uniform,
        bias_init=uniform if bias is None else given,
        param_dtype=dtype,
        rngs=rngs,
    )
