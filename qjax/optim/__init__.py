"""Optimisers made for circuits, as optax transformations, and many starts in one program."""

from .landscape import landscape
from .multistart import MultiStart, multistart
from .natural import quantum_natural_gradient, scale_by_metric
from .rotosolve import rotosolve
from .spsa import second_order_spsa, spsa

__all__ = [
    "MultiStart",
    "landscape",
    "multistart",
    "quantum_natural_gradient",
    "rotosolve",
    "scale_by_metric",
    "second_order_spsa",
    "spsa",
]
