"""Recurrent quantum cells with frozen random circuits: readouts in closed form or by gradients.

Source: arXiv:2211.02612: the circuits of quantum recurrent networks stay at random
values, and a linear layer on the last hidden state is trained for many epochs. That layer has a
least-squares solution, which one pass over the data gives.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from ..nn.recurrent import QGRUCell, QRNNCell
from ..nn.reservoir import freeze
from ..reservoir import ridge
from ..tasks import (
    Score,
    bessel,
    damped_pendulum,
    fit_scaling,
    mse,
    narma,
    nmse,
    nrmse,
    sine_product,
    windows,
)
from ..train import descend
from .frame import Experiment, Run
from .progress import progress
from .settings import Settings, at_least
from .table import Row

CELLS = {"QRNN": QRNNCell, "QGRU": QGRUCell}


@dataclass(frozen=True)
class FrozenSettings(Settings):
    """Settings of ``qrnn-rc``.

    Attributes:
        window: inputs that the cell sees before it predicts the next value.
        hidden: size of the hidden state.
        scale: standard deviation of the frozen angles, in radians.
        epochs: of gradient training.
        batch: windows per gradient step.
        rate: RMSprop's learning rate.
        alpha: ridge penalty.
        cells: which cells, of QRNN and QGRU.
    """

    seeds: int = 5
    window: int = 4
    hidden: int = 4
    scale: float = 1.0
    epochs: int = 100
    batch: int = 10
    rate: float = 0.01
    alpha: float = 1e-10
    cells: tuple[str, ...] = ("QRNN", "QGRU")

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, window=1, hidden=1, epochs=1, batch=1, alpha=1e-14)


def series() -> dict[str, np.ndarray]:
    """The series of the paper, unscaled."""
    u = sine_product(300, 300)
    return {
        "damped pendulum": damped_pendulum(),
        "Bessel": bessel(),
        "NARMA-5": narma(u, 5)[:-1],
        "NARMA-10": narma(u, 10)[:-1],
    }


@dataclass(frozen=True, eq=False)
class Case:
    """A series as windows, the training ones first.

    Attributes:
        x, y: windows (N, L) and the values after them (N,).
        train: how many of them are trained on, a multiple of the batch.
        batches: windows (B, batch, L) and values (B, batch), padded to the B of the longest case.
        count: how many batches are no padding.
    """

    x: np.ndarray
    y: np.ndarray
    train: int
    batches: tuple[Any, Any]
    count: int


def cases(settings: FrozenSettings) -> dict[str, Case]:
    """All series, their batches padded to one shape so that they share compiled programs."""
    found = {}
    for name, raw in series().items():
        cut = int(0.67 * len(raw))
        x, y = windows(fit_scaling(raw[:cut]).apply(raw), settings.window)
        found[name] = x, y, (cut - settings.window) // settings.batch
    most = max(count for *_, count in found.values())

    def batched(values: np.ndarray, count: int) -> Any:
        out = np.zeros((most, settings.batch, *values.shape[1:]))
        out[:count] = values[: count * settings.batch].reshape(count, *out.shape[1:])
        return jnp.asarray(out)

    return {
        name: Case(
            x,
            y,
            count * settings.batch,
            (batched(x, count), batched(y, count)),
            count,
        )
        for name, (x, y, count) in found.items()
    }


def gradient_training(settings: FrozenSettings, features: Any) -> Any:
    """A compiled training of (weight, bias) by RMSprop; ``features(params, x)`` runs in each step
    where the published code would run it. The number of batches is no part of the program."""
    optimiser = optax.rmsprop(settings.rate, decay=0.99, eps_in_sqrt=False)

    @jax.jit
    def train(params: Any, x: Any, y: Any, count: Any, weights: Any) -> Any:
        def update(step: Any, carry: Any) -> Any:
            weights, state = carry
            seen, target = features(params, x[step % count]), y[step % count]

            def loss(w: Any) -> Any:
                return jnp.mean((seen @ w[0] + w[1] - target) ** 2)

            return descend(optimiser, jax.grad(loss)(weights), state, weights)

        carry = weights, optimiser.init(weights)
        return jax.lax.fori_loop(0, settings.epochs * count, update, carry)[0]

    return train


class Programs:
    """What a kind of cell needs, compiled once: its frozen values are arguments.

    Attributes:
        closed: the whole closed form, from training windows (N, L) to weights and bias.
        slow: gradient training that runs the circuits in every step.
        seen: features of windows (..., L).
    """

    def __init__(self, reservoir: Any, settings: FrozenSettings) -> None:
        engine = reservoir.engine()

        def last(params: Any, x: Any) -> Any:
            """Features after the last input of windows (..., L)."""

            def step(state: Any, value: Any) -> tuple[Any, Any]:
                return engine.advance(params, state, value[..., None], None)

            def one(window: Any) -> Any:
                return jax.lax.scan(step, params.carry, window)[1][-1]

            flat = jax.vmap(one)(x.reshape(-1, x.shape[-1]))
            return flat.reshape(*x.shape[:-1], -1)

        def closed(params: Any, x: Any, y: Any) -> Any:
            found = ridge(last(params, x), y, settings.alpha)
            return found.weight, found.bias

        self.closed, self.seen = jax.jit(closed), jax.jit(last)
        self.slow = gradient_training(settings, last)


def timed(function: Any, *args: Any) -> tuple[Any, float]:
    """The result, and the median of the CPU seconds of the calls after the first, for 0.3
    seconds."""
    out, spent = jax.block_until_ready(function(*args)), []
    while sum(spent) < 0.3:
        began = time.process_time()
        jax.block_until_ready(function(*args))
        spent.append(time.process_time() - began)
    return out, float(np.median(spent))


def run(run: Run) -> list[Row]:
    """Every cell on every series: one solve against gradient training, test errors and times.

    Training is timed for the first seed; there it runs the circuits in every step, and ends at
    the weights of training on stored features, which serves the other seeds.
    """
    settings: FrozenSettings = run.settings
    rows, ratios, cached, apart = [], [], [], []
    figure: dict[str, Any] = {}
    fast = gradient_training(settings, lambda params, x: x)
    start = (jnp.zeros(settings.hidden), jnp.zeros(()))
    programs: dict[str, Programs] = {}
    known = cases(settings)
    with progress(run.console, "cases", len(known) * len(settings.cells)) as advance:
        for number, (name, cell) in enumerate(product(known, settings.cells)):
            advance(number, f"{cell}, {name}")
            case = known[name]
            x, y, train = case.x, case.y, case.train
            batches, values = case.batches
            most = max(len(c.x) for c in known.values())
            padded = jnp.zeros((most, settings.window)).at[: len(x)].set(x)
            errors: dict[str, list[Score]] = {"closed": [], "gradient": []}
            fits: list[float] = []
            for seed in range(settings.seeds):
                reservoir = _reservoir(cell, settings, jax.random.fold_in(run.key, seed))
                if cell not in programs:
                    programs[cell] = Programs(reservoir, settings)
                own = programs[cell]
                stored = own.seen(reservoir, batches)
                known_part = jnp.asarray(x[:train]), jnp.asarray(y[:train])
                if seed == 0:
                    (weights, bias), seconds = timed(own.closed, reservoir, *known_part)
                    ran, long = timed(own.slow, reservoir, batches, values, case.count, start)
                    learned, short = timed(fast, None, stored, values, case.count, start)
                    ratios.append(long / seconds)
                    cached.append(short / seconds)
                    gaps = [abs(a - b).max() for a, b in zip(ran, learned, strict=True)]
                    apart.append(float(max(gaps)))
                else:
                    weights, bias = own.closed(reservoir, *known_part)
                    learned = fast(None, stored, values, case.count, start)
                hidden = own.seen(reservoir, padded)[: len(x)]
                predictions = {
                    "closed": np.asarray(hidden @ weights + bias),
                    "gradient": np.asarray(hidden @ learned[0] + learned[1]),
                }
                for kind, p in predictions.items():
                    scores = (float(f(y[train:], p[train:])) for f in (mse, nmse, nrmse))
                    errors[kind].append(Score(kind, *scores))
                fits.append(
                    float(mse(y[:train], predictions["closed"][:train]))
                    / float(mse(y[:train], predictions["gradient"][:train]))
                )
                if seed == 0 and cell == settings.cells[0]:
                    figure[name] = (y, predictions, train)
            rows += _rows(f"{name}, {cell}", settings.epochs, errors, fits, _linear(x, y, train))
            advance(number + 1)
    text = f"CPU time of {settings.epochs} epochs, circuits run in every step, over the closed form"
    rows.append(Row(text, "", ratios, (), (100.0, np.inf), ".0f"))
    text = f"CPU time of {settings.epochs} epochs on stored features over the whole closed form"
    rows.append(Row(text, "", cached, (), None, ".2f"))
    text = "weights of both trainings: largest difference"
    rows.append(Row(text, "", apart, (), (0.0, 1e-9), ".1e"))
    run.figure("predictions", _draw(figure))
    return rows


def _reservoir(cell: str, settings: FrozenSettings, key: Any) -> Any:
    """A cell with random frozen angles."""
    rngs = nnx.Rngs(int(jax.random.randint(key, (), 0, 2**30)))
    kind = CELLS[cell]
    return freeze(kind(1, settings.hidden, scale=settings.scale, dtype=jnp.float64, rngs=rngs))


def _rows(
    name: str,
    epochs: int,
    errors: dict[str, list[Score]],
    fits: list[float],
    linear: list[Score],
) -> list[Row]:
    """Test errors beside those of gradients and linear models, and the ratio of training errors."""
    rows = []
    for what, form in (("mse", ".1e"), ("nrmse", ".3f")):
        ours = [getattr(s, what) for s in errors["closed"]]
        other = float(np.median([getattr(s, what) for s in errors["gradient"]]))
        baseline = [(f"same cell, {epochs} epochs", other)]
        baseline += [(s.name, getattr(s, what)) for s in linear]
        accept = (0.0, other) if what == "mse" else None
        text = f"{name}: test {what.upper()} of the closed form"
        rows.append(Row(text, "", ours, baseline, accept, form))
    text = f"{name}: training MSE over that of gradients"
    rows.append(Row(text, "", fits, (), (0.0, 1.0 + 1e-9), ".1e"))
    return rows


def _linear(x: np.ndarray, y: np.ndarray, train: int) -> list[Score]:
    from ..tasks import fit_linear

    found = []
    model = fit_linear(x[:train], y[:train])
    for name, p in (("persistence", x[train:, -1]), (f"AR({x.shape[1]})", model(x[train:]))):
        found.append(Score(name, *(float(f(y[train:], p)) for f in (mse, nmse, nrmse))))
    return found


def _draw(figure: dict[str, Any]) -> Any:
    from matplotlib.figure import Figure

    out = Figure(figsize=(9, 2 * len(figure)), layout="constrained")
    for axes, (name, (y, predictions, train)) in zip(
        np.ravel(out.subplots(len(figure), 1)), figure.items(), strict=True
    ):
        axes.plot(y, color="0.6", lw=2, label="series")
        for kind, p in predictions.items():
            axes.plot(p, lw=1, label=kind)
        axes.axvline(train, color="k", lw=0.5)
        axes.set(title=name, ylim=(y.min() - 0.3, y.max() + 0.3))
    axes.legend(frameon=False, fontsize=8, ncols=3)
    return out


EXPERIMENT = Experiment(
    name="qrnn-rc",
    title="Frozen recurrent quantum cells, read out in closed form",
    paper="arXiv:2211.02612",
    minutes=1,
    settings=FrozenSettings(),
    run=run,
    quick={"seeds": 1, "epochs": 2, "hidden": 2, "cells": ("QRNN",)},
    x64=True,
)
