"""Pauli words and sums acting on a state: index flips and signs, never a matrix."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_derivatives import SymbolicZero

from ..gates.matrices import pauli_matrix
from ..pauli import PauliSum, Word, word_masks
from .kernels import HIGHEST, Pair, apply_matrix, bit_signs, flip, partition
from .steps.order import after

MATRIX_WORDS = 64  # words on one cell beyond which their matrix is not worth its constants


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


def _signs(coeffs: Any, masks: list[int], n: int, dtype: Any, batch: int) -> Any:
    """``sum_k coeffs[k] (-1)**popcount(j & masks[k])`` over all ``j``, as ``(A, B, *batch)``.

    Every sign factors into one of the leading and one of the trailing half-register, so many
    words cost one small matrix product.
    """
    ha, hb = halves(n)
    c = coeffs.astype(dtype)
    pad = (1,) * batch
    if masks == [0]:
        return c.reshape(1, 1, *pad)
    left, right = sorted({z >> hb for z in masks}), sorted({z & (2**hb - 1) for z in masks})
    core = np.zeros((len(left), len(right), len(masks)))
    for k, z in enumerate(masks):
        core[left.index(z >> hb), right.index(z & (2**hb - 1)), k] = 1
    sa = jnp.asarray(np.stack([bit_signs(ha, z) for z in left], 1), dtype)
    sb = jnp.asarray(np.stack([bit_signs(hb, z) for z in right], 0), dtype)
    middle = jnp.matmul(jnp.asarray(core, dtype), c, precision=HIGHEST)
    if len(left) > len(right):
        out = jnp.matmul(jnp.matmul(sa, middle, precision=HIGHEST), sb, precision=HIGHEST)
    else:
        out = jnp.matmul(sa, jnp.matmul(middle, sb, precision=HIGHEST), precision=HIGHEST)
    return out.reshape(*out.shape, *pad)


def apply_sum(state: Pair, operator: PauliSum, n: int, ordered: bool = False) -> Pair:
    """``H psi`` for a Pauli sum with real coefficients.

    Words that flip qubits of one small cell of the register only, and act nowhere else, become
    one matrix on that cell; all others work by index flips and signs, words with the same flips
    together. ``ordered``: one after the other, for the least memory.
    """
    coeffs = jnp.asarray(operator.coeffs)
    cells, rest = _by_cell(operator, n)
    total: Pair = (None, None)
    for qubits, members in cells:
        matrix = _cell_matrix(coeffs, members, qubits, state[0].dtype)
        own = after(state, total) if ordered else state
        total = _plus(total, apply_matrix(own, matrix, qubits, n))
    groups: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
    for k in rest:
        x, z, y = word_masks(operator.words[k], n)
        # i**y is real for even y and imaginary for odd y.
        groups.setdefault((x, y % 2), []).append((k, z, y))
    for (x, parity), members in groups.items():
        own = after(state, total) if ordered else state
        total = _plus(total, _flipped(own, coeffs, members, x, parity, n))
    re, im = total
    if re is None:
        re = jnp.zeros_like(state[0])
    if im is None and state[1] is not None:
        im = jnp.zeros_like(re)
    return re, im


def _plus(a: Pair, b: Pair) -> Pair:
    return tuple(  # type: ignore[return-value]
        y if x is None else x if y is None else x + y for x, y in zip(a, b, strict=True)
    )


def _by_cell(operator: PauliSum, n: int) -> tuple[list[tuple[tuple[int, ...], list]], list[int]]:
    """Words that act within one cell and flip something there, by cell; the rest."""
    cells: dict[tuple[int, ...], list[tuple[int, Word]]] = {}
    rest = []
    windows = partition(n)
    for k, word in enumerate(operator.words):
        home = [w for w in windows if word and all(q in w for q, _ in word)]
        if home and any(c != "Z" for _, c in word):
            cells.setdefault(home[0], []).append((k, word))
        else:
            rest.append(k)
    kept = []
    for qubits, members in cells.items():
        if 2 <= len(members) <= MATRIX_WORDS:
            kept.append((qubits, members))
        else:
            rest += [k for k, _ in members]
    return kept, sorted(rest)


def _cell_matrix(
    coeffs: Any, members: list[tuple[int, Word]], qubits: tuple[int, ...], dtype: Any
) -> Pair:
    words = [dict(word) for _, word in members]
    basis = np.stack([pauli_matrix("".join(w.get(q, "I") for q in qubits)) for w in words])
    c = coeffs[np.array([k for k, _ in members])].astype(dtype)

    def part(values: np.ndarray) -> Any:
        return jnp.tensordot(c, jnp.asarray(values, dtype), 1, precision=HIGHEST)

    im = np.imag(basis)
    return part(np.real(basis)), part(im) if np.any(im) else None


def _flipped(
    state: Pair, coeffs: Any, members: list[tuple[int, int, int]], x: int, parity: int, n: int
) -> Pair:
    """``sum_k c_k P_k psi`` over words with the flips ``x`` and ``i**y`` real or imaginary."""
    shape = state[0].shape
    ha, hb = halves(n)
    sign = np.array([1 if y % 4 in (0, 1) else -1 for _, _, y in members])
    c = coeffs[np.array([k for k, _, _ in members])]
    c = c * jnp.asarray(sign, c.dtype)
    d = _signs(c, [z for _, z, _ in members], n, state[0].dtype, state[0].ndim - 1)

    def turned(a: Any) -> Any:
        if a is None:
            return None
        return flip((a.reshape(2**ha, 2**hb, *shape[1:]) * d).reshape(shape), x, n)

    return times_i(turned(state[0]), turned(state[1]), parity)


def _inner(a: Pair, b: Pair) -> Any:
    """``Re <a|b>``, one number per batch entry."""
    total = jnp.sum(a[0] * b[0], axis=0)
    if a[1] is not None and b[1] is not None:
        total = total + jnp.sum(a[1] * b[1], axis=0)
    return total


def expectation(state: Pair, operator: PauliSum, n: int, ordered: bool = False) -> Any:
    """``<psi|H|psi>``, real. Its derivative ``2 Re <H psi|d psi>`` applies H once, not twice."""
    words = operator.words

    @jax.custom_jvp
    def value(state: Pair, coeffs: Any) -> Any:
        return _inner(state, apply_sum(state, _sum_of(words, coeffs), n, ordered))

    def rule(primals: Any, tangents: Any) -> Any:
        (state, coeffs), (d_state, d_coeffs) = primals, tangents
        image = apply_sum(state, _sum_of(words, coeffs), n, ordered)
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
