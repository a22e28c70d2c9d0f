"""Constraints as terms of the objective."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..errors import DataError
from .problem import BinaryProblem


def with_penalties(problem: BinaryProblem, weight: float, *, slack: bool = True) -> BinaryProblem:
    """``weight * |A x - b|**2`` for equalities; inequalities by slack bits.

    Slack bits ``s`` stand after the problem's own: ``G x + slack = h`` with integers from 0 to what
    the row can leave over. Of pairs of bits that must not both be set, ``x_i + x_j <= 1``, the
    penalty is ``weight * x_i x_j`` without a slack.

    Args:
        problem: with constraints; those with slack need integers.
        weight: positive; above the gain of the best violation the optimum stays the optimum.
        slack: whether slack bits may be added; otherwise only pairs are accepted.

    Returns:
        An unconstrained problem; its first bits are those of the given one.

    Raises:
        DataError: a weight that is not positive, an inequality that needs a slack but has none, is
            not of integers or cannot be met.

    Source: Lucas, arXiv:1302.5843, section 2.4.

    Example:
        >>> from qjax.combinatorial import brute_force, independent_set, with_penalties
        >>> path = with_penalties(independent_set([(0, 1), (1, 2)]), 2.0)
        >>> path.n, brute_force(path).value
        (3, -2.0)
    """
    if not weight > 0:
        raise DataError("with_penalties: weight must be positive", got=weight)
    n = problem.n
    q = np.zeros((n, n)) + problem.quadratic
    rows, right = [], []
    if problem.equal is not None:
        rows, right = [*problem.equal[0]], [*problem.equal[1]]
    slacks: list[tuple[int, list[int]]] = []
    for row, bound in zip(*(problem.at_most or ((), ())), strict=True):
        named = np.flatnonzero(row)
        if len(named) == 2 and np.all(row[named] == 1) and bound == 1:
            q[named[0], named[1]] += weight
            continue
        if not slack:
            raise DataError("with_penalties: this inequality needs a slack", got=row.tolist())
        if not (np.all(row == np.round(row)) and bound == np.round(bound)):
            raise DataError("with_penalties: a slack needs integers", got=row.tolist())
        room = int(bound - np.minimum(row, 0).sum())
        if room < 0:
            raise DataError("with_penalties: an inequality cannot be met", got=row.tolist())
        slacks.append((len(rows), _binary(room)))
        rows, right = [*rows, row], [*right, bound]
    extra = sum(len(sizes) for _, sizes in slacks)
    a = np.zeros((len(rows), n + extra))
    for k, row in enumerate(rows):
        a[k, :n] = row
    place = n
    for k, sizes in slacks:
        a[k, place : place + len(sizes)] = sizes
        place += len(sizes)
    b = np.array(right, float)
    wide = np.zeros((n + extra, n + extra))
    wide[:n, :n] = q
    wide += weight * (a.T @ a - 2 * np.diag(a.T @ b))
    offset = problem.offset + weight * float(b @ b)
    return replace(problem, quadratic=wide, offset=offset, equal=None, at_most=None)


def _binary(room: int) -> list[int]:
    """Weights of bits whose sums are exactly 0 to room."""
    sizes, left = [], room
    while left > 0:
        size = min(2 ** len(sizes), left)
        sizes.append(size)
        left -= size
    return sizes
