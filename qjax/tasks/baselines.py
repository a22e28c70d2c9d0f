"""What a quantum model has to beat: persistence, a linear model on lags, an echo-state network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from ..errors import DataError
from .arrays import as_series, generator, positive
from .metrics import mse, nmse, nrmse
from .split import Split

ALPHAS = (1e-10, 1e-8, 1e-6, 1e-4, 1e-2)


@dataclass(frozen=True, eq=False)
class Linear:
    """``x @ weight + bias``.

    Attributes:
        weight: shape (F,) or (F, K).
        bias: shape () or (K,).
    """

    weight: np.ndarray
    bias: Any

    def __call__(self, x: Any) -> np.ndarray:
        """Predictions (T,) or (T, K) for features (T, F)."""
        return np.asarray(x, np.float64) @ self.weight + self.bias


@dataclass(frozen=True)
class Score:
    """How well a baseline did on the test part.

    Attributes:
        name: as shown in tables.
        mse, nmse, nrmse: see the functions of the same names.
    """

    name: str
    mse: float
    nmse: float
    nrmse: float


def _score(name: str, y: np.ndarray, prediction: np.ndarray) -> Score:
    return Score(name, *(float(f(y, prediction)) for f in (mse, nmse, nrmse)))


def fit_linear(x: Any, y: Any, alpha: float | int = 0.0) -> Linear:
    """Least squares with an unpenalised bias, ridge where ``alpha > 0``.

    Args:
        x: features, shape (T, F).
        y: targets, shape (T,) or (T, K).
        alpha: the penalty is ``alpha * T`` times the squared weights, so that its meaning does
            not depend on the length of the series.

    Raises:
        DataError: lengths that differ.

    Example:
        >>> fit_linear([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]).weight.round(6).tolist()
        [2.0]
    """
    x, y = as_series(x, "x"), as_series(y, "y")
    if x.ndim != 2 or len(x) != len(y):
        raise DataError("x must be (T, F), y (T,) or (T, K)", got=(x.shape, y.shape))
    mean_x, mean_y = x.mean(axis=0), y.mean(axis=0)
    centred = x - mean_x
    if alpha > 0:
        gram = centred.T @ centred + alpha * len(x) * np.eye(x.shape[1])
        weight = np.linalg.solve(gram, centred.T @ (y - mean_y))
    else:
        weight = np.linalg.lstsq(centred, y - mean_y, rcond=None)[0]
    return Linear(weight, mean_y - mean_x @ weight)


def lagged(x: Any, lags: int) -> np.ndarray:
    """Every step with the ``lags - 1`` steps before it, newest first; 0 before the beginning.

    Args:
        x: shape (T,) or (T, F).
        lags: how many steps.

    Returns:
        Shape (T, lags * F).

    Example:
        >>> lagged([1.0, 2.0], 2).tolist()
        [[1.0, 0.0], [2.0, 1.0]]
    """
    x = as_series(x, "x")
    x = x[:, None] if x.ndim == 1 else x
    padded = np.concatenate([np.zeros((positive(lags, "lags") - 1, x.shape[1])), x])
    return np.concatenate([padded[lags - 1 - k : lags - 1 - k + len(x)] for k in range(lags)], 1)


def persistence_score(y: Any, split: Split, horizon: int = 1) -> Score:
    """The target ``horizon`` steps ago as the prediction.

    Args:
        y: target, shape (T,) or (T, K).
        split: only its test part counts.
        horizon: how old the value is that a forecaster would have seen last.

    Example:
        >>> import numpy as np
        >>> from qjax.tasks import chronological_split
        >>> persistence_score(np.arange(10.0), chronological_split(10, train=5)).mse
        1.0
    """
    y = as_series(y, "y")
    start, stop = split.test.start, split.test.stop
    if start < horizon:
        raise DataError("the test part begins before there is a value to persist", got=start)
    return _score("persistence", y[split.test], y[start - horizon : stop - horizon])


def _chosen(
    features: np.ndarray, y: np.ndarray, split: Split, alphas: Sequence[float | int]
) -> Any:
    """(validation error, model) of the best penalty; without a validation part, the first."""
    best: Any = None
    for alpha in alphas if split.validation.stop > split.validation.start else alphas[:1]:
        model = fit_linear(features[split.train], y[split.train], alpha)
        where = split.validation if split.validation.stop > split.validation.start else split.train
        error = float(mse(y[where], model(features[where])))
        if best is None or error < best[0]:
            best = error, model
    return best


def linear_score(x: Any, y: Any, split: Split, lags: int = 4) -> Score:
    """Linear autoregression AR(lags): least squares on the last inputs.

    Args:
        x: what is seen, shape (T,) or (T, F): the input of a driven task, or the series itself.
        y: target aligned with it, shape (T,) or (T, K).
        split: fitted on train, reported on test.
        lags: how many inputs.

    Example:
        >>> import numpy as np
        >>> from qjax.tasks import chronological_split
        >>> x = np.sin(np.arange(100.0))
        >>> linear_score(x[:-1], x[1:], chronological_split(99), 2).mse < 1e-20
        True
    """
    features, y = lagged(x, lags), as_series(y, "y")
    whole = slice(max(split.train.start, lags - 1), split.train.stop)
    model = fit_linear(features[whole], y[whole])
    return _score(f"AR({lags})", y[split.test], model(features[split.test]))


@dataclass(frozen=True)
class EchoStateNetwork:
    """A leaky echo-state network, ``s <- (1 - leak) s + leak tanh(W s + V x + b)``.

    Args:
        units: number of units N.
        radius: spectral radius of W, whose elements are normal.
        scale: V is uniform on [-scale, scale].
        leak: leaking rate, within (0, 1].
        bias: b is uniform on [-bias, bias].

    Source: Jaeger, GMD report 148 (2001).

    Example:
        >>> import jax
        >>> EchoStateNetwork(20).features(jax.random.key(0), [0.1, 0.2]).shape
        (2, 20)
    """

    units: int
    radius: float | int = 0.9
    scale: float | int = 1.0
    leak: float | int = 1.0
    bias: float | int = 0.2

    def weights(self, key: Any, inputs: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """W (N, N), V (N, inputs) and b (N,)."""
        draw = generator(key)
        w = draw.normal(size=(self.units, self.units))
        w *= self.radius / abs(np.linalg.eigvals(w)).max()
        v = draw.uniform(-self.scale, self.scale, (self.units, inputs))
        return w, v, draw.uniform(-self.bias, self.bias, self.units)

    def features(self, key: Any, x: Any) -> np.ndarray:
        """States after each input, (T, N), for inputs (T,) or (T, F)."""
        x = as_series(x, "x")
        x = x[:, None] if x.ndim == 1 else x
        w, v, b = self.weights(key, x.shape[1])
        drive, state, out = x @ v.T + b, np.zeros(self.units), np.empty((len(x), self.units))
        for t in range(len(x)):
            state = (1 - self.leak) * state + self.leak * np.tanh(w @ state + drive[t])
            out[t] = state
        return out

    def forecast(self, key: Any, warm: Any, model: Linear, steps: int) -> np.ndarray:
        """Run on the network's own predictions.

        Args:
            key: as for `features`.
            warm: the series so far, (T, F).
            model: readout from states to the next input, F columns.
            steps: how far.

        Returns:
            Shape (steps, F).
        """
        warm = as_series(warm, "warm")
        w, v, b = self.weights(key, warm.shape[1])
        state = self.features(key, warm)[-1]
        out = np.empty((steps, warm.shape[1]))
        for t in range(steps):
            out[t] = model(state)
            drive = v @ out[t] + b
            state = (1 - self.leak) * state + self.leak * np.tanh(w @ state + drive)
        return out


def echo_state_score(
    key: Any,
    x: Any,
    y: Any,
    split: Split,
    units: int = 100,
    *,
    radii: Sequence[float | int] = (0.7, 0.9, 1.0),
    scales: Sequence[float | int] = (0.2, 1.0),
    leaks: Sequence[float | int] = (1.0,),
) -> Score:
    """The best echo-state network of a small grid, chosen on the validation part.

    Args:
        key: PRNG key of the random weights.
        x: what is seen, shape (T,) or (T, F); standardised with the training part.
        y: target aligned with it, shape (T,) or (T, K).
        split: fitted on train, chosen on validation (on train where that is empty), reported on
            test.
        units: number of units.
        radii, scales, leaks: the grid.

    Example:
        >>> import jax, numpy as np
        >>> from qjax.tasks import chronological_split
        >>> x = np.sin(np.arange(300.0))
        >>> split = chronological_split(299, washout=50)
        >>> echo_state_score(jax.random.key(0), x[:-1], x[1:], split, 20).nrmse < 0.1
        True
    """
    x, y = as_series(x, "x"), as_series(y, "y")
    seen = x[: split.train.stop]
    x = (x - seen.mean(axis=0)) / seen.std(axis=0)
    best: Any = None
    for radius, scale, leak in product(radii, scales, leaks):
        states = EchoStateNetwork(units, radius, scale, leak).features(key, x)
        error, model = _chosen(states, y, split, ALPHAS)
        if best is None or error < best[0]:
            best = error, model(states[split.test])
    return _score(f"ESN-{units}", y[split.test], best[1])


def linear_forecast(series: Any, lags: int, steps: int, alpha: float | int = 1e-8) -> np.ndarray:
    """A linear autoregression fitted on a series and run on its own predictions.

    Args:
        series: shape (T,) or (T, K).
        lags: how many steps it sees.
        steps: how far it runs.
        alpha: ridge penalty, as in `fit_linear`.

    Returns:
        Shape (steps,) or (steps, K).

    Example:
        >>> import numpy as np
        >>> x = np.sin(0.3 * np.arange(60.0))
        >>> bool(abs(linear_forecast(x, 2, 5, 0.0) - np.sin(0.3 * np.arange(60, 65))).max() < 1e-9)
        True
    """
    series = as_series(series, "series")
    x = series[:, None] if series.ndim == 1 else series
    model = fit_linear(lagged(x, lags)[lags - 1 : -1], x[lags:], alpha)
    recent, out = x[-lags:][::-1].ravel(), np.empty((steps, x.shape[1]))
    for t in range(steps):
        out[t] = model(recent)
        recent = np.concatenate([out[t], recent[: -x.shape[1]]])
    return out[:, 0] if series.ndim == 1 else out
