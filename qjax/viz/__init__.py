"""Pictures of circuits, as text and as matplotlib figures; plots of diagnostics."""

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
from .text import draw

__all__ = [
    "draw",
    "draw_figure",
    "plot_concentration",
    "plot_effective_dimension",
    "plot_entropies",
    "plot_fidelities",
    "plot_fisher_spectrum",
    "plot_gradient_variance",
    "plot_kernel",
    "plot_memorisation",
    "plot_spectrum",
    "plot_tangent_drift",
]
