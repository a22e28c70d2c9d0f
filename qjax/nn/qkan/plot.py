"""A network and its learned activations in one figure."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from qjax.nn.qkan.attribution import attribution, edge_values
from qjax.nn.qkan.modules import QKAN


def plot(model: QKAN, x: jax.Array, figure: Any) -> Any:
    """Draw nodes, and every edge as a small graph of its activation, darker the more it matters.

    Args:
        model: the network.
        x: inputs, shape (B, I); they set the range of every activation.
        figure: a matplotlib figure, such as ``matplotlib.pyplot.figure()``.

    Returns:
        The figure.

    Example:
        >>> from flax import nnx
        >>> import matplotlib.figure
        >>> model = QKAN([2, 3, 1], rngs=nnx.Rngs(0))
        >>> figure = plot(model, jnp.eye(2), matplotlib.figure.Figure())
    """
    canvas = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    canvas.set_axis_off()
    canvas.set(xlim=(0, 1), ylim=(0, 1))
    depth = len(model.layers)
    scores = attribution(model, x)
    widths = [layer.in_features for layer in model.layers] + [model.layers[-1].out_features]
    rows = [0.06 + 0.88 * level / depth for level in range(depth + 1)]
    columns = [(np.arange(width) + 0.5) / width for width in widths]
    for level, layer in enumerate(model.layers):
        values = np.asarray(edge_values(layer, x))
        inputs = np.asarray(x)
        strength = np.asarray(scores.edges[level])
        strength = np.clip(strength / max(float(strength.max()), 1e-12), 0.05, 1.0)
        edges = layer.in_features * layer.out_features
        side = min(0.9 / edges, 0.35 / depth)
        middle = (rows[level] + rows[level + 1]) / 2
        for source in range(layer.in_features):
            order = np.argsort(inputs[:, source])
            for output in range(layer.out_features):
                kept = layer.mask is None or bool(layer.params().mask[output, source])  # pyright: ignore
                if not kept:
                    continue
                place = (source * layer.out_features + output + 0.5) / edges
                alpha = float(strength[output, source])
                canvas.plot(
                    [columns[level][source], place, columns[level + 1][output]],
                    [rows[level], middle, rows[level + 1]],
                    color="black", alpha=alpha, linewidth=0.8, zorder=0,
                )  # fmt: skip
                box = figure.add_axes((place - side / 2, middle - side / 2, side, side))
                box.set(xticks=[], yticks=[])
                box.plot(inputs[order, source], values[order, output, source], linewidth=1.2)
        x = jnp.sum(edge_values(layer, x), axis=-1)
    for row, column in zip(rows, columns, strict=True):
        canvas.scatter(column, np.full(len(column), row), s=30, color="black", zorder=1)
    return figure
