"""The echo-state property: whether a reservoir forgets where it began, and how fast."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DataError


def echo_state_index(
    reservoir: Any, u: Any, first: Any, second: Any, *, sim: Any = None, key: Any = None
) -> np.ndarray:
    """The distance of the features from two initial states on the same input, step by step.

    Args:
        reservoir: any reservoir.
        u: inputs, shape (T,) or (T, k).
        first, second: states, such as those that two other series end in (`Reservoir.run`).
        sim, key: as for `Reservoir.features`.

    Returns:
        Root mean squares over the features, shape (T,). The echo-state property holds where they
        tend to 0.

    Source: Tran and Nakajima, arXiv:2006.08999 (echo-state property index).
    """
    a, b = (reservoir.features(u, sim=sim, state=state, key=key) for state in (first, second))
    return np.sqrt(np.mean((np.asarray(a, float) - np.asarray(b, float)) ** 2, axis=1))


def convergence_rate(distances: Any, *, floor: float = 1e-12) -> float:
    """The factor per step by which distances fall, fitted to the later half above a floor.

    Args:
        distances: from `echo_state_index`, shape (T,).
        floor: distances below are rounding, and do not count.

    Returns:
        For a constant input the modulus of the channel's second largest eigenvalue.

    Raises:
        DataError: too few distances above the floor.

    Example:
        >>> round(convergence_rate([2.0**-k for k in range(20)]), 6)
        0.5
    """
    d = np.asarray(distances, float)
    below = np.flatnonzero(d < floor)
    d = d[: below[0] if len(below) else len(d)]
    d = d[len(d) // 2 :]
    if len(d) < 2:
        raise DataError("the distances fall below the floor too soon to fit a rate", got=len(d))
    slope = np.polyfit(np.arange(len(d)), np.log(d), 1)[0]
    return float(np.exp(slope))
