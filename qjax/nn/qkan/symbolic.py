"""A formula for a learned activation, by least squares over a small library."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from qjax.nn.qkan.attribution import edge_values
from qjax.nn.qkan.modules import QKANLayer

LIBRARY: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "x": lambda u: u,
    "x^2": lambda u: u**2,
    "x^3": lambda u: u**3,
    "x^4": lambda u: u**4,
    "sin": np.sin,
    "exp": lambda u: np.exp(np.clip(u, -30.0, 30.0)),
    "log": lambda u: np.log(np.where(u > 1e-6, u, np.nan)),
    "sqrt": lambda u: np.sqrt(np.where(u >= 0.0, u, np.nan)),
    "tanh": np.tanh,
    "1/x": lambda u: 1.0 / np.where(np.abs(u) > 1e-3, u, np.nan),
    "gaussian": lambda u: np.exp(-(u**2)),
    "|x|": np.abs,
}


class Suggestion(NamedTuple):
    """``y = scale * f(inner * x + shift) + offset``, with its coefficient of determination."""

    name: str
    scale: float
    inner: float
    shift: float
    offset: float
    r2: float

    def __str__(self) -> str:
        return (
            f"{self.scale:.4g} * [{self.name}]({self.inner:.4g} x + {self.shift:.4g}) "
            f"+ {self.offset:.4g}  (R^2 {self.r2:.6f})"
        )


def suggest(x: np.ndarray, y: np.ndarray, *, best: int = 3) -> list[Suggestion]:
    """The library's functions that fit samples best, up to affine maps inside and outside.

    The inner map is searched on a grid that is refined three times; the outer one is linear
    least squares.

    Args:
        x: sample points, shape (N,).
        y: values, shape (N,).
        best: how many suggestions.

    Returns:
        The suggestions, best first. A straight line is listed before anything that is no better.

    Source: Liu et al., KAN, arXiv:2404.19756, section 2.5.1.

    Example:
        >>> points = np.linspace(-2, 2, 100)
        >>> suggest(points, 3 * np.sin(2 * points) + 1)[0].name
        'sin'
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    found = [_fit(name, function, x, y) for name, function in LIBRARY.items()]
    return sorted(found, key=lambda s: -round(s.r2, 9))[:best]


def suggest_edge(
    layer: QKANLayer, output: int, source: int, x: np.ndarray, *, best: int = 3
) -> list[Suggestion]:
    """Suggestions for what one edge contributes, base function included; x of shape (N,)."""
    inputs = jnp.broadcast_to(jnp.asarray(x)[:, None], (len(x), layer.in_features))
    return suggest(
        np.asarray(x), np.asarray(edge_values(layer, inputs)[:, output, source]), best=best
    )


def _fit(
    name: str, function: Callable[[np.ndarray], np.ndarray], x: np.ndarray, y: np.ndarray
) -> Suggestion:
    low, high = np.array([-10.0, -10.0]), np.array([10.0, 10.0])
    best = (-np.inf, 1.0, 0.0, 0.0, float(np.mean(y)))
    total = np.var(y) + 1e-30
    for _ in range(4):
        inner, shift = np.meshgrid(
            *(np.linspace(a, b, 101) for a, b in zip(low, high, strict=True))
        )
        values = function(inner[..., None] * x + shift[..., None])
        centred = values - values.mean(axis=-1, keepdims=True)
        variance = (centred**2).mean(axis=-1)
        slope = (centred * (y - y.mean())).mean(axis=-1) / np.where(
            variance > 1e-20, variance, np.nan
        )
        r2 = np.where(np.isfinite(slope), slope**2 * variance / total, -np.inf)
        at = np.unravel_index(int(np.argmax(r2)), r2.shape)
        if r2[at] > best[0]:
            offset = y.mean() - slope[at] * values[at].mean()
            best = (r2[at], inner[at], shift[at], slope[at], offset)
        width = (high - low) / 20.0
        centre = np.array([best[1], best[2]])
        low, high = centre - width, centre + width
    r2, inner, shift, scale, offset = (float(value) for value in best)
    return Suggestion(name, scale, inner, shift, offset, r2)
