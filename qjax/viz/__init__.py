"""Pictures of circuits, as text and as matplotlib figures; plots of diagnostics."""

from .bloch import bloch_vector, plot_bloch
from .curves import (
    plot_concentration,
    plot_effective_dimension,
    plot_entropies,
    plot_fidelities,
    plot_fisher_spectrum,
    plot_gradient_variance,
    plot_kernel,
    plot_memorisation,
    plot_spectrum,
    plot_tangent_drift,
)
from .figure import draw_figure
from .profiles import plot_profile
from .style import COLOURS, STYLE, style
from .text import draw
from .training import plot_landscape, plot_learning_curves

__all__ = [
    "COLOURS",
    "STYLE",
    "bloch_vector",
    "draw",
    "draw_figure",
    "plot_bloch",
    "plot_concentration",
    "plot_effective_dimension",
    "plot_entropies",
    "plot_fidelities",
    "plot_fisher_spectrum",
    "plot_gradient_variance",
    "plot_kernel",
    "plot_landscape",
    "plot_learning_curves",
    "plot_memorisation",
    "plot_profile",
    "plot_spectrum",
    "plot_tangent_drift",
    "style",
]
