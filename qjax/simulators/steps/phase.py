"""All diagonal gates between two other steps, as one multiplication by phases."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ...gates.matrices import exact_phases
from ..kernels import HIGHEST, Pair, conjugate, multiply_diagonal, pair_product, split_axes
from .step import Item, Leaf, Parameter, Step, apart, fetch


def diagonal_form(item: Item) -> tuple[np.ndarray, np.ndarray] | None:
    """``(const, linear)`` of the phases on controls and targets; None where not diagonal."""
    if item.name == "PauliRotation" and set(item.static) <= {"I", "Z"}:
        sign = np.array([1.0])
        for letter in item.static:
            sign = np.kron(sign, [1, -1] if letter == "Z" else [1, 1])
        const, linear = np.zeros(len(sign)), -0.5 * sign[:, None]
    elif item.spec.diagonal is not None:
        const, linear = item.spec.diagonal
    else:
        return None
    if item.inverted:
        const, linear = -const, -linear
    if item.controls:
        d, full = len(const), len(const) * 2 ** len(item.controls)
        start = int("".join(map(str, item.values)), 2) * d
        c, m = np.zeros(full), np.zeros((full, linear.shape[1]))
        c[start : start + d], m[start : start + d] = const, linear
        const, linear = c, m
    return const, linear


def _monomials(parity: np.ndarray, qubits: tuple[int, ...]) -> set[frozenset[int]]:
    """The algebraic normal form of a Boolean function: which products of bits are summed."""
    table, k = parity.astype(int).copy(), len(qubits)
    for b in range(k):
        view = table.reshape(2**b, 2, -1)
        view[:, 1] ^= view[:, 0]
    return {
        frozenset(q for i, q in enumerate(qubits) if j >> (k - 1 - i) & 1)
        for j in np.flatnonzero(table)
    }


class _Half:
    """Phases that depend on one half-register: ``const * exp(i linear @ params)``.

    A ``whole`` register is a half without another: there sines and cosines are what costs.
    """

    def __init__(self, first: int, size: int, whole: bool = False) -> None:
        self.first, self.size, self.whole = first, size, whole
        self.const = np.ones(2**size, complex)
        self.columns: dict[Parameter, np.ndarray] = {}

    def bits(self, qubit: int) -> np.ndarray:
        return np.arange(2**self.size) >> (self.size - 1 - (qubit - self.first)) & 1

    def index(self, qubits: tuple[int, ...]) -> np.ndarray:
        out = np.zeros(2**self.size, int)
        for q in qubits:
            out = 2 * out + self.bits(q)
        return out

    def add(self, const: np.ndarray, linear: np.ndarray, params: Sequence[Parameter]) -> None:
        self.const = self.const * exact_phases(const)
        for p, column in zip(params, linear.T, strict=True):
            if isinstance(p, Leaf):
                self.columns[p] = self.columns.get(p, 0.0) + column
            else:
                self.const = self.const * exact_phases(p * column)

    @property
    def trivial(self) -> bool:
        return not self.columns and bool(np.all(self.const == 1))

    @property
    def real(self) -> bool:
        return not self.columns and bool(np.all(np.imag(self.const) == 0))

    def prepare(self, leaves: Sequence[Any], dtype: Any) -> Pair | None:
        if self.trivial:
            return None
        const: Pair = (jnp.asarray(np.real(self.const), dtype), None)
        if np.any(np.imag(self.const)):
            const = (const[0], jnp.asarray(np.imag(self.const), dtype))
        if not self.columns:
            return const
        turning = self._turning(leaves, dtype)
        if np.all(self.const == 1):
            return turning
        return pair_product(const, turning, operator.mul)

    def _turning(self, leaves: Sequence[Any], dtype: Any) -> Pair:
        """``exp(i linear @ params)``, over a whole register as a product of two parts if it is one.

        The product is written as a matrix product: XLA would compute sines and cosines anew in
        every element of an elementwise one.
        """

        def turned(columns: dict[Parameter, np.ndarray]) -> Pair:
            params = jnp.stack(fetch(columns, leaves, dtype))
            factor = jnp.asarray(np.stack(list(columns.values()), 1), dtype)
            angle = jnp.matmul(factor, params, precision=HIGHEST)
            return jnp.cos(angle), jnp.sin(angle)

        rows = 2 ** (self.size // 2)
        grids = {p: c.reshape(rows, -1) for p, c in self.columns.items()}
        upper = {p: g[:, 0] for p, g in grids.items() if np.all(g == g[:, :1])}
        lower = {p: g[0] for p, g in grids.items() if p not in upper and np.all(g == g[:1])}
        parts = len(upper) + len(lower) == len(grids) and upper and lower
        if not self.whole or not parts:
            return turned(self.columns)
        (a, b), (c, d) = turned(upper), turned(lower)
        one = jnp.stack([a, b], -1)
        re = jnp.matmul(one, jnp.stack([c, -d]), precision=HIGHEST)
        im = jnp.matmul(one, jnp.stack([d, c]), precision=HIGHEST)
        return re.reshape(-1), im.reshape(-1)


class PhaseStep(Step):
    """Multiplication of the state by ``exp(i phi(j))``.

    The register is cut into two halves (or, with ``whole``, not at all). Gates within a half give a
    vector over that half; signs and two-qubit phases across the cut are made from bits and one
    small matrix product; whatever else crosses (phases on three or more qubits, vectors of phases)
    is broadcast from its table.
    """

    kind = "phase"
    looks = True
    states_kept = 0

    def __init__(self, n: int, items: Sequence[Item], whole: bool = False) -> None:
        self.n, self.items = n, tuple(items)
        self.cut = n if whole else n // 2
        self.left = _Half(0, self.cut, whole)
        self.right = _Half(self.cut, n - self.cut)
        self.signs: set[frozenset[int]] = set()
        self.tables: list[tuple[Item, np.ndarray, np.ndarray]] = []
        self.vectors: list[Item] = []
        self.pairs: dict[tuple[int, int], dict[Parameter | None, float]] = {}
        for item in self.items:
            self._place(item)
        self.qubits = frozenset(q for item in self.items for q in item.qubits)
        self.leaves = frozenset(i for item in self.items for i in item.leaves)
        self.real = (
            self.left.real
            and self.right.real
            and not self.pairs
            and not self.vectors
            and not any(item.params or np.any(np.sin(c)) for item, c, _ in self.tables)
        )

    def _place(self, item: Item) -> None:
        if item.name == "Diagonal":
            self.vectors.append(item)
            return
        form = diagonal_form(item)
        assert form is not None
        const, linear = form
        qubits = item.qubits
        for half in (self.left, self.right):
            if all(half.first <= q < half.first + half.size for q in qubits):
                index = half.index(qubits)
                half.add(const[index], linear[index], item.params)
                return
        quarter = np.round(exact_phases(const), 15)
        if linear.shape[1] == 0 and np.all(np.imag(quarter) == 0):
            for monomial in _monomials(np.real(quarter) < 0, qubits):
                self._toggle(monomial)
        elif len(qubits) == 2:
            self._pair(item, const, linear)
        else:
            self.tables.append((item, const, linear))

    def _toggle(self, monomial: frozenset[int]) -> None:
        for half in (self.left, self.right):
            if all(half.first <= q < half.first + half.size for q in monomial):
                on = np.ones(2**half.size, int)
                for q in monomial:
                    on = on & half.bits(q)
                half.const = half.const * (1 - 2 * on)
                return
        self.signs ^= {monomial}

    def _pair(self, item: Item, const: np.ndarray, linear: np.ndarray) -> None:
        """Walsh coefficients of a phase on two qubits across the cut: 1, z_a, z_b, z_a z_b."""
        a, b = item.qubits
        if a > b:
            a, b = b, a
            swap = [0, 2, 1, 3]
            const, linear = const[swap], linear[swap]
        walsh = np.array([[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]]) / 4
        c, m = walsh @ const, walsh @ linear
        za, zb = 1 - 2 * self.left.bits(a), 1 - 2 * self.right.bits(b)
        self.left.add(c[0] + c[1] * za, m[0] + np.outer(za, m[1]), item.params)
        self.right.add(c[2] * zb, np.outer(zb, m[2]), item.params)
        entry = self.pairs.setdefault((a, b), {})
        entry[None] = entry.get(None, 0.0) + c[3]
        for p, slope in zip(item.params, m[3], strict=True):
            if isinstance(p, Leaf):
                entry[p] = entry.get(p, 0.0) + slope
            else:
                entry[None] += slope * p

    # --- running -------------------------------------------------------------------------------
    def prepare(self, leaves: Sequence[Any], dtype: Any) -> dict[str, Any]:
        out: dict[str, Any] = {
            "left": self.left.prepare(leaves, dtype),
            "right": self.right.prepare(leaves, dtype),
            "tables": [],
        }
        if self.pairs:
            out["pairs"] = self._weights(leaves, dtype)
        for item in self.vectors:
            (phases,) = fetch(item.params, leaves, dtype)
            phases = -phases if item.inverted else phases
            k = len(item.controls)
            cos, sin = jnp.cos(phases), jnp.sin(phases)
            if k:
                start = int("".join(map(str, item.values)), 2) * phases.shape[0]
                full = 2**k * phases.shape[0]
                spot = slice(start, start + phases.shape[0])
                cos = jnp.ones(full, dtype).at[spot].set(cos)
                sin = jnp.zeros(full, dtype).at[spot].set(sin)
            out["tables"].append(_ascending((cos, sin), item.qubits))
        for item, const, linear in self.tables:
            params = fetch(item.params, leaves, dtype)
            fixed = exact_phases(const)
            pair: Pair = (jnp.asarray(np.real(fixed), dtype), jnp.asarray(np.imag(fixed), dtype))
            if not np.any(np.imag(fixed)):
                pair = (pair[0], None)
            if params:
                angle = jnp.matmul(jnp.asarray(linear, dtype), jnp.stack(params), precision=HIGHEST)
                pair = pair_product(pair, (jnp.cos(angle), jnp.sin(angle)), operator.mul)
            out["tables"].append(_ascending(pair, item.qubits))
        return out

    def _weights(self, leaves: Sequence[Any], dtype: Any) -> Any:
        """The matrix of coefficients of ``z_a z_b`` across the cut."""
        rows = sorted({a for a, _ in self.pairs})
        const = np.zeros((len(rows), self.n - self.cut))
        columns: dict[Parameter, np.ndarray] = {}
        for (a, b), entry in self.pairs.items():
            for p, value in entry.items():
                target = const if p is None else columns.setdefault(p, np.zeros_like(const))
                target[rows.index(a), b - self.cut] += value
        total = jnp.asarray(const, dtype)
        if columns:
            params = jnp.stack(fetch(columns, leaves, dtype))
            stack = jnp.asarray(np.stack(list(columns.values()), -1), dtype)
            total = total + jnp.matmul(stack, params, precision=HIGHEST)
        return total

    def apply(self, state: Pair, coefficients: dict[str, Any]) -> Pair:
        return self._multiply(state, coefficients, state[0].shape[1:])

    def undo(self, state: Pair, coefficients: dict[str, Any]) -> Pair:
        return self.apply(state, self._conjugate(coefficients))

    def _conjugate(self, coefficients: dict[str, Any]) -> dict[str, Any]:
        def reverse(pair: Pair | None) -> Pair | None:
            return None if pair is None else conjugate(pair)

        undone = dict(
            coefficients,
            left=reverse(coefficients["left"]),
            right=reverse(coefficients["right"]),
            tables=[conjugate(t) for t in coefficients["tables"]],
        )
        if "pairs" in coefficients:
            undone["pairs"] = -coefficients["pairs"]
        return undone

    def pull(
        self, state: Pair, coefficients: dict[str, Any], cotangent: Pair
    ) -> tuple[Pair, Pair, dict[str, Any]]:
        """One pass gives the derivative in every phase angle; its sums are the coefficients'."""
        gradient = self._slopes(state, coefficients, cotangent)
        back = self._conjugate(coefficients)
        return self.apply(state, back), self.apply(cotangent, back), gradient

    def _slopes(self, state: Pair, coefficients: dict[str, Any], cotangent: Pair) -> dict[str, Any]:
        (re, im), (cot_re, cot_im) = state, cotangent
        gradient = jax.tree.map(jnp.zeros_like, coefficients)
        if im is None or not self.leaves:
            return gradient
        slope = cot_im * re - cot_re * im
        batch = re.shape[1:]
        grid = slope.reshape(2**self.cut, 2 ** (self.n - self.cut), *batch)
        if self.left.columns:
            gradient["left"] = _turned(coefficients["left"], jnp.sum(grid, axis=1))
        if self.right.columns:
            gradient["right"] = _turned(coefficients["right"], jnp.sum(grid, axis=0))
        if self.pairs:
            za, zb = self._cut_signs(re.dtype)
            gradient["pairs"] = jnp.einsum("ai,ab...,kb->ik...", za, grid, zb, precision=HIGHEST)
        for k, item in enumerate(self._table_items()):
            if item.leaves:
                shape, axes = split_axes(self.n, sorted(item.qubits))
                others = tuple(i for i in range(len(shape)) if i not in axes)
                sums = jnp.sum(slope.reshape(*shape, *batch), axis=others)
                table = coefficients["tables"][k]
                gradient["tables"][k] = _turned(table, sums.reshape(table[0].shape))
        return gradient

    def draw(
        self, state: Any, own: Any, coefficients: dict[str, Any], cotangent: Pair, after: bool
    ) -> tuple[Pair, dict[str, Any]]:
        before = apart(lambda x: self.apply(x, self._conjugate(coefficients)), cotangent)
        return before, self._slopes(state, coefficients, cotangent if after else before)

    def _cut_signs(self, dtype: Any) -> tuple[Any, Any]:
        """``z`` of the leading qubits with weights, and of all trailing qubits."""
        rows = sorted({a for a, _ in self.pairs})
        qs = range(self.cut, self.n)
        za = jnp.asarray(np.stack([1 - 2 * self.left.bits(a) for a in rows], 1), dtype)
        return za, jnp.asarray(np.stack([1 - 2 * self.right.bits(b) for b in qs], 0), dtype)

    def _multiply(self, state: Pair, parts: dict[str, Any], batch: tuple[int, ...]) -> Pair:
        shape = state[0].shape
        grid = (2**self.cut, 2 ** (self.n - self.cut))
        dtype = state[0].dtype

        def square(x: Any) -> Any:
            return None if x is None else x.reshape(*grid, *batch)

        state = (square(state[0]), square(state[1]))
        factor = self._factor(parts, dtype, batch)
        if factor is not None:
            state = pair_product(factor, state, operator.mul)
        if "pairs" in parts:
            state = self._multiply_pairs(state, parts["pairs"], batch)
        flat: Pair = (
            state[0].reshape(shape),
            None if state[1] is None else state[1].reshape(shape),
        )
        for item, table in zip(self._table_items(), parts["tables"], strict=True):
            flat = multiply_diagonal(flat, table, tuple(sorted(item.qubits)), self.n)
        return flat

    def _factor(self, parts: dict[str, Any], dtype: Any, batch: tuple[int, ...]) -> Pair | None:
        """What both halves and the signs across the cut multiply the state with.

        Their product comes first, the state last: in this order XLA's loops run more than twice as
        fast as when the state is multiplied by one after the other.
        """
        factor: Pair | None = None
        if parts["left"] is not None:
            factor = _expand(parts["left"], 1)
        if parts["right"] is not None:
            right = _expand(parts["right"], 0)
            factor = right if factor is None else pair_product(factor, right, operator.mul)
        if self.signs:
            grid = (2**self.cut, 2 ** (self.n - self.cut))
            sign = self._sign(dtype).reshape(*grid, *((1,) * len(batch)))
            sign = (sign, None)
            factor = sign if factor is None else pair_product(sign, factor, operator.mul)
        return factor

    def _multiply_pairs(self, state: Pair, weights: Any, batch: tuple[int, ...]) -> Pair:
        """``exp(i z_a W z_b)``, a factor for the leading and one for the trailing rows of ``W``.

        A factor varies with half of the qubits before the cut only, so that sines and cosines are
        taken of few numbers instead of one for every amplitude.
        """
        dtype = state[0].dtype
        rows = sorted({a for a, _ in self.pairs})
        _, zb = self._cut_signs(dtype)
        middle = self.cut // 2
        shape = state[0].shape
        grid = (2**middle, 2 ** (self.cut - middle), shape[1])
        state = tuple(x.reshape(*grid, *batch) for x in state)
        for first, size, axis in ((0, middle, 1), (middle, self.cut - middle, 0)):
            mine = [k for k, a in enumerate(rows) if first <= a < first + size]
            if not mine:
                continue
            bits = np.arange(2**size)[:, None] >> (size - 1 - (np.array(rows)[mine] - first)) & 1
            za = jnp.asarray(1 - 2 * bits, dtype)
            given = weights[np.array(mine)]
            if batch:
                angle = jnp.einsum("ij,jkb,kl->ilb", za, given, zb, precision=HIGHEST)
            else:
                angle = jnp.matmul(za, jnp.matmul(given, zb, precision=HIGHEST), precision=HIGHEST)
            state = pair_product(_expand(_cos_and_sin(angle), axis), state, operator.mul)
        return state[0].reshape(shape), state[1].reshape(shape)

    def _table_items(self) -> list[Item]:
        return self.vectors + [item for item, _, _ in self.tables]

    def _sign(self, dtype: Any) -> Any:
        """+-1 over all amplitudes for the signs across the cut, from bits, not from memory."""
        size_b = self.n - self.cut
        mask = np.zeros(2**self.cut, np.uint32)
        rest: list[tuple[np.ndarray, np.ndarray]] = []
        for monomial in sorted(self.signs, key=sorted):
            mine = [q for q in monomial if q < self.cut]
            theirs = [q for q in monomial if q >= self.cut]
            if len(theirs) == 1:
                on = np.ones(2**self.cut, int)
                for q in mine:
                    on = on & self.left.bits(q)
                mask ^= (on << (size_b - 1 - (theirs[0] - self.cut))).astype(np.uint32)
            else:
                a = np.prod([self.left.bits(q) for q in mine], axis=0)
                b = np.prod([self.right.bits(q) for q in theirs], axis=0)
                rest.append((a, b))
        index = jnp.arange(2**size_b, dtype=jnp.uint32)
        bit = jnp.bitwise_count(jnp.asarray(mask)[:, None] & index[None, :]).astype(jnp.uint32)
        for a, b in rest:
            bit = bit ^ (
                jnp.asarray(a.astype(np.uint32))[:, None] & jnp.asarray(b.astype(np.uint32))[None]
            )
        return 1 - 2 * (bit & 1).astype(dtype)

    def cost(self) -> tuple[float, float]:
        passes = 1.0 + len(self._table_items())
        trig = 40.0 if self.pairs else 0.0
        return (6 * passes + 6 + trig) * 2.0**self.n, passes

    def describe(self) -> str:
        return f"one phase from {len(self.items)} diagonal gates"


