"""Errors of predictions, on NumPy or JAX arrays alike; the latter may be traced.

NMSE of a series with a large mean looks good when nothing was learned: where it is shown, NRMSE
belongs beside it.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import DataError

LYAPUNOV = {"lorenz": 0.9056, "mackey_glass": 0.0058}
"""Largest Lyapunov exponents, per unit of time: Lorenz-63 (sigma 10, rho 28, beta 8/3); and
Mackey-Glass with delay 17 (literature values scatter by a few percent)."""


def _pair(y: Any, prediction: Any) -> tuple[Any, Any, Any]:
    traced = isinstance(y, jax.Array) or isinstance(prediction, jax.Array)
    xp: Any = jnp if traced else np
    y, prediction = xp.asarray(y), xp.asarray(prediction)
    if y.shape != prediction.shape or y.ndim == 0:
        raise DataError(
            "target and prediction differ in shape", expected=y.shape, got=prediction.shape
        )
    dtype = np.result_type(y.dtype, prediction.dtype, np.float32)
    dtype = jax.dtypes.canonicalize_dtype(dtype) if traced else dtype
    return y.astype(dtype), prediction.astype(dtype), xp


def mse(y: Any, prediction: Any) -> Any:
    """Mean squared error, over every element.

    Args:
        y: target, shape (T, ...).
        prediction: of the same shape.

    Raises:
        DataError: shapes that differ.

    Example:
        >>> mse([1.0, 2.0], [1.0, 4.0]).item()
        2.0
    """
    y, prediction, _ = _pair(y, prediction)
    return ((y - prediction) ** 2).mean()


def nmse(y: Any, prediction: Any) -> Any:
    """``sum (y - prediction)^2 / sum y^2``, the usual figure of papers on quantum reservoirs.

    Raises:
        DataError: shapes that differ.

    Example:
        >>> nmse([1.0, 2.0], [1.0, 4.0]).item()
        0.8
    """
    y, prediction, _ = _pair(y, prediction)
    return ((y - prediction) ** 2).sum() / (y**2).sum()


def nrmse(y: Any, prediction: Any) -> Any:
    """Root of the mean squared error over the root of the target's variance; 1 is the mean.

    Several columns count together: ``sqrt(sum of errors / sum of variances)``.

    Raises:
        DataError: shapes that differ.

    Example:
        >>> nrmse([0.0, 2.0], [1.0, 1.0]).item()
        1.0
    """
    y, prediction, xp = _pair(y, prediction)
    spread = ((y - y.mean(axis=0, keepdims=True)) ** 2).mean()
    return xp.sqrt(((y - prediction) ** 2).mean() / spread)


def squared_correlation(y: Any, prediction: Any) -> Any:
    """Squared correlation of each column, within [0, 1]; 0 where one of them is constant.

    Args:
        y: target, shape (T,) or (T, K).
        prediction: of the same shape.

    Returns:
        Shape () or (K,): the capacity of a memory task at one delay.

    Raises:
        DataError: shapes that differ.

    Example:
        >>> squared_correlation([0.0, 1.0, 2.0], [3.0, 2.0, 1.0]).item()
        1.0
    """
    y, prediction, xp = _pair(y, prediction)
    a, b = (x - x.mean(axis=0, keepdims=True) for x in (y, prediction))
    below = (a**2).mean(axis=0) * (b**2).mean(axis=0)
    constant = below <= 1e-30
    return xp.where(constant, 0, (a * b).mean(axis=0) ** 2 / xp.where(constant, 1, below))


def valid_prediction_time(
    truth: Any,
    forecast: Any,
    dt: float | int,
    *,
    exponent: float | int = 1.0,
    threshold: float = 0.5,
    spread: Any = None,
) -> Any:
    """How long a forecast holds: until its error first exceeds a threshold.

    The error at time t is ``sqrt(mean_k ((truth_k - forecast_k) / spread_k)^2)``.

    Args:
        truth: shape (T, K) or (T,).
        forecast: of the same shape, starting at the same time.
        dt: time between samples.
        exponent: largest Lyapunov exponent, to have the result in Lyapunov times.
        threshold: the error that ends the validity.
        spread: standard deviation of each of the K components, shape (K,) or scalar; that of
            ``truth`` if not given.

    Returns:
        ``dt * exponent * steps``, the number of steps before the threshold is exceeded (or the
        forecast is not finite).

    Raises:
        DataError: shapes that differ.

    Source: Vlachas et al., arXiv:1910.05266, section 3 (with threshold 0.5).

    Example:
        >>> valid_prediction_time([0.0, 1.0, 0.0], [0.0, 1.0, 5.0], 0.1).round(6).item()
        0.2
    """
    truth, forecast, xp = _pair(truth, forecast)
    spread = truth.std(axis=0) if spread is None else xp.asarray(spread, truth.dtype)
    error = ((truth - forecast) / xp.broadcast_to(spread, truth.shape)) ** 2
    error = xp.sqrt(error.reshape(len(truth), -1).mean(axis=1))
    good = xp.cumprod(xp.where(xp.isnan(error), False, error <= threshold).astype(int))
    return good.sum().astype(truth.dtype) * xp.asarray(dt * exponent, truth.dtype)
