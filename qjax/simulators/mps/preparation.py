"""State preparations as tensors: on any qubits, side by side or between each other."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import jax.numpy as jnp

from . import state as mps


def prepared(
    tensors: Any,
    sites: Sequence[tuple[int, ...]],
    vectors: Sequence[Any],
    cutoff: float,
    method: str,
) -> Any:
    """A product of zeros with some of its sites prepared.

    Args:
        tensors: ``(n, chi, 2, chi)``, every site ``|0>``.
        sites: where each vector goes, its most significant bit first; no site twice.
        vectors: normalised, ``(2**k,)``.
        cutoff, method: of the truncation to ``chi``.

    Returns:
        The tensors, right-canonical with the centre at site 0. A site that lies between prepared
        ones hands the bond on.
    """
    chi = tensors.shape[1]
    handed_on = (
        jnp.zeros((chi, 2, chi), tensors.dtype).at[:, 0].set(jnp.eye(chi, dtype=tensors.dtype))
    )
    for group in _overlapping(sites):
        where = [site for k in group for site in sites[k]]
        order = sorted(where)
        joint = reduce(jnp.kron, [vectors[k] for k in group]).reshape((2,) * len(where))
        joint = jnp.transpose(joint, [where.index(site) for site in order]).reshape(-1)
        tensors = tensors.at[order[0] : order[-1] + 1].set(handed_on)
        tensors = tensors.at[jnp.array(order)].set(mps.from_dense(joint, chi, cutoff, method))
    return tensors


def _overlapping(sites: Sequence[tuple[int, ...]]) -> list[list[int]]:
    """Which preparations share a stretch of the chain."""
    groups: list[list[int]] = []
    end = -1
    for k in sorted(range(len(sites)), key=lambda k: min(sites[k])):
        if min(sites[k]) > end:
            groups.append([])
        groups[-1].append(k)
        end = max(end, *sites[k])
    return groups
