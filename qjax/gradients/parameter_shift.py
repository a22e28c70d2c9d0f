"""Exact derivatives from shifted expectation values: what a quantum computer can do, too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_derivatives import SymbolicZero

from ..circuit import Circuit, Gate, Layers, Operation, Repeat
from ..errors import UnsupportedError
from ..simulators.protocol import ExpvalQuery, Program, Query, Simulator, Structure


@dataclass(frozen=True)
class ParameterShift:
    """Derivatives of expectation values by the general parameter-shift rule.

    Every occurrence of a parameter is shifted by itself and JAX's chain rule does the rest, so
    shared and rescaled parameters are right; gates with several frequencies (CRX, fSim, ...) get
    as many pairs of shifts as they have frequencies. All shifted circuits run as one batch.

    Args:
        batch: how many shifted circuits run at once (None: all of them).

    Raises:
        UnsupportedError: another question than `expval`; a derivative with respect to a parameter
            without a finite spectrum (a matrix, SU2, SU4, Evolution).

    Source: Wierichs, Izaac, Wang and Lin, arXiv:2107.12390, equations (6) and (12).
    """

    batch: int | None = None

    @property
    def random(self) -> bool:
        return False

    def program(self, sim: Simulator, structure: Structure, query: Query) -> Program:
        if not isinstance(query, ExpvalQuery):
            raise UnsupportedError(
                f"ParameterShift differentiates expectation values, not a {type(query).__name__}",
                fix="use gradient=qjax.Backprop()",
            )
        occurrences = Occurrences(structure)
        inner = sim.compile(occurrences.structure, query)

        def program(leaves: Sequence[Any], query_leaves: Sequence[Any], key: Any) -> Any:
            value = _shifted(inner, occurrences, self.batch)
            return value(occurrences.expand(leaves), list(query_leaves), key)

        return program


class Occurrences:
    """A circuit in which every occurrence of a parameter has its own leaf entry."""

    def __init__(self, structure: Structure) -> None:
        count = structure.treedef.num_leaves
        circuit: Circuit = jax.tree.unflatten(structure.treedef, [_Place(k) for k in range(count)])
        self.repeats: dict[int, tuple[tuple[int, int], ...]] = {}
        unrolled = Circuit.tree_unflatten(
            (circuit.n, circuit.bits),
            (tuple(self._unshare(op, ()) for op in circuit.ops),),
        )
        places, treedef = jax.tree.flatten(unrolled, is_leaf=lambda x: isinstance(x, _Place))
        self.order = [p.index for p in places]
        self.structure = Structure(
            treedef,
            structure.n,
            structure.bits,
            tuple(structure.complex_leaves[k] for k in self.order),
        )
        self.exponents: list[tuple[float, ...] | None] = [None] * len(places)
        self.names = [""] * len(places)
        number = {id(p): k for k, p in enumerate(places)}
        for op in unrolled.ops:
            self._read(op, number)

    def _unshare(self, op: Operation, axes: tuple[tuple[int, int], ...]) -> Operation:
        """Blocks with every leaf given the block's axis; remember which axes each leaf gains."""
        if isinstance(op, Repeat):
            depth = len(axes)
            mine = (*axes, (depth, op.times))
            ops = tuple(self._unshare(o, mine) for o in op.ops)
            count = len(jax.tree.leaves(ops))
            return object.__new__(Layers)._set(ops, (True,) * count, False, op.times)
        if isinstance(op, Layers):
            leaves, treedef = jax.tree.flatten(op.ops)
            for leaf, stacked in zip(leaves, op.stacked, strict=True):
                leaf.own[len(axes)] = stacked
            ops = tuple(
                self._unshare(o, (*axes, (len(axes), op.length))) for o in treedef.unflatten(leaves)
            )
            count = len(jax.tree.leaves(ops))
            return object.__new__(Layers)._set(ops, (True,) * count, op.reverse, op.length)
        for p in jax.tree.leaves(op):
            self.repeats[p.index] = tuple(
                (axis, length) for axis, length in axes if not p.own.get(axis, False)
            )
        return op

    def _read(self, op: Operation, number: dict[int, int]) -> None:
        if isinstance(op, Layers):
            for inner in op.ops:
                self._read(inner, number)
        elif isinstance(op, Gate):
            plain = op.resolve()
            for p, exponents in zip(plain.params, _exponents(plain), strict=True):
                self.exponents[number[id(p)]] = exponents
                self.names[number[id(p)]] = op.name
        else:
            for p in jax.tree.leaves(op):
                self.names[number[id(p)]] = getattr(op, "name", type(op).__name__)

    def expand(self, leaves: Sequence[Any]) -> list[Any]:
        """The leaves with the axes of the blocks that they are shared by."""
        out = []
        for k in self.order:
            x = jnp.asarray(leaves[k])
            for axis, length in self.repeats[k]:
                x = jnp.expand_dims(x, axis)
                x = jnp.broadcast_to(x, (*x.shape[:axis], length, *x.shape[axis + 1 :]))
            out.append(x)
        return out


