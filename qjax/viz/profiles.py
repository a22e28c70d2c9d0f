"""Quantities along something: entropies along the cuts of a chain, capacities along the delay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .style import COLOURS, new_axes


def plot_profile(
    profiles: Any, *, x: Any = None, xlabel: str = "cut", ylabel: str = "entropy", ax: Any = None
) -> Any:
    """Profiles as points joined by lines; a second axis (seeds) as median and range.

    Args:
        profiles: shape ``(k,)`` or ``(seeds, k)``; or a dict of those, by name.
        x: where, shape ``(k,)``; default 1, 2, ...
        xlabel, ylabel: what stands along the axes.
        ax: matplotlib axes; default a new figure.

    Returns:
        The axes.

    Example:
        >>> plot_profile({"chain": [0.1, 0.3, 0.1]}).get_xlabel()
        'cut'
    """
    ax = new_axes(ax)
    named = profiles if isinstance(profiles, Mapping) else {"": profiles}
    for k, (name, values) in enumerate(named.items()):
        values = np.atleast_2d(np.asarray(values, float))
        at = np.arange(1, values.shape[1] + 1) if x is None else np.asarray(x)
        colour = COLOURS[k % len(COLOURS)]
        (line,) = ax.plot(
            at, np.median(values, axis=0), "o-", ms=4, color=colour, label=name or None
        )
        # Down to zero, except on a scale that has none, chosen now or later.
        line.sticky_edges.y.append(0.0)
        ax.update_datalim([(at[0], 0.0)])
        if len(values) > 1:
            low, high = values.min(axis=0), values.max(axis=0)
            ax.fill_between(at, low, high, color=colour, alpha=0.18, lw=0)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.autoscale_view()
    if any(named):
        ax.legend()
    return ax
