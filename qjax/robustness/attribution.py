"""Which features a model relies on: by permuting them, by learning without them, and by both.

Models come as plain functions, so that circuits, kernels and scikit-learn estimators all serve.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jaxtyping import Array

from ..errors import DataError

Score = Callable[[np.ndarray, np.ndarray], Any]


def permutation_importance(
    score: Score, x: Any, y: Any, key: Array, *, repeats: int = 10
) -> np.ndarray:
    """How much the score falls when a feature is shuffled among the points.

    Args:
        score: ``(x, y) -> number``, larger is better, of a fitted model.
        x: points that the model was not fitted on, shape ``(n, features)``.
        y: their targets.
        key: a PRNG key.
        repeats: shuffles that are averaged over.

    Returns:
        Float64, shape ``(features,)``; about 0 for features that are not used.

    Raises:
        DataError: x not a matrix, repeats below 1.

    Source: Breiman, Machine Learning 45, 5 (2001).

    Example:
        >>> import jax, numpy as np
        >>> from qjax.robustness import permutation_importance
        >>> x, y = np.array([[0.0, 1], [1, 1], [2, 1], [3, 1]]), np.arange(4)
        >>> first = lambda x, y: -np.abs(x[:, 0] - y).mean()
        >>> permutation_importance(first, x, y, jax.random.key(0))[1].item()
        0.0
    """
    x, y = _matrix(x, "permutation_importance"), np.asarray(y)
    if repeats < 1:
        raise DataError("permutation_importance: repeats must be at least 1", got=repeats)
    draw = np.random.default_rng(np.asarray(jax.random.bits(key, (4,))))
    base, falls = float(score(x, y)), np.zeros(x.shape[1])
    for feature in range(x.shape[1]):
        for _ in range(repeats):
            shuffled = x.copy()
            shuffled[:, feature] = draw.permutation(x[:, feature])
            falls[feature] += (base - float(score(shuffled, y))) / repeats
    return falls


def drop_column_importance(
    fit: Callable[[np.ndarray, np.ndarray], Score], train: tuple[Any, Any], test: tuple[Any, Any]
) -> np.ndarray:
    """How much the score falls when the model is fitted without a feature.

    A feature is dropped by setting it to its mean over the training points, in both parts, so that
    circuits keep their shape.

    Args:
        fit: ``(x, y) -> score``, with ``score(x, y) -> number``.
        train: ``(x, y)`` to fit on.
        test: ``(x, y)`` to judge by.

    Returns:
        Float64, shape ``(features,)``.

    Example:
        >>> import numpy as np
        >>> from qjax.robustness import drop_column_importance
        >>> fit = lambda x, y: lambda a, b: -np.abs(a[:, 0] - b).mean()
        >>> x, y = np.array([[0.0, 5], [2.0, 6]]), np.array([0.0, 2.0])
        >>> drop_column_importance(fit, (x, y), (x, y)).tolist()
        [1.0, 0.0]
    """
    x, y = _matrix(train[0], "drop_column_importance"), np.asarray(train[1])
    seen, truth = _matrix(test[0], "drop_column_importance"), np.asarray(test[1])
    base = float(fit(x, y)(seen, truth))
    falls = np.zeros(x.shape[1])
    for feature in range(x.shape[1]):
        without, judged = x.copy(), seen.copy()
        without[:, feature] = judged[:, feature] = x[:, feature].mean()
        falls[feature] = base - float(fit(without, y)(judged, truth))
    return falls


def q_medley(
    fit: Callable[[np.ndarray, np.ndarray], Score],
    train: tuple[Any, Any],
    test: tuple[Any, Any],
    key: Array,
    *,
    repeats: int = 10,
) -> np.ndarray:
    """The mean of drop-column and permutation importance.

    The first misses features that others replace, the second overrates them; their mean ranks
    features as the two agree.

    Args:
        fit: ``(x, y) -> score``, with ``score(x, y) -> number``, larger is better.
        train: ``(x, y)`` to fit on.
        test: ``(x, y)`` to judge by.
        key: a PRNG key.
        repeats: shuffles for each feature.

    Returns:
        Float64, shape ``(features,)``.

    Source: the attribution of Barua et al., arXiv:2505.10167, as the plain mean of its two parts
        (without its further interaction terms and adaptive weights).
    """
    x, y = _matrix(train[0], "q_medley"), np.asarray(train[1])
    permuted = permutation_importance(fit(x, y), test[0], test[1], key, repeats=repeats)
    return (drop_column_importance(fit, train, test) + permuted) / 2


def _matrix(x: Any, where: str) -> np.ndarray:
    x = np.asarray(x, np.float64)
    if x.ndim != 2 or 0 in x.shape:
        raise DataError(f"{where}: x must have shape (points, features)", got=f"shape {x.shape}")
    return x
