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

SWAPPED = np.array([0, 2, 1, 3], np.int32)  # the bits of a pair in the mirrored chain


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
            some, spaces = given
            new, kept = swept(tensors, some, spaces, parity, cutoff, method)
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
    """One layer. Before: left-canonical, the centre at the last site. After: right-canonical, the
    centre at the first one. Also returns the share kept on every pair."""
    sites, chi = tensors.shape[:2]
    pairs = (sites - 1) // 2
    if parity:  # the first site takes part in no pair, else the last one does
        some, last = tensors[1:], jnp.zeros_like(tensors[0]).at[0, 0, 0].set(1)
    else:
        some, last = tensors[:-1], tensors[-1]
    # Bond b is right of site b; pair p has the bond between its sites and the one right of them.
    inner = rooms[parity : parity + 2 * pairs : 2]
    outer = jnp.concatenate([rooms, jnp.ones(1, rooms.dtype)])[parity + 1 : parity + 2 * pairs : 2]

    def update(site: Any, given: Any) -> Any:
        """The centre from the site right of a pair to the left one of the pair."""
        pair, gate, inner, outer = given
        centre, q = moved(site.reshape(chi, 2 * chi), outer)
        right = mm(pair[1].reshape(2 * chi, chi), centre).reshape(1, chi, 2, chi)
        theta = grown(gate[None], pair[:1], right).reshape(1, 2 * chi, 2 * chi)
        v, images, share = truncated(theta, inner[None], chi, cutoff, method)
        images = images[0] / jnp.sqrt(jnp.sum(column_weights(images))).astype(theta.dtype)
        # Rows of theta are (bit, bond); tensors are (left bond, bit, right bond).
        left = jnp.swapaxes(images.reshape(2, chi, chi), 0, 1)
        both = jnp.stack([v[0].reshape(chi, 2, chi), q.reshape(chi, 2, chi)])
        return left, (both, share[0])

    given = (some.reshape(pairs, 2, chi, 2, chi), gates, inner, outer)
    first, (new, kept) = jax.lax.scan(update, last, given, reverse=True)
    new = new.reshape(2 * pairs, chi, 2, chi)
    if not parity:
        return jnp.concatenate([first[None], new]), kept
    new = new.at[-2].multiply(new[-1, 0, 0, 0])  # the phase of the empty site beyond the chain
    centre, q = moved(first.reshape(chi, 2 * chi), rooms[0])
    head = mm(tensors[0].reshape(2 * chi, chi), centre).reshape(1, chi, 2, chi)
    return jnp.concatenate([head, q.reshape(1, chi, 2, chi), new[:-1]]), kept


def rooms(n: int, layers: int) -> np.ndarray:
    """The room of every bond as the sweep of each layer meets them, ``(layers, bonds)``."""
    ahead = np.concatenate([room(n)[: n - 1], np.ones(2 * (n // 2) + 1 - n, np.int32)])
    return np.stack([ahead, ahead[::-1]])[np.arange(layers) % 2]


def stages(layers: int, max_bond: int) -> list[tuple[int, int]]:
    """``(bond dimension, up to which layer)``: no bond exceeds ``2**k`` after ``k`` layers, so
    the first layers run on arrays of half the size. Each stage is compiled once."""
    half = max_bond // 2
    stop = half.bit_length() - 1
    return [(half, stop)] * (half >= 16 and stop < layers) + [(max_bond, layers)]
