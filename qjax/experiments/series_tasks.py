"""The series that the sequence models forecast, cut as their published code cuts them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..errors import ExperimentError
from ..tasks import (
    Score,
    bessel,
    chronological_split,
    damped_pendulum,
    delayed_control,
    linear_score,
    mse,
    narma,
    nmse,
    nrmse,
    sine_product,
    windows,
)

NARMA_LENGTH = 300


class SeriesTask(NamedTuple):
    """Windows of a series and the value to forecast from each, in the order of time.

    Attributes:
        name: as in tables.
        x: windows, shape (N, window).
        y: targets, shape (N,).
        trained: how many of the first ones are for training.
        last: the target's own last value before each target, shape (N,), for persistence.
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    trained: int
    last: np.ndarray

    @property
    def variance(self) -> float:
        """Of the targets of the test part."""
        return float(np.var(self.y[self.trained :]))


def _scaled(series: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """To [-1, 1] over the whole series, as published: the range of the test part leaks."""
    scaled = 2 * (series - series.min()) / np.ptp(series) - 1
    return scaled, scaled


def _narma(order: int) -> tuple[np.ndarray, np.ndarray]:
    u = sine_product(NARMA_LENGTH, NARMA_LENGTH)
    # What the machine sees up to u[t] is to tell y[t + 1]: the next value of this series.
    return u, narma(u, order, start=0.196)[:-1]


SERIES: dict[str, Callable[[], tuple[np.ndarray, np.ndarray]]] = {
    "pendulum": lambda: _scaled(damped_pendulum()),
    "bessel": lambda: _scaled(bessel()),
    "narma5": lambda: _narma(5),
    "narma10": lambda: _narma(10),
    "control": lambda: _scaled(delayed_control()),
}
"""Name, and the series that is seen with the series that is forecast."""


def series_task(name: str, window: int) -> SeriesTask:
    """A task with windows of some length, split 67 to 33 in the order of time.

    Args:
        name: a key of `SERIES`.
        window: steps per window.

    Raises:
        ExperimentError: an unknown name.

    Example:
        >>> task = series_task("pendulum", 4)
        >>> task.x.shape, task.trained
        ((235, 4), 157)
    """
    if name not in SERIES:
        raise ExperimentError(f"there is no series {name!r}", expected=", ".join(SERIES), got=name)
    seen, target = SERIES[name]()
    x, y = windows(seen, window, targets=target)
    x, y = x[:-1], y[:-1]  # the published loop stops one window early
    last = target[window - 1 : window - 1 + len(y)]
    return SeriesTask(name, x, y, int(0.67 * len(x)), last)


def classical_scores(task: SeriesTask) -> list[Score]:
    """Persistence, and a linear model on the very windows that the networks see."""
    test = slice(task.trained, None)
    y, last = task.y[test], task.last[test]
    persistence = Score("persistence", *(float(f(y, last)) for f in (mse, nmse, nrmse)))
    # Linear regression on a window of L inputs is AR(L); one lag of the whole window each.
    split = chronological_split(len(task.x), train=task.trained)
    linear = linear_score(task.x, task.y, split, lags=1)
    name = f"AR({task.x.shape[1]})"
    return [persistence, Score(name, linear.mse, linear.nmse, linear.nrmse)]
