"""Circuits in the gates of a device: named bases, coupling maps, swaps. NumPy only."""

from .basis import BASES, Basis, as_basis
from .decompose import decompose
from .routing import Routed, fits, route

__all__ = ["BASES", "Basis", "Routed", "as_basis", "decompose", "fits", "route"]
