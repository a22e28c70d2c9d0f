"""Series, patterns, splits, metrics, classical baselines: NumPy float64 in every mode of JAX."""

from .baselines import (
    EchoStateNetwork,
    Linear,
    Score,
    echo_state_score,
    fit_linear,
    lagged,
    linear_forecast,
    linear_score,
    persistence_score,
)
from .metrics import LYAPUNOV, mse, nmse, nrmse, squared_correlation, valid_prediction_time
from .narma import narma, sine_product
from .patterns import bars_and_stripes, fixed_cardinality
from .series import bessel, damped_pendulum, delayed_control, lorenz, mackey_glass
from .split import Scaling, Split, chronological_split, fit_scaling, standardise, windows
from .targets import binary_input, delayed, parity, two_time_scales, uniform_input

__all__ = [
    "LYAPUNOV",
    "EchoStateNetwork",
    "Linear",
    "Scaling",
    "Score",
    "Split",
    "bars_and_stripes",
    "bessel",
    "binary_input",
    "chronological_split",
    "damped_pendulum",
    "delayed",
    "delayed_control",
    "echo_state_score",
    "fit_linear",
    "fit_scaling",
    "fixed_cardinality",
    "lagged",
    "linear_forecast",
    "linear_score",
    "lorenz",
    "mackey_glass",
    "mse",
    "narma",
    "nmse",
    "nrmse",
    "parity",
    "persistence_score",
    "sine_product",
    "squared_correlation",
    "standardise",
    "two_time_scales",
    "uniform_input",
    "valid_prediction_time",
    "windows",
]
