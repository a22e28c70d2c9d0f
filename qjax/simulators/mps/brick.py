"""Layers of gates on alternating bonds, each truncated in canonical form.

The orthogonality centre sweeps through every layer, there in one and back in the next. A sweep
always runs from the right end to the left one: the chain is mirrored after each. So all layers
run the same step, one scan over layers around one scan over pairs.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .basis import column_weights, mm
from .bond import grown, room, truncated
from .centre import moved
from .state import product

SWAPPED = np.array([0, 2, 1, 3])  # the bits of a pair in the mirrored chain


def evolve(vectors: Any, gates: Any, parity: int, max_bond: int, cutoff: float, method: str) -> Any:
    """From a product state through layers that alternate between bonds 0, 2, ... and 1, 3, ...

    Args:
        vectors: of the sites at the start, ``(n, 2)``.
        gates: ``(layers, pairs, 4, 4)`` with ``pairs = (n + 1) // 2``; pair ``p`` of an even layer
            acts on sites ``2 p`` and ``2 p + 1``, of an odd layer on the next. Pairs that reach
            beyond the last site stand idle.
        parity: that of the first layer.

    Returns:
        ``(tensors, kept)``: canonical with the centre at one end, ``(n, chi, 2, chi)``, and the
        share of weight kept, ``(layers, n // 2)``.
    """
    tensors, kept, _ = _run(vectors, gates, parity, max_bond, cutoff, method, False)
    return tensors, kept


def history(
    vectors: Any, gates: Any, parity: int, max_bond: int, cutoff: float, method: str
) -> tuple[Any, Any, Any]:
    """`evolve`, and the state before every layer as `swept` takes it."""
    return _run(vectors, gates, parity, max_bond, cutoff, method, True)


def _run(
    vectors: Any,
    gates: Any,
    parity: int,
    max_bond: int,
    cutoff: float,
    method: str,
    remember: bool,
) -> tuple[Any, Any, Any]:
    layers, n = gates.shape[0], vectors.shape[0]
    sites = 2 * (n // 2) + 1  # an odd number: the mirrored chain has its pairs where this one has
    dtype = gates.dtype
    gates, spaces = framed(gates, n), rooms(n, layers)
    idle = jnp.zeros((sites - n, 2), dtype).at[:, 0].set(1)
    chi, start = 1, 0
    tensors = product(jnp.concatenate([vectors, idle]), 1)
    shares, states = [], []
    for width, stop in stages(layers, max_bond):
        grow = (0, width - chi)
        tensors = jnp.pad(tensors, ((0, 0), grow, (0, 0), grow))
        chi = width

        def layer(tensors: Any, given: Any) -> Any:
            new, kept = swept(tensors, *given, parity, cutoff, method)
            return mirrored(new), (kept, tensors if remember else None)

        given = (gates[start:stop], spaces[start:stop])
        tensors, (kept, before) = jax.lax.scan(layer, tensors, given)
        shares.append(kept)
        if remember:
            rest = (0, max_bond - width)
            states.append(jnp.pad(before, ((0, 0), (0, 0), rest, (0, 0), rest)))
        start = stop
    if layers % 2:
        tensors = mirrored(tensors)
    last = tensors[n - 1]
    for idle_site in tensors[n:]:  # still |0>, but a phase may have moved there
        last = mm(last.reshape(2 * chi, chi), idle_site[:, 0]).reshape(last.shape)
    tensors = jnp.concatenate([tensors[: n - 1], last[None]])
    return tensors, jnp.concatenate(shares), jnp.concatenate(states) if remember else None


def mirrored(tensors: Any) -> Any:
    """The chain read from its other end."""
    return tensors[::-1].transpose(0, 3, 2, 1)


def framed(gates: Any, n: int) -> Any:
    """The gates of every layer as that layer's sweep meets them: of odd layers mirrored."""
    gates = gates[:, : n // 2]
    turned = gates[:, ::-1][:, :, SWAPPED][:, :, :, SWAPPED]
    odd = np.arange(gates.shape[0])[:, None, None, None] % 2 == 1
    return jnp.where(odd, turned, gates)


def swept(tensors: Any, gates: Any, rooms: Any, parity: int, cutoff: float, method: str) -> Any:
    """One layer: left-canonical with the centre at the last site before, mirrored after."""
    sites, chi = tensors.shape[:2]
    pairs = (sites - 1) // 2
    alone: list[Any] = []
    if parity:  # the first site takes part in no pair, else the last one does
        head, some = tensors[0], tensors[1:]
        centre = jnp.eye(chi, dtype=tensors.dtype)
    else:
        some = tensors[:-1]
        centre, q = moved(tensors[-1].reshape(chi, 2 * chi), rooms[-1])
        alone = [q.reshape(1, chi, 2, chi)]
    # Bond b of the chain is right of site b; pair p has its own bond and the one left of it.
    inner = rooms[parity : parity + 2 * pairs : 2]
    outer = jnp.concatenate([jnp.ones(2, rooms.dtype), rooms])[parity + 1 :: 2][:pairs]

    def update(centre: Any, given: Any) -> Any:
        pair, gate, inner, outer = given
        right = mm(pair[1].reshape(2 * chi, chi), centre).reshape(1, chi, 2, chi)
        theta = grown(gate[None], pair[:1], right).reshape(1, 2 * chi, 2 * chi)
        v, images, share = truncated(theta, inner[None], chi, cutoff, method)
        images = images[0] / jnp.sqrt(jnp.sum(column_weights(images))).astype(theta.dtype)
        # Rows of theta are (bit, bond); tensors are (left bond, bit, right bond).
        left = jnp.swapaxes(images.reshape(2, chi, chi), 0, 1).reshape(chi, 2 * chi)
        centre, q = moved(left, outer)
        both = jnp.stack([q.reshape(chi, 2, chi), v[0].reshape(chi, 2, chi)])
        return centre, (both, share[0])

    given = (some.reshape(pairs, 2, chi, 2, chi), gates, inner, outer)
    centre, (new, kept) = jax.lax.scan(update, centre, given, reverse=True)
    new = new.reshape(2 * pairs, chi, 2, chi)
    if parity:
        head = mm(head.reshape(2 * chi, chi), centre).reshape(1, chi, 2, chi)
        return jnp.concatenate([head, new]), kept
    first = mm(centre, new[0].reshape(chi, 2 * chi)).reshape(1, chi, 2, chi)
    return jnp.concatenate([first, new[1:], *alone]), kept


def rooms(n: int, layers: int) -> np.ndarray:
    """The room of every bond as the sweep of each layer meets them, ``(layers, bonds)``."""
    ahead = np.concatenate([room(n)[: n - 1], np.ones(2 * (n // 2) + 1 - n, np.int32)])
    return np.stack([ahead, ahead[::-1]])[np.arange(layers) % 2]


def stages(layers: int, max_bond: int) -> list[tuple[int, int]]:
    """``(bond dimension, up to which layer)``: no bond exceeds ``2**k`` after ``k`` layers, so
    the first layers run on smaller arrays. At most three stages, each compiled once."""
    out: list[tuple[int, int]] = []
    for width in (8, 32):
        stop = width.bit_length() - 1
        if width * 2 <= max_bond and stop < layers:
            out.append((width, stop))
    return [*out, (max_bond, layers)]
