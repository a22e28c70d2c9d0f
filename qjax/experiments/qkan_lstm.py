"""Forecasting one step ahead by LSTM cells whose gates are quantum activations, or classical ones.

Source: the QKAN-LSTM of the authors of arXiv:2509.14026 on a damped oscillation and on the Bessel
function J2; the generators are those of their published code. Their tables report a test error of
1.0e-3 (oscillation) and 3.3e-4 (Bessel) after 30 epochs. Where every model has the same recipe, as
here, a plain LSTM of that size may well be the better one: the table says which.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from ..nn.qkan import HQKANLSTMCell, QKANLSTMCell
from .dots import dots
from .frame import Experiment, Run
from .qkan_models import (
    MLP,
    SplineKAN,
    chosen,
    keep_circuit,
    mean_squares,
    parameters,
    stacked,
    train,
)
from .settings import Settings, at_least
from .table import Row

WINDOW, POINTS, TRAINED = 4, 240, 160
PAPER = {
    ("oscillation", "QKAN-LSTM"): "1.0e-03",
    ("Bessel", "QKAN-LSTM"): "3.3e-04",
    ("Bessel", "HQKAN-LSTM"): "3.2e-04",
}


@dataclass(frozen=True)
class LSTMSettings(Settings):
    """Settings of ``qkan-lstm``.

    Attributes:
        epochs: passes over the training windows.
        batch: windows per step.
        rate: Adam's learning rate, of every model.
        hidden: hidden size of the quantum cells.
        baselines: comma-separated names of classical models; ``all`` for every one.
    """

    seeds: int = 3
    epochs: int = 30
    batch: int = 8
    rate: float = 1e-2
    hidden: int = 1
    baselines: str = "all"

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, epochs=1, batch=1, hidden=1)


def oscillation() -> np.ndarray:
    """Angular velocity of a damped pendulum, which starts below its pivot with 3 rad/s."""
    from scipy.integrate import solve_ivp

    times = np.linspace(0.0, 20.0, POINTS)

    def right(t: float, state: np.ndarray) -> tuple[float, float]:
        return state[1], -0.15 * state[1] - 9.81 * np.sin(state[0])

    return solve_ivp(right, (0, 20), (0.0, 3.0), t_eval=times, rtol=1e-9, atol=1e-9).y[1]


def bessel() -> np.ndarray:
    """J2 on [2, 100]."""
    from scipy.special import jv

    return jv(2, np.linspace(2, 100, POINTS))


def windows(series: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Windows of four values scaled to [-1, 1], and the value after each: (236, 4), (236, 1)."""
    scaled = 2 * (series - series.min()) / np.ptp(series) - 1
    x = np.lib.stride_tricks.sliding_window_view(scaled, WINDOW)[:-1]
    return x.astype(np.float32), scaled[WINDOW:, None].astype(np.float32)


class LinearLSTMCell(QKANLSTMCell):
    """The ordinary LSTM cell: the same recurrence, its gates linear."""

    def _gates(self, inputs: int, outputs: int, reps: int, **options: Any) -> nnx.Module:
        return nnx.Linear(inputs, outputs, **options)


class Forecaster(nnx.Module):
    """A recurrent cell over the window, and a linear readout of its last hidden state."""

    def __init__(self, cell: QKANLSTMCell, *, rngs: nnx.Rngs) -> None:
        self.cell = cell
        self.head = nnx.Linear(cell.hidden_features, 1, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        """(..., window) to (..., 1)."""
        graph, state = nnx.split(self.cell)

        def step(carry: Any, value: jax.Array) -> Any:
            return nnx.merge(graph, state)(carry, value)

        series = jnp.moveaxis(x, -1, 0)[..., None]
        start = self.cell.initialize_carry(series.shape[1:])
        (_, hidden), _ = jax.lax.scan(step, start, series)
        return self.head(hidden)


def run(run: Run) -> list[Row]:
    """Both series, every model, all seeds of both in one program per model."""
    settings: LSTMSettings = run.settings
    series = {"oscillation": windows(oscillation()), "Bessel": windows(bessel())}

    def rows(part: slice) -> tuple[jax.Array, jax.Array]:
        both = (np.stack([pair[k][part] for pair in series.values()]) for k in (0, 1))
        x, y = (jnp.asarray(np.repeat(a, settings.seeds, axis=0)) for a in both)
        return x, y

    hidden = settings.hidden

    def recurrent(cell: Any, size: int) -> Any:
        return lambda s: Forecaster(cell(1, size, rngs=nnx.Rngs(s)), rngs=nnx.Rngs(s + 1000))

    f32 = jnp.float32
    ours: dict[str, Any] = {
        "QKAN-LSTM": recurrent(QKANLSTMCell, hidden),
        "HQKAN-LSTM": recurrent(HQKANLSTMCell, hidden),
    }
    classical: dict[str, Any] = {
        "LSTM": recurrent(LinearLSTMCell, 5),
        "small LSTM": recurrent(LinearLSTMCell, 3),
        "MLP": lambda s: MLP([WINDOW, 10, 1], rngs=nnx.Rngs(s), dtype=f32),
        "spline KAN": lambda s: SplineKAN([WINDOW, 2, 1], rngs=nnx.Rngs(s), dtype=f32),
    }
    classical = chosen(classical, settings.baselines)
    errors, sizes = {}, {}
    for name, build in {**ours, **classical}.items():
        graph, states = stacked(build, settings.seeds)
        sizes[name] = parameters(states)
        states = jax.tree.map(lambda a: jnp.concatenate([a] * len(series)), states)
        loss = mean_squares(graph)
        steps = settings.epochs * (TRAINED // settings.batch)
        phases = [(optax.adam(settings.rate), steps)]
        data = rows(slice(0, TRAINED))
        stage = name.replace(" ", "-")
        states = train(run, stage, loss, states, phases, data, batch=settings.batch)
        if name in ours:
            keep_circuit(run, stage, graph, states)
        found = jax.jit(jax.vmap(loss))(states, rows(slice(TRAINED, None)))
        errors[name] = np.asarray(found).reshape(len(series), settings.seeds)
    table = []
    for index, task in enumerate(series):
        baseline = [
            (f"{name} ({sizes[name]})", float(np.median(errors[name][index]))) for name in classical
        ]
        table += [
            Row(
                f"{task}: test MSE, {name} ({sizes[name]} parameters)",
                PAPER.get((task, name), ""),
                errors[name][index].tolist(),
                baseline,
                None,
                ".1e",
            )
            for name in ours
        ]
    run.figure("results", dots(table, "test MSE"))
    return table


EXPERIMENT = Experiment(
    name="qkan-lstm",
    title="Forecasting by recurrent cells with quantum gates",
    paper="arXiv:2509.14026",
    minutes=1,
    settings=LSTMSettings(),
    run=run,
    quick={"epochs": 1, "seeds": 2, "baselines": "MLP"},
)
