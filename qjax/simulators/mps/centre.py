"""Moving the orthogonality centre across a bond, with a derivative that knows no gauge.

A decomposition ``a = L Q`` serves where nothing is truncated: it costs a tenth of singular values.
Its derivative follows the rule of `basis`: rotations among the rows of Q are left out, and where
the state does not fill the bond the surplus rows span what an operator on the site can reach.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from .basis import chosen, dag, mm

WELL_CONDITIONED = 1e-5  # of L: above it triangular inverses are as good as singular values


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
    well = condition < WELL_CONDITIONED / jnp.finfo(condition.dtype).eps
    rest, q, inverse = jax.lax.cond(
        well, lambda: (rest, q, inverse), lambda: _chosen(a, room)
    )  # not finite means not well
    across = mm(move, dag(q))
    turn = mm(inverse, move - mm(across, q))
    return (rest, q), (across, turn)


def _chosen(a: Any, room: Any) -> tuple[Any, Any, Any]:
    """``L``, ``Q`` and the pseudo-inverse of L where weights vanish or spread widely."""
    k = a.shape[0]
    square = jnp.pad(a, ((0, k), (0, 0)))[None]
    v, images, weight, live = (x[0] for x in chosen(square, room[None], k, "auto"))
    rest, alive = images[:k, :k], live[:k]  # orthogonal columns, zero where nothing lives
    scale = jnp.where(alive, 1 / jnp.where(alive, weight[:k], 1), 0).astype(a.dtype)
    return rest, v[:k], scale[:, None] * dag(rest)
