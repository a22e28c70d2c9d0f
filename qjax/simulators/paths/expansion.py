"""A Pauli word followed back through a circuit: the trigonometric polynomial that it ends as.

A Clifford gate turns a word into another one, a rotation that does not commute with it into two,
with the cosine and the sine of the angle as factors. Only paths that end in a word of I and Z count
on ``|0...0>``; all others are dropped when the circuit's structure is first seen.

Source: Rall, Liang, Cook, Kretschmer, arXiv:1901.09070 (Pauli propagation); Nemkov, Kiktenko,
Fedorov, arXiv:2304.03787 (the polynomial).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import numpy as np

from ...circuit import Barrier, Circuit, Gate
from ...pauli import Word
from ..density.blocks import LARGEST, Placed
from ..density.plan import gate_item, placed
from ..density.spread import Spread
from ..density.transfer import Form
from ..steps.step import Leaf, Parameter

LEAST = 1e-15
"""Coefficients below are zeros of rounding."""

Letters = tuple[int, ...]  # of every qubit: I, X, Y, Z as 0 to 3
Factors = tuple[tuple[int, int], ...]  # (which gate, which of its waves)
Branches = tuple[tuple[tuple[Letters, int, float], ...], ...]


@dataclass(frozen=True, eq=False)
class Paths:
    """The expectation values of some words as polynomials of waves.

    ``value[w] = sum_t weights[w, t] prod_a waves[a, index[a, t]]`` with the waves ``1, cos(f x),
    sin(f x)`` of angle ``x = angles[a]``.

    Attributes:
        angles: whose waves appear.
        frequencies: of each angle, shape (A, F).
        index: the wave of each angle on each path, shape (A, T).
        weights: shape (W, T).
    """

    angles: tuple[Parameter, ...]
    frequencies: np.ndarray
    index: np.ndarray
    weights: np.ndarray

    @property
    def cost(self) -> int:
        """Factors of all paths together."""
        return self.index.size

    @property
    def spread(self) -> Spread | None:
        """The products of all paths; None where no angle matters."""
        return Spread(self.index) if self.index.size else None


@lru_cache(maxsize=512)
def expand(
    structure: Any, complex_leaves: tuple[bool, ...], words: tuple[Word, ...], limit: int
) -> Paths | None:
    """The paths of words through a circuit's structure (its treedef).

    Args:
        structure: the treedef of a circuit.
        complex_leaves: which of its leaves are complex.
        words: what is measured.
        limit: the largest number of words that one word may have become at any gate.

    Returns:
        None where there are more, or where an operation is none of the gates with a transfer matrix
        that is constant or a function of one angle.
    """
    leaves = [Leaf(k, c) for k, c in enumerate(complex_leaves)]
    circuit: Circuit = jax.tree.unflatten(structure, leaves)
    gates = _gates(circuit)
    if gates is None:
        return None
    found = []
    for word in words:
        polynomial = _polynomial(gates, word, circuit.n, limit)
        if polynomial is None:
            return None
        found.append(polynomial)
    return _tables(gates, found)


def _gates(circuit: Circuit) -> list[Placed] | None:
    out = []
    for op in circuit.ops:
        if isinstance(op, Barrier):
            continue
        if not isinstance(op, Gate):
            return None
        item = gate_item(op)
        if not item.qubits or item.name == "I":
            continue
        if item.name == "StatePrep" or len(item.qubits) > LARGEST:
            return None
        out.append(placed(item, False))
        if out[-1].form.constant is None and out[-1].form.series is None:
            return None
    return out


@lru_cache(maxsize=1024)
def _branches(form: Form) -> Branches:
    """For each word on the gate's qubits what it becomes: words, waves and coefficients."""
    constant, series = form.constant, form.series
    table = constant[None] if constant is not None else series[1] if series is not None else None
    assert table is not None
    quarters = np.round(4 * table) / 4  # Clifford gates and rotations: exact without rounding
    table = np.where(np.abs(table - quarters) < 1e-14, quarters, table)
    k = len(form.item.qubits)
    rows = []
    for i in range(4**k):
        waves, columns = np.nonzero(np.abs(table[:, i]) > LEAST)
        rows.append(
            tuple(
                (_letters(int(j), k), int(wave), float(table[wave, i, j]))
                for wave, j in zip(waves, columns, strict=True)
            )
        )
    return tuple(rows)


def _letters(index: int, k: int) -> Letters:
    return tuple(index >> 2 * (k - 1 - q) & 3 for q in range(k))


def _polynomial(
    gates: Sequence[Placed], word: Word, n: int, limit: int
) -> dict[Factors, float] | None:
    """Products of waves and their coefficients; None where there are too many."""
    start = [0] * n
    for q, letter in word:
        start[q] = "IXYZ".index(letter)
    terms: dict[tuple[Letters, Factors], float] = {(tuple(start), ()): 1.0}
    for number in reversed(range(len(gates))):
        gate = gates[number]
        branches = _branches(gate.form)
        new: dict[tuple[Letters, Factors], float] = {}
        for (letters, factors), coefficient in terms.items():
            here = sum(letters[q] << 2 * i for i, q in enumerate(reversed(gate.qubits)))
            for local, wave, value in branches[here]:
                moved = list(letters)
                for q, letter in zip(gate.qubits, local, strict=True):
                    moved[q] = letter
                key = tuple(moved), factors if wave == 0 else (*factors, (number, wave))
                new[key] = new.get(key, 0.0) + coefficient * value
        terms = {key: c for key, c in new.items() if abs(c) > LEAST}
        if len(terms) > limit:
            return None
    out: dict[Factors, float] = {}
    for (letters, factors), coefficient in terms.items():
        if all(letter in (0, 3) for letter in letters):
            out[factors] = out.get(factors, 0.0) + coefficient
    return {factors: c for factors, c in out.items() if abs(c) > LEAST}


def _tables(gates: Sequence[Placed], found: Sequence[dict[Factors, float]]) -> Paths:
    paths = list(dict.fromkeys(factors for polynomial in found for factors in polynomial))
    place = {factors: t for t, factors in enumerate(paths)}
    weights = np.zeros((len(found), len(paths)))
    for w, polynomial in enumerate(found):
        for factors, c in polynomial.items():
            weights[w, place[factors]] = c
    used = sorted({number for factors in paths for number, _ in factors})
    angles = [gates[number].params[0] for number in used]
    frequencies = [_frequencies(gates[number].form) for number in used]
    if len(used) % 2:  # an even number of factors is multiplied in pairs
        angles.append(0.0)
        frequencies.append(np.zeros(1))
    width = max((len(f) for f in frequencies), default=0)
    pitch = np.array([np.pad(f, (0, width - len(f))) for f in frequencies])
    index = np.zeros((len(angles), len(paths)), int)
    row = {number: a for a, number in enumerate(used)}
    for t, factors in enumerate(paths):
        for number, wave in factors:
            count = len(frequencies[row[number]])
            late = wave > count  # sines follow the cosines of all frequencies
            index[row[number], t] = wave - count + width if late else wave
    return Paths(tuple(angles), pitch.reshape(len(angles), width), index, weights)


def _frequencies(form: Form) -> np.ndarray:
    series = form.series
    assert series is not None
    return series[0]
