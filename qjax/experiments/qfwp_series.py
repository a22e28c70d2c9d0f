"""Forecasting by quantum fast-weight programmers, additive and gated, at several window lengths.

Source: Chen, arXiv:2402.17760, with the settings of the author's code (8 qubits, 2 layers, RMSprop
0.01, batches of 10 in order, 100 epochs, loss on the last step); the gate is that of
arXiv:2605.06734. The published figures are curves. A linear model on the same window is far better
on every one of these series, and the table says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from ..errors import ExperimentError
from ..nn.fast_weights import (
    Additive,
    Bounded,
    FastQKAN,
    FastWeightProgrammer,
    Gated,
    SelfModulated,
    Update,
    brickwork_ry,
)
from ..nn.linear import uniform_linear
from ..nn.qkan import QKAN
from ..nn.recurrent import GatedLSTMCell, QLSTMCell, folded
from .forecast import Forecast, draw_forecast, draw_losses, forecast, rmsprop
from .frame import Experiment, Run
from .series_tasks import SERIES, classical_scores, series_task
from .settings import Settings, at_least
from .table import Row

F64 = jnp.float64
UPDATES: dict[str, Update] = {
    "additive": Additive(),
    "gated": Gated(),
    "modulated": SelfModulated(),
    "bounded": Bounded(),
}
ACCEPT = {
    ("pendulum", 4, "additive"): 2e-3,
    ("bessel", 4, "additive"): 1e-3,
    ("narma5", 4, "additive"): 1e-4,
    ("pendulum", 4, "gated"): 3e-4,
    ("pendulum", 16, "gated"): 2e-4,
}


@dataclass(frozen=True)
class SeriesSettings(Settings):
    """Settings of ``qfwp-series``.

    Attributes:
        epochs: passes over the training windows.
        batch: windows per step.
        rate: learning rate of RMSprop.
        adam: learning rate of Adam, in the models that are named with it.
        tasks: series at the published window, of pendulum, bessel, narma5, narma10, control.
        models: which models: additive, gated, modulated, bounded, qkan, qlstm, lstm; with
            ``+adam`` trained by Adam.
        window: the published window length.
        windows: further window lengths, at which the pendulum is forecast.
        long: the models that are tried there.
    """

    seeds: int = 10
    epochs: int = 100
    batch: int = 10
    rate: float = 1e-2
    adam: float = 3e-3
    tasks: tuple[str, ...] = ("pendulum", "bessel", "narma5", "narma10", "control")
    models: tuple[str, ...] = ("additive", "gated", "qlstm", "lstm")
    window: int = 4
    windows: tuple[int, ...] = (8, 16, 64)
    long: tuple[str, ...] = (
        "additive",
        "gated",
        "modulated",
        "bounded",
        "qkan",
        "additive+adam",
        "gated+adam",
        "lstm",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, epochs=1, batch=1, window=1)


class Recurrent(nnx.Module):
    """A recurrent cell over the window, and a linear readout of its last output."""

    def __init__(self, cell: Any, features: int, *, dtype: Any = F64, rngs: nnx.Rngs) -> None:
        self.cell = cell
        self.head = uniform_linear(features, 1, dtype=dtype, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        """(..., L, 1) to (..., 1)."""
        graph, state = nnx.split(folded(self.cell))

        def step(carry: Any, value: jax.Array) -> Any:
            return nnx.merge(graph, state)(carry, value)

        series = jnp.moveaxis(x, -2, 0)
        start = self.cell.initialize_carry(series.shape[1:])
        _, outputs = jax.lax.scan(step, start, series)
        return self.head(outputs[-1])


def lstm(hidden: int) -> Callable[[int], nnx.Module]:
    """The ordinary LSTM of that hidden size."""

    def build(seed: int) -> nnx.Module:
        rngs = nnx.Rngs(seed)
        gates = uniform_linear(1 + hidden, 4 * hidden, dtype=F64, rngs=rngs)
        return Recurrent(GatedLSTMCell(gates, hidden), hidden, rngs=rngs)

    return build


def qlstm(seed: int) -> nnx.Module:
    """The published QLSTM: four qubits, 149 parameters."""
    rngs = nnx.Rngs(seed)
    return Recurrent(QLSTMCell(dtype=F64, rngs=rngs), 4, rngs=rngs)


def gated_qkan(seed: int) -> nnx.Module:
    """QKAN as slow and as fast network, gated: widths of arXiv:2605.06734."""
    rngs = nnx.Rngs(seed)
    slow = nnx.Sequential(
        uniform_linear(1, 3, dtype=F64, rngs=rngs),
        QKAN([3, 3], 1, dtype=F64, rngs=rngs),
        uniform_linear(3, 5, dtype=F64, rngs=rngs),
    )
    fast = FastQKAN(1, 3, 1, dtype=F64, rngs=rngs)
    return FastWeightProgrammer(slow, fast, Gated(), latent=5, dtype=F64, rngs=rngs)


def builder(name: str) -> Callable[[int], nnx.Module]:
    """A model by name.

    Raises:
        ExperimentError: there is none of that name.
    """
    if name in UPDATES:
        rule = UPDATES[name]
        return lambda seed: FastWeightProgrammer(update=rule, dtype=F64, rngs=nnx.Rngs(seed))
    others = {"qkan": gated_qkan, "qlstm": qlstm, "lstm": lstm(5)}
    if name not in others:
        raise ExperimentError(
            f"models: there is no model {name!r}", expected=", ".join([*UPDATES, *others])
        )
    return others[name]


def run(run: Run) -> list[Row]:
    """Every series by every model, then the pendulum at longer windows."""
    settings: SeriesSettings = run.settings
    for name in (*settings.models, *settings.long):
        builder(name.removesuffix("+adam"))
    for name in settings.tasks:
        if name not in SERIES:
            raise ExperimentError(
                "tasks: there is no such series", expected=", ".join(SERIES), got=name
            )
    rows = []
    for name in settings.tasks:
        rows += _compare(run, name, settings.window, settings.models)
    for window in settings.windows:
        rows += _compare(run, "pendulum", window, settings.long)
    return rows


def _compare(run: Run, name: str, window: int, models: tuple[str, ...]) -> list[Row]:
    settings: SeriesSettings = run.settings
    task = series_task(name, window)
    found: dict[str, Forecast] = {}
    for model in models:
        adam = model.endswith("+adam")
        optimiser = optax.adam(settings.adam) if adam else rmsprop(settings.rate)
        found[model] = forecast(
            run,
            f"{name}-{window}-{model}",
            builder(model.removesuffix("+adam")),
            task,
            optimiser,
            epochs=settings.epochs,
            batch=settings.batch,
        )
    scores = classical_scores(task)
    floor = {score.name: score.mse for score in scores}
    run.figure(f"{name}-{window}-loss", draw_losses(f"{name}, window {window}", found, floor))
    run.figure(f"{name}-{window}-forecast", draw_forecast(task, found))
    baseline = [(score.name, score.mse) for score in scores]
    variance = [("variance", task.variance)]
    rows = []
    for model, result in found.items():
        settled = result.settled()
        bound = ACCEPT.get((name, window, model))
        label = f"{name}, window {window}, {model} ({result.parameters})"
        shown = baseline + variance
        rows.append(
            Row(
                f"{label}: test MSE",
                "curve only",
                settled.tolist(),
                shown,
                None if bound is None else (0.0, bound),
                ".1e",
            )
        )
        rows.append(
            Row(
                f"{label}: NRMSE",
                "",
                np.sqrt(settled / task.variance).tolist(),
                [(score.name, score.nrmse) for score in scores],
                None,
                ".3f",
            )
        )
    return rows


def example(settings: SeriesSettings) -> Any:
    """The fast circuit at the beginning of training."""
    del settings
    return brickwork_ry(jnp.zeros(1), jnp.zeros((2, 8)))


EXPERIMENT = Experiment(
    name="qfwp-series",
    title="Forecasting by quantum fast-weight programmers",
    paper="arXiv:2402.17760",
    minutes=6,
    settings=SeriesSettings(),
    run=run,
    circuit=example,
    quick={
        "epochs": 2,
        "seeds": 2,
        "tasks": ("pendulum",),
        "windows": (8,),
        "long": ("gated", "qkan"),
        "models": ("additive", "lstm"),
    },
    x64=True,
)
