"""Linear maps on a state held as two real arrays.

A state is the pair ``(re, im)`` of arrays of shape ``(2**n, *batch)``; ``im`` is None for states
that are known to be real. Separate arrays keep every inner loop a plain real loop, which XLA
fuses; a complex array, or re and im stacked into one, costs several times as much on a CPU.
Coefficients carry the same trailing ``batch`` axes as the state (none, or one).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

Pair = tuple[Any, Any]  # (re, im or None)

Precision = jax.lax.Precision
HIGHEST = Precision.HIGHEST


def complex_pair(array: Any) -> Pair:
    """The real and imaginary part of an array, ``(a, None)`` for a real one."""
    if jnp.issubdtype(array.dtype, jnp.complexfloating):
        return jnp.real(array), jnp.imag(array)
    return array, None


def pair_product(a: Pair, b: Pair, times: Callable[[Any, Any], Any]) -> Pair:
    """``a times b`` of complex pairs, for any bilinear real ``times``; real parts stay real."""
    (ar, ai), (br, bi) = a, b
    if ai is None and bi is None:
        return times(ar, br), None
    if ai is None:
        return times(ar, br), times(ar, bi)
    if bi is None:
        return times(ar, br), times(ai, br)
    return times(ar, br) - times(ai, bi), times(ar, bi) + times(ai, br)


def conjugate(a: Pair) -> Pair:
    """The complex conjugate."""
    return a[0], None if a[1] is None else -a[1]


def split_axes(n: int, qubits: Sequence[int]) -> tuple[list[int], list[int]]:
    """The shape that gives every one of the (ascending) qubits its own axis, and those axes."""
    shape, axes, last = [], [], -1
    for q in qubits:
        if q - last > 1:
            shape.append(2 ** (q - last - 1))
        axes.append(len(shape))
        shape.append(2)
        last = q
    if n - 1 > last:
        shape.append(2 ** (n - 1 - last))
    return shape, axes


def apply_matrix(
    state: Pair, matrix: Pair, qubits: tuple[int, ...], n: int, precision: Precision = HIGHEST
) -> Pair:
    """``matrix`` of shape ``(2**k, 2**k, *batch)`` on ``k`` ascending qubits."""
    k = len(qubits)
    if k == 0:
        return pair_product((matrix[0][0, 0], _entry(matrix[1], 0, 0)), state, lambda m, x: m * x)
    contiguous = qubits == tuple(range(qubits[0], qubits[0] + k))
    if matrix[0].ndim == 2 and contiguous and n >= 4:
        outer = 2 ** qubits[0]
        inner = state[0].size // (outer * 2**k)
        if outer == 1 or inner == 1 or (k >= 2 and inner >= 2**k):
            return _product(state, matrix, outer, 2**k, precision)
    if k <= 2:
        return _butterfly(state, matrix, qubits, n)
    return _general(state, matrix, qubits, n, precision)


def _entry(m: Any, i: int, j: int) -> Any:
    return None if m is None else m[i, j]


def _product(state: Pair, matrix: Pair, outer: int, d: int, precision: Precision) -> Pair:
    """Neighbouring qubits by matrix products, one for each setting of the qubits before them.

    The matrix is repeated along a batch axis: XLA then calls its matrix product on slices in
    place, where a contraction without the batch axis would transpose the whole state twice.
    """

    def times(m: Any, x: Any) -> Any:
        if outer == 1:
            out = jnp.matmul(m, x.reshape(d, -1), precision=precision)
        elif outer * d == x.size:
            out = jnp.matmul(x.reshape(-1, d), m.T, precision=precision)
        else:
            repeated = jnp.broadcast_to(m[None], (outer, d, d))
            out = jnp.matmul(repeated, x.reshape(outer, d, -1), precision=precision)
        return out.reshape(x.shape)

    return pair_product(matrix, state, times)


def _slices(x: Any, axes: list[int]) -> list[Any]:
    """The parts of ``x`` with fixed bits along ``axes``, all axes kept, in binary order."""
    out = []
    for j in range(2 ** len(axes)):
        where: list[Any] = [slice(None)] * x.ndim
        for k, axis in enumerate(axes):
            bit = j >> (len(axes) - 1 - k) & 1
            where[axis] = slice(bit, bit + 1)
        out.append(x[tuple(where)])
    return out


def _butterfly(state: Pair, matrix: Pair, qubits: tuple[int, ...], n: int) -> Pair:
    """One or two qubits as one elementwise expression.

    Column ``j`` of the matrix, spread over the qubits' axes, times slice ``j`` of the state: sums
    of broadcast products, which vectorise; stacking the results would not.
    """
    shape, axes = split_axes(n, qubits)
    batch = state[0].shape[1:]
    spread = [2 if i in axes else 1 for i in range(len(shape))]
    lanes = (1,) * len(batch)

    def times(m: Any, x: Any) -> Any:
        parts = _slices(x.reshape(*shape, *batch), axes)
        columns = [m[:, j].reshape(*spread, *(m.shape[2:] or lanes)) for j in range(m.shape[1])]
        terms = [c * p for c, p in zip(columns, parts, strict=True)]
        return reduce(operator.add, terms).reshape(-1, *batch)

    return pair_product(matrix, state, times)


def _general(
    state: Pair, matrix: Pair, qubits: tuple[int, ...], n: int, precision: Precision
) -> Pair:
    """Any qubits: their axes to the front, one matrix product, and back."""
    shape, axes = split_axes(n, qubits)
    batch = state[0].shape[1:]
    order = axes + [a for a in range(len(shape)) if a not in axes]
    back = list(np.argsort(order))
    tail = list(range(len(shape), len(shape) + len(batch)))
    d = 2 ** len(qubits)
    moved_shape = [shape[a] for a in order]
    batched = matrix[0].ndim == 3

    def times(m: Any, x: Any) -> Any:
        y = x.reshape(*shape, *batch).transpose(*order, *tail)
        if batched:
            y = jnp.einsum("ijb,jrb->irb", m, y.reshape(d, -1, *batch), precision=precision)
        else:
            y = jnp.matmul(m, y.reshape(d, -1), precision=precision)
        return y.reshape(*moved_shape, *batch).transpose(*back, *tail).reshape(x.shape)

    return pair_product(matrix, state, times)


def gram(a: Pair, b: Pair, qubits: tuple[int, ...], n: int, precision: Precision = HIGHEST) -> Pair:
    """``sum_r a[i, r] conj(b[j, r])`` over all other qubits, ``(2**k, 2**k, *batch)``."""
    shape, axes = split_axes(n, qubits)
    batch = a[0].shape[1:]
    d = 2 ** len(qubits)
    first = 2 ** qubits[0]
    contiguous = qubits == tuple(range(qubits[0], qubits[0] + len(qubits)))
    inner = 2**n // (first * d)

    def front(x: Any) -> Any:
        order = axes + [i for i in range(len(shape)) if i not in axes]
        tail = range(len(shape), len(shape) + len(batch))
        return x.reshape(*shape, *batch).transpose(*order, *tail).reshape(d, -1, *batch)

    def times(x: Any, y: Any) -> Any:
        if batch:  # tiny matrices for many lanes: one fused product and sum, lanes innermost
            return _gram_of_lanes(x, y, shape, axes)
        if contiguous and inner == 1:
            return jnp.matmul(x.reshape(-1, d).T, y.reshape(-1, d), precision=precision)
        if contiguous and first > 1 and inner >= 64:
            x, y = x.reshape(first, d, -1), y.reshape(first, d, -1)
            return jnp.sum(jnp.matmul(x, y.swapaxes(1, 2), precision=precision), axis=0)
        return jnp.matmul(front(x), front(y).T, precision=precision)

    # Written out: a conjugate of b would be an array of its own in front of every product.
    (ar, ai), (br, bi) = a, b
    if ai is None or bi is None:
        return pair_product(a, conjugate(b), times)
    return times(ar, br) + times(ai, bi), times(ai, br) - times(ar, bi)


def _gram_of_lanes(x: Any, y: Any, shape: list[int], axes: list[int]) -> Any:
    wide_x: list[int] = []
    wide_y: list[int] = []
    rest, rows, columns = [], [], []
    for i, size in enumerate(shape):
        if i in axes:
            rows.append(len(wide_x))
            columns.append(len(wide_x) + 1)
            wide_x += [size, 1]
            wide_y += [1, size]
        else:
            rest.append(len(wide_x))
            wide_x.append(size)
            wide_y.append(size)
    lanes = x.shape[1:]
    total = jnp.sum(x.reshape(*wide_x, *lanes) * y.reshape(*wide_y, *lanes), axis=tuple(rest))
    kept = sorted(rows + columns)
    order = [kept.index(a) for a in rows + columns]
    d = 2 ** len(axes)
    return total.transpose(*order, len(kept)).reshape(d, d, *lanes)


def dagger(matrix: Pair) -> Pair:
    """The conjugate transpose of ``(d, d, *batch)``."""
    re, im = matrix
    return jnp.swapaxes(re, 0, 1), None if im is None else -jnp.swapaxes(im, 0, 1)


def multiply_diagonal(state: Pair, table: Pair, qubits: tuple[int, ...], n: int) -> Pair:
    """A diagonal ``(2**k, *batch)`` on ``k`` ascending qubits."""
    shape, axes = split_axes(n, qubits)
    batch = state[0].shape[1:]
    spread = [2 if a in axes else 1 for a in range(len(shape))]

    def times(t: Any, x: Any) -> Any:
        t = t.reshape(*spread, *t.shape[1:]) if t.ndim > 1 else _pad(t.reshape(spread), len(batch))
        return (x.reshape(*shape, *batch) * t).reshape(x.shape)

    return pair_product(table, state, times)


def _pad(x: Any, axes: int) -> Any:
    return x.reshape(x.shape + (1,) * axes)


def partition(n: int, largest: int = 5) -> tuple[tuple[int, ...], ...]:
    """Neighbouring qubits in windows of nearly equal size, the larger ones first."""
    count = -(-n // largest)
    sizes = [n // count + (k < n % count) for k in range(count)]
    starts = np.cumsum([0, *sizes])
    return tuple(
        tuple(range(a, b)) for a, b in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)
    )


def flip(x: Any, mask: int, n: int) -> Any:
    """``out[j] = x[j ^ mask]``."""
    qubits = tuple(q for q in range(n) if mask >> (n - 1 - q) & 1)
    if not qubits:
        return x
    shape, axes = split_axes(n, qubits)
    return jnp.flip(x.reshape(*shape, *x.shape[1:]), axes).reshape(x.shape)


def bit_signs(n: int, mask: int) -> np.ndarray:
    """``(-1)**popcount(j & mask)`` for ``j`` in ``range(2**n)``, int8."""
    return (1 - 2 * (np.bitwise_count(np.arange(2**n) & mask) & 1)).astype(np.int8)
