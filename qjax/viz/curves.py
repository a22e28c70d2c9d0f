"""Plots of what `qjax.diagnostics` and `qjax.kernels` find. matplotlib is imported when asked for.

Every function takes plain arrays, draws into ``ax`` (a new figure where none is given) and returns
the axes; ``ax.figure.savefig("name.png")`` writes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .style import new_axes


def axes(ax: Any = None, width: float = 4.8, height: float = 3.4) -> Any:
    """``ax``, or the axes of a new figure that is not registered with pyplot (inches)."""
    ax = new_axes(ax, width, height)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def plot_spectrum(frequencies: Any, coefficients: Any, *, ax: Any = None) -> Any:
    """Magnitudes of Fourier coefficients by frequency; rows of samples as a violin of points.

    Args:
        frequencies: shape ``(k,)``.
        coefficients: complex or real, shape ``(k,)`` or ``(samples, k)``.

    Example:
        >>> plot_spectrum([-1, 0, 1], [0.5, 0.0, 0.5]).get_xlabel()
        'frequency'
    """
    ax = axes(ax)
    size = np.atleast_2d(np.abs(np.asarray(coefficients)))
    x = np.broadcast_to(np.asarray(frequencies, float), size.shape)
    ax.plot(x.ravel(), size.ravel(), ".", color="C0", alpha=min(1.0, 10 / len(size)), ms=4)
    ax.vlines(x[0], 0, np.median(size, axis=0), color="C0")
    ax.set(xlabel="frequency", ylabel="magnitude of the coefficient")
    return ax


def plot_fidelities(found: Any, haar: Any, *, ax: Any = None) -> Any:
    """Histogram of fidelities beside that of Haar-random states, both shares by bin ``(bins,)``."""
    ax = axes(ax)
    found, haar = np.asarray(found), np.asarray(haar)
    edges = np.linspace(0, 1, len(found) + 1)
    ax.stairs(found, edges, fill=True, alpha=0.4, label="ansatz")
    ax.stairs(haar, edges, color="k", label="Haar")
    ax.set(xlabel="fidelity of two random states", ylabel="share")
    ax.legend(frameon=False)
    return ax


def plot_gradient_variance(
    sizes: Any, variances: Mapping[str, Any], *, xlabel: str = "qubits", ax: Any = None
) -> Any:
    """Variances of gradients on a logarithmic scale against qubits or layers, one line per name."""
    ax = axes(ax)
    for name, values in variances.items():
        ax.semilogy(np.asarray(sizes), np.asarray(values), "o-", label=name)
    ax.set(xlabel=xlabel, ylabel="variance of the gradient")
    ax.legend(frameon=False)
    return ax


def plot_effective_dimension(
    samples: Any,
    curves: Mapping[str, Any],
    *,
    published: Mapping[str, Any] | None = None,
    ax: Any = None,
) -> Any:
    """Normalised effective dimensions against the size of the data; published ones as crosses."""
    ax = axes(ax)
    for k, (name, values) in enumerate(curves.items()):
        ax.semilogx(np.asarray(samples), np.asarray(values), color=f"C{k}", label=name)
        if published and name in published:
            ax.semilogx(np.asarray(samples), np.asarray(published[name]), "x", color=f"C{k}")
    ax.set(xlabel="samples n", ylabel="effective dimension / parameters")
    ax.legend(frameon=False)
    return ax


def plot_fisher_spectrum(fishers: Any, *, bins: int = 40, ax: Any = None) -> Any:
    """Share of the eigenvalues of Fisher matrices ``(k, d, d)`` by size."""
    ax = axes(ax)
    values = np.linalg.eigvalsh(np.asarray(fishers)).ravel()
    ax.hist(values, bins=bins, weights=np.full(len(values), 1 / len(values)))
    ax.set(xlabel="eigenvalue of the Fisher matrix", ylabel="share")
    return ax


def plot_tangent_drift(drift: Any, *, ax: Any = None) -> Any:
    """``|K_t - K_0| / |K_0|`` against the step, shape ``(steps,)``."""
    ax = axes(ax)
    ax.plot(np.asarray(drift))
    ax.set(xlabel="step", ylabel="change of the tangent kernel")
    return ax


def plot_memorisation(sizes: Any, real: Any, random: Any, *, ax: Any = None) -> Any:
    """Training accuracies on true and on random labels, ``(sizes, repeats)``: mean and range."""
    ax = axes(ax)
    for name, values, colour in (("true labels", real, "C0"), ("random labels", random, "C3")):
        values = np.asarray(values)
        ax.plot(sizes, values.mean(axis=1), "o-", color=colour, label=name)
        ax.fill_between(sizes, values.min(axis=1), values.max(axis=1), color=colour, alpha=0.2)
    ax.set(xlabel="training set", ylabel="accuracy on it", ylim=(0, 1.05))
    ax.legend(frameon=False)
    return ax


def plot_kernel(kernel: Any, *, ax: Any = None) -> Any:
    """A kernel matrix ``(n, m)`` as an image, from 0 (white) to 1."""
    ax = axes(ax, 4.0, 3.6)
    image = ax.imshow(np.asarray(kernel), cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
    ax.figure.colorbar(image, ax=ax)
    return ax


def plot_concentration(sizes: Any, variances: Mapping[str, Any], *, ax: Any = None) -> Any:
    """Variances of kernel entries off the diagonal against qubits, one line per kernel."""
    ax = axes(ax)
    for name, values in variances.items():
        ax.semilogy(np.asarray(sizes), np.asarray(values), "o-", label=name)
    ax.set(xlabel="qubits", ylabel="variance of the entries")
    ax.legend(frameon=False)
    return ax


def plot_entropies(steps: Any, entropies: Mapping[str, Any], *, ax: Any = None) -> Any:
    """Entropies or coherences in nats along a training or a sweep, one line per name."""
    ax = axes(ax)
    for name, values in entropies.items():
        ax.plot(np.asarray(steps), np.asarray(values), label=name)
    ax.set(xlabel="step", ylabel="nats")
    ax.legend(frameon=False)
    return ax
