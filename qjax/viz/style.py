"""The look that all pictures share: colours, fonts, axes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# Okabe and Ito's colours, told apart by every kind of eye; blue first, as the boxes of circuits.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
WIDTH, HEIGHT = 4.8, 3.0  # inches

STYLE: dict[str, Any] = {
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.labelsize": 10,
    "grid.alpha": 0.25,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.6,
    "figure.figsize": (WIDTH, HEIGHT),
    "figure.dpi": 110,
    "figure.constrained_layout.use": True,
    "image.cmap": "viridis",
}


@contextmanager
def style() -> Iterator[None]:
    """matplotlib in the look of qjax, for pictures of one's own.

    Example:
        >>> import qjax as qj
        >>> with qj.viz.style():
        ...     import matplotlib
        ...     matplotlib.rcParams["legend.frameon"]
        False
    """
    import matplotlib as mpl
    from cycler import cycler

    look: Any = {**STYLE, "axes.prop_cycle": cycler(color=COLOURS)}
    with mpl.rc_context(look):
        yield


def new_axes(
    ax: Any = None, width: float | int = WIDTH, height: float | int = HEIGHT, **kind: Any
) -> Any:
    """``ax``, or the axes of a new figure in the look of qjax, not registered with pyplot.

    Args:
        ax: matplotlib axes, or None.
        width, height: of a new figure, inches.
        kind: keywords of `matplotlib.figure.Figure.add_subplot`, such as ``projection``.
    """
    if ax is not None:
        return ax
    from .picture import Picture

    with style():
        return Picture(figsize=(width, height), layout="constrained").add_subplot(**kind)
