"""Gates on disjoint small groups of qubits, each group as one matrix."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import jax
import jax.numpy as jnp

from ..kernels import HIGHEST, Pair, Precision, apply_matrix, dagger, gram, pair_product
from .order import after
from .step import Item, Step, as_pair, complex_of, fetch, target_matrix
from .turns import as_turns, rotate
from .window import Window


class LocalStep(Step):
    """Matrices on disjoint windows of qubits.

    ``ordered``: in a reverse pass each window waits for the gradient of the one before.
    """

    kind = "local"
    looks = True
    states_kept = 0

    def __init__(
        self,
        n: int,
        windows: Sequence[Window],
        precision: Precision = HIGHEST,
        ordered: bool = False,
    ) -> None:
        self.n, self.windows, self.precision = n, tuple(windows), precision
        self.ordered = ordered
        self.qubits = frozenset(q for w in windows for q in w.qubits)
        items = [item for w in windows for item in w.items]
        self.leaves = frozenset(i for item in items for i in item.leaves)
        self.real = all(w.real for w in windows)
        self.turns = [as_turns(w) for w in windows]

    def prepare(self, leaves: Sequence[Any], dtype: Any) -> list[Pair]:
        rest = [w for w, t in zip(self.windows, self.turns, strict=True) if t is None]
        others = iter(_matrices(rest, leaves, dtype))
        return [next(others) if t is None else rotate(t, leaves, dtype) for t in self.turns]

    def apply(self, state: Pair, coefficients: list[Pair]) -> Pair:
        for window, matrix in zip(self.windows, coefficients, strict=True):
            state = apply_matrix(state, matrix, window.qubits, self.n, self.precision)
        return state

    def undo(self, state: Pair, coefficients: list[Pair]) -> Pair:
        for window, matrix in zip(self.windows, coefficients, strict=True):
            state = apply_matrix(state, dagger(matrix), window.qubits, self.n, self.precision)
        return state

    def pull(
        self, state: Pair, coefficients: list[Pair], cotangent: Pair
    ) -> tuple[Pair, Pair, list[Pair]]:
        """The transpose of a unitary is its inverse: both state and cotangent are undone."""
        gradients: list[Pair] = []
        for window, matrix in zip(reversed(self.windows), reversed(coefficients), strict=True):
            due = gradients[-1:] if self.ordered else ()
            back = after(dagger(matrix), due)
            state = apply_matrix(state, back, window.qubits, self.n, self.precision)
            re, im = gram(cotangent, state, window.qubits, self.n, self.precision)
            gradients.append((re, None if matrix[1] is None else im))
            cotangent = apply_matrix(cotangent, back, window.qubits, self.n, self.precision)
        return state, cotangent, gradients[::-1]

    def draw(
        self, state: Any, own: Any, coefficients: list[Pair], cotangent: Pair, after: bool
    ) -> tuple[Pair, list[Pair]]:
        """The windows commute: on one side of all of them ``G = <cotangent| |state>`` gives every
        matrix its derivative, ``M G`` before them and ``G M`` after them."""
        ahead = cotangent
        for window, matrix in zip(self.windows, coefficients, strict=True):
            # A transpose of its own: a product that transposes on the way is a slow one.
            back = jax.lax.optimization_barrier(dagger(matrix))
            cotangent = apply_matrix(cotangent, back, window.qubits, self.n, self.precision)
        gradients: list[Pair] = []
        for window, matrix in zip(self.windows, coefficients, strict=True):
            side = ahead if after else cotangent
            found = gram(side, state, window.qubits, self.n, self.precision)
            if matrix[1] is None:
                found = (found[0], None)
            pair = (found, matrix) if after else (matrix, found)
            gradients.append(pair_product(*pair, _matmul))
        return cotangent, gradients

    def cost(self) -> tuple[float, float]:
        flops = 0.0
        for w in self.windows:
            flops += 2.0 * 2 ** (self.n + len(w.qubits)) * (2 if w.real else 4)
        return flops, float(len(self.windows))

    def describe(self) -> str:
        parts = []
        for w in self.windows:
            span = f"{w.qubits[0]}-{w.qubits[-1]}" if len(w.qubits) > 2 else f"{w.qubits}"
            parts.append(f"{span} {'real' if w.real else 'complex'} from {len(w.items)} gates")
        return "matrices on " + ", ".join(parts)


def _matrices(windows: Sequence[Window], leaves: Sequence[Any], dtype: Any) -> list[Pair]:
    singles = [i for w in windows for i in w.items if len(i.qubits) == 1]
    matrices = dict(zip(map(id, singles), _one_qubit(singles, leaves, dtype), strict=True))
    return [
        _product(w, matrices, dtype) if w.product else _sequence(w, matrices, leaves, dtype)
        for w in windows
    ]


def _one_qubit(items: Sequence[Item], leaves: Sequence[Any], dtype: Any) -> list[Pair]:
    """The 2 x 2 matrices, those of one kind computed together."""
    groups: dict[tuple, list[int]] = {}
    for k, item in enumerate(items):
        alone = k if item.name in ("Unitary", "Evolution", "StatePrep") else None
        groups.setdefault((item.name, item.static, item.inverted, alone), []).append(k)
    out: list[Any] = [None] * len(items)
    for (_, _, inverted, _), members in groups.items():
        first = items[members[0]]
        if not first.params or len(members) == 1:
            matrix = as_pair(target_matrix(first, leaves, dtype), first.real)
            for k in members:
                out[k] = matrix
            continue
        columns = [fetch(items[k].params, leaves, dtype) for k in members]
        stacked = tuple(jnp.stack(c) for c in zip(*columns, strict=True))

        def one(params: Any, first: Item = first) -> Any:
            return first.spec.matrix(params, first.static, complex_of(dtype))

        table = jax.vmap(one)(stacked)
        if inverted:
            table = table.conj().swapaxes(-1, -2)
        re, im = as_pair(table, first.real)
        for row, k in enumerate(members):
            out[k] = (re[row], None if im is None else im[row])
    return out


def _matmul(a: Any, b: Any) -> Any:
    return jnp.matmul(a, b, precision=HIGHEST)


def _kron(a: Any, b: Any) -> Any:
    d = a.shape[0] * b.shape[0]
    return (a[:, None, :, None] * b[None, :, None, :]).reshape(d, d)


def _product(window: Window, matrices: dict[int, Pair], dtype: Any) -> Pair:
    factors: dict[int, Pair] = {}
    for item in window.items:
        (q,) = item.qubits
        m = matrices[id(item)]
        factors[q] = pair_product(m, factors[q], _matmul) if q in factors else m
    eye = (jnp.eye(2, dtype=dtype), None)
    parts = [factors.get(q, eye) for q in window.qubits]
    return reduce(lambda a, b: pair_product(a, b, _kron), parts)


def _sequence(window: Window, matrices: dict[int, Pair], leaves: Sequence[Any], dtype: Any) -> Pair:
    k = len(window.qubits)
    place = {q: i for i, q in enumerate(window.qubits)}
    whole: Pair = (jnp.eye(2**k, dtype=dtype), None)
    for item in window.items:
        if len(item.qubits) == 1:
            matrix, order = matrices[id(item)], (0,)
        else:
            full = embed_controls(target_matrix(item, leaves, dtype), item)
            matrix = as_pair(full, item.real)
            order = tuple(sorted(range(len(item.qubits)), key=lambda i: item.qubits[i]))
        qubits = tuple(place[item.qubits[i]] for i in order)
        whole = apply_matrix(whole, reorder(matrix, order), qubits, k)
    return whole


def embed_controls(matrix: Any, item: Item) -> Any:
    """The matrix on controls and targets: the target's where the controls have their values."""
    if not item.controls:
        return matrix
    d = matrix.shape[0]
    start = int("".join(map(str, item.values)), 2) * d
    out = jnp.eye(d * 2 ** len(item.controls), dtype=matrix.dtype)
    return out.at[start : start + d, start : start + d].set(matrix)


def reorder(matrix: Pair, order: tuple[int, ...]) -> Pair:
    """The matrix with its qubits taken in the order ``order``."""
    if order == tuple(sorted(order)):
        return matrix
    k = len(order)
    axes = (*order, *(k + i for i in order))

    def one(m: Any) -> Any:
        return None if m is None else m.reshape((2,) * (2 * k)).transpose(axes).reshape(m.shape)

    return one(matrix[0]), one(matrix[1])
