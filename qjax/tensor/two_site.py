"""Two neighbouring sites as one tensor, and apart again: what sweeps along a chain need."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from ..simulators.mps.basis import HIGHEST


def einsum(spec: str, *arrays: Any) -> Any:
    """`jax.numpy.einsum` in full precision."""
    return jnp.einsum(spec, *arrays, precision=HIGHEST)


def join(a: Any, b: Any) -> Any:
    """``(l, 2, m)`` and ``(m, 2, r)`` as ``(l, 2, 2, r)``."""
    return einsum("lsm,mtr->lstr", a, b)


def cut(theta: Any, chi: int, to_right: bool) -> tuple[Any, Any, Any]:
    """The best two tensors of bond ``chi``: an isometry and, on the side moved to, the centre.

    Returns:
        Left tensor, right tensor (the state is of norm one again), and the share of weight lost.
    """
    left, right = theta.shape[0], theta.shape[3]
    u, s, v = jnp.linalg.svd(theta.reshape(2 * left, 2 * right), full_matrices=False)
    weights = s * s
    kept = weights[:chi]
    lost = 1 - jnp.sum(kept) / jnp.sum(weights)
    s = (s[:chi] / jnp.sqrt(jnp.sum(kept))).astype(theta.dtype)
    u, v = u[:, :chi], v[:chi]
    if to_right:
        v = s[:, None] * v
    else:
        u = u * s[None, :]
    return u.reshape(left, 2, chi), v.reshape(chi, 2, right), lost
