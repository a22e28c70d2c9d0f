"""Quantum kernels: every point is embedded once, and the matrix is one product of embeddings.

A kernel is an object that is called with points, ``kernel(x)`` or ``kernel(x, z)``: what
scikit-learn takes as ``SVC(kernel=kernel)``; its matrix is what ``SVC(kernel="precomputed")``
is fitted on.
"""

from .alignment import centred, kernel_target_alignment
from .concentration import Concentration, concentration
from .covariant import covariant_encoding, graph_fiducial
from .fidelity import FidelityKernel
from .independence import independence_test
from .projected import ProjectedKernel

__all__ = [
    "Concentration",
    "FidelityKernel",
    "ProjectedKernel",
    "centred",
    "concentration",
    "covariant_encoding",
    "graph_fiducial",
    "independence_test",
    "kernel_target_alignment",
]
