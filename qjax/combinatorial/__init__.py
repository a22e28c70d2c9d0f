"""Combinatorial optimisation: problems over bits, their Hamiltonians, exact answers, ansaetze."""

from .anneal import anneal
from .build import assignment, independent_set, knapsack, market_split, maxcut_problem
from .exact import Solution, brute_force, milp
from .graphs import as_weighted_edges, random_regular
from .lagrangian import Multipliers, augmented_lagrangian
from .objective import cvar
from .pauli_correlation import (
    PauliCorrelations,
    flip_descent,
    pauli_correlations,
    relaxed_cut_loss,
    signs_to_bits,
)
from .penalty import with_penalties
from .problem import BinaryProblem
from .qaoa import qaoa_energy, qaoa_state
from .qaoa_angles import (
    linear_ramp,
    one_layer_cut,
    regular_graph_angles,
    regular_graph_cut,
)
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
    "flip_descent",
    "independent_set",
    "knapsack",
    "linear_ramp",
    "market_split",
    "maxcut_problem",
    "milp",
    "one_layer_cut",
    "pauli_correlations",
    "qaoa_energy",
    "qaoa_state",
    "random_access",
    "random_regular",
    "regular_graph_angles",
    "regular_graph_cut",
    "relaxed_cut_loss",
    "shrink",
    "signs_to_bits",
    "with_penalties",
]
