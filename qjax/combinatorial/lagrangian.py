"""Constraints without slack bits: multipliers outside, an unconstrained problem inside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..errors import DataError
from .exact import Solution
from .problem import BinaryProblem


class Multipliers(NamedTuple):
    """What the outer loop found.

    Attributes:
        best: the best feasible bits that were seen; None where none was.
        equal: multipliers of the equalities after every round, ``(rounds, rows)``.
        at_most: those of the inequalities.
        violation: the mean violation in every round, ``(rounds,)``.
        rounds: how many were run.
    """

    best: Solution | None
    equal: np.ndarray
    at_most: np.ndarray
    violation: np.ndarray
    rounds: int


def augmented_lagrangian(
    problem: BinaryProblem,
    minimise: Callable[[BinaryProblem], tuple[Any, Any]],
    *,
    rounds: int = 20,
    penalty: float = 1.0,
    growth: float = 1.2,
) -> Multipliers:
    """Solve a constrained problem by a sequence of unconstrained ones on the same bits.

    The inner objective is ``f + l (A x - b) + p/2 |A x - b|**2`` and likewise for ``G x + s - h``,
    where s is no bits but numbers, the best slack at the mean of the last round. Multipliers follow
    the mean violation, those of inequalities stay non-negative.

    Args:
        problem: with constraints.
        minimise: from an unconstrained problem to bit strings ``(k, n)`` and their weights
            ``(k,)``, such as samples of a QAOA state; the mean is over them.
        rounds: of the outer loop, positive.
        penalty: p in the first round, positive.
        growth: what p is multiplied with after every round.

    Raises:
        DataError: rounds or penalty not positive.

    Source: Hestenes, J. Optim. Theory Appl. 4, 303 (1969); Rockafellar, Math. Program. 5, 354
    (1973), for inequalities.

    Example:
        >>> from qjax.combinatorial import augmented_lagrangian, brute_force, knapsack
        >>> exact = lambda p: ([brute_force(p).bits], [1.0])
        >>> found = augmented_lagrangian(knapsack([6, 5, 4], [3, 2, 2], 4), exact)
        >>> found.best.value
        -9.0
    """
    if rounds < 1 or not penalty > 0:
        raise DataError(
            "augmented_lagrangian: rounds and penalty must be positive", got=(rounds, penalty)
        )
    none = (np.zeros((0, problem.n)), np.zeros(0))
    a, b = problem.equal or none
    g, h = problem.at_most or none
    mean = np.full(problem.n, 0.5)
    up, down = np.zeros(len(b)), np.zeros(len(h))
    best: Solution | None = None
    history: list[tuple[np.ndarray, np.ndarray, float]] = []
    for _ in range(rounds):
        slack = np.maximum(0.0, -(g @ mean - h) - down / penalty)
        rows = np.concatenate([a, g])
        right = np.concatenate([b, h - slack])
        weight = np.concatenate([up, down])
        q = problem.quadratic + penalty / 2 * (rows.T @ rows - 2 * np.diag(rows.T @ right))
        q = q + np.diag(rows.T @ weight)
        offset = problem.offset + penalty / 2 * float(right @ right) - float(weight @ right)
        found, share = minimise(BinaryProblem(q, offset, name=problem.name, sense=problem.sense))
        bits, share = np.atleast_2d(np.asarray(found, np.uint8)), np.asarray(share, float)
        mean = share @ bits / share.sum()
        fits = np.atleast_1d(problem.feasible(bits))
        for x, value in zip(bits[fits], np.atleast_1d(problem.value(bits))[fits], strict=True):
            if best is None or value < best.value:
                best = Solution(x, float(value), optimal=False)
        over = np.maximum(g @ mean - h, -down / penalty)
        up, down = up + penalty * (a @ mean - b), down + penalty * over
        violation = np.abs(a @ mean - b).sum() + np.maximum(g @ mean - h, 0).sum()
        history.append((up, down, float(violation)))
        penalty *= growth
    return Multipliers(
        best,
        np.array([x[0] for x in history]),
        np.array([x[1] for x in history]),
        np.array([x[2] for x in history]),
        rounds,
    )
