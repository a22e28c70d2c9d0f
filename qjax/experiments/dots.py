"""A table of results as one picture: seeds, baselines and what was asked for, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .table import Row


def dots(rows: Sequence[Row], label: str) -> Any:
    """Draw the rows from top to bottom.

    Args:
        rows: the lines of a results table, of one kind of number.
        label: what the numbers are; the axis is logarithmic where the rows are written with
            exponents.

    Returns:
        A `matplotlib.figure.Figure`: a dot per seed, a bar at the median, a marker per baseline,
        and a bracket at the bound that counts as a reproduction.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 1.2 + 0.35 * len(rows)), layout="constrained")
    axes = figure.subplots()
    names = list(dict.fromkeys(_name(name) for row in rows for name, _ in row.baseline))
    markers = "xv^sPD"
    for height, row in enumerate(rows):
        axes.plot(row.ours, np.full(len(row.ours), height), "o", color="C0", ms=4, alpha=0.6)
        axes.plot([float(np.median(row.ours))], [height], "|", color="C0", ms=14, mew=2)
        for name, value in row.baseline:
            index = names.index(_name(name))
            axes.plot([value], [height], markers[index % 6], color=f"C{index + 1}", ms=5)
        for bound in row.accept or ():
            if np.isfinite(bound) and bound > 0.0:
                axes.plot([bound], [height], "k:", marker=9, ms=6)
    for index, name in enumerate(names):
        axes.plot([], [], markers[index % 6], color=f"C{index + 1}", label=name)
    axes.plot([], [], "o", color="C0", label="ours")
    if all("e" in row.form for row in rows):
        axes.set_xscale("log")
    axes.set(xlabel=label, yticks=range(len(rows)), yticklabels=[row.quantity for row in rows])
    axes.tick_params(axis="y", labelsize=7)
    axes.invert_yaxis()
    axes.grid(axis="x", alpha=0.3)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _name(baseline: str) -> str:
    """A baseline without its number of parameters, which may differ from row to row."""
    return baseline.split(" (")[0]
