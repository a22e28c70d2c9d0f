"""Fewer variables: what is strongly correlated is merged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..errors import DataError
from .problem import BinaryProblem


class Shrunk(NamedTuple):
    """A smaller problem, and how its bits become those of the first one.

    Attributes:
        problem: the smaller one; its objective is that of the expanded bits.
        source: for every bit of the first problem, the bit of the smaller one that it follows.
        flipped: whether it is its opposite.
    """

    problem: BinaryProblem
    source: np.ndarray
    flipped: np.ndarray

    def expand(self, bits: Any) -> np.ndarray:
        """Bits ``(..., n)`` of the first problem from those of the smaller one."""
        x = np.asarray(bits, np.uint8)
        return x[..., self.source] ^ self.flipped.astype(np.uint8)


def shrink(problem: BinaryProblem, correlate: Callable[[BinaryProblem], Any], size: int) -> Shrunk:
    """Merge the most strongly correlated pair of variables, again and again.

    Args:
        problem: unconstrained.
        correlate: from a problem to its ``<s_i s_j>``, ``(n, n)``, as of a QAOA state or of a
            relaxation; called once for every merge.
        size: how many variables are left at the end.

    Raises:
        DataError: a constrained problem, a size out of range, correlations of another shape.

    Source: Bravyi, Kliesch, Koenig and Tang, arXiv:1910.08980 (recursive QAOA); Wagner, Nuesslein
    and Liers, arXiv:2302.05493 (shrinking).

    Example:
        >>> import numpy as np
        >>> from qjax.combinatorial import maxcut_problem, shrink
        >>> path = maxcut_problem([(0, 1), (1, 2), (2, 3)])
        >>> opposite = lambda p: -np.triu(np.ones((p.n, p.n)), 1)
        >>> small = shrink(path, opposite, 2)
        >>> small.problem.n, small.expand([0, 1]).shape
        (2, (4,))
    """
    if problem.constrained:
        raise DataError("shrink: the problem has constraints", fix="use with_penalties first")
    if not 1 <= size <= problem.n:
        raise DataError("shrink: size must be between 1 and the number of bits", got=size)
    source, flipped = np.arange(problem.n), np.zeros(problem.n, bool)
    while problem.n > size:
        c = np.asarray(correlate(problem), float)
        if c.shape != (problem.n, problem.n):
            raise DataError(
                "shrink: correlations of another shape",
                expected=(problem.n, problem.n),
                got=c.shape,
            )
        strength = np.abs(np.triu(c, 1))
        i, j = np.unravel_index(int(np.argmax(strength)), strength.shape)
        problem, place, turn = _merge(problem, int(i), int(j), bool(c[i, j] < 0))
        flipped = flipped ^ turn[source]
        source = place[source]
    return Shrunk(problem, source, flipped)


def _merge(
    problem: BinaryProblem, i: int, j: int, opposite: bool
) -> tuple[BinaryProblem, np.ndarray, np.ndarray]:
    """The problem with ``x_j = x_i``, or ``1 - x_i``; where each bit went, and whether turned."""
    n = problem.n
    place = np.arange(n) - (np.arange(n) > j)
    place[j] = place[i]
    turn = np.zeros(n, bool)
    turn[j] = opposite
    into = np.zeros((n, n - 1))  # x = into y + shift
    into[np.arange(n), place] = np.where(turn, -1.0, 1.0)
    shift = turn.astype(float)
    q = problem.quadratic + problem.quadratic.T
    whole = into.T @ q @ into / 2 + np.diag(into.T @ q @ shift)
    offset = problem.offset + shift @ problem.quadratic @ shift
    return BinaryProblem(whole, float(offset), name=problem.name, sense=problem.sense), place, turn
