"""Angles of QAOA that are known in closed form, or good to start from."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..errors import ParameterError
from .graphs import as_weighted_edges


def regular_graph_angles(degree: int) -> tuple[float, float]:
    """``(gamma, beta)`` of the best single layer: MaxCut on regular graphs without triangles.

    In the convention of `qaoa_energy` and `maxcut_problem`, whose energy is minus the cut.

    Raises:
        ParameterError: a degree below 2.

    Source: Wang, Hadfield, Jiang and Rieffel, arXiv:1706.02998, corollary 1.

    Example:
        >>> from qjax.combinatorial import regular_graph_angles
        >>> [round(x, 6) for x in regular_graph_angles(3)]
        [-0.61548, 0.392699]
    """
    _degree(degree)
    return -float(np.arctan(1 / np.sqrt(degree - 1))), float(np.pi / 8)


def regular_graph_cut(degree: int) -> float:
    """The share of edges that one layer cuts at these angles, without triangles.

    Example:
        >>> from qjax.combinatorial import regular_graph_cut
        >>> round(regular_graph_cut(3), 4)
        0.6925
    """
    _degree(degree)
    return float(0.5 + 0.5 / np.sqrt(degree) * (1 - 1 / degree) ** ((degree - 1) / 2))


def one_layer_cut(graph: Any, gamma: Any, beta: Any) -> Float[Array, ""]:
    """The mean cut after one layer on any graph without weights, in closed form.

    Args:
        graph: edges, see `as_weighted_edges`; weights are ignored.
        gamma: as for `qaoa_energy` of `maxcut_problem`.
        beta: the same.

    Returns:
        A real scalar, differentiable.

    Source: Wang, Hadfield, Jiang and Rieffel, arXiv:1706.02998, theorem 1.
    """
    n, edges = as_weighted_edges(graph)
    near: list[set[int]] = [set() for _ in range(n)]
    for i, j, _ in edges:
        near[i].add(j)
        near[j].add(i)
    d = np.array([len(near[i]) - 1 for i, _, _ in edges])
    e = np.array([len(near[j]) - 1 for _, j, _ in edges])
    triangles = np.array([len(near[i] & near[j]) for i, j, _ in edges])
    g, b = -jnp.asarray(gamma), jnp.asarray(beta)
    c = jnp.cos(g)

    def power(x: Array, k: np.ndarray) -> Array:
        return jnp.stack([x**m for m in range(int(k.max()) + 1)])[k]

    one = jnp.sin(4 * b) * jnp.sin(g) * (power(c, d) + power(c, e)) / 4
    two = jnp.sin(2 * b) ** 2 * power(c, d + e - 2 * triangles)
    return jnp.sum(0.5 + one - two * (1 - power(jnp.cos(2 * g), triangles)) / 4)


def linear_ramp(layers: int, time: float = 0.75) -> tuple[np.ndarray, np.ndarray]:
    """Gammas that grow and betas that fall from layer to layer, as of a slow annealing.

    In the convention of `qaoa_energy`, whose energy is minimised; for couplings of order 1.

    Args:
        layers: how many.
        time: of one layer.

    Returns:
        ``(gammas, betas)``, each ``(layers,)`` float64.

    Source: Zhou, Wang, Choi, Pichler and Lukin, arXiv:1812.01041, for the pattern.

    Example:
        >>> from qjax.combinatorial import linear_ramp
        >>> [x.tolist() for x in linear_ramp(2, time=1.0)]
        [[-0.25, -0.75], [0.75, 0.25]]
    """
    at = (np.arange(layers) + 0.5) / layers
    return -time * at, time * (1 - at)


def _degree(degree: int) -> None:
    if isinstance(degree, bool) or not isinstance(degree, int) or degree < 2:
        raise ParameterError("degree must be an integer of at least 2", got=repr(degree))
