"""Values on hardware with the two-term shift rule: value and derivatives from one batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_derivatives import SymbolicZero

Host = Callable[[Any, Any], np.ndarray]


def batched_call(host: Host, order: np.ndarray, shape: tuple[int, ...], dtype: Any) -> Any:
    """A differentiable function of (angles by leaf, seed) that asks ``host`` once.

    Args:
        host: ``(angles (..., P), seeds (...)) -> (..., *shape)``, on the host.
        order: column ``j`` of the angles is entry ``order[j]`` of the leaves' angles in a row.
        shape: of what the host returns for one row.
        dtype: of the result.

    Returns:
        A function of a list of arrays ``(..., P_k)`` and seeds ``(...)``. Its derivative is
        taken by shifting every angle by plus and minus pi/2, in the same call as the value;
        so are derivatives of that derivative. `jax.vmap` adds to the batch.

    Source: Mitarai et al., arXiv:1803.00745; Schuld et al., arXiv:1811.11184, equation (9).
    """

    def ask(angles: Any, seeds: Any) -> np.ndarray:
        return np.asarray(host(angles, seeds), dtype)

    @jax.custom_jvp
    def value(parts: list[Any], seed: Any) -> Any:
        lead = parts[0].shape[:-1] if parts else ()
        angles = jnp.concatenate(parts, axis=-1)[..., order] if parts else jnp.zeros((0,), dtype)
        out = jax.ShapeDtypeStruct((*lead, *shape), dtype)
        seeds = jnp.broadcast_to(seed, lead)
        return jax.pure_callback(ask, out, angles, seeds, vmap_method="broadcast_all")

    def rule(primals: Any, tangents: Any) -> Any:
        (parts, seed), (moved, _) = primals, tangents
        which = [k for k, t in enumerate(moved) if not isinstance(t, SymbolicZero)]
        count = sum(parts[k].shape[-1] for k in which)
        stacked = _stacked(parts, which, count)
        results = value(stacked, jnp.broadcast_to(seed, stacked[0].shape[:-1]) if parts else seed)
        out, slopes = results[0], (results[1 : count + 1] - results[count + 1 :]) / 2
        along = jnp.zeros_like(out)
        start = 0
        for k in which:
            size = parts[k].shape[-1]
            tangent = jnp.moveaxis(moved[k], -1, 0).astype(out.dtype)
            tangent = tangent.reshape(tangent.shape + (1,) * len(shape))
            along = along + jnp.sum(tangent * slopes[start : start + size], axis=0)
            start += size
        return out, along

    value.defjvp(rule, symbolic_zeros=True)
    return value


def _stacked(parts: Sequence[Any], which: list[int], count: int) -> list[Any]:
    """The point itself, then every angle of the chosen leaves turned by pi/2, then by -pi/2."""
    out, start = [], 0
    for k, x in enumerate(parts):
        size = x.shape[-1]
        offsets = np.zeros((2 * count + 1, size))
        if k in which:
            for i in range(size):
                offsets[1 + start + i, i] = np.pi / 2
                offsets[1 + count + start + i, i] = -np.pi / 2
            start += size
        shaped = offsets.reshape(len(offsets), *(1,) * (x.ndim - 1), size)
        out.append(x[None] + jnp.asarray(shaped, x.dtype))
    return out
