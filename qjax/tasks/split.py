"""Chronological splits, scaling that only ever sees the training part, windows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ..errors import DataError
from .arrays import as_series, positive


@dataclass(frozen=True)
class Split:
    """Where the parts of a series lie, in the order washout, train, validation, test.

    Attributes:
        washout: steps that only warm the machine up.
        train: to fit readouts and scalings on.
        validation: to choose hyper-parameters on; may be empty.
        test: to report.
    """

    washout: slice
    train: slice
    validation: slice
    test: slice


def chronological_split(
    length: int,
    *,
    washout: int = 0,
    train: float | int = 0.67,
    validation: float | int = 0,
    test: float | int | None = None,
) -> Split:
    """Parts of a series in the order of time.

    Args:
        length: of the series.
        washout: steps before the training part.
        train, validation, test: numbers of steps (int), or shares (float) of what follows the
            washout, rounded down. ``test`` is the rest if not given.

    Raises:
        DataError: parts that are empty (but for validation) or longer than the series.

    Example:
        >>> chronological_split(10, washout=2, train=0.5).test
        slice(6, 10, None)
    """
    rest = positive(length, "length") - positive(washout, "washout", 0)
    sizes = [int(p * rest) if isinstance(p, float) else p for p in (train, validation)]
    sizes.append(
        rest - sum(sizes) if test is None else int(test * rest) if isinstance(test, float) else test
    )
    if min(sizes[0], sizes[2]) < 1 or sizes[1] < 0 or sum(sizes) > rest:
        raise DataError(
            "the parts do not fit into the series",
            expected=f"at most {rest} steps after the washout, train and test not empty",
            got=f"train {sizes[0]}, validation {sizes[1]}, test {sizes[2]}",
        )
    ends = washout + np.cumsum([0, *sizes])
    parts = [slice(int(a), int(b)) for a, b in pairwise(ends)]
    return Split(slice(0, washout), *parts)


@dataclass(frozen=True, eq=False)
class Scaling:
    """``(x - offset) * factor``, per component.

    Attributes:
        offset: shape () or (K,).
        factor: shape () or (K,).
    """

    offset: Any
    factor: Any

    def apply(self, x: Any) -> Any:
        """Scaled values, of the shape of ``x`` (..., K)."""
        return (x - self.offset) * self.factor

    def undo(self, x: Any) -> Any:
        """The values that were scaled to ``x``."""
        return x / self.factor + self.offset


def fit_scaling(train: Any, low: float | int = -1.0, high: float | int = 1.0) -> Scaling:
    """The scaling that maps each component's range over the training part to [low, high].

    Later values may lie outside: clip them where a circuit needs the range.

    Args:
        train: shape (T,) or (T, K): the training part alone, or the scale leaks the future.
        low, high: the range.

    Raises:
        DataError: a component that does not vary.

    Example:
        >>> fit_scaling([1.0, 3.0], 0, 1).apply(4.0)
        np.float64(1.5)
    """
    x = as_series(train, "train")
    least, most = x.min(axis=0), x.max(axis=0)
    if np.any(most <= least):
        raise DataError("train: a component does not vary and has no scale")
    factor = (high - low) / (most - least)
    return Scaling(least - low / factor, factor)


def standardise(train: Any) -> Scaling:
    """The scaling to mean 0 and standard deviation 1 over the training part.

    Args:
        train: shape (T,) or (T, K).

    Raises:
        DataError: a component that does not vary.

    Example:
        >>> standardise([1.0, 3.0]).apply(3.0)
        np.float64(1.0)
    """
    x = as_series(train, "train")
    spread = x.std(axis=0)
    if np.any(spread == 0):
        raise DataError("train: a component does not vary and has no scale")
    return Scaling(x.mean(axis=0), 1 / spread)


def windows(
    x: Any, window: int, *, horizon: int = 1, targets: Any = None
) -> tuple[np.ndarray, np.ndarray]:
    """Windows of a series, each with the value ``horizon`` steps after its last one.

    Args:
        x: shape (T,) or (T, F).
        window: steps per window, L.
        horizon: how far ahead the target lies; 0 is the step of the window's last value.
        targets: another series of T steps to take the targets from, (T,) or (T, K); ``x`` itself
            if not given.

    Returns:
        Inputs (N, L) or (N, L, F) and targets (N,) or (N, K), with N = T - L + 1 - horizon.

    Raises:
        DataError: series of different lengths, or too short for one window.

    Example:
        >>> windows([0.0, 1.0, 2.0, 3.0], 2)
        (array([[0., 1.], [1., 2.]]), array([2., 3.]))
    """
    x = as_series(x, "x")
    y = x if targets is None else as_series(targets, "targets")
    count = len(x) - positive(window, "window") + 1 - positive(horizon, "horizon", 0)
    if len(x) != len(y) or count < 1:
        raise DataError(
            "the series is too short for its windows, or x and targets differ in length",
            expected=f"at least {window + horizon} steps each",
            got=f"{len(x)} and {len(y)}",
        )
    views = np.lib.stride_tricks.sliding_window_view(x, window, axis=0)[:count]
    return np.moveaxis(views, -1, 1).copy(), y[window - 1 + horizon :].copy()
