"""Named problems."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DataError
from .graphs import as_weighted_edges
from .problem import BinaryProblem


def maxcut_problem(graph: Any, weights: Any = None) -> BinaryProblem:
    """The two sides of a graph with the heaviest cut; the objective is minus the cut.

    Args:
        graph: edges, a matrix or a networkx graph, see `as_weighted_edges`.
        weights: of the edges, where the graph names none.

    Example:
        >>> from qjax.combinatorial import maxcut_problem
        >>> maxcut_problem([(0, 1), (1, 2), (2, 0)]).value([1, 0, 0])
        -2.0
    """
    n, edges = as_weighted_edges(graph, weights)
    q = np.zeros((n, n))
    for i, j, w in edges:
        q[i, i] -= w
        q[j, j] -= w
        q[i, j] += 2 * w
    return BinaryProblem(q, name="maxcut", sense=-1)


def independent_set(graph: Any) -> BinaryProblem:
    """The largest set of vertices of which no two are neighbours; the objective is minus its size.

    Args:
        graph: edges, a matrix or a networkx graph; weights are ignored.

    Example:
        >>> from qjax.combinatorial import brute_force, independent_set
        >>> brute_force(independent_set([(0, 1), (1, 2)])).bits.tolist()
        [1, 0, 1]
    """
    n, edges = as_weighted_edges(graph)
    rows = np.zeros((len(edges), n))
    for k, (i, j, _) in enumerate(edges):
        rows[k, [i, j]] = 1
    return BinaryProblem(
        -np.eye(n), at_most=(rows, np.ones(len(edges))), name="independent set", sense=-1
    )


def knapsack(values: Any, weights: Any, capacity: Any) -> BinaryProblem:
    """The most valuable selection of items; the objective is minus its value.

    Args:
        values: of the items, ``(n,)``.
        weights: ``(n,)``, or ``(dimensions, n)`` for several capacities.
        capacity: a number, or one for each dimension.

    Example:
        >>> from qjax.combinatorial import brute_force, knapsack
        >>> brute_force(knapsack([6, 5, 4], [3, 2, 2], 4)).bits.tolist()
        [0, 1, 1]
    """
    worth = np.asarray(values, float)
    rows = np.atleast_2d(np.asarray(weights, float))
    right = np.broadcast_to(np.asarray(capacity, float), rows.shape[:1])
    return BinaryProblem(-np.diag(worth), at_most=(rows, right), name="knapsack", sense=-1)


def assignment(costs: Any) -> BinaryProblem:
    """One job for every worker at the lowest total cost; bit ``w * jobs + j`` gives w the job j.

    Args:
        costs: ``(n, n)``, or ``(n, n, n, n)`` with ``costs[w, j, v, k]`` where w does j and v does
            k at the same time (quadratic assignment).

    Raises:
        DataError: another shape.

    Example:
        >>> from qjax.combinatorial import assignment, brute_force
        >>> brute_force(assignment([[1, 3], [2, 1]])).bits.tolist()
        [1, 0, 0, 1]
    """
    c = np.asarray(costs, float)
    n = len(c)
    if c.shape == (n, n):
        q = np.diag(c.reshape(-1))
    elif c.shape == (n, n, n, n):
        q = c.reshape(n * n, n * n)
    else:
        raise DataError(
            "assignment: costs of the wrong shape",
            expected="(n, n) or (n, n, n, n)",
            got=c.shape,
        )
    rows = np.concatenate([np.kron(np.eye(n), np.ones(n)), np.kron(np.ones(n), np.eye(n))])
    return BinaryProblem(q, equal=(rows, np.ones(2 * n)), name="assignment")


def market_split(matrix: Any, target: Any) -> BinaryProblem:
    """Bits with ``matrix x`` as near to the target as can be: ``|matrix x - target|**2``.

    Args:
        matrix: ``(rows, n)``: what every retailer buys of every product.
        target: ``(rows,)``: what one division should sell.

    Source: Cornuejols and Dawande, INFORMS J. Comput. 11, 205 (1999).

    Example:
        >>> from qjax.combinatorial import brute_force, market_split
        >>> brute_force(market_split([[3, 5, 2, 4]], [7])).value
        0.0
    """
    a, b = np.atleast_2d(np.asarray(matrix, float)), np.atleast_1d(np.asarray(target, float))
    if b.shape != a.shape[:1]:
        raise DataError(
            "market_split: one target for each row of the matrix",
            expected=f"shape ({len(a)},)",
            got=b.shape,
        )
    return BinaryProblem(a.T @ a - 2 * np.diag(a.T @ b), float(b @ b), name="market split")
