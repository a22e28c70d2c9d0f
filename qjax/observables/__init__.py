"""Observables beyond Pauli sums, named Hamiltonians, and the grouping of commuting words."""

from .grouping import Group, group_commuting
from .hamiltonians import cluster, heisenberg, ising, maxcut, tfim, xxz
from .hermitian import Hermitian
from .molecules import Molecule, molecule, molecule_bond_lengths
from .projector import Projector

__all__ = [
    "Group",
    "Hermitian",
    "Molecule",
    "Projector",
    "cluster",
    "group_commuting",
    "heisenberg",
    "ising",
    "maxcut",
    "molecule",
    "molecule_bond_lengths",
    "tfim",
    "xxz",
]
