"""Which directions of a bond are kept: a decomposition whose derivative knows no gauge.

A truncation keeps the span of the leading singular vectors. Only that span matters: rotations
among the kept vectors cancel in every physical quantity, so the derivative leaves them out and no
difference of equal singular values is ever divided by. What remains couples kept with discarded
directions; leaving that out too is the usual error of truncated derivatives.

Where the state has lower rank than the bond allows, the surplus directions carry no weight and
their choice is free for the value, not for the derivative: a change of the state may point along
them. While differentiating they are therefore chosen so that they span what an operator on the
neighbouring site can reach.

Source: the truncation term, Francuz, Schuch and Vanhecke, PRR 7, 013237 (2025); the choice of
surplus directions follows the density matrix perturbation of White, PRB 72, 180403 (2005).
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

HIGHEST = jax.lax.Precision.HIGHEST


LARGE = 24  # matrices from which three real products are faster than a complex one


def mm(a: Any, b: Any) -> Any:
    """Matrix product in full precision; of large complex matrices by three real ones.

    Source: Higham, SIAM J. Matrix Anal. Appl. 13, 681 (1992): the error is as small in norm.
    """
    if jnp.iscomplexobj(a) and jnp.iscomplexobj(b) and min(*a.shape[-2:], b.shape[-1]) >= LARGE:
        (ar, ai), (br, bi) = (jnp.real(a), jnp.imag(a)), (jnp.real(b), jnp.imag(b))
        p = jnp.matmul(ar, br, precision=HIGHEST)
        q = jnp.matmul(ai, bi, precision=HIGHEST)
        r = jnp.matmul(ar + ai, br + bi, precision=HIGHEST)
        return jax.lax.complex(p - q, r - p - q)
    return jnp.matmul(a, b, precision=HIGHEST)


def dag(a: Any) -> Any:
    """The conjugate transpose."""
    return jnp.conj(jnp.swapaxes(a, -1, -2))


@partial(jax.custom_jvp, nondiff_argnums=(2, 3))
def leading(theta: Any, room: Any, keep: int, method: str) -> Any:
    """The leading right singular vectors of a batch of matrices.

    Args:
        theta: ``(p, m, 2 k)`` with ``m >= 2 k``; columns are ``(bit of the right site, r)``.
        room: ``(p,)``, integers: how many directions the chain on either side has room for at most;
            only up to there are surplus directions worth choosing.
        keep: how many, at most ``2 k``.
        method: ``"svd"``, ``"eigh"`` (of the Gram matrix: faster, blind below the square root of
            the precision), or ``"auto"``: eigh, and svd where it would be blind.

    Returns:
        ``(p, keep, 2 k)``, orthonormal rows. The derivative is that of the span of the rows that
        carry weight.
    """
    return _directions(theta, keep, method)[:, :keep]


@leading.defjvp
def _(keep: int, method: str, primals: Any, tangents: Any) -> Any:
    (theta, room), (move, _) = primals, tangents
    v = _directions(theta, keep, method)
    images = mm(theta, dag(v))
    weight = column_weights(images)
    scale = jnp.max(weight, axis=1, keepdims=True)
    eps = jnp.finfo(weight.dtype).eps
    live = weight > (1e3 * eps if method == "eigh" else nothing(weight.dtype)) * scale
    if keep < v.shape[1]:
        full = jnp.all(jnp.sum(live, axis=1, dtype=np.int32) >= jnp.minimum(room, keep))
        v = jax.lax.cond(full, lambda v: v, lambda v: fill(v, live, theta), v)
        images = jnp.where(live[:, None, :], images, 0)
    kept, rest = v[:, :keep], v[:, keep:]
    # Row i turns towards row j by (dG)_ij / (s_i^2 - s_j^2), with G = theta^H theta.
    ahead = mm(mm(dag(images[..., :keep]), move), dag(rest))
    behind = dag(mm(mm(dag(images[..., keep:]), move), dag(kept)))
    a, b = (jnp.where(live, weight, 0)[:, cut] for cut in (slice(keep), slice(keep, None)))
    gap = a[:, :, None] - b[:, None, :]
    soft = (eps * scale[:, :, None]) ** 2
    turn = (ahead + behind) * (gap / (gap * gap + soft)).astype(theta.dtype)
    return kept, mm(turn, rest)


def _resolved(dtype: Any) -> float:
    """The share of the weight above which eigenvectors of the Gram matrix are precise."""
    return float(jnp.finfo(dtype).eps) ** (2 / 3)


def nothing(dtype: Any) -> float:
    """The share of the weight below which what those eigenvectors leave over is rounding."""
    return 4 * float(jnp.finfo(dtype).eps) ** (4 / 3)


def column_weights(a: Any) -> Any:
    """Squared norms of the columns."""
    return jnp.sum(jnp.real(a) ** 2 + jnp.imag(a) ** 2, axis=-2)


def _directions(theta: Any, keep: int, method: str) -> Any:
    """All right singular vectors as rows, ``(p, 2 k, 2 k)``, the heaviest first."""
    if method == "svd":
        return _by_svd(theta)
    w, columns = jnp.linalg.eigh(mm(dag(theta), theta))
    v = dag(columns[..., ::-1])
    if method == "eigh" or keep == v.shape[1]:
        return v
    # A direction of weight w is resolved to eps / sqrt(w). Where that is coarse for directions
    # that are kept and that are not nothing, singular vectors are computed from theta itself.
    coarse = w[:, ::-1] < _resolved(w.dtype) * w[:, -1:]
    some = coarse[:, keep - 1]

    def precise(theta: Any) -> Any:
        live = column_weights(mm(theta, dag(v))) > nothing(w.dtype) * w[:, -1:]
        blind = jnp.any(some & jnp.any(coarse & live, axis=1))
        return jax.lax.cond(blind, _by_svd, lambda theta: v, theta)

    return jax.lax.cond(jnp.any(some), precise, lambda theta: v, theta)


def _by_svd(theta: Any) -> Any:
    return jnp.linalg.svd(theta, full_matrices=False)[2]


def fill(v: Any, live: Any, theta: Any) -> Any:
    """The rows of ``v`` without weight, turned so that what an operator on the right site makes
    of the state comes first."""
    p, m, width = theta.shape
    k = width // 2
    parts = theta.reshape(p, 2 * m, k)
    density = mm(dag(parts), parts)  # of what lies right of the right site
    density = density / jnp.trace(density, axis1=1, axis2=2)[:, None, None]
    halves = v.reshape(p, 2 * width, k)
    reach = mm(mm(halves, density).reshape(p, width, width), dag(v))
    dead = (~live).astype(v.dtype)
    reach = reach * dead[:, :, None] * dead[:, None, :]
    # Rows that carry weight stay in front: eigenvalues above all others, none twice.
    front = jnp.where(live, (2.0 + np.arange(width)[::-1]).astype(v.dtype), 0)
    _, columns = jnp.linalg.eigh(reach + front[:, :, None] * jnp.eye(width, dtype=v.dtype)[None])
    return jnp.where(live[:, :, None], v, mm(dag(columns[..., ::-1]), v))
