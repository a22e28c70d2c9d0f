"""Exact answers: every bit string, or a mixed-integer program."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..errors import CapacityError, DataError
from .problem import BinaryProblem, all_bits

MOST_BITS = 24


class Solution(NamedTuple):
    """Bits ``(n,)`` uint8, their objective, and whether they are known to be the best."""

    bits: np.ndarray
    value: float
    optimal: bool = True


def brute_force(problem: BinaryProblem) -> Solution:
    """The best feasible bit string, by looking at all of them.

    Raises:
        CapacityError: more than 24 bits.
        DataError: no bit string is feasible.

    Example:
        >>> from qjax.combinatorial import brute_force, maxcut_problem
        >>> brute_force(maxcut_problem([(0, 1), (1, 2)])).value
        -2.0
    """
    if problem.n > MOST_BITS:
        raise CapacityError(
            "brute_force: too many bits",
            expected=f"at most {MOST_BITS}",
            got=problem.n,
            fix="use milp",
        )
    energies = problem.energies()
    if problem.constrained:
        energies = np.where(_feasible(problem), energies, np.inf)
    best = int(np.argmin(energies))
    if not np.isfinite(energies[best]):
        raise DataError("brute_force: no bit string meets the constraints")
    bits = ((best >> np.arange(problem.n - 1, -1, -1)) & 1).astype(np.uint8)
    return Solution(bits, float(energies[best]))


def _feasible(problem: BinaryProblem) -> np.ndarray:
    half = problem.n // 2
    left, right = all_bits(half), all_bits(problem.n - half)
    out = np.ones((len(left), len(right)), bool)
    for pair, exact in ((problem.equal, True), (problem.at_most, False)):
        for row, bound in zip(*(pair or ((), ())), strict=True):
            total = (left @ row[:half])[:, None] + (right @ row[half:])[None]
            out &= np.abs(total - bound) <= 1e-9 if exact else total <= bound + 1e-9
    return out.reshape(-1)


def milp(problem: BinaryProblem, seconds: float | int | None = None) -> Solution:
    """The best feasible bit string, by SciPy's branch and cut (HiGHS).

    Products of bits become variables of their own, ``y <= x_i``, ``y <= x_j``,
    ``y >= x_i + x_j - 1``.

    Args:
        problem: what is solved.
        seconds: when to stop; the answer is then the best so far, with ``optimal`` False.

    Raises:
        DataError: no bit string is feasible, or none was found in time.

    Example:
        >>> from qjax.combinatorial import maxcut_problem, milp
        >>> milp(maxcut_problem([(0, 1), (1, 2), (2, 0)])).value
        -2.0
    """
    from scipy.optimize import Bounds, LinearConstraint
    from scipy.optimize import milp as solve
    from scipy.sparse import coo_array

    n = problem.n
    i, j = np.nonzero(np.triu(problem.quadratic, 1))
    weight, m = problem.quadratic[i, j], len(i)
    cost = np.concatenate([np.diag(problem.quadratic), weight])
    constraints = []
    y, one = np.arange(m), np.ones(m)
    if m:
        for k in (i, j):  # y - x <= 0
            rows = coo_array(
                (np.concatenate([one, -one]), (np.tile(y, 2), np.concatenate([n + y, k]))),
                shape=(m, n + m),
            )
            constraints.append(LinearConstraint(rows.tocsr(), -np.inf, 0))
        rows = coo_array(
            (np.concatenate([one, one, -one]), (np.tile(y, 3), np.concatenate([i, j, n + y]))),
            shape=(m, n + m),
        )
        constraints.append(LinearConstraint(rows.tocsr(), -np.inf, 1))
    for pair, exact in ((problem.equal, True), (problem.at_most, False)):
        if pair is not None:
            rows = np.concatenate([pair[0], np.zeros((len(pair[1]), m))], axis=1)
            constraints.append(LinearConstraint(rows, pair[1] if exact else -np.inf, pair[1]))
    found = solve(
        cost,
        integrality=np.concatenate([np.ones(n), np.zeros(m)]),
        bounds=Bounds(0, 1),
        constraints=constraints,
        options={"time_limit": seconds} if seconds is not None else {},
    )
    if found.x is None:
        raise DataError("milp: no bit string was found that meets the constraints")
    bits = np.round(found.x[:n]).astype(np.uint8)
    return Solution(bits, problem.value(bits), bool(found.status == 0))
