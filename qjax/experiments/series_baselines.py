"""Classical baselines of the experiments on driven series, and scores of readouts on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..reservoir import gram, ridge_path
from ..tasks import (
    Score,
    Split,
    echo_state_score,
    linear_score,
    mse,
    nmse,
    nrmse,
    persistence_score,
)

ALPHAS = tuple(10.0**k for k in range(-11, 2))
"""Ridge penalties per training step, from which the validation part chooses."""


def classical(
    key: Any,
    u: Any,
    y: Any,
    split: Split,
    *,
    lags: int = 10,
    units: Sequence[int] = (50, 100, 200),
    ahead: int = 1,
) -> list[Score]:
    """Persistence, a linear model on lagged inputs, echo-state networks of several sizes.

    ``ahead`` is how many steps ago the last target is known.
    """
    found = [persistence_score(y, split, ahead), linear_score(u, y, split, lags)]
    return found + [echo_state_score(key, u, y, split, size) for size in units]


def readout_score(name: str, features: Any, y: Any, split: Split, *, degree: int = 1) -> Score:
    """Ridge on train, its penalty chosen on validation, reported on test; in float64."""
    return chosen_score(name, {"": features}, y, split, degree=degree)[1]


def chosen_score(
    name: str, options: Mapping[Any, Any], y: Any, split: Split, *, degree: int = 1
) -> tuple[Any, Score]:
    """As `readout_score`, for the best of several sets of features on validation, and which."""
    y = np.asarray(y, float)
    count = split.train.stop - split.train.start
    best: Any = None
    for option, features in options.items():
        x = np.asarray(features, float)
        alphas = [a * count for a in ALPHAS]
        path = ridge_path(x[split.train], y[split.train], alphas, degree=degree)
        errors = path.scores(gram(x[split.validation], y[split.validation], degree=degree))
        errors = np.asarray(errors).sum(axis=1)
        if best is None or errors.min() < best[0]:
            readout = path.readout(int(np.argmin(errors)))
            best = errors.min(), option, np.asarray(readout(x[split.test]))
    _, option, prediction = best
    target = y[split.test]
    prediction = prediction.reshape(target.shape)
    return option, Score(name, *(float(f(target, prediction)) for f in (mse, nmse, nrmse)))


def medians(scores: Sequence[Sequence[Score]], what: str = "nrmse") -> list[tuple[str, float]]:
    """Names and medians over seeds of several baselines' scores."""
    return [
        (group[0].name, float(np.median([getattr(s, what) for s in group])))
        for group in zip(*scores, strict=True)
    ]
