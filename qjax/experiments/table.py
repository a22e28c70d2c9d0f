"""The results table: quantity | paper's figure | ours | classical baseline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        quantity: what is compared, with its unit.
        paper: the published figure, as text; empty where the paper gives none.
        ours: one number per seed; shown as median and range.
        baseline: classical results on the same data, ``((name, number), ...)``.
        accept: ``(lowest, highest)`` median that counts as a reproduction; None where there is
            nothing to hold against.
        form: format of the numbers, as in ``format(x, form)``.
    """

    quantity: str
    paper: str = ""
    ours: Sequence[float | int] = ()
    baseline: Sequence[tuple[str, float | int]] = ()
    accept: tuple[float | int, float | int] | None = None
    form: str = ".3f"

    @property
    def median(self) -> float | None:
        """The median over seeds; None where there are no numbers of ours."""
        return float(np.median(self.ours)) if len(self.ours) else None

    @property
    def reproduced(self) -> bool | None:
        """Whether the median lies in the accepted interval; None where there is none."""
        if self.accept is None or self.median is None:
            return None
        return self.accept[0] <= self.median <= self.accept[1]

    def as_dict(self) -> dict[str, Any]:
        """The row as JSON can hold it."""
        return {
            "quantity": self.quantity,
            "paper": self.paper,
            "ours": [float(x) for x in self.ours],
            "median": self.median,
            "baseline": {name: float(x) for name, x in self.baseline},
            "accept": list(self.accept) if self.accept else None,
            "reproduced": self.reproduced,
        }

    def ours_text(self) -> str:
        """Median, and range over the seeds where there are several."""
        if self.median is None:
            return "–"
        text = f"{self.median:{self.form}}"
        if len(self.ours) > 1:
            low, high = min(self.ours), max(self.ours)
            text += f"  ({low:{self.form}} to {high:{self.form}}, {len(self.ours)} seeds)"
        return text

    def verdict(self) -> str:
        """In words, whether the figure was reproduced."""
        if self.accept is None or self.reproduced is None:
            return ""
        low, high = self.accept
        if low == -np.inf:
            bound = f"at most {high:g}"
        elif high == np.inf:
            bound = f"at least {low:g}"
        else:
            bound = f"{low:g} to {high:g}"
        return f"{'✓' if self.reproduced else '✗'} asked: {bound}"


def results_table(title: str, rows: Iterable[Row]) -> Any:
    """The rows as a rich table.

    Args:
        title: the heading.
        rows: the lines, in order.

    Returns:
        A `rich.table.Table`.

    Example:
        >>> from qjax.experiments.table import Row, results_table
        >>> results_table("digits", [Row("accuracy", "0.94", [0.93, 0.95])]).row_count
        1
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, box=box.ROUNDED, title_style="bold", show_lines=True)
    table.add_column("quantity", style="bold")
    table.add_column("paper's figure", justify="right")
    table.add_column("ours: median (range)", justify="left")
    table.add_column("classical baseline", justify="left")
    for row in rows:
        colour = {True: "green", False: "red", None: ""}[row.reproduced]
        ours = Text(row.ours_text(), style=colour)
        if row.verdict():
            ours.append(f"\n{row.verdict()}", style="dim")
        baseline = "\n".join(f"{name} {x:{row.form}}" for name, x in row.baseline)
        table.add_row(row.quantity, row.paper or "–", ours, baseline or "–")
    return table
