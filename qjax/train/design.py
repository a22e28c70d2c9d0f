"""Which points a sweep visits: every combination, or random ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from ..errors import ExperimentError

Points = dict[str, np.ndarray]


@dataclass(frozen=True)
class Uniform:
    """Numbers between ``low`` and ``high``, all equally likely."""

    low: float | int
    high: float | int

    def __call__(self, u: np.ndarray) -> np.ndarray:
        """Map numbers from [0, 1) to the interval."""
        return self.low + (self.high - self.low) * u


@dataclass(frozen=True)
class LogUniform:
    """Numbers between ``low`` and ``high``, all orders of magnitude equally likely.

    Raises:
        ExperimentError: a bound that is not positive.
    """

    low: float | int
    high: float | int

    def __post_init__(self) -> None:
        if not (self.low > 0 and self.high > 0):
            raise ExperimentError("LogUniform: bounds must be positive", got=(self.low, self.high))

    def __call__(self, u: np.ndarray) -> np.ndarray:
        """Map numbers from [0, 1) to the interval."""
        low, high = math.log(self.low), math.log(self.high)
        return np.exp(low + (high - low) * u)


class Grid:
    """Every combination of the given values; the last axis varies fastest.

    Args:
        axes: a sequence of numbers (or, for static axes, of any values) under each name.

    Raises:
        ExperimentError: no axis, or an empty one.

    Example:
        >>> from qjax.train import Grid
        >>> Grid(rate=[0.1, 0.2], depth=[1, 2, 3]).points()["depth"].tolist()
        [1, 2, 3, 1, 2, 3]
    """

    def __init__(self, **axes: Sequence[Any] | np.ndarray | jax.Array) -> None:
        self.axes = {name: _axis(name, values) for name, values in axes.items()}
        if not self.axes:
            raise ExperimentError("Grid: there is no axis", expected="Grid(rate=[0.01, 0.1])")

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of every axis."""
        return tuple(len(values) for values in self.axes.values())

    def points(self) -> Points:
        """The value of every axis at every point, arrays of shape (points,)."""
        index = np.indices(self.shape).reshape(len(self.shape), -1)
        return {name: v[i] for (name, v), i in zip(self.axes.items(), index, strict=True)}


class Random:
    """Points drawn independently of each other.

    Args:
        n: how many.
        key: PRNG key from `jax.random.key`; the same key, the same points on every machine.
        axes: under each name `Uniform`, `LogUniform`, or a sequence to choose from.

    Raises:
        ExperimentError: n not positive, no axis, or an empty one.

    Example:
        >>> import jax
        >>> from qjax.train import LogUniform, Random
        >>> design = Random(5, jax.random.key(0), rate=LogUniform(1e-4, 1e-1), depth=[1, 2])
        >>> design.points()["rate"].shape
        (5,)
    """

    def __init__(self, n: int, key: Any, /, **axes: Any) -> None:
        if n < 1:
            raise ExperimentError("Random: n must be a positive integer", got=n)
        if not axes:
            raise ExperimentError("Random: there is no axis", expected="rate=LogUniform(1e-4, 1)")
        self.n, self.axes = n, axes
        seed = np.asarray(jax.random.key_data(key)).astype(np.uint32).ravel().tolist()
        # From NumPy: float64 in any mode of JAX.
        rng = np.random.default_rng(seed)
        self._points = {name: self._draw(name, axis, rng) for name, axis in axes.items()}

    @property
    def shape(self) -> tuple[int, ...]:
        """``(n,)``."""
        return (self.n,)

    def points(self) -> Points:
        """The value of every axis at every point, arrays of shape (points,)."""
        return dict(self._points)

    def _draw(self, name: str, axis: Any, rng: np.random.Generator) -> np.ndarray:
        if callable(axis):
            return np.asarray(axis(rng.random(self.n)))
        values = _axis(name, axis)
        return values[rng.integers(len(values), size=self.n)]


Design = Grid | Random


def _axis(name: str, values: Any) -> np.ndarray:
    array = np.asarray(values)
    if array.ndim != 1 or array.size == 0:
        raise ExperimentError(
            f"the axis {name} must be a sequence of values",
            got=f"shape {array.shape}",
            fix="for axes that belong together sweep an index and look the values up",
        )
    return array
