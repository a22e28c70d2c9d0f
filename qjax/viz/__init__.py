"""Pictures of circuits: as text, and as matplotlib figures."""

from .figure import draw_figure
from .text import draw

__all__ = ["draw", "draw_figure"]
