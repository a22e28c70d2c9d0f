"""Simulated annealing: the classical heuristic that quantum ones are held against."""

from __future__ import annotations

import numpy as np

from ..errors import DataError
from .exact import Solution
from .problem import BinaryProblem


def anneal(problem: BinaryProblem, seed: int, *, sweeps: int = 500, restarts: int = 16) -> Solution:
    """Single flips at a falling temperature, then descent until no flip helps.

    All restarts run side by side. Constraints are refused: use `with_penalties` first.

    Args:
        problem: unconstrained.
        seed: of the random numbers.
        sweeps: times that every bit is offered a flip.
        restarts: independent runs, of which the best counts.

    Returns:
        A `Solution` that is not known to be the best.

    Raises:
        DataError: a constrained problem.

    Source: Kirkpatrick, Gelatt and Vecchi, Science 220, 671 (1983); temperatures fall
    geometrically from the largest to a tenth of the smallest change of one flip.

    Example:
        >>> from qjax.combinatorial import anneal, maxcut_problem
        >>> anneal(maxcut_problem([(0, 1), (1, 2), (2, 3)]), seed=0).value
        -3.0
    """
    if problem.constrained:
        raise DataError("anneal: the problem has constraints", fix="use with_penalties first")
    rng = np.random.default_rng(seed)
    J, h, _ = problem.ising()
    both = J + J.T
    spins = rng.choice([-1.0, 1.0], (restarts, problem.n))
    field = spins @ both + h[None]  # dE/ds
    reach = np.abs(both).sum(0) + np.abs(h)
    hot = 2 * max(float(reach.max()), 1e-12)
    sizes = np.abs(np.concatenate([both[both != 0], h[h != 0]]))
    cold = 0.2 * float(sizes.min()) if sizes.size else 1e-12
    temperatures = np.geomspace(hot, cold, sweeps)
    for t in [*temperatures.tolist(), *[0.0] * problem.n]:
        flipped = False
        for k in rng.permutation(problem.n).tolist():
            change = -2 * spins[:, k] * field[:, k]
            if t > 0:
                accept = rng.random(restarts) < np.exp(-np.maximum(change, 0) / t)
            else:
                accept = change < -1e-12
            if accept.any():
                flipped = True
                field[accept] -= 2 * spins[accept, k, None] * both[k][None]
                spins[accept, k] *= -1
        if t == 0 and not flipped:
            break
    bits = ((1 - spins) / 2).astype(np.uint8)
    values = np.asarray(problem.value(bits))
    best = int(np.argmin(values))
    return Solution(bits[best], float(values[best]), optimal=False)
