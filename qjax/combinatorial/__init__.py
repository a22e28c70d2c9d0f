"""Combinatorial optimisation: problems over bits, their Hamiltonians, exact answers, ansaetze."""

from .anneal import anneal
from .build import assignment, independent_set, knapsack, market_split, maxcut_problem
from .exact import Solution, brute_force, milp
from .graphs import as_weighted_edges, random_regular
from .lagrangian import Multipliers, augmented_lagrangian
from .objective import cvar
from .pauli_correlation import PauliCorrelations, pauli_correlations
from .penalty import with_penalties
from .problem import BinaryProblem
from .qaoa import qaoa_energy, qaoa_state
from .qaoa_angles import linear_ramp, regular_graph_angles, regular_graph_cut
from .random_access import RandomAccess, random_access
from .shrink import Shrunk, shrink

__all__ = [
    "BinaryProblem",
    "Multipliers",
    "PauliCorrelations",
    "RandomAccess",
    "Shrunk",
    "Solution",
    "anneal",
    "as_weighted_edges",
    "assignment",
    "augmented_lagrangian",
    "brute_force",
    "cvar",
    "independent_set",
    "knapsack",
    "linear_ramp",
    "market_split",
    "maxcut_problem",
    "milp",
    "pauli_correlations",
    "qaoa_energy",
    "qaoa_state",
    "random_access",
    "random_regular",
    "regular_graph_angles",
    "regular_graph_cut",
    "shrink",
    "with_penalties",
]