def _cos_and_sin(angle: Any) -> Pair:
    """Both, behind a matrix product with the identity, into which XLA fuses nothing: it would else
    compute them anew for every amplitude that they multiply."""
    rows = angle.shape[0]
    both = jnp.concatenate([jnp.cos(angle).reshape(rows, -1), jnp.sin(angle).reshape(rows, -1)], 1)
    both = jnp.matmul(jnp.eye(rows, dtype=angle.dtype), both, precision=HIGHEST)
    cos, sin = jnp.split(both, 2, axis=1)
    return cos.reshape(angle.shape), sin.reshape(angle.shape)


def _turned(pair: Pair, slope: Any) -> Pair:
    """The cotangent of a unit phase ``(c, s)`` whose angle has the derivative ``slope``."""
    c, s = pair
    assert s is not None
    return -s * slope, c * slope


def _expand(pair: Pair, axis: int) -> Pair:
    re, im = pair
    return jnp.expand_dims(re, axis), None if im is None else jnp.expand_dims(im, axis)


def _ascending(pair: Pair, qubits: tuple[int, ...]) -> Pair:
    """A table over ``qubits`` as a table over the same qubits in ascending order."""
    order = tuple(sorted(range(len(qubits)), key=lambda i: qubits[i]))
    if order == tuple(range(len(qubits))):
        return pair

    def one(x: Any) -> Any:
        return (
            None if x is None else x.reshape((2,) * len(qubits)).transpose(order).reshape(x.shape)
        )

    return one(pair[0]), one(pair[1])
