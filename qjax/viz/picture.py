"""A matplotlib figure that a notebook shows, whatever backend pyplot has. Imported when drawn."""

from __future__ import annotations

import io
from typing import Any

from matplotlib.figure import Figure


class Picture(Figure):
    """`matplotlib.figure.Figure` that is shown as the last line of a cell.

    A notebook knows how to show figures once pyplot has set up its inline backend; these are not
    registered with pyplot, and may be the first that a notebook sees.

    Example:
        >>> import qjax as qj
        >>> qj.viz.draw_figure(qj.Circuit(1, [qj.H(0)]))._repr_png_()[:4]
        b'\\x89PNG'
    """

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        options: dict[str, Any] = {"bbox_inches": "tight", "facecolor": "white"}
        self.savefig(buffer, format="png", dpi=self.dpi, **options)
        return buffer.getvalue()
