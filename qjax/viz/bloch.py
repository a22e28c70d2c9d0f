"""Qubits as arrows in the Bloch ball."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DataError
from .style import COLOURS, new_axes


def bloch_vector(state: Any) -> np.ndarray:
    """``(<X>, <Y>, <Z>)`` of a qubit.

    Args:
        state: amplitudes ``(2,)``, or a density matrix ``(2, 2)``.

    Raises:
        DataError: another shape.

    Example:
        >>> from qjax.viz import bloch_vector
        >>> bloch_vector([1, 0]).tolist()
        [0.0, 0.0, 1.0]
    """
    state = np.asarray(state, complex)
    if state.shape not in ((2,), (2, 2)):
        raise DataError(
            "bloch_vector: not one qubit", expected="(2,) or (2, 2)", got=state.shape,
            fix="qjax.reduced_density_matrix(circuit, qubit) is the state of one of several",
        )  # fmt: skip
    rho = np.outer(state, state.conj()) if state.ndim == 1 else state
    x, y = 2 * rho[1, 0].real, 2 * rho[1, 0].imag
    return np.array([x, y, (rho[0, 0] - rho[1, 1]).real], float) + 0.0  # no -0.0


def plot_bloch(vectors: Any, *, path: bool = False, labels: Any = None, ax: Any = None) -> Any:
    """Vectors in the Bloch ball, as arrows or as a path.

    Args:
        vectors: shape ``(3,)`` or ``(k, 3)``, in the order x, y, z; see `bloch_vector`.
        path: whether they follow each other: a line, its last point marked.
        labels: a text for each arrow.
        ax: matplotlib axes with ``projection="3d"``; default a new figure.

    Returns:
        The axes.

    Raises:
        DataError: another shape, or a vector that is longer than 1.

    Example:
        >>> plot_bloch([0, 0, 1]).name
        '3d'
    """
    vectors = np.atleast_2d(np.asarray(vectors, float))
    if vectors.ndim != 2 or vectors.shape[1] != 3:
        raise DataError("plot_bloch: vectors have three components", got=vectors.shape)
    longest = np.linalg.norm(vectors, axis=1).max()
    if longest > 1 + 1e-4:
        raise DataError("plot_bloch: a vector reaches out of the ball", got=f"length {longest:.6g}")
    ax = new_axes(ax, 3.6, 3.6, projection="3d")
    turn = np.linspace(0, 2 * np.pi, 100)
    circle, none = np.array([np.cos(turn), np.sin(turn)]), np.zeros_like(turn)
    for rows in ((0, 1), (0, 2), (1, 2)):
        ring = [none] * 3
        for row, values in zip(rows, circle, strict=True):
            ring[row] = values
        ax.plot(*ring, color="0.75", lw=0.8)
    ax.plot(*_outline(ax.elev, ax.azim) @ circle, color="0.6", lw=1.0)
    for axis, (low, high) in enumerate((("", "x"), ("", "y"), ("|1⟩", "|0⟩"))):
        ends = np.zeros((3, 2))
        ends[axis] = -1, 1
        ax.plot(*ends, color="0.75", lw=0.8)
        for text, place in ((low, -1.22), (high, 1.22)):
            ax.text(*(np.eye(3)[axis] * place), text, ha="center", va="center", fontsize=10)
    if path:
        ax.plot(*vectors.T, color=COLOURS[0])
        ax.plot(*vectors[-1:].T, "o", color=COLOURS[1], ms=6)
    else:
        for k, vector in enumerate(vectors):
            colour = COLOURS[k % len(COLOURS)]
            ax.quiver(0, 0, 0, *vector, color=colour, arrow_length_ratio=0.12, lw=2)
            if labels is not None:
                ax.text(*(1.12 * vector), labels[k], color=colour, fontsize=9)
    ax.set_box_aspect((1, 1, 1), zoom=1.25)
    ax.set(xlim=(-1, 1), ylim=(-1, 1), zlim=(-1, 1))
    ax.set_axis_off()
    return ax


def _outline(elevation: float | int, azimuth: float | int) -> np.ndarray:
    """Two directions across the line of sight (degrees), as columns: (3, 2)."""
    e, a = np.deg2rad([elevation, azimuth])
    across = np.array([-np.sin(a), np.cos(a), 0.0])
    up = np.array([-np.sin(e) * np.cos(a), -np.sin(e) * np.sin(a), np.cos(e)])
    return np.stack([across, up], axis=1)
