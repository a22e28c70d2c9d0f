"""Electrons in the determinants of a fixed number of them: states, excitations, gradients."""

from .coupled_cluster import Tables, apply_excitations, pool_gradients, sector_energy
from .sector import Sector

__all__ = [
    "Sector",
    "Tables",
    "apply_excitations",
    "pool_gradients",
    "sector_energy",
]
