"""A centre that moves along the chain: gates in any order, each truncated in canonical form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..steps.step import Item, complex_of
from .basis import column_weights, mm
from .bond import grown, room, truncated
from .centre import moved
from .gates import collected, item_matrix
from .routing import Move


def evolve(
    tensors: Any,
    gates: Any,
    moves: Sequence[Move],
    leaves: Sequence[Any],
    dtype: Any,
    cutoff: float,
    method: str,
) -> Any:
    """Carry out the moves.

    Args:
        tensors: right-canonical with its centre at site 0, ``(n, chi, 2, chi)``.
        gates: ``(slots + 1, 4, 4)``, the last of them the identity.
        dtype: real dtype in which parameters of blocks are prepared.

    Returns:
        ``(tensors, kept)``, the share of weight kept in every update.
    """
    kept, k = [], 0
    while k < len(moves):
        stop = k
        while stop < len(moves) and moves[stop].block is None:
            stop += 1
        if stop > k:
            tensors, share = _run(tensors, gates, moves[k:stop], cutoff, method)
            kept.append(share)
        if stop < len(moves):
            move = moves[stop]
            assert move.block is not None
            matrix = _block_matrix(move.block, leaves, dtype).astype(tensors.dtype)
            tensors, share = _block(tensors, matrix, move, cutoff, method)
            kept.append(share)
        k = stop + 1
    return tensors, jnp.concatenate(kept) if kept else jnp.ones(0, column_weights(tensors).dtype)


def _run(tensors: Any, gates: Any, moves: Sequence[Move], cutoff: float, method: str) -> Any:
    chi = tensors.shape[1]
    none = gates.shape[0] - 1
    idle = np.array([m.slot is None for m in moves])
    slots = np.array([none if m.slot is None else m.slot for m in moves])
    sites = np.array([m.site for m in moves])
    right = np.array([m.right for m in moves])
    space = room(tensors.shape[0])[sites]

    def step(tensors: Any, given: Any) -> Any:
        site, idle, to_right, space, gate = given
        two = jax.lax.dynamic_slice_in_dim(tensors, site, 2)
        two, share = jax.lax.cond(idle, _idle, _acted, two, to_right, space, gate)
        return jax.lax.dynamic_update_slice_in_dim(tensors, two, site, 0), share

    def _idle(two: Any, to_right: Any, space: Any, gate: Any) -> Any:
        """Nothing acts: the centre moves from one site to the other."""
        away, centre = jnp.where(to_right, two[::-1].transpose(0, 3, 2, 1), two)
        rest, q = moved(centre.reshape(chi, 2 * chi), space)
        away = mm(away.reshape(2 * chi, chi), rest).reshape(chi, 2, chi)
        two = jnp.stack([away, q.reshape(chi, 2, chi)])
        two = jnp.where(to_right, two[::-1].transpose(0, 3, 2, 1), two)
        return two, jnp.ones((), column_weights(two).dtype)

    def _acted(two: Any, to_right: Any, space: Any, gate: Any) -> Any:
        pair = grown(gate[None], two[:1], two[1:])[0]
        theta = pair.reshape(2 * chi, 2 * chi)
        theta = jnp.where(to_right, theta.T, theta)
        v, images, share = truncated(theta[None], space[None], chi, cutoff, method)
        images = images / jnp.sqrt(jnp.sum(column_weights(images))).astype(theta.dtype)
        isometry, centre = v[0], images[0]
        # Rows of theta are (bit, bond); tensors are (left bond, bit, right bond).
        left = jnp.where(to_right, isometry.T, centre).reshape(2, chi, chi).swapaxes(0, 1)
        rest = jnp.where(to_right, centre.T, isometry).reshape(chi, 2, chi)
        return jnp.stack([left, rest]), share[0]

    return jax.lax.scan(step, tensors, (sites, idle, right, space, gates[slots]))


def _block_matrix(item: Item, leaves: Sequence[Any], dtype: Any) -> Any:
    """What acts on the targets, where the controls have their values."""
    params = tuple(collected([p], leaves, dtype)[0] for p in item.params)
    bare = replace(item, controls=(), values=())
    return item_matrix(bare, params, complex_of(dtype))


def _applied(matrix: Any, item: Item, joint: Any) -> Any:
    """The block's gate on its sites: ``(chi, 2**k, chi)``."""
    k, chi = len(item.qubits), joint.shape[0]
    parts = joint.reshape(chi, *(2,) * k, chi)
    values = dict(zip(item.controls, item.values, strict=True))
    where = (slice(None), *(values.get(site, slice(None)) for site in range(k)))
    chosen = parts[where]
    left = sorted(item.targets)
    order = [1 + left.index(site) for site in item.targets] + [0, len(left) + 1]
    rows = jnp.transpose(chosen, order)
    turned = mm(matrix, rows.reshape(matrix.shape[0], -1)).reshape(rows.shape)
    chosen = jnp.transpose(turned, [order.index(axis) for axis in range(len(order))])
    return parts.at[where].set(chosen).reshape(joint.shape)


def _block(tensors: Any, matrix: Any, move: Move, cutoff: float, method: str) -> Any:
    """A gate on neighbouring sites; the centre ends on the last of them."""
    assert move.block is not None
    site, size = move.site, move.size
    chi = tensors.shape[1]
    joint = tensors[site]
    for k in range(1, size):
        joint = mm(joint.reshape(-1, chi), tensors[site + k].reshape(chi, 2 * chi))
    rest = _applied(matrix, move.block, joint.reshape(chi, 2**size, chi))
    shares, new = [], []
    for j in range(size - 1):
        space = room(tensors.shape[0])[site + j : site + j + 1]
        # Columns (bit of the left-most site, bond left of it), as `leading` takes them.
        rows = rest.reshape(chi, 2, -1)
        theta = jnp.swapaxes(rows, 0, 1).reshape(2 * chi, -1).T
        v, images, share = truncated(theta[None], space, chi, cutoff, method)
        images = images / jnp.sqrt(jnp.sum(column_weights(images))).astype(theta.dtype)
        new.append(v[0].T.reshape(2, chi, chi).swapaxes(0, 1))
        rest = images[0].T
        shares.append(share)
    new.append(rest.reshape(chi, 2, chi))
    both = jnp.stack(new)
    return tensors.at[site : site + size].set(both), jnp.concatenate(shares)
