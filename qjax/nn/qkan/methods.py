"""How a layer is evaluated: `Scan`, `Dense`, `Grouped`. (`Fourier` has its own room.)

Each is a small frozen object with ``apply(layer, params, x) -> y``: x of shape (B, I), y of shape
(B, O), without the base function. All give the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from jax import lax

from qjax.errors import UnsupportedError
from qjax.nn.qkan.parameters import QKANParams
from qjax.nn.qkan.prepared import Layer, prepare, spread

# Elements of the (inputs, O, B) tile of one scan step: large enough that a step's fixed cost does
# not show, small enough that the tile and its dozen temporaries stay in the second-level cache.
_TILE = 1_024


@runtime_checkable
class Method(Protocol):
    """A way of evaluating a layer."""

    def apply(self, layer: Layer, params: QKANParams, x: jax.Array) -> jax.Array:
        """The layer without its base function: x (B, I) to y (B, O)."""
        ...


def post_factors(layer: Layer, params: QKANParams) -> tuple[jax.Array, jax.Array]:
    """Factor of each activation with the mask in it, (O, I), and their summed offsets, (O,)."""
    shape = (layer.out_features, layer.in_features)
    factor = params.post_weight
    if factor is None:
        factor = jnp.ones(shape, params.theta.dtype)
    if params.mask is not None:
        factor = factor * params.mask
    if params.post_bias is None:
        return factor, jnp.zeros(shape[0], params.theta.dtype)
    return factor, jnp.sum(factor * params.post_bias, axis=1)


@dataclass(frozen=True)
class Scan:
    """Loop over the inputs, a tile of (inputs_per_step, O, B) at a time; the default on CPUs.

    The body is rematerialised: the backward pass keeps the inputs and the parameters, and works
    the tile out again, which is far cheaper than writing (B, O, I, r) states to memory.

    Args:
        inputs_per_step: inputs per tile. None: chosen from the shapes.
    """

    inputs_per_step: int | None = None

    def apply(self, layer: Layer, params: QKANParams, x: jax.Array) -> jax.Array:
        """The layer without its base function: x (B, I) to y (B, O)."""
        batch, inputs = x.shape
        step = self.inputs_per_step or max(1, _TILE // (layer.out_features * batch))
        steps = -(-inputs // min(step, inputs))
        step = -(-inputs // steps)
        prepared = prepare(layer, params)
        factor, offset = post_factors(layer, params)

        def tiles(array: jax.Array) -> jax.Array:
            # Padded edges have the factor zero; repeating real ones keeps them finite.
            missing = steps * step - inputs
            if missing:
                array = jnp.concatenate([array, array[:missing]])
            return array.reshape(steps, step, *array.shape[1:])

        weights = factor.T
        if steps * step > inputs:
            padding = jnp.zeros((steps * step - inputs, layer.out_features), weights.dtype)
            weights = jnp.concatenate([weights, padding])
        weights = weights.reshape(steps, step, layer.out_features, 1)

        def add_tile(total: jax.Array, tile: tuple) -> tuple[jax.Array, None]:
            arrays, weight, x = tile
            values = spread(weight, (layer.out_features, batch)) * prepared.activations(arrays, x)
            return total + jnp.sum(values, axis=0), None

        total = jnp.zeros((layer.out_features, batch), x.dtype)
        xs = (jax.tree.map(tiles, prepared.arrays), weights, tiles(x.T))
        if steps == 1:
            total, _ = add_tile(total, jax.tree.map(lambda array: array[0], xs))
        else:
            body = jax.checkpoint(add_tile)
            total, _ = lax.scan(body, total, xs)
        return (total + offset[:, None]).T


@dataclass(frozen=True)
class Dense:
    """All edges at once, as one (I, O, B) array; for layers that fit into a cache."""

    def apply(self, layer: Layer, params: QKANParams, x: jax.Array) -> jax.Array:
        """The layer without its base function: x (B, I) to y (B, O)."""
        return Scan(inputs_per_step=x.shape[1]).apply(layer, params, x)


@dataclass(frozen=True)
class Grouped:
    """One activation per input, shared by all outputs: I activations and a matrix product."""

    def apply(self, layer: Layer, params: QKANParams, x: jax.Array) -> jax.Array:
        """The layer without its base function: x (B, I) to y (B, O)."""
        if params.theta.shape[0] != 1 or any(
            array is not None and array.shape[0] != 1 for array in (params.weight, params.bias)
        ):
            raise UnsupportedError(
                "method Grouped: every output has its own activations",
                expected="theta, weight and bias with an output axis of length 1",
                got=f"theta of shape {params.theta.shape}",
                fix="make the parameters with init_qkan(..., group=g), or use method=Scan()",
            )
        prepared = prepare(layer, params)
        values = prepared.activations(prepared.arrays, x.T)[:, 0]
        factor, offset = post_factors(layer, params)
        return jnp.matmul(values.T, factor.T) + offset[None, :]
