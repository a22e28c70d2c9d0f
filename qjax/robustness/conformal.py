"""Split conformal prediction: sets that hold the truth with a chosen probability, for any model.

The model is fitted on one part of the data; the scores of another, the calibration part, say how
wrong it is. Nothing is assumed but that calibration and test points are exchangeable.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from ..errors import DataError


def conformal_threshold(scores: Any, alpha: float | int) -> Float[Array, ""]:
    """The score that at least a share ``1 - alpha`` of new points does not exceed.

    It is the ``ceil((n + 1)(1 - alpha))``-th smallest of n calibration scores, and infinite where n
    is too small for that. The coverage is between ``1 - alpha`` and ``1 - alpha + 1 / (n + 1)``.

    Args:
        scores: of the calibration points, larger for worse predictions, shape ``(n,)``: such as
            ``1 - p(true class)`` or ``|y - prediction|``.
        alpha: within (0, 1).

    Raises:
        DataError: no scores, or another alpha.

    Source: Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World (2005); Angelopoulos
        and Bates, arXiv:2107.07511.

    Example:
        >>> import jax.numpy as jnp
        >>> from qjax.robustness import conformal_threshold
        >>> float(conformal_threshold(jnp.arange(9.0), 0.1)), float(conformal_threshold([0.0], 0.1))
        (8.0, inf)
    """
    scores = jnp.asarray(scores)
    if not jnp.issubdtype(scores.dtype, jnp.floating):
        scores = scores.astype(float)  # the threshold may be infinite
    if scores.ndim != 1 or scores.shape[0] == 0 or not 0 < alpha < 1:
        raise DataError(
            "conformal_threshold: scores must be a vector and alpha within (0, 1)",
            got=f"shape {scores.shape}, alpha {alpha}",
        )
    n = scores.shape[0]
    rank = int(np.ceil(np.round((n + 1) * (1 - alpha), 9)))
    if rank > n:
        return jnp.asarray(np.inf, scores.dtype)
    return jnp.sort(scores)[rank - 1]


def class_sets(probabilities: Any, threshold: Any) -> Bool[Array, "n classes"]:
    """Which classes stay possible: those with ``1 - p`` of at most the threshold.

    Args:
        probabilities: of the classes, shape ``(n, classes)``.
        threshold: from `conformal_threshold` of ``1 - p(true class)``.
    """
    return 1 - jnp.asarray(probabilities) <= threshold


def interval(prediction: Any, threshold: Any) -> tuple[Array, Array]:
    """The lower and the upper end about a prediction, from the threshold of absolute errors."""
    prediction = jnp.asarray(prediction)
    return prediction - threshold, prediction + threshold


def coverage(sets: Any, labels: Any) -> Float[Array, ""]:
    """The share of points whose class is in its set ``(n, classes)``."""
    sets, labels = jnp.asarray(sets), jnp.asarray(labels)
    return jnp.mean(jnp.take_along_axis(sets, labels[:, None], axis=1).astype(float))
