"""Forecasting by quantum LSTM, GRU and plain recurrent cells, beside a classical LSTM.

Source: Chen, Yoo, Fang, arXiv:2009.01783 (QLSTM), and arXiv:2211.02612 (QGRU, QRNN), with the
settings of the authors' code: four qubits, depth 2, RMSprop 0.01, windows of four, loss on the last
step. The published tables give losses of single epochs of single runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
from flax import nnx

from ..errors import ExperimentError
from ..nn.recurrent import LinearInQLSTMCell, QGRUCell, QRNNCell, two_ring_circuit
from .forecast import draw_forecast, draw_losses, forecast, rmsprop
from .frame import Experiment, Run
from .qfwp_series import F64, Recurrent, lstm, qlstm
from .series_tasks import classical_scores, series_task
from .settings import Settings, at_least
from .table import Row


@dataclass(frozen=True)
class RecurrentSettings(Settings):
    """Settings of ``qlstm-series``.

    Attributes:
        epochs: passes over the training windows.
        batch: windows per step.
        rate: learning rate of RMSprop, of every model.
        window: steps per window.
        tasks: of pendulum, bessel, narma5, narma10, control.
        models: of qlstm, linear-in, qgru, qrnn, lstm.
    """

    seeds: int = 5
    epochs: int = 100
    batch: int = 10
    rate: float = 1e-2
    window: int = 4
    tasks: tuple[str, ...] = ("pendulum", "bessel", "narma5", "narma10")
    models: tuple[str, ...] = ("qlstm", "linear-in", "qgru", "qrnn", "lstm")

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, epochs=1, batch=1, window=1)


def _linear_in(seed: int) -> nnx.Module:
    rngs = nnx.Rngs(seed)
    return Recurrent(LinearInQLSTMCell(1, 5, qubits=4, dtype=F64, rngs=rngs), 5, rngs=rngs)


def _qgru(seed: int) -> nnx.Module:
    rngs = nnx.Rngs(seed)
    return Recurrent(QGRUCell(dtype=F64, rngs=rngs), 3, rngs=rngs)


def _qrnn(seed: int) -> nnx.Module:
    rngs = nnx.Rngs(seed)
    return Recurrent(QRNNCell(dtype=F64, rngs=rngs), 3, rngs=rngs)


MODELS: dict[str, Callable[[int], nnx.Module]] = {
    "qlstm": qlstm,
    "linear-in": _linear_in,
    "qgru": _qgru,
    "qrnn": _qrnn,
    "lstm": lstm(5),
}


def run(run: Run) -> list[Row]:
    """Every series by every cell."""
    settings: RecurrentSettings = run.settings
    unknown = [name for name in settings.models if name not in MODELS]
    if unknown:
        raise ExperimentError(
            "models: there is no such model", expected=", ".join(MODELS), got=unknown
        )
    rows = []
    for name in settings.tasks:
        task = series_task(name, settings.window)
        options = {"epochs": settings.epochs, "batch": settings.batch}
        found = {
            model: forecast(
                run, f"{name}-{model}", MODELS[model], task, rmsprop(settings.rate), **options
            )
            for model in settings.models
        }
        scores = classical_scores(task)
        run.figure(
            f"{name}-loss", draw_losses(name, found, {score.name: score.mse for score in scores})
        )
        run.figure(f"{name}-forecast", draw_forecast(task, found))
        baseline = [*((s.name, s.mse) for s in scores), ("variance", task.variance)]
        rows += [
            Row(
                f"{name}, {model} ({result.parameters}): test MSE",
                "single run",
                result.settled().tolist(),
                baseline,
                None,
                ".1e",
            )
            for model, result in found.items()
        ]
    return rows


def example(settings: RecurrentSettings) -> Any:
    """The circuit of a gate of the published cell."""
    del settings
    return two_ring_circuit(jnp.zeros(4), jnp.zeros((2, 4, 3)))


EXPERIMENT = Experiment(
    name="qlstm-series",
    title="Forecasting by quantum recurrent cells",
    paper="arXiv:2009.01783",
    minutes=8,
    settings=RecurrentSettings(),
    run=run,
    circuit=example,
    quick={"epochs": 2, "seeds": 2, "tasks": ("pendulum",), "models": ("qlstm", "qrnn", "lstm")},
    x64=True,
)
