"""Gates on bonds: contract, decompose, truncate. All functions take a batch of bonds."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .basis import column_weights, dag, leading, mm


def grown(gate: Any, left: Any, right: Any) -> Any:
    """Gates ``(p, 4, 4)`` on neighbouring tensors ``(p, a, 2, b)``, ``(p, b, 2, c)``.

    Returns:
        ``(p, 2, a, 2, c)``: bit and bond of the left site, bit and bond of the right one.
    """
    p, a, _, b = left.shape
    c = right.shape[3]
    pair = mm(jnp.swapaxes(left, 1, 2).reshape(p, 2 * a, b), right.reshape(p, b, 2 * c))
    pair = pair.reshape(p, 2, a, 2, c).transpose(0, 1, 3, 2, 4).reshape(p, 4, a * c)
    return mm(gate, pair).reshape(p, 2, 2, a, c).transpose(0, 1, 3, 2, 4)


def split(
    env: Any, gate: Any, left: Any, right: Any, room: Any, keep: int, cutoff: float, method: str
) -> tuple[Any, Any, Any, Any]:
    """Update in Hastings' form: no division by Schmidt values.

    Args:
        env: ``(p, a, a)``, a factor X of the bond to the left: ``X^H X`` is the reduced density
            of what lies left of it.
        gate: ``(p, 4, 4)``.
        left, right: right-canonical tensors ``(p, a, 2, b)`` and ``(p, b, 2, c)``.
        room, keep: how many directions the bond between them may need, and may have.
        cutoff: directions whose share of the weight is at most this are discarded too.
        method: which decomposition, see `leading`.

    Returns:
        The new tensors, the factor of their bond, and the share of the weight that was kept.

    Source: Hastings, J. Math. Phys. 50, 095207 (2009).
    """
    pair = grown(gate, left, right)
    p, _, a, _, c = pair.shape
    theta = mm(env[:, None], pair.reshape(p, 2, a, 2 * c)).reshape(p, 2 * a, 2 * c)
    v, images, kept = truncated(theta, room, keep, cutoff, method)
    norm = jnp.sqrt(jnp.sum(column_weights(images), axis=1)).astype(theta.dtype)[:, None, None]
    # The factor may be turned by any isometry, so a constant one will do.
    turn = jax.lax.stop_gradient(jnp.linalg.qr(jax.lax.stop_gradient(images))[0])
    middle = mm(dag(turn), images) / norm
    one = mm(pair.reshape(p, 2 * a, 2 * c), dag(v)) / norm
    one = jnp.swapaxes(one.reshape(p, 2, a, -1), 1, 2)
    return one, v.reshape(p, -1, 2, c), middle, kept


def truncated(theta: Any, room: Any, keep: int, cutoff: float, method: str) -> tuple[Any, Any, Any]:
    """The kept directions ``v``, the image ``theta v^H``, and the share of the weight in it."""
    v = leading(theta, room, keep, method)
    images = mm(theta, dag(v))
    total = jnp.sum(column_weights(theta), axis=1)
    if cutoff > 0:
        some = jax.lax.stop_gradient(column_weights(images)) > cutoff * total[:, None]
        v = jnp.where(some[:, :, None], v, 0)
        images = jnp.where(some[:, None, :], images, 0)
    return v, images, jnp.sum(column_weights(images), axis=1) / total


def room(n: int) -> Any:
    """How many directions bond ``b`` (right of site ``b``) of a chain of ``n`` may need."""
    left = np.minimum(np.arange(1, n + 1), 30)
    right = np.minimum(n - np.arange(1, n + 1), 30)
    return np.minimum(2**left, 2**right).astype(np.int32)
