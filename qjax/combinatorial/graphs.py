"""Graphs as lists of weighted edges, from whatever they come as."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DataError

Edge = tuple[int, int, float]


def as_weighted_edges(graph: Any, weights: Any = None) -> tuple[int, list[Edge]]:
    """Vertices and weighted edges of a graph.

    Args:
        graph: a list of ``(i, j)`` or ``(i, j, weight)``; a symmetric matrix of weights,
            ``(n, n)``, dense or sparse; or a networkx graph, whose nodes are numbered in
            their order and whose edge attribute ``weight`` counts (default 1).
        weights: one number for each edge, where the graph names none.

    Returns:
        The number of vertices, and edges ``(i, j, weight)`` with i < j, parallel ones added up.

    Raises:
        DataError: something else, an edge from a vertex to itself, weights that are not finite.

    Example:
        >>> from qjax.combinatorial import as_weighted_edges
        >>> as_weighted_edges([(0, 1), (2, 1, 0.5)])
        (3, [(0, 1, 1.0), (1, 2, 0.5)])
    """
    rows: list[Any]
    if hasattr(graph, "edges") and hasattr(graph, "nodes"):
        place = {node: k for k, node in enumerate(graph.nodes)}
        n = len(place)
        rows = [(place[a], place[b], w) for a, b, w in graph.edges(data="weight", default=1.0)]
    elif len(shape := getattr(graph, "shape", ())) == 2 and shape[0] == shape[1]:
        graph = np.asarray(graph.toarray() if hasattr(graph, "toarray") else graph)
        if not np.array_equal(graph, graph.T):
            raise DataError("graph: a matrix of weights must be symmetric")
        n = len(graph)
        i, j = np.nonzero(np.triu(graph, 1))
        rows = list(zip(i.tolist(), j.tolist(), graph[i, j].tolist(), strict=True))
        if np.any(np.diag(graph)):
            raise DataError("graph: an edge joins two different vertices", got="a diagonal entry")
    else:
        try:
            rows = [tuple(row) for row in graph]
        except TypeError:
            rows = [()]
        if any(len(row) not in (2, 3) for row in rows):
            raise DataError(
                "graph: must be a list of edges, a matrix of weights or a networkx graph",
                expected="such as [(0, 1), (1, 2, 0.5)]",
                got=repr(graph)[:60],
            )
        rows = [(*row, 1.0) if len(row) == 2 else row for row in rows]
        n = 1 + max((int(max(row[:2])) for row in rows), default=-1)
    if weights is not None:
        given = np.broadcast_to(np.asarray(weights, float), (len(rows),)).tolist()
        rows = [(i, j, w) for (i, j, _), w in zip(rows, given, strict=True)]
    out: dict[tuple[int, int], float] = {}
    for i, j, w in rows:
        if int(i) != i or int(j) != j or min(i, j) < 0 or i == j:
            raise DataError("graph: an edge joins two different vertices 0, 1, ...", got=(i, j))
        if not np.isfinite(w):
            raise DataError("graph: weights must be finite", got=w)
        pair = (int(min(i, j)), int(max(i, j)))
        out[pair] = out.get(pair, 0.0) + float(w)
    if not out:
        raise DataError("graph: has no edges")
    return n, [(i, j, w) for (i, j), w in out.items()]


def random_regular(n: int, degree: int, seed: int) -> list[tuple[int, int]]:
    """Edges of a simple random graph in which every vertex has ``degree`` neighbours.

    Half-edges are joined at random, and all over again where a loop or a double edge appears.

    Raises:
        DataError: no such graph: ``n * degree`` odd, or a degree that is not below n.

    Source: Bollobas, Eur. J. Comb. 1, 311 (1980), the configuration model.

    Example:
        >>> from qjax.combinatorial import random_regular
        >>> len(random_regular(8, 3, seed=0))
        12
    """
    if n * degree % 2 or not 0 < degree < n:
        raise DataError("random_regular: there is no such graph", got=f"n = {n}, degree = {degree}")
    rng = np.random.default_rng(seed)
    while True:
        pairs = np.sort(rng.permutation(np.repeat(np.arange(n), degree)).reshape(-1, 2), axis=1)
        if np.all(pairs[:, 0] != pairs[:, 1]) and len(np.unique(pairs, axis=0)) == len(pairs):
            return [(int(a), int(b)) for a, b in pairs]
