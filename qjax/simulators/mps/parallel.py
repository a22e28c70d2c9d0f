"""Layers of gates on alternating bonds: all bonds of a layer at once, one scan over the layers."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from .basis import mm
from .bond import room, split
from .brick import stages
from .state import product


def evolve(vectors: Any, gates: Any, parity: int, max_bond: int, cutoff: float, method: str) -> Any:
    """From a product state through layers that alternate between bonds 0, 2, ... and 1, 3, ...

    Args:
        vectors: of the sites at the start, ``(n, 2)``.
        gates: ``(layers, pairs, 4, 4)`` with ``pairs = (n + 1) // 2``; pair ``p`` of an even layer
            acts on sites ``2 p`` and ``2 p + 1``, of an odd layer on the next. Pairs that reach
            beyond the last site stand idle.
        parity: that of the first layer.

    Returns:
        ``(tensors, kept)``: right-canonical up to the truncation, ``(n, chi, 2, chi)``, and the
        share of weight kept, ``(layers, pairs)``.
    """
    layers, pairs = gates.shape[:2]
    sites = 2 * pairs + 1
    dtype = gates.dtype
    chi, start = 1, 0
    n = vectors.shape[0]
    idle = jnp.zeros((sites - n, 2), dtype).at[:, 0].set(1)
    tensors = product(jnp.concatenate([vectors, idle]), 1)
    envs = jnp.ones((sites + 1, 1, 1), dtype)
    most = jnp.concatenate([jnp.asarray(room(n)), jnp.ones(sites - n, jnp.int32)])
    shares = []
    for width, stop in stages(layers, max_bond):
        grow = (0, width - chi)
        tensors = jnp.pad(tensors, ((0, 0), grow, (0, 0), grow))
        envs = jnp.pad(envs, ((0, 0), grow, grow))
        chi = width
        offsets = (parity + jnp.arange(start, stop)) % 2

        def layer(state: Any, given: Any, width: int = width) -> Any:
            tensors, envs = state
            layer_gates, offset = given
            some = jax.lax.dynamic_slice_in_dim(tensors, offset, 2 * pairs)
            some = some.reshape(pairs, 2, width, 2, width)
            env = jax.lax.dynamic_slice_in_dim(envs, offset, 2 * pairs).reshape(
                pairs, 2, width, width
            )[:, 0]

            rooms = jax.lax.dynamic_slice_in_dim(most, offset, 2 * pairs)[::2]
            left, right, middle, kept = split(
                env, layer_gates, some[:, 0], some[:, 1], rooms, width, cutoff, method
            )
            both = jnp.stack([left, right], 1).reshape(2 * pairs, width, 2, width)
            tensors = jax.lax.dynamic_update_slice_in_dim(tensors, both, offset, 0)
            ends = jnp.stack([env, middle], 1).reshape(2 * pairs, width, width)
            envs = jax.lax.dynamic_update_slice_in_dim(envs, ends, offset, 0)
            return (tensors, envs), kept

        (tensors, envs), kept = jax.lax.scan(layer, (tensors, envs), (gates[start:stop], offsets))
        shares.append(kept)
        start = stop
    last = tensors[n - 1]
    for idle_site in tensors[n:]:  # still |0>, but a phase may have moved there
        last = mm(last.reshape(2 * chi, chi), idle_site[:, 0]).reshape(last.shape)
    return jnp.concatenate([tensors[: n - 1], last[None]]), jnp.concatenate(shares)
