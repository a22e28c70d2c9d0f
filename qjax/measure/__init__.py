"""The verbs: what can be asked of a circuit. Each compiles itself, keyed on structure."""

from .explain import Explanation, explain
from .imaginary import imaginary_time
from .metric import Derivatives, Overlaps, layer_blocks, metric_tensor
from .networks import matrix_product_state
from .shadows import Shadow, classical_shadow, shadow_expval
from .shots import counts
from .states import entropy, overlap, reduced_density_matrix, unitary
from .verbs import Info, amplitudes, estimate, expval, probs, run, sample

__all__ = [
    "Derivatives",
    "Explanation",
    "Info",
    "Overlaps",
    "Shadow",
    "amplitudes",
    "classical_shadow",
    "counts",
    "entropy",
    "estimate",
    "explain",
    "expval",
    "imaginary_time",
    "layer_blocks",
    "matrix_product_state",
    "metric_tensor",
    "overlap",
    "probs",
    "reduced_density_matrix",
    "run",
    "sample",
    "shadow_expval",
    "unitary",
]
