"""Pictures of circuits."""

from .text import draw

__all__ = ["draw"]
