"""Removing edges, nodes and inputs that hardly matter, by masks that training leaves alone."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from qjax.nn.qkan.attribution import attribution
from qjax.nn.qkan.modules import QKAN, QKANLayer


def prune(
    model: QKAN, x: jax.Array, *, edges: float = 0.03, nodes: float = 0.01, inputs: float = 0.0
) -> None:
    """Mask, in place, what scores below a threshold on these inputs; see `attribution`.

    Args:
        model: the network.
        x: inputs to score on, shape (B, I).
        edges: edges scoring less are masked.
        nodes: hidden nodes scoring less lose all their edges.
        inputs: input features scoring less lose all their edges.

    Example:
        >>> from flax import nnx
        >>> model = QKAN([2, 3, 1], rngs=nnx.Rngs(0))
        >>> prune(model, jnp.eye(2), edges=1e9)
        >>> bool((model(jnp.eye(2)) == 0).all())
        True
    """
    scores = attribution(model, x)
    for index, (layer, score) in enumerate(zip(model.layers, scores.edges, strict=True)):
        _mask(layer, score >= edges)
        threshold = nodes if index else inputs
        for node in jnp.flatnonzero(scores.nodes[index] < threshold).tolist():
            remove_node(model, index, node)


def remove_edge(model: QKAN, layer: int, output: int, source: int) -> None:
    """Mask the edge from node ``source`` to node ``output`` of this layer, in place."""
    keep = jnp.ones((model.layers[layer].out_features, model.layers[layer].in_features), bool)
    _mask(model.layers[layer], keep.at[output, source].set(False))


def remove_node(model: QKAN, depth: int, node: int) -> None:
    """Mask every edge into and out of a node, in place; depth 0 are the inputs."""
    if depth < len(model.layers):
        layer = model.layers[depth]
        _mask(layer, jnp.ones((1, layer.in_features), bool).at[0, node].set(False))
    if depth > 0:
        layer = model.layers[depth - 1]
        _mask(layer, jnp.ones((layer.out_features, 1), bool).at[node, 0].set(False))


def _mask(layer: QKANLayer, keep: jax.Array) -> None:
    """Multiply a layer's mask by ``keep``, of shape (O, I) up to axes of length 1."""
    params = layer.params()
    shape = (layer.out_features, layer.in_features)
    old = jnp.ones(shape, params.theta.dtype) if params.mask is None else params.mask
    layer.set_params(params._replace(mask=old * keep.astype(old.dtype)))
