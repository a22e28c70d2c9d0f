"""How much each edge and node matters: its own spread, and its share of the outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from qjax.nn.qkan.activation import daruan
from qjax.nn.qkan.ansatz import Ansatz
from qjax.nn.qkan.bloch import Measure
from qjax.nn.qkan.circuit_ansatz import CircuitAnsatz
from qjax.nn.qkan.compiled import compiled
from qjax.nn.qkan.modules import QKAN, QKANLayer
from qjax.nn.qkan.parameters import QKANParams

# Added to a node's spread before dividing by it.
_SMALL = 1e-4


def edge_values(layer: QKANLayer, x: jax.Array) -> jax.Array:
    """What every edge contributes: x of shape (B, I) to (B, O, I), mask included.

    The sum over the last axis is the layer's output.
    """
    params, base = layer.params(), layer.base_function
    shape = (layer.out_features, layer.in_features)
    return _edge_values(x, params, shape=shape, base=base, **layer.how)


@compiled("shape", "base", "ansatz", "frequencies", "measure")
def _edge_values(
    x: jax.Array,
    params: QKANParams,
    *,
    shape: tuple[int, int],
    base: Callable[[jax.Array], jax.Array],
    ansatz: Ansatz | CircuitAnsatz,
    frequencies: tuple[float | int, ...] | None,
    measure: Measure,
) -> jax.Array:
    def per_input(array: jax.Array | None) -> jax.Array | None:
        # Grouped activations are cycled over the inputs.
        if array is None or array.shape[1] == shape[1]:
            return array
        return array[:, jnp.arange(shape[1]) % array.shape[1]]

    theta, weight, bias = map(per_input, (params.theta, params.weight, params.bias))
    assert theta is not None
    how = {"ansatz": ansatz, "frequencies": frequencies, "measure": measure}
    phi = daruan(x[:, None, :], theta, weight, bias, **how)
    if params.post_bias is not None:
        phi = phi + params.post_bias[None]
    if params.post_weight is not None:
        phi = phi * params.post_weight[None]
    if params.base_weight is not None:
        phi = phi + base(x)[:, None, :] * params.base_weight[None]
    if params.mask is not None:
        phi = phi * params.mask[None]
    return jnp.broadcast_to(phi, (x.shape[0], *shape))


class Attribution(NamedTuple):
    """Scores of a network on given inputs.

    Args:
        edges: for each layer the spread of every edge that reaches the outputs, shape (O, I).
        nodes: for each layer of nodes, inputs first, their scores, shape (width,).
    """

    edges: list[jax.Array]
    nodes: list[jax.Array]


def attribution(model: QKAN, x: jax.Array) -> Attribution:
    """Share of every edge and node in the spread of the outputs, propagated backwards.

    Args:
        model: the network.
        x: inputs, shape (B, I).

    Returns:
        The scores. A node's score is shared among its incoming edges in proportion to their
        standard deviation over the batch; outputs have the score 1.

    Source: Liu et al., KAN 2.0, arXiv:2408.10205 (section on attribution scores).

    Example:
        >>> from flax import nnx
        >>> scores = attribution(QKAN([2, 3, 1], rngs=nnx.Rngs(0)), jnp.ones((4, 2)))
        >>> [score.shape for score in scores.nodes]
        [(2,), (3,), (1,)]
    """
    spreads, node_spreads = [], []
    for layer in model.layers:
        values = edge_values(layer, x)
        spreads.append(jnp.std(values, axis=0))
        x = jnp.sum(values, axis=-1)
        node_spreads.append(jnp.std(x, axis=0))
    nodes = [jnp.ones(x.shape[-1], x.dtype)]
    edges: list[jax.Array] = []
    for spread, node in zip(reversed(spreads), reversed(node_spreads), strict=True):
        edge = spread * (nodes[0] / (node + _SMALL))[:, None]
        edges.insert(0, edge)
        nodes.insert(0, jnp.sum(edge, axis=0))
    return Attribution(edges, nodes)
