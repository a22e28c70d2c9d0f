"""Circuits as text."""

from __future__ import annotations

from typing import Any

from ..circuit.circuit import as_circuit
from ..errors import ParameterError
from .layout import Element, Frame, Item, Picture, lay_out

_SYMBOL = {"control": "●", "open": "○", "not": "⊕", "swap": "×"}


def draw(circuit: Any, *, width: int | None = 100, digits: int = 3, unroll: bool = False) -> str:
    """The circuit as a text drawing, one wire per qubit, qubit 0 on top.

    ``●`` and ``○`` are controls on 1 and on 0, ``⊕`` is X under control, ``×`` a swapped qubit.
    Angles (radians) are rounded; ``?`` stands for a traced value and ``…`` for one that differs
    between layers (or between the circuits of a batch). Repeated blocks stand in a frame that says
    how often they run. ``0:`` and ``1:`` tell the qubits of a gate apart where they differ.

    Args:
        circuit: what to draw.
        width: longest line in characters, at least 20; None for no limit. Longer circuits are
            continued below.
        digits: significant digits of angles.
        unroll: whether repeated blocks are written out.

    Returns:
        The drawing, lines separated by newlines, no newline at the end.

    Raises:
        CircuitError: something else than a circuit.
        ParameterError: a width below 20, digits below 1.

    Example:
        >>> import qjax as qj
        >>> print(qj.draw(qj.Circuit(2, [qj.H(0), qj.CNOT(0, 1), qj.RZ(0.25, 1)])))
        q0: ─┤H├─●────────────
                 │
        q1: ─────⊕─┤RZ(0.25)├─
    """
    circuit = as_circuit(circuit, "draw")
    if width is not None and width < 20:
        raise ParameterError("draw: width must be at least 20", got=width, fix="None for no limit")
    if digits < 1:
        raise ParameterError("draw: digits must be at least 1", got=digits)
    picture = lay_out(circuit, digits, unroll)
    sheet = _Sheet(picture)
    names = [f"q{q}: " for q in range(picture.n)]
    margin = max(map(len, names))
    label = dict(zip(sheet.wire, names, strict=True))
    room = sheet.width if width is None else max(width - margin, 1)
    parts = [
        "\n".join(
            (label.get(r, "").ljust(margin) + "".join(row[start:end])).rstrip()
            for r, row in enumerate(sheet.rows)
        )
        for start, end in sheet.pieces(room)
    ]
    if picture.phases:
        parts.append("global phase: " + " + ".join(picture.phases))
    return "\n\n".join(parts) if len(parts) > 1 else parts[0]


class _Sheet:
    """Characters in rows: one row per wire, and rows between them for lines and frames."""

    def __init__(self, picture: Picture) -> None:
        n = picture.n
        above, below = [0] * n, [0] * n
        for column in picture.columns:
            for item in column:
                _reserve(item, above, below)
        self.wire: list[int] = []
        row = above[0]
        for q in range(n):
            self.wire.append(row)
            if q + 1 < n:
                row += 1 + max(1, below[q] + above[q + 1])
        self.width = 2 + _columns_width(picture.columns)
        self.rows = [[" "] * self.width for _ in range(row + 1 + below[-1])]
        for r in self.wire:
            self.rows[r] = ["─"] * self.width
        self.closed: set[int] = set()  # where the sheet must not be cut
        self._columns(picture.columns, 1)

    def _columns(self, columns: list[list[Item]], x: int) -> None:
        for column in columns:
            w = _column_width(column)
            for item in column:
                at = x + (w - _width(item)) // 2
                if isinstance(item, Element):
                    self._element(item, at)
                else:
                    self._frame(item, at)
            x += w + 1

    def _element(self, element: Element, x: int) -> None:
        w = _width(element)
        middle = x + (w - 1) // 2
        for r in range(self.wire[element.top] + 1, self.wire[element.bottom]):
            self.rows[r][middle] = "┼" if self.rows[r][middle] == "─" else "│"
        for q, cell in element.cells.items():
            if cell.kind == "box":
                self.rows[self.wire[q]][x : x + w] = f"┤{cell.text:^{w - 2}}├"
            else:
                self.rows[self.wire[q]][middle] = _SYMBOL[cell.kind]
        self.closed.update(range(x + 1, x + w))

    def _frame(self, frame: Frame, x: int) -> None:
        w = _width(frame)
        top = self.wire[frame.top] - _height(frame, "top")
        bottom = self.wire[frame.bottom] + _height(frame, "bottom")
        self.rows[top][x : x + w] = f"┌─ {frame.label} ".ljust(w - 1, "─") + "┐"
        self.rows[bottom][x : x + w] = "└" + "─" * (w - 2) + "┘"
        for r in range(top + 1, bottom):
            for at in (x, x + w - 1):
                self.rows[r][at] = "┼" if self.rows[r][at] == "─" else "│"
        self.closed.update(range(x + 1, x + 5 + len(frame.label)))
        slack = w - 4 - _columns_width(frame.columns)
        self._columns(frame.columns, x + 2 + slack // 2)

    def pieces(self, room: int) -> list[tuple[int, int]]:
        """Where to cut so that every piece fits, and no box is cut."""
        out, start = [], 0
        while self.width - start > room:
            cuts = [x for x in range(start + 2, self.width) if x not in self.closed]
            fitting = [x for x in cuts if x - start <= room]
            if not cuts:
                break
            end = fitting[-1] if fitting else cuts[0]
            out.append((start, end))
            start = end
        return [*out, (start, self.width)]


def _width(item: Item) -> int:
    if isinstance(item, Element):
        return max(1 if c.kind != "box" else len(c.text) + 2 for c in item.cells.values())
    return max(4 + _columns_width(item.columns), 6 + len(item.label))


def _column_width(column: list[Item]) -> int:
    return max(map(_width, column))


def _columns_width(columns: list[list[Item]]) -> int:
    return sum(map(_column_width, columns)) + max(len(columns) - 1, 0)


def _height(frame: Frame, side: str) -> int:
    """How far a frame stands from its outer wire: frames inside it come first."""
    wire = getattr(frame, side)
    inner = [
        _height(item, side)
        for column in frame.columns
        for item in column
        if isinstance(item, Frame) and getattr(item, side) == wire
    ]
    return 1 + max(inner, default=0)


def _reserve(item: Item, above: list[int], below: list[int]) -> None:
    """Make room between the wires for the upper and lower lines of frames."""
    if isinstance(item, Frame):
        above[item.top] = max(above[item.top], _height(item, "top"))
        below[item.bottom] = max(below[item.bottom], _height(item, "bottom"))
        for column in item.columns:
            for inner in column:
                _reserve(inner, above, below)
