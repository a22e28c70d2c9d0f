"""Many irregular gates as one loop over a table of matrices: compile time independent of depth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, reduce
from operator import add
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..gather import permute, repeat
from ..kernels import HIGHEST, Pair, Precision, dagger, pair_product
from ..products import products
from .local import embed_controls
from .step import Item, Leaf, Parameter, Step, complex_of, fetch

LARGEST_INDEX = 2**21  # entries of the tables of indices
SMALLEST_MATMUL = 4  # rows of a matrix up to which plain sums beat a matrix product

Block = tuple[tuple[int, ...], tuple[Item, ...]]
"""Some qubits, and gates on them in order."""


class TableStep(Step):
    """Blocks of gates, each one matrix on ``width`` qubits, as a scan over the blocks.

    The register turns: the qubits of a block are brought to the front, the matrix acts there as one
    product, and the order is left as it is until the end, when every qubit is brought home. Where
    qubits are fetched from stands in a table, so that one body serves all blocks: a gather for a
    small register, for a large one a choice among ``n`` transpositions for one qubit after another.
    """

    kind = "table"

    def __init__(
        self,
        n: int,
        blocks: Sequence[Block],
        width: int,
        wires: Sequence[int] | None = None,
        precision: Precision = HIGHEST,
    ) -> None:
        """``wires[q]`` is the qubit of the blocks that is to end as qubit ``q``."""
        self.n, self.width, self.precision = n, width, precision
        wires = range(n) if wires is None else wires
        self.blocks = [(_filled(qs, width, n), items) for qs, items in blocks]
        self.items = [item for _, items in self.blocks for item in items]
        moved = (q for q, wire in enumerate(wires) if q != wire)
        self.qubits = frozenset(moved).union(*(item.qubits for item in self.items))
        self.leaves = frozenset(i for item in self.items for i in item.leaves)
        self.real = all(item.real for item in self.items)
        self.moves, self.home = _itinerary([qs for qs, _ in self.blocks], wires)
        # Small registers: the moves of a block as one gather, from indices worked out here.
        self.gathers = len(self.blocks) * 2**n <= LARGEST_INDEX
        if self.gathers:
            self.moves, self.home = _gathers(n, self.moves), _gathers(n, self.home[None])[:, 0]
        self.groups = _alike(self.items)
        self.index, self.inverse, self.empty = _places(self.blocks, self.groups, width)

    # --- the matrices ----------------------------------------------------------------------------
    def prepare(self, leaves: Sequence[Any], dtype: Any) -> Pair:
        """The matrices of all blocks, ``(blocks, 2**width, 2**width)``.

        The small matrices of all gates stand in one vector; one gather spreads them over the
        blocks, slot by slot, and the slots are multiplied.
        """
        numbers = _Numbers(self.items, leaves, dtype)
        small = [_matrices([self.items[k] for k in g], numbers, dtype) for g in self.groups]
        eye = np.eye(2**self.width)[:, :, None] * self.empty[:, None, None]

        def spread(parts: Sequence[Any], start: Any) -> Any:
            entries = [
                jnp.zeros(re.size, dtype) if x is None else x.reshape(-1)
                for x, (re, _) in zip(parts, small, strict=True)
            ]
            index, inverse = jnp.asarray(self.index), jnp.asarray(self.inverse)
            placed = repeat(jnp.concatenate(entries), index, inverse)
            return placed.reshape(eye.shape) + start

        re = spread([re for re, _ in small], jnp.asarray(eye, dtype))
        im = None if self.real else spread([im for _, im in small], jnp.zeros((), dtype))

        def multiply(total: Pair, factor: Pair) -> tuple[Pair, None]:
            return pair_product(factor, total, products), None

        first, rest = (
            jax.tree.map(lambda x: x[0], (re, im)),
            jax.tree.map(lambda x: x[1:], (re, im)),
        )
        total, _ = jax.lax.scan(multiply, first, rest)
        return jax.tree.map(lambda x: jnp.moveaxis(x, -1, 0), total)

    # --- running ---------------------------------------------------------------------------------
    def apply(self, state: Pair, coefficients: Pair) -> Pair:
        shape = state[0].shape

        def turn(parts: Pair, given: Any) -> tuple[Pair, None]:
            moves, matrix = given
            return self._multiply(matrix, self._fetch(parts, moves)), None

        state = _flat(state)
        state, _ = jax.lax.scan(turn, state, (self._moves(), coefficients))
        return _shaped(self._fetch(state, jnp.asarray(self.home)), shape)

    def undo(self, state: Pair, coefficients: Pair) -> Pair:
        shape = state[0].shape

        def turn(parts: Pair, given: Any) -> tuple[Pair, None]:
            moves, matrix = given
            return self._put_back(self._multiply(dagger(matrix), parts), moves), None

        state = self._put_back(_flat(state), jnp.asarray(self.home))
        given = (self._moves(), coefficients)
        state, _ = jax.lax.scan(turn, state, given, reverse=True)
        return _shaped(state, shape)

    def pull(self, state: Pair, coefficients: Pair, cotangent: Pair) -> tuple[Pair, Pair, Pair]:
        """The transpose of a unitary is its inverse: both state and cotangent are undone."""
        shape, d = state[0].shape, 2**self.width

        def overlap(a: Any, b: Any) -> Any:
            return jnp.matmul(a.reshape(d, -1), b.reshape(d, -1).T, precision=self.precision)

        def turn(both: Any, given: Any) -> Any:
            parts, slopes = both
            moves, matrix = given
            back = dagger(matrix)
            parts = self._multiply(back, parts)
            re, im = pair_product(
                slopes, (parts[0], None if parts[1] is None else -parts[1]), overlap
            )
            slopes = self._multiply(back, slopes)
            both = self._put_back((parts, slopes), moves)
            return both, (re, None if matrix[1] is None else im)

        both = self._put_back((_flat(state), _flat(cotangent)), jnp.asarray(self.home))
        given = (self._moves(), coefficients)
        (state, cotangent), gradient = jax.lax.scan(turn, both, given, reverse=True)
        return _shaped(state, shape), _shaped(cotangent, shape), gradient

    def _moves(self) -> Any:
        """What `_fetch` needs for every block, the blocks along the first axis."""
        moves = jnp.asarray(self.moves)
        return (moves[0], moves[1]) if self.gathers else moves

    def _multiply(self, matrix: Pair, parts: Pair) -> Pair:
        d = 2**self.width

        def times(m: Any, x: Any) -> Any:
            x = x.reshape(d, -1)
            if d <= SMALLEST_MATMUL:
                return reduce(add, (m[:, k, None] * x[None, k] for k in range(d))).reshape(-1)
            return jnp.matmul(m, x, precision=self.precision).reshape(-1)

        return pair_product(matrix, parts, times)

    def _fetch(self, parts: Any, places: Any) -> Any:
        """A block's qubits come to the front, those before them move up."""
        return self._moved(parts, places, back=False)

    def _put_back(self, parts: Any, places: Any) -> Any:
        return self._moved(parts, places, back=True)

    def _moved(self, parts: Any, places: Any, back: bool) -> Any:
        if self.gathers:
            index, inverse = (places[1], places[0]) if back else (places[0], places[1])
            return jax.tree.map(lambda x: permute(x, index, inverse), parts)
        movers = [_mover(self.n, place, back) for place in range(self.n)]

        def move(parts: Any, place: Any) -> tuple[Any, None]:
            return jax.lax.switch(place, movers, parts), None

        return jax.lax.scan(move, parts, places, reverse=back)[0]

    def cost(self) -> tuple[float, float]:
        count = len(self.blocks)
        flops = count * 2.0 * 2 ** (self.n + self.width) * (2 if self.real else 4)
        return flops, float(count * (1 + self.width) + self.n)

    def describe(self) -> str:
        return (
            f"table of {len(self.blocks)} matrices on {self.width} qubits from {len(self.items)} "
            "gates, run as one loop: too many different ones to compile each"
        )


