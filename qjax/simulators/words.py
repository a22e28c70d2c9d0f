"""Pauli words and sums acting on a state: index flips and signs, never a matrix."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_derivatives import SymbolicZero

from ..pauli import PauliSum, word_masks
from .kernels import HIGHEST, Pair, bit_signs, flip


def apply_word(state: Pair, x: int, z: int, power: int, n: int) -> Pair:
    """``i**power`` times the word with masks ``x`` (flips) and ``z`` (signs)."""
    re, im = (None if a is None else flip(_signed(a, z, n), x, n) for a in state)
    return times_i(re, im, power)


def times_i(re: Any, im: Any, power: int) -> Pair:
    """``i**power (re + i im)``."""
    if power % 4 == 0:
        return re, im
    if power % 4 == 1:
        return (jnp.zeros_like(re) if im is None else -im), re
    if power % 4 == 2:
        return -re, None if im is None else -im
    return (jnp.zeros_like(re) if im is None else im), -re


def halves(n: int) -> tuple[int, int]:
    """How many qubits the leading and the trailing half-register have."""
    return n // 2, n - n // 2


def _signed(a: Any, z: int, n: int) -> Any:
    if z == 0:
        return a
    ha, hb = halves(n)
    left, right = z >> hb, z & (2**hb - 1)
    out = a.reshape(2**ha, 2**hb, *a.shape[1:])
    pad = (1,) * (a.ndim - 1)
    if left:
        out = out * jnp.asarray(bit_signs(ha, left), a.dtype).reshape(-1, 1, *pad)
    if right:
        out = out * jnp.asarray(bit_signs(hb, right), a.dtype).reshape(1, -1, *pad)
    return out.reshape(a.shape)


def group_words(operator: PauliSum, n: int) -> dict[int, list[tuple[int, int, int]]]:
    """Words by what they flip: ``{x: [(position, z, number of Y), ...]}``."""
    groups: dict[int, list[tuple[int, int, int]]] = {}
    for k, word in enumerate(operator.words):
        x, z, y = word_masks(word, n)
        groups.setdefault(x, []).append((k, z, y))
    return groups


def _signs(coeffs: Any, members: list[tuple[int, int, int]], n: int, dtype: Any, batch: int) -> Any:
    """``sum_k coeffs[k] (-1)**popcount(j & z_k)`` over all indices ``j``, as ``(A, B, *batch)``.

    Every sign factors into one of the leading and one of the trailing half-register, so many
    words cost one small matrix product.
    """
    ha, hb = halves(n)
    left = sorted({z >> hb for _, z, _ in members})
    right = sorted({z & (2**hb - 1) for _, z, _ in members})
    rows, columns = {z: i for i, z in enumerate(left)}, {z: i for i, z in enumerate(right)}
    where = np.array([rows[z >> hb] * len(right) + columns[z & (2**hb - 1)] for _, z, _ in members])
    c = coeffs[np.array([k for k, _, _ in members])].astype(dtype)
    pad = (1,) * batch
    if len(members) == 1 and members[0][1] == 0:
        return c.reshape(1, 1, *pad)
    sa = jnp.asarray(np.stack([bit_signs(ha, z) for z in left], 1), dtype)
    sb = jnp.asarray(np.stack([bit_signs(hb, z) for z in right], 0), dtype)
    core = jnp.zeros(len(left) * len(right), dtype).at[where].add(c)
    core = core.reshape(len(left), len(right))
    if len(left) > len(right):
        out = jnp.matmul(jnp.matmul(sa, core, precision=HIGHEST), sb, precision=HIGHEST)
    else:
        out = jnp.matmul(sa, jnp.matmul(core, sb, precision=HIGHEST), precision=HIGHEST)
    return out.reshape(*out.shape, *pad)


def apply_sum(state: Pair, operator: PauliSum, n: int) -> Pair:
    """``H psi`` for a Pauli sum with real coefficients."""
    re, im = state
    dtype, shape = re.dtype, re.shape
    ha, hb = halves(n)
    coeffs = jnp.asarray(operator.coeffs)
    total_re = total_im = None

    def add(total: Any, term: Any) -> Any:
        return term if total is None else total if term is None else total + term

    for x, members in group_words(operator, n).items():
        for parity in (0, 1):
            # i**y is real for even y and imaginary for odd y: at most two sub-groups.
            part = [(k, z, y) for k, z, y in members if y % 2 == parity]
            if not part:
                continue
            sign = np.array([1 if y % 4 in (0, 1) else -1 for _, _, y in part])
            local = coeffs[np.array([k for k, _, _ in part])]
            local = local * jnp.asarray(sign, local.dtype)
            renumbered = [(i, z, y) for i, (_, z, y) in enumerate(part)]
            d = _signs(local, renumbered, n, dtype, re.ndim - 1)

            def turned(a: Any, d: Any = d, x: int = x) -> Any:
                if a is None:
                    return None
                out = (a.reshape(2**ha, 2**hb, *shape[1:]) * d).reshape(shape)
                return flip(out, x, n)

            a, b = times_i(turned(re), turned(im), parity)
            total_re, total_im = add(total_re, a), add(total_im, b)
    if total_re is None:
        total_re = jnp.zeros_like(re)
    if total_im is None and im is not None:
        total_im = jnp.zeros_like(im)
    return total_re, total_im


def _inner(a: Pair, b: Pair) -> Any:
    """``Re <a|b>``, one number per batch entry."""
    total = jnp.sum(a[0] * b[0], axis=0)
    if a[1] is not None and b[1] is not None:
        total = total + jnp.sum(a[1] * b[1], axis=0)
    return total


def expectation(state: Pair, operator: PauliSum, n: int) -> Any:
    """``<psi|H|psi>``, real. Its derivative ``2 Re <H psi|d psi>`` applies H once, not twice."""
    words = operator.words

    @jax.custom_jvp
    def value(state: Pair, coeffs: Any) -> Any:
        return _inner(state, apply_sum(state, _sum_of(words, coeffs), n))

    def rule(primals: Any, tangents: Any) -> Any:
        (state, coeffs), (d_state, d_coeffs) = primals, tangents
        image = apply_sum(state, _sum_of(words, coeffs), n)
        total = _inner(state, image)
        slope = jnp.zeros_like(total)
        for part, moved in zip(image, d_state, strict=True):
            if part is not None and moved is not None and not _is_zero(moved):
                slope = slope + 2 * jnp.sum(part * moved, axis=0)
        if not _is_zero(d_coeffs):
            slope = slope + _inner(state, apply_sum(state, _sum_of(words, d_coeffs), n))
        return total, slope

    value.defjvp(rule, symbolic_zeros=True)
    return value(state, jnp.asarray(operator.coeffs).astype(state[0].dtype))


def _is_zero(tangent: Any) -> bool:
    return isinstance(tangent, SymbolicZero)


def _sum_of(words: Any, coeffs: Any) -> PauliSum:
    return PauliSum.tree_unflatten(words, (coeffs,))
