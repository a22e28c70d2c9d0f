"""How a training went, and what the loss looks like around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import DataError
from .style import COLOURS, new_axes


def plot_learning_curves(
    curves: Any,
    *,
    steps: Any = None,
    log: bool = True,
    ylabel: str = "loss",
    ax: Any = None,
) -> Any:
    """Curves over training steps; several seeds as their median and range.

    Args:
        curves: shape ``(steps,)`` or ``(seeds, steps)``; or a dict of those, by name.
        steps: numbers of the steps, shape ``(steps,)``; default 1, 2, ...
        log: whether the values stand on a logarithmic scale.
        ylabel: what they are.
        ax: matplotlib axes; default a new figure.

    Returns:
        The axes; ``ax.figure.savefig("name.png")`` writes them.

    Raises:
        DataError: curves of another number of axes.

    Example:
        >>> import numpy as np
        >>> ax = plot_learning_curves({"adam": np.exp(-np.arange(9.0))})
        >>> ax.get_yscale()
        'log'
    """
    ax = new_axes(ax)
    named = curves if isinstance(curves, Mapping) else {"": curves}
    for k, (name, values) in enumerate(named.items()):
        values = np.asarray(values, float)
        if values.ndim not in (1, 2):
            raise DataError(
                "plot_learning_curves: a curve has one axis, or two with seeds",
                got=f"shape {values.shape}",
            )
        values = np.atleast_2d(values)
        x = np.arange(1, values.shape[1] + 1) if steps is None else np.asarray(steps)
        colour = COLOURS[k % len(COLOURS)]
        ax.plot(x, np.median(values, axis=0), color=colour, label=name or None)
        if len(values) > 1:
            low, high = values.min(axis=0), values.max(axis=0)
            ax.fill_between(x, low, high, color=colour, alpha=0.18, lw=0)
    if log:
        ax.set_yscale("log")
    ax.set(xlabel="step", ylabel=ylabel)
    if any(named):
        ax.legend()
    return ax


def plot_landscape(
    x: Any,
    y: Any,
    values: Any,
    *,
    path: Any = None,
    labels: tuple[str, str, str] = ("first direction", "second direction", "loss"),
    ax: Any = None,
) -> Any:
    """A loss over two directions, as colours with lines of equal loss, and a path through it.

    Args:
        x, y: where it was computed, shapes ``(n,)`` and ``(m,)``.
        values: the loss, shape ``(n, m)``: the first axis is x.
        path: points of a training, shape ``(steps, 2)``.
        labels: of x, y and the loss.
        ax: matplotlib axes; default a new figure.

    Returns:
        The axes.

    Raises:
        DataError: shapes that do not fit.

    Example:
        >>> import numpy as np
        >>> t = np.linspace(-1, 1, 5)
        >>> plot_landscape(t, t, np.add.outer(t**2, t**2)).get_xlabel()
        'first direction'
    """
    x, y, values = np.asarray(x), np.asarray(y), np.asarray(values)
    if values.shape != (*x.shape, *y.shape) or values.ndim != 2:
        raise DataError(
            "plot_landscape: values do not fit x and y",
            expected=f"({x.size}, {y.size})",
            got=values.shape,
        )
    ax = new_axes(ax, 4.6, 3.6)
    image = ax.pcolormesh(x, y, values.T, shading="gouraud")
    ax.contour(x, y, values.T, 10, colors="white", linewidths=0.5, alpha=0.6)
    ax.figure.colorbar(image, ax=ax, label=labels[2])
    if path is not None:
        path = np.asarray(path)
        ax.plot(path[:, 0], path[:, 1], "-", color="white", lw=1.4)
        ax.plot(*path[0], "o", color="white", ms=5)
        ax.plot(*path[-1], "*", color=COLOURS[1], ms=13, mec="white")
    ax.grid(False)
    ax.set(xlabel=labels[0], ylabel=labels[1])
    return ax
