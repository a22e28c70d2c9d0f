"""Gates in terms of simpler gates. NumPy only; exact, global phase included."""

from .controlled import elementary
from .expand import expand

__all__ = ["elementary", "expand"]
