"""Circuits as matplotlib figures. matplotlib is imported when a figure is asked for."""

from __future__ import annotations

from typing import Any

from ..circuit.circuit import as_circuit
from ..errors import ParameterError
from .layout import Element, Frame, Item, lay_out

_WIRE = 0.7  # inches between wires
_BOX = 0.42  # height of a box, and least width
_CHARACTER = 0.095  # width of a character of the monospaced font, at its size
_SIZE = 10  # points
_GAP = 0.22  # between columns
_MARGIN = 0.16  # between a frame and what it holds


def draw_figure(circuit: Any, *, ax: Any = None, digits: int = 3, unroll: bool = False) -> Any:
    """The circuit as a matplotlib figure, laid out as by `draw`.

    Args:
        circuit: what to draw.
        ax: matplotlib axes to draw into; default a new figure of the size that is needed, which
            is not registered with pyplot.
        digits: significant digits of angles (radians).
        unroll: whether repeated blocks are written out.

    Returns:
        The matplotlib figure; ``figure.savefig("circuit.png")`` writes it.

    Raises:
        CircuitError: something else than a circuit.
        ParameterError: digits below 1.

    Example:
        >>> import qjax as qj
        >>> figure = qj.viz.draw_figure(qj.Circuit(2, [qj.H(0), qj.CNOT(0, 1)]))
        >>> len(figure.axes)
        1
    """
    circuit = as_circuit(circuit, "draw_figure")
    if digits < 1:
        raise ParameterError("draw_figure: digits must be at least 1", got=digits)
    picture = lay_out(circuit, digits, unroll)
    width = _columns_width(picture.columns) + 2 * _GAP
    levels = [_depth(item) for column in picture.columns for item in column]
    head = 0.4 + _MARGIN * max(levels, default=0)
    foot = head + (0.3 if picture.phases else 0.0)
    left, height = 0.5, (picture.n - 1) * _WIRE
    if ax is None:
        from .picture import Picture

        figure = Picture(figsize=(width + left + 0.1, height + head + foot))
        ax = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    ax.set(xlim=(-left, width + 0.1), ylim=(-height - foot, head), aspect="equal")
    ax.set_axis_off()
    for q in range(picture.n):
        ax.plot([0, width], [-q * _WIRE] * 2, color="black", linewidth=1, zorder=1)
        ax.text(-0.08, -q * _WIRE, f"q{q}", ha="right", va="center", fontsize=_SIZE)
    _Pen(ax).columns(picture.columns, _GAP)
    if picture.phases:
        text = "global phase: " + " + ".join(picture.phases)
        ax.text(0, -height - foot + 0.12, text, ha="left", va="bottom", fontsize=_SIZE)
    return ax.figure


class _Pen:
    """Draws laid out items into axes, in inches."""

    def __init__(self, ax: Any) -> None:
        self.ax = ax

    def columns(self, columns: list[list[Item]], x: float) -> None:
        for column in columns:
            width = max(map(_width, column))
            for item in column:
                if isinstance(item, Element):
                    self.element(item, x + width / 2)
                else:
                    self.frame(item, x + (width - _width(item)) / 2)
            x += width + _GAP

    def element(self, element: Element, x: float) -> None:
        self.ax.plot(
            [x, x],
            [-element.top * _WIRE, -element.bottom * _WIRE],
            color="black",
            linewidth=1.2,
            zorder=2,
        )
        width = _width(element)
        for q, cell in element.cells.items():
            y = -q * _WIRE
            if cell.kind == "box":
                self.box(x - width / 2, y - _BOX / 2, width, _BOX, zorder=3, facecolor="#eef3fb")
                self.ax.text(
                    x,
                    y,
                    cell.text,
                    ha="center",
                    va="center",
                    fontsize=_SIZE,
                    family="monospace",
                    zorder=4,
                )
            elif cell.kind == "swap":
                self.ax.plot(x, y, "x", color="black", markersize=9, markeredgewidth=1.6, zorder=3)
            elif cell.kind == "not":
                self.ax.plot(
                    x, y, "o", color="white", markeredgecolor="black", markersize=14, zorder=3
                )
                self.ax.plot(x, y, "+", color="black", markersize=14, zorder=4)
            else:
                fill = "black" if cell.kind == "control" else "white"
                self.ax.plot(x, y, "o", color=fill, markeredgecolor="black", markersize=7, zorder=3)

    def frame(self, frame: Frame, x: float) -> None:
        reach = _BOX / 2 + _MARGIN * _depth(frame)
        top, bottom = -frame.top * _WIRE + reach, -frame.bottom * _WIRE - reach
        width = _width(frame)
        self.box(
            x, bottom, width, top - bottom, zorder=1.5, facecolor="none", linestyle=(0, (4, 2))
        )
        self.ax.text(
            x + 0.1,
            top,
            frame.label,
            ha="left",
            va="center",
            fontsize=_SIZE - 1,
            zorder=4,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
        )
        inner = _columns_width(frame.columns)
        self.columns(frame.columns, x + (width - inner) / 2)

    def box(self, x: float, y: float, width: float, height: float, **style: Any) -> None:
        from matplotlib.patches import Rectangle

        self.ax.add_patch(Rectangle((x, y), width, height, edgecolor="black", **style))


def _width(item: Item) -> float:
    if isinstance(item, Frame):
        label = _CHARACTER * len(item.label) + 0.2
        return max(_columns_width(item.columns) + 2 * _MARGIN, label)
    texts = [c.text for c in item.cells.values() if c.kind == "box"]
    return max([_CHARACTER * len(t) + 0.16 for t in texts] + [_BOX if texts else 0.24])


def _columns_width(columns: list[list[Item]]) -> float:
    widths = [max(map(_width, column)) for column in columns]
    return sum(widths) + _GAP * max(len(widths) - 1, 0)


def _depth(item: Item) -> int:
    """How many frames stand in each other."""
    if isinstance(item, Element):
        return 0
    return 1 + max((_depth(i) for column in item.columns for i in column), default=0)
