"""Observables beyond Pauli sums, named Hamiltonians, and the grouping of commuting words."""

from .excitations import Excitation, generalised_excitations, uccsd_excitations
from .fermions import (
    electronic_hamiltonian,
    encode_occupations,
    encoding_matrix,
    fermion_operator,
)
from .grouping import Group, group_commuting
from .hamiltonians import cluster, heisenberg, ising, maxcut, tfim, xxz
from .hermitian import Hermitian
from .molecules import Molecule, molecule, molecule_bond_lengths
from .projector import Projector

__all__ = [
    "Excitation",
    "Group",
    "Hermitian",
    "Molecule",
    "Projector",
    "cluster",
    "electronic_hamiltonian",
    "encode_occupations",
    "encoding_matrix",
    "fermion_operator",
    "generalised_excitations",
    "group_commuting",
    "heisenberg",
    "ising",
    "maxcut",
    "molecule",
    "molecule_bond_lengths",
    "tfim",
    "uccsd_excitations",
    "xxz",
]
