"""Finite shots of a state that lies on many devices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ...observables import Hermitian, Projector
from ...observables.grouping import group_commuting
from ..answers import (
    TO_Z,
    as_complex,
    hermitian_pair,
    marginal,
    mean_and_error,
    probabilities,
)
from ..kernels import Pair, apply_matrix, complex_pair, dagger
from ..sampling import draw, to_bits


def sampled_bits(p: Any, bits: Any, key: Any, shots: int, names: Sequence[str], m: int) -> Any:
    """Outcomes at all places, uint8 ``(shots, g + m)``, 0 where another device holds the outcome.

    The device is drawn by the weights of all devices, then on it the rest.

    Args:
        p: probabilities of the device's basis states, ``(2**m,)``.
        bits: the device's own bits.
        key: one key for all devices.
        shots: how many outcomes.
        names: the mesh axes of the bits among the devices.
        m: qubits on a device.
    """
    g = len(names)
    key_device, key_rest = jax.random.split(key)
    inside = to_bits(draw(key_rest, p, m, shots), m)
    if g == 0:
        return inside
    weights = jax.lax.all_gather(jnp.sum(p), tuple(names))
    chosen = draw(key_device, weights.reshape(-1), g, shots)
    outside = to_bits(chosen, g)
    mine = jnp.all(outside == bits.astype(jnp.uint8)[None], axis=1, keepdims=True)
    whole = jnp.concatenate([outside, inside], axis=1)
    return jnp.where(mine, whole, jnp.zeros_like(whole))


def _everywhere(x: Any, names: Sequence[str]) -> Any:
    return jax.lax.psum(x, tuple(names)) if names else x


def estimate_part(
    state: Pair,
    bits: Any,
    observable: Any,
    members: Sequence[int],
    key: Any,
    shots: int,
    place: Sequence[int],
    names: Sequence[str],
    m: int,
) -> tuple[Any, Any]:
    """Mean and standard error of one observable, or of one of its groups of words.

    Known on every device. What the group turns lies on the device.
    """
    g, dtype = len(names), state[0].dtype
    if isinstance(observable, Hermitian):
        inner = [place[q] - g for q in observable.qubits]
        order = tuple(sorted(range(len(inner)), key=lambda i: inner[i]))
        targets = tuple(inner[i] for i in order)
        matrix = hermitian_pair(observable, order, dtype)
        values, vectors = jnp.linalg.eigh(as_complex(matrix))
        turned = apply_matrix(state, dagger(complex_pair(vectors)), targets, m)
        p = _everywhere(marginal(probabilities(turned), targets, m), names)
        return mean_and_error(values.astype(dtype)[draw(key, p, len(inner), shots)], shots)
    if isinstance(observable, Projector):
        found = _everywhere(sampled_bits(probabilities(state), bits, key, shots, names, m), names)
        columns = found[:, np.array([place[q] for q in observable.qubits])]
        hit = jnp.all(columns == np.array(observable.bits, np.uint8)[None], axis=1)
        return mean_and_error(hit.astype(dtype), shots)
    basis, words = group_commuting(observable)[members[0]]
    for q, letter in basis:
        if letter in TO_Z:
            m2 = TO_Z[letter]
            im = jnp.asarray(m2.imag, dtype) if np.iscomplexobj(m2) else None
            state = apply_matrix(state, (jnp.asarray(m2.real, dtype), im), (place[q] - g,), m)
    found = _everywhere(sampled_bits(probabilities(state), bits, key, shots, names, m), names)
    coeffs = jnp.asarray(observable.coeffs).astype(dtype)
    total = jnp.zeros(shots, dtype)
    for j in words:
        columns = np.array([place[q] for q, _ in observable.words[j]], int)
        parity = jnp.sum(found[:, columns].astype(jnp.int32), axis=1) % 2
        total = total + coeffs[j] * (1 - 2 * parity).astype(dtype)
    return mean_and_error(total, shots)
