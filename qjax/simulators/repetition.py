"""Repetition in a flat list of operations, found so that it can run as a scan.

A Python loop that appends the same layer fifty times gives a list whose structure has a period;
only the parameters differ from turn to turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import numpy as np

from ..circuit import Operation
from .steps.step import Leaf

LEAST_OPERATIONS = 48  # a shorter list compiles quickly enough as it is
LEAST_TURNS = 4
LONGEST_PERIOD = 4096


@dataclass(frozen=True)
class Turns:
    """``ops`` (those of the first turn) run ``length`` times.

    ``sources`` says for each leaf of the first turn which leaves take its place, turn by turn.
    """

    ops: tuple[Operation, ...]
    length: int
    sources: dict[int, tuple[int, ...]]


def find_repetition(ops: Sequence[Operation]) -> list[Operation | Turns]:
    """The operations with every long repetition replaced by one `Turns`."""
    if len(ops) < LEAST_OPERATIONS:
        return list(ops)
    names: dict[object, int] = {}
    tokens = np.array([names.setdefault(_structure(op), len(names)) for op in ops])
    found = _longest(tokens)
    if found is None:
        return list(ops)
    start, period, turns = found
    stop = start + period * turns
    body = tuple(ops[start : start + period])
    columns = [
        [leaf.index for leaf in jax.tree.leaves(tuple(ops[a : a + period]))]
        for a in range(start, stop, period)
    ]
    sources = {first: tuple(column) for first, *column in zip(columns[0], *columns, strict=True)}
    before, after = find_repetition(ops[:start]), find_repetition(ops[stop:])
    return [*before, Turns(body, turns, sources), *after]


def _structure(op: Operation) -> object:
    leaves, treedef = jax.tree.flatten(op, is_leaf=lambda x: isinstance(x, Leaf))
    return treedef, tuple(leaf.is_complex for leaf in leaves)


def _longest(tokens: np.ndarray) -> tuple[int, int, int] | None:
    """(start, period, turns) of the repetition that covers most; the shortest period of equals."""
    best, covered = None, LEAST_OPERATIONS - 1
    for period in range(1, min(len(tokens) // LEAST_TURNS, LONGEST_PERIOD) + 1):
        same = tokens[:-period] == tokens[period:]
        edges = np.flatnonzero(np.diff(np.concatenate([[0], same, [0]]).astype(int)))
        starts, stops = edges[::2], edges[1::2]
        if not len(starts):
            continue
        turns = 1 + (stops - starts) // period
        k = int(np.argmax(turns))
        if turns[k] >= LEAST_TURNS and turns[k] * period > covered:
            best, covered = (int(starts[k]), period, int(turns[k])), int(turns[k]) * period
    return best