def _mover(n: int, place: int, back: bool) -> Callable[[Any], Any]:
    shape = (2, 2**place, 2 ** (n - 1 - place))
    if not back:
        shape = (shape[1], shape[0], shape[2])

    def move(parts: Any) -> Any:
        if place == 0:
            return parts
        return jax.tree.map(lambda x: x.reshape(shape).swapaxes(0, 1).reshape(-1), parts)

    return move


def _flat(state: Pair) -> Pair:
    return state[0].reshape(-1), None if state[1] is None else state[1].reshape(-1)


def _shaped(state: Pair, shape: tuple[int, ...]) -> Pair:
    return state[0].reshape(shape), None if state[1] is None else state[1].reshape(shape)


def _filled(qubits: Sequence[int], width: int, n: int) -> tuple[int, ...]:
    """``qubits`` and, until there are ``width``, the first others."""
    others = (q for q in range(n) if q not in qubits)
    return (*qubits, *(next(others) for _ in range(width - len(qubits))))


def _itinerary(
    blocks: Sequence[tuple[int, ...]], wires: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Where each block's qubits stand when they are brought to the front, last one first; and the
    moves that bring all qubits home."""
    order = list(range(len(wires)))

    def fetch(qubit: int) -> int:
        place = order.index(qubit)
        order.insert(0, order.pop(place))
        return place

    moves = np.array([[fetch(q) for q in reversed(qs)] for qs in blocks], np.int32)
    home = np.array([fetch(wire) for wire in reversed(wires)], np.int32)
    return moves, home


def _gathers(n: int, moves: np.ndarray) -> np.ndarray:
    """The same moves as index and inverse index, ``(2, blocks, 2**n)``."""
    index = np.empty((len(moves), 2**n), np.int32)
    for row, places in zip(index, moves, strict=True):
        row[:] = np.arange(2**n)
        for place in places:
            row[:] = row.reshape(2**place, 2, -1).swapaxes(0, 1).reshape(-1)
    inverse = np.argsort(index, axis=1).astype(np.int32)
    return np.stack([index, inverse])


def _alike(items: Sequence[Item]) -> list[list[int]]:
    """The places of the items whose matrices can be computed together."""
    groups: dict[tuple, list[int]] = {}
    for k, item in enumerate(items):
        groups.setdefault(_kind(item), []).append(k)
    return list(groups.values())


def _places(
    blocks: Sequence[Block], groups: Sequence[Sequence[int]], width: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where each entry of each slot's matrices comes from, the inverse, and the empty slots.

    The entries of all small matrices stand one after another, group by group. A slot is a gate's
    place in its block: entries of ``(slots, 2**width, 2**width, blocks)``.
    """
    items = [item for _, items in blocks for item in items]
    size = {k: 4 ** len(items[k].qubits) for group in groups for k in group}
    starts = dict(zip(size, np.cumsum([0, *size.values()]), strict=False))
    total, d, longest = sum(size.values()), 2**width, max(len(items) for _, items in blocks)
    index = np.full((longest, d, d, len(blocks)), total, np.int32)
    empty = np.ones((longest, len(blocks)))
    number = 0
    for b, (qubits, members) in enumerate(blocks):
        for slot, item in enumerate(members):
            spread = _spread(tuple(qubits.index(q) for q in item.qubits), width)
            index[slot, :, :, b] = np.where(spread < size[number], starts[number] + spread, total)
            empty[slot, b] = 0
            number += 1
    return index.reshape(-1, 1), _inverse(index.reshape(-1), total), empty


def _inverse(index: np.ndarray, total: int) -> np.ndarray:
    """For each of ``total`` entries, where ``index`` names it, padded past the end."""
    order = np.argsort(index, kind="stable")
    counts = np.bincount(index, minlength=total + 1)[:total]
    out = np.full((total, max(counts)), len(index), np.int32)
    column = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    out[np.repeat(np.arange(total), counts), column] = order[: counts.sum()]
    return out


def _kind(item: Item) -> tuple:
    """What items must share to have their matrices computed together."""
    free = tuple(getattr(p, "is_complex", None) for p in item.params)
    return (item.name, item.static, item.inverted, item.values, len(item.targets), free)


class _Numbers:
    """The scalar parameters of many gates in one vector, from which they are read by index.

    Stacking them kind by kind would compile a chain of choices for each kind, and for the
    derivative a kernel for every single parameter.
    """

    def __init__(self, items: Sequence[Item], leaves: Sequence[Any], dtype: Any) -> None:
        self.leaves, self.dtype = leaves, dtype
        params = dict.fromkeys(p for item in items for p in item.params)
        scalars = [p for p in params if isinstance(p, Leaf) and self._is_scalar(p)]
        fixed = [p for p in params if not isinstance(p, Leaf)]
        scalars.sort(key=lambda p: p.index)
        self.place: dict[Parameter, int] = {p: k for k, p in enumerate([*scalars, *fixed])}
        parts = [jnp.reshape(x, 1) for x in fetch(scalars, leaves, dtype)]
        self.all = jnp.concatenate([*parts, jnp.asarray(np.array(fixed, float), dtype)])

    def _is_scalar(self, p: Leaf) -> bool:
        return not p.is_complex and np.ndim(self.leaves[p.index]) == 0

    def column(self, params: Sequence[Parameter]) -> Any:
        """One parameter of many gates, ``(count, ...)``."""
        if all(p in self.place for p in params):
            return self.all[np.array([self.place[p] for p in params])]
        return jnp.stack(fetch(params, self.leaves, self.dtype))


def _matrices(items: Sequence[Item], numbers: _Numbers, dtype: Any) -> Pair:
    """The matrices of items of one kind, controls included: ``(count, d, d)``."""
    first = items[0]

    def one(params: tuple[Any, ...]) -> Any:
        matrix = first.spec.matrix(params, first.static, complex_of(dtype))
        return embed_controls(matrix.conj().T if first.inverted else matrix, first)

    if first.params:
        columns = zip(*(item.params for item in items), strict=True)
        table = jax.vmap(one)(tuple(numbers.column(c) for c in columns))
    else:
        matrix = one(())
        table = jnp.broadcast_to(matrix, (len(items), *matrix.shape))
    return jnp.real(table), None if first.real else jnp.imag(table)


@cache
def _spread(places: tuple[int, ...], width: int) -> np.ndarray:
    """For each entry of the matrix on a block, the entry of the small matrix; past its end for
    entries that are zero."""
    index = np.arange(2**width)
    bits = index[:, None] >> (width - 1 - np.arange(width)) & 1
    small = np.zeros(2**width, int)
    for p in places:
        small = 2 * small + bits[:, p]
    rest = bits.copy()
    rest[:, list(places)] = 0
    alike = np.all(rest[:, None] == rest[None], axis=2)
    size = 2 ** len(places)
    return np.where(alike, small[:, None] * size + small[None], size * size).astype(np.int32)
