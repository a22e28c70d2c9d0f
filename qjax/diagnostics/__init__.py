"""What a circuit can express, how well it trains, and what it has learnt: short pure functions.

Each works on any circuit function or model; its plot is in `qjax.viz`.
"""

from .coherence import l1_coherence, relative_entropy_coherence, von_neumann_entropy
from .expressibility import entangling_capability, expressibility, haar_histogram
from .fisher import effective_dimension, fisher_information
from .fourier import Spectrum, accessible_frequencies, fourier_coefficients
from .gradient_variance import gradient_variance, gradient_variances
from .memorisation import Memorisation, memorisation_curve
from .tangent import tangent_drift, tangent_kernel

__all__ = [
    "Memorisation",
    "Spectrum",
    "accessible_frequencies",
    "effective_dimension",
    "entangling_capability",
    "expressibility",
    "fisher_information",
    "fourier_coefficients",
    "gradient_variance",
    "gradient_variances",
    "haar_histogram",
    "l1_coherence",
    "memorisation_curve",
    "relative_entropy_coherence",
    "tangent_drift",
    "tangent_kernel",
    "von_neumann_entropy",
]
