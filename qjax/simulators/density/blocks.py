"""Gates and channels on one or two qubits, fused into blocks: one real matrix each.

Blocks that consist of the same operations in the same places are computed together, so the number
of traced operations does not grow with their number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax.numpy as jnp
import numpy as np

from ..kernels import HIGHEST, Pair, apply_matrix
from ..steps.step import Leaf, Parameter, Step
from .basis import axes_of
from .together import Row, stack, together, value_of_row
from .transfer import Form, tables

LARGEST = 3  # qubits of the largest operation that becomes a transfer matrix
FUSED = 2  # qubits that operations may grow to in one block
SMALL = 8  # bits of registers where an elementwise loop is faster than a matrix product


@dataclass(frozen=True)
class Placed:
    """An operation: its form, the qubits in ascending order, its parameters."""

    form: Form
    qubits: tuple[int, ...]
    params: tuple[Parameter, ...]


@dataclass
class Chain:
    """Operations in succession on the same qubits of a block."""

    qubits: tuple[int, ...]
    items: list[Placed]

    @property
    def forms(self) -> tuple[Form, ...]:
        return tuple(item.form for item in self.items)


@dataclass
class Block:
    """Operations on a few qubits, in order."""

    qubits: tuple[int, ...]
    items: list[Placed] = field(default_factory=list)

    def chains(self) -> list[Chain]:
        """The operations, those on one and the same qubit of the block taken together."""
        out: list[Chain] = []
        open_chains: dict[tuple[int, ...], Chain] = {}
        for item in self.items:
            touching = [qs for qs in open_chains if set(qs) & set(item.qubits)]
            if touching == [item.qubits]:
                open_chains[item.qubits].items.append(item)
                continue
            for qs in touching:
                del open_chains[qs]
            open_chains[item.qubits] = Chain(item.qubits, [item])
            out.append(open_chains[item.qubits])
        return out


class Fusion:
    """Blocks that are still open: an operation joins the last block that it can reach.

    With ``paired`` what is left over on single neighbouring qubits makes blocks of two.
    """

    def __init__(self, paired: bool = True) -> None:
        self.paired = paired
        self.blocks: list[Block] = []
        self.last: dict[int, Block] = {}

    def add(self, item: Placed) -> None:
        """Put an operation into a block."""
        mine = [self.last.get(q) for q in item.qubits]
        home = mine[0]
        if home is not None and all(b is home for b in mine) and _fits(item, home):
            home.items.append(item)
            return
        block = Block(item.qubits)
        if len(item.qubits) <= FUSED:
            for single in mine:
                if single is not None and len(single.qubits) == 1:
                    block.items += single.items
                    self.blocks.remove(single)
        block.items.append(item)
        self.blocks.append(block)
        self.last.update(dict.fromkeys(item.qubits, block))

    def close(self) -> list[Block]:
        """All blocks in order."""
        waiting: list[Block] = []
        for q in sorted(self.last):
            block = self.last[q]
            if len(block.qubits) > 1 or not self.paired:
                continue
            if waiting and waiting[-1].qubits == (q - 1,):
                other = waiting.pop()
                self.blocks = [b for b in self.blocks if b is not other and b is not block]
                self.blocks.append(Block((q - 1, q), other.items + block.items))
            else:
                waiting.append(block)
        out, self.blocks, self.last = self.blocks, [], {}
        return out


def _fits(item: Placed, block: Block) -> bool:
    return len(block.qubits) <= FUSED or item.qubits == block.qubits


class BlocksStep(Step):
    """A sequence of blocks."""

    kind = "channels"
    real = True

    def __init__(self, n: int, blocks: Sequence[Block], register: int) -> None:
        self.n, self.blocks, self.register = n, tuple(blocks), register
        self.qubits = frozenset(q for b in blocks for q in b.qubits)
        self.items = [item for b in blocks for item in b.items]
        self.leaves = frozenset(
            p.index for item in self.items for p in item.params if isinstance(p, Leaf)
        )

    def apply(self, state: Pair, coefficients: list[Any]) -> Pair:
        for block, matrix in zip(self.blocks, coefficients, strict=True):
            m = jnp.asarray(matrix, state[0].dtype)
            if len(block.qubits) == 1 and self.register <= SMALL:
                state = (_on_one_qubit(m, state[0], block.qubits[0]), None)
                continue
            state = apply_matrix(state, (m, None), axes_of(block.qubits), self.register)
        return state

    def cost(self) -> tuple[float, float]:
        flops = sum(2.0 * 4 ** len(b.qubits) * 2**self.register for b in self.blocks)
        return flops, float(len(self.blocks))

    def describe(self) -> str:
        parts = [f"{b.qubits} from {len(b.items)} operations" for b in self.blocks]
        return "transfer matrices on " + ", ".join(parts)


def _on_one_qubit(matrix: Any, x: Any, qubit: int) -> Any:
    """A matrix on one qubit as one loop, its derivatives too."""
    parts = x.reshape(4**qubit, 1, 4, -1)
    return jnp.sum(matrix[None, :, :, None] * parts, axis=2).reshape(x.shape)


def value_of(p: Parameter, leaves: Sequence[Any], dtype: Any) -> Any:
    """A parameter: a leaf in the precision of the state (or its complex partner), or a number."""
    if not isinstance(p, Leaf):
        return jnp.asarray(p, dtype)
    x = jnp.asarray(leaves[p.index])
    return x.astype(np.result_type(dtype, np.complex64) if p.is_complex else dtype)


def block_matrices(blocks: Sequence[Block], operands: Operands, dtype: Any) -> list[Any]:
    """The transfer matrix of every block; equal chains, then equal blocks, in one go each."""
    chains = [block.chains() for block in blocks]
    jobs = [
        (chain.forms, [v for item in chain.items for v in operands[item]])
        for some in chains
        for chain in some
    ]
    made = iter(together(jobs, lambda forms, values: chain_matrix(forms, values, dtype)))
    jobs_of_blocks = []
    for block, some in zip(blocks, chains, strict=True):
        place = {q: i for i, q in enumerate(block.qubits)}
        parts = tuple((tuple(place[q] for q in c.qubits), c.forms) for c in some)
        jobs_of_blocks.append(((len(block.qubits), parts), [next(made) for _ in some]))
    matrices = together(jobs_of_blocks, lambda key, values: block_matrix(key, values, dtype))
    return [value_of_row(m) for m in matrices]


Operands = Mapping[Placed, list[Any]]
"""What is known of each operation: its matrix, where one table holds those of its kind, else the
values of its parameters."""


def operands_of(items: Sequence[Placed], leaves: Sequence[Any], dtype: Any) -> Operands:
    """Operations to their operands; matrices of gates with one angle are rows of a table.

    The sines and cosines are operands of a matrix product and so computed once each; XLA would
    repeat them for every element of an elementwise expression.
    """
    out: dict[Placed, list[Any]] = {}
    kinds: dict[Form, list[Placed]] = {}
    for item in dict.fromkeys(items):
        out[item] = [value_of(p, leaves, dtype) for p in item.params]
        if item.form.tabled:
            kinds.setdefault(item.form, []).append(item)
    stacks = {form: stack([out[item][0] for item in some]) for form, some in kinds.items()}
    for form, table in tables(stacks, dtype).items():
        some = kinds[form]
        out |= {item: [Row(table, k)] for k, item in enumerate(some)}
    return out


def chain_matrix(forms: Sequence[Form], values: Sequence[Any], dtype: Any) -> Any:
    """The product of operations on the same qubits: a matrix, or a diagonal as a vector."""
    source = iter(values)
    whole: Any = None
    for form in forms:
        if form.tabled:
            m = next(source)
        else:
            params = [next(source) for _ in form.item.params]
            m = form.matrix(params, dtype) if form.constant is None else form.constant
        whole = m if whole is None else _times(m, whole, dtype)
    return whole


def block_matrix(key: tuple, values: Sequence[Any], dtype: Any) -> Any:
    """The matrix of a block from those of its chains; NumPy where nothing has parameters."""
    size, parts = key
    pending: dict[int, Any] = {}
    whole: Any = None
    for (places, _), m in zip(parts, values, strict=True):
        if len(places) < size:
            pending[places[0]] = m
            continue
        if pending:
            whole = _fold(pending, whole, dtype)
            pending = {}
        whole = m if whole is None else _times(m, whole, dtype)
    if pending:
        whole = _fold(pending, whole, dtype)
    if whole.ndim == 1:
        return np.diag(whole) if isinstance(whole, np.ndarray) else jnp.diag(whole)
    return whole


def _fold(pending: dict[int, Any], whole: Any, dtype: Any) -> Any:
    """Matrices of single qubits on a block of two, multiplied onto what is there."""
    a, b = (pending.get(place, np.ones(4)) for place in (0, 1))
    xp: Any = np
    if not (isinstance(a, np.ndarray) and isinstance(b, np.ndarray)):
        a, b, xp = jnp.asarray(a, dtype), jnp.asarray(b, dtype), jnp
    if a.ndim != b.ndim:
        a, b = (xp.diag(m) if m.ndim == 1 else m for m in (a, b))
    if a.ndim == 1:
        both = (a[:, None] * b[None, :]).reshape(16)
    else:
        both = (a[:, None, :, None] * b[None, :, None, :]).reshape(16, 16)
    return both if whole is None else _times(both, whole, dtype)


def _times(a: Any, b: Any, dtype: Any) -> Any:
    """The product of two matrices, each of which may be a diagonal given as a vector."""
    fixed = isinstance(a, np.ndarray) and isinstance(b, np.ndarray)
    if not fixed:
        a, b = jnp.asarray(a, dtype), jnp.asarray(b, dtype)
    if a.ndim == 1:
        return a * b if b.ndim == 1 else a[:, None] * b
    if b.ndim == 1:
        return a * b[None, :]
    if fixed:
        return a @ b
    if len(a) == 4:  # one fused loop; a matrix product of this size is all overhead
        return jnp.sum(a[:, :, None] * b[None, :, :], axis=1)
    return jnp.matmul(a, b, precision=HIGHEST)
