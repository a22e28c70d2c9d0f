"""Moving the orthogonality centre across a bond, with a derivative that knows no gauge.

A decomposition ``a = L Q`` serves where nothing is truncated: it costs a tenth of singular values.
Its derivative follows the rule of `basis`: rotations among the rows of Q are left out, and where
the state does not fill the bond the surplus rows span what an operator on the site can reach.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .basis import dag, fill, mm, nothing

WELL = -0.4  # power of the precision: condition numbers of L that leave a triangular inverse good


@jax.custom_jvp
def moved(a: Any, room: Any) -> tuple[Any, Any]:
    """``a = L Q`` with orthonormal rows of Q.

    Args:
        a: ``(k, 2 k)``, columns ``(bit of the site, r)``.
        room: integer: how many directions the bond may need at most.

    Returns:
        ``L (k, k)`` and ``Q (k, 2 k)``.
    """
    q, r = jnp.linalg.qr(dag(a))
    return dag(r), dag(q)


@moved.defjvp
def _(primals: Any, tangents: Any) -> Any:
    (a, room), (move, _) = primals, tangents
    rest, q = moved(a, room)
    eye = jnp.eye(rest.shape[0], dtype=a.dtype)
    inverse = jax.scipy.linalg.solve_triangular(rest, eye, lower=True)
    condition = jnp.sum(jnp.abs(rest), axis=0).max() * jnp.sum(jnp.abs(inverse), axis=0).max()
    well = condition < float(jnp.finfo(condition.dtype).eps) ** WELL  # not so if not a number
    rest, q, inverse = jax.lax.cond(well, lambda: (rest, q, inverse), lambda: _chosen(a, room))
    across = mm(move, dag(q))
    turn = mm(inverse, move - mm(across, q))
    return (rest, q), (across, turn)


def _chosen(a: Any, room: Any) -> tuple[Any, Any, Any]:
    """``L``, ``Q`` and the pseudo-inverse of L where weights vanish or spread widely."""
    k = a.shape[0]
    u, s, v = jnp.linalg.svd(a, full_matrices=True)
    live = s > nothing(s.dtype) ** 0.5 * s[0]
    full = jnp.sum(live, dtype=np.int32) >= jnp.minimum(room, k)
    alive = jnp.concatenate([live, jnp.zeros_like(live)])
    v = jax.lax.cond(full, lambda: v, lambda: fill(v[None], alive[None], a[None])[0])
    inverse = jnp.where(live, 1 / jnp.where(live, s, 1), 0).astype(a.dtype)
    return u * jnp.where(live, s, 0).astype(a.dtype)[None], v[:k], inverse[:, None] * dag(u)
