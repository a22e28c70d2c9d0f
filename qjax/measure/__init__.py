"""The verbs: what can be asked of a circuit. Each compiles itself, keyed on structure."""

from .explain import Explanation, explain
from .networks import matrix_product_state
from .shadows import Shadow, classical_shadow, shadow_expval
from .shots import counts
from .states import entropy, overlap, reduced_density_matrix, unitary
from .verbs import Info, amplitudes, estimate, expval, probs, run, sample

__all__ = [
    "Explanation",
    "Info",
    "Shadow",
    "amplitudes",
    "classical_shadow",
    "counts",
    "entropy",
    "estimate",
    "explain",
    "expval",
    "matrix_product_state",
    "overlap",
    "probs",
    "reduced_density_matrix",
    "run",
    "sample",
    "shadow_expval",
    "unitary",
]
