"""Gates as arrays: every gate of a circuit listed once, those of one kind computed together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ...circuit import Barrier, Gate, Layers, Operation, Repeat
from ...gates import TABLE
from ..steps.local import embed_controls
from ..steps.step import Item, Leaf, complex_of
from .basis import mm


@dataclass(frozen=True)
class Place(Leaf):
    """A parameter: a leaf of the circuit, and for leaves of repeated blocks the turn."""

    turn: tuple[int, ...] = ()


def unrolled(ops: Sequence[Operation]) -> Iterator[Operation]:
    """Every operation in order, blocks unrolled, gates with the controls of their names."""
    for op in ops:
        if isinstance(op, Layers):
            places, treedef = jax.tree.flatten(op.ops, is_leaf=lambda x: isinstance(x, Place))
            turns = range(op.length)
            for t in reversed(turns) if op.reverse else turns:
                moved = [
                    replace(p, turn=(*p.turn, t)) if s else p
                    for p, s in zip(places, op.stacked, strict=True)
                ]
                yield from unrolled(treedef.unflatten(moved))
        elif isinstance(op, Repeat):
            for _ in range(op.length):
                yield from unrolled(op.ops)
        elif isinstance(op, Gate):
            yield op.resolve()
        elif not isinstance(op, Barrier):
            yield op


def as_items(gate: Gate) -> list[Item]:
    """The gate as the items that act: long Pauli rotations as a ladder of CNOTs."""
    item = Item(
        gate.name,
        gate.params,
        gate.targets,
        gate.controls,
        gate.values,
        gate.static,
        gate.inverted,
    )
    if item.name == "I":
        return []
    if item.name == "PauliRotation" and len(item.targets) > 2 and not item.controls:
        return _ladder(item)
    return [item]


def _ladder(item: Item) -> list[Item]:
    where = [q for q, c in zip(item.targets, item.static, strict=True) if c != "I"]
    turns = {"X": ("H",), "Y": ("Sdg", "H")}
    change = [
        Item(name, (), (q,))
        for q, c in zip(item.targets, item.static, strict=True)
        for name in turns.get(c, ())
    ]
    where.sort()
    steps = [Item("X", (), (b,), (a,), (1,)) for a, b in pairwise(where)]
    undo = {"H": "H", "Sdg": "S"}
    back = [Item(undo[i.name], (), i.targets) for i in reversed(change)]
    if not where:
        return [item]
    middle = Item("RZ", item.params, (where[-1],), inverted=item.inverted)
    return [*change, *steps, middle, *reversed(steps), *back]


@dataclass(frozen=True)
class Entry:
    """One item within a slot: ``where`` are the sites (0, 1) of its qubits in the slot."""

    item: Item
    slot: int
    where: tuple[int, ...]


def slot_matrices(slots: int, entries: Sequence[Entry], leaves: Sequence[Any], dtype: Any) -> Any:
    """The product of the items of every slot, ``(slots, 4, 4)``, complex.

    Args:
        entries: in order of application.
        dtype: real dtype in which parameters are prepared.
    """
    rounds: list[list[int]] = []
    depth: dict[int, int] = {}
    for k, entry in enumerate(entries):
        r = depth.get(entry.slot, 0)
        depth[entry.slot] = r + 1
        if r == len(rounds):
            rounds.append([])
        rounds[r].append(k)
    groups: dict[tuple, list[int]] = {}
    for k, entry in enumerate(entries):
        groups.setdefault(_kind(entry), []).append(k)
    row = np.empty(len(entries), int)
    tables, start = [], 0
    for members in groups.values():
        tables.append(_table([entries[k] for k in members], leaves, dtype))
        row[members] = start + np.arange(len(members))
        start += len(members)
    eye = jnp.eye(4, dtype=complex_of(dtype))
    out = jnp.broadcast_to(eye, (slots, 4, 4))
    if not tables:
        return out
    table = jnp.concatenate(tables)
    for k, members in enumerate(rounds):
        ids = np.array([entries[j].slot for j in members])
        chosen = table[row[members]]
        if k == 0:
            out = out.at[ids].set(chosen)
        elif len(ids) == slots and np.array_equal(ids, np.arange(slots)):
            out = mm(chosen, out)
        else:
            out = out.at[ids].set(mm(chosen, out[ids]))
    return out


def _kind(entry: Entry) -> tuple:
    item = entry.item
    params = tuple(
        (p.is_complex, len(p.turn)) if isinstance(p, Place) else None for p in item.params
    )
    return (
        item.name,
        item.static,
        item.inverted,
        item.values,
        len(item.targets),
        entry.where,
        params,
    )


def _table(entries: Sequence[Entry], leaves: Sequence[Any], dtype: Any) -> Any:
    """Matrices of entries of one kind, on two sites: ``(len(entries), 4, 4)``."""
    first = entries[0]
    columns = [
        collected([e.item.params[k] for e in entries], leaves, dtype)
        for k in range(len(first.item.params))
    ]

    def one(params: Any) -> Any:
        return _on_two(first.item, params, first.where, complex_of(dtype))

    if not columns:
        return jnp.broadcast_to(one(()), (len(entries), 4, 4))
    return jax.vmap(one)(tuple(columns))


def item_matrix(item: Item, params: tuple, dtype: Any) -> Any:
    """The matrix on controls and targets."""
    if item.name == "StatePrep":
        matrix = jnp.zeros((params[0].shape[0],) * 2, dtype).at[:, 0].set(params[0].astype(dtype))
    else:
        matrix = TABLE[item.name].matrix(params, item.static, dtype)
    return embed_controls(matrix.conj().T if item.inverted else matrix, item)


def _on_two(item: Item, params: tuple, where: tuple[int, ...], dtype: Any) -> Any:
    matrix = item_matrix(item, params, dtype)
    eye = jnp.eye(2, dtype=dtype)
    if not where:  # a global phase
        return matrix[0, 0] * jnp.eye(4, dtype=dtype)
    if where == (0,):
        return jnp.kron(matrix, eye)
    if where == (1,):
        return jnp.kron(eye, matrix)
    if where == (1, 0):
        matrix = matrix.reshape(2, 2, 2, 2).transpose(1, 0, 3, 2).reshape(4, 4)
    return matrix


def collected(params: Sequence[Any], leaves: Sequence[Any], dtype: Any) -> Any:
    """The values of parameters of one kind, stacked."""
    if not isinstance(params[0], Place):
        return jnp.asarray(np.array([np.asarray(p) for p in params]), dtype)
    kind = complex_of(dtype) if params[0].is_complex else dtype
    offsets: dict[int, int] = {}
    arrays, start, index = [], 0, []
    for p in params:
        x = leaves[p.index]
        axes = len(p.turn)
        if p.index not in offsets:
            offsets[p.index] = start
            flat = jnp.asarray(x).astype(kind).reshape(-1, *x.shape[axes:])
            arrays.append(flat)
            start += flat.shape[0]
        turn = int(np.ravel_multi_index(p.turn, x.shape[:axes])) if axes else 0
        index.append(offsets[p.index] + turn)
    values = arrays[0] if len(arrays) == 1 else jnp.concatenate(arrays)
    order = np.array(index)
    return values if np.array_equal(order, np.arange(start)) else values[order]