class _Place:
    """A leaf's number, and for which block depths it has an axis of its own."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.own: dict[int, bool] = {}


def _exponents(gate: Gate) -> list[tuple[float, ...] | None]:
    exponents = list(gate.spec.exponents)
    exponents += [None] * (len(gate.params) - len(exponents))
    if gate.controls:
        exponents = [None if e is None else (0.0, *e) for e in exponents]
    return exponents


@lru_cache(maxsize=256)
def shift_rule(exponents: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """(shifts, weights) with ``f'(0) = sum_k weights[k] (f(shifts[k]) - f(-shifts[k])) / 2``.

    Exact for sums of ``exp(i w t)`` over the differences ``w`` of the exponents.
    """
    gaps = {round(abs(a - b), 9) for a in exponents for b in exponents} - {0.0}
    frequencies = np.array(sorted(gaps))
    count = len(frequencies)
    if count == 0:
        return np.zeros(0), np.zeros(0)
    shifts = (2 * np.arange(1, count + 1) - 1) * np.pi / (2 * count * frequencies[0])
    if not np.allclose(frequencies / frequencies[0], np.arange(1, count + 1)):
        shifts = np.pi * np.arange(1, count + 1) / ((count + 1) * frequencies[0])
    weights = np.linalg.solve(np.sin(np.outer(frequencies, shifts)), frequencies)
    return shifts, weights


def _shifted(inner: Program, occurrences: Occurrences, batch: int | None) -> Any:
    @jax.custom_jvp
    def value(leaves: list[Any], asked: list[Any], key: Any) -> Any:
        return inner(leaves, asked, key)

    def rule(primals: Any, tangents: Any) -> Any:
        (leaves, asked, key), (moved, asked_moved, _) = primals, tangents
        which = [k for k, t in enumerate(moved) if not isinstance(t, SymbolicZero)]
        out = value(leaves, asked, key)
        slope = jax.tree.map(jnp.zeros_like, out)
        if which:
            slope = _shift_slope(value, leaves, asked, moved, which, occurrences, batch, key)
        if any(not isinstance(t, SymbolicZero) for t in asked_moved):
            dense = [
                jnp.zeros_like(a) if isinstance(t, SymbolicZero) else t
                for a, t in zip(asked, asked_moved, strict=True)
            ]
            _, extra = jax.jvp(lambda q: inner(leaves, q, key), (asked,), (dense,))
            slope = jax.tree.map(lambda a, b: a + b, slope, extra)
        return out, slope

    value.defjvp(rule, symbolic_zeros=True)
    return value


def _shift_slope(
    value: Any,
    leaves: list[Any],
    asked: list[Any],
    moved: Sequence[Any],
    which: list[int],
    occurrences: Occurrences,
    batch: int | None,
    key: Any,
) -> Any:
    rules = {}
    for k in which:
        exponents = occurrences.exponents[k]
        if exponents is None:
            raise UnsupportedError(
                f"ParameterShift has no rule for a parameter of {occurrences.names[k]}",
                expected="parameters of rotations and phases, which have a finite spectrum",
                fix="use gradient=qjax.Backprop() or Adjoint(), or write the gate as rotations",
            )
        rules[k] = shift_rule(exponents)
    total = sum(2 * len(rules[k][0]) * int(leaves[k].size) for k in which)
    if total == 0:
        return jax.tree.map(jnp.zeros_like, value(leaves, asked, key))
    offsets: dict[int, np.ndarray] = {k: np.zeros((total, int(leaves[k].size))) for k in which}
    weight = []
    row = 0
    for k in which:
        shifts, weights = rules[k]
        for entry in range(int(leaves[k].size)):
            for s, w in zip(shifts, weights, strict=True):
                for sign in (1, -1):
                    offsets[k][row, entry] = sign * s
                    weight.append((k, entry, sign * w / 2))
                    row += 1

    def one(change_and_key: Any) -> Any:
        change, own_key = change_and_key
        turned = list(leaves)
        for k, delta in change.items():
            turned[k] = leaves[k] + delta.reshape(leaves[k].shape).astype(leaves[k].dtype)
        return value(turned, asked, own_key)

    # Where results are random, every shifted run has randomness of its own.
    keys = None if key is None else jax.random.split(jax.random.fold_in(key, 1), total)
    stacked = {k: jnp.asarray(v, leaves[k].dtype) for k, v in offsets.items()}
    if batch is None or batch >= total:
        results = jax.vmap(one)((stacked, keys))
    else:
        results = jax.lax.map(one, (stacked, keys), batch_size=batch)
    flat = {k: moved[k].reshape(-1) for k in which}
    pieces = [
        flat[k] @ _collect(weight, k, int(leaves[k].size), total, flat[k].dtype) for k in which
    ]

    def combine(x: Any) -> Any:
        per_row = sum((p.astype(x.dtype) for p in pieces), jnp.zeros(total, x.dtype))
        return jnp.tensordot(per_row, x, 1)

    return jax.tree.map(combine, results)


def _collect(weight: list[Any], k: int, size: int, total: int, dtype: Any) -> Any:
    """Row weights of leaf ``k`` as a matrix from its tangent's entries to the shifted runs."""
    table = np.zeros((size, total))
    for row, (leaf, entry, w) in enumerate(weight):
        if leaf == k:
            table[entry, row] = w
    return jnp.asarray(table, dtype)
