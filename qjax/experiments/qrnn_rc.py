"""Recurrent quantum cells with frozen random circuits: readouts in closed form or by gradients.

Source: arXiv:2211.02612: the circuits of quantum recurrent networks stay at random
values, and a linear layer on the last hidden state is trained for many epochs. That layer has a
least-squares solution, which one pass over the data gives.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
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


def gradient_training(settings: FrozenSettings, features: Any) -> Any:
    """A compiled training of (weight, bias) by RMSprop; ``features(params, x)`` runs in each step
    where the published code would run it."""
    optimiser = optax.rmsprop(settings.rate, decay=0.99, eps_in_sqrt=False)

    def train(params: Any, x: Any, y: Any, weights: Any) -> Any:
        state = optimiser.init(weights)

        def update(carry: Any, batch: Any) -> tuple[Any, None]:
            weights, state = carry
            inputs, target = batch
            seen = features(params, inputs)

            def loss(w: Any) -> Any:
                return jnp.mean((seen @ w[0] + w[1] - target) ** 2)

            return descend(optimiser, jax.grad(loss)(weights), state, weights), None

        def epoch(carry: Any, _: Any) -> tuple[Any, None]:
            return jax.lax.scan(update, carry, (x, y))

        (weights, _), _ = jax.lax.scan(epoch, (weights, state), None, length=settings.epochs)
        return weights

    return jax.jit(train)


def timed(function: Any, *args: Any) -> tuple[Any, float]:
    """The result, and the median seconds of some calls after the first, for 0.3 seconds."""
    out, spent = jax.block_until_ready(function(*args)), []
    while sum(spent) < 0.3 or len(spent) < 2:
        began = time.perf_counter()
        jax.block_until_ready(function(*args))
        spent.append(time.perf_counter() - began)
    return out, float(np.median(spent))


def run(run: Run) -> list[Row]:
    """Every cell on every series: one solve against gradient training, test errors and times."""
    settings: FrozenSettings = run.settings
    rows, ratios, cached = [], [], []
    figure: dict[str, Any] = {}
    for name, raw in series().items():
        cut = int(0.67 * len(raw))
        x, y = windows(fit_scaling(raw[:cut]).apply(raw), settings.window)
        train = cut - settings.window
        train -= train % settings.batch
        batches = (
            jnp.asarray(x[:train]).reshape(-1, settings.batch, settings.window),
            jnp.asarray(y[:train]).reshape(-1, settings.batch),
        )
        everything, target = jnp.asarray(x), jnp.asarray(y)
        linear = _linear(x, y, train)
        for cell in settings.cells:
            errors: dict[str, list[Score]] = {"closed": [], "gradient": []}
            fits: list[float] = []
            programs: Any = None
            for seed in range(settings.seeds):
                key = int(jax.random.randint(jax.random.fold_in(run.key, seed), (), 0, 2**30))
                reservoir = freeze(
                    CELLS[cell](
                        1,
                        settings.hidden,
                        scale=settings.scale,
                        dtype=jnp.float64,
                        rngs=nnx.Rngs(key),
                    )
                )
                if programs is None:
                    programs = _programs(reservoir, settings)
                closed, slow, fast, seen = programs
                start = (jnp.zeros(settings.hidden), jnp.zeros(()))
                (weights, exact), seconds = timed(
                    closed, reservoir, everything[:train], target[:train]
                )
                if seed == 0:
                    learned, long = timed(slow, reservoir, *batches, start)
                    features = seen(reservoir, batches[0])
                    _, short = timed(fast, None, features, batches[1], start)
                    ratios.append(long / seconds)
                    cached.append(short / seconds)
                else:
                    learned = slow(reservoir, *batches, start)
                hidden = seen(reservoir, everything)
                predictions = {
                    "closed": np.asarray(hidden @ weights + exact),
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
            for what, form in (("mse", ".1e"), ("nrmse", ".3f")):
                ours = [getattr(s, what) for s in errors["closed"]]
                other = float(np.median([getattr(s, what) for s in errors["gradient"]]))
                epochs = f"same cell, {settings.epochs} epochs"
                baseline = [(epochs, other), *((s.name, getattr(s, what)) for s in linear)]
                accept = (0.0, other) if what == "mse" else None
                text = f"{name}: test {what.upper()}, {cell} in closed form"
                rows.append(Row(text, "", ours, baseline, accept, form))
            text = f"{name}: training MSE over that of gradients, {cell}"
            rows.append(Row(text, "", fits, (), (0.0, 1.0 + 1e-9), ".1e"))
    text = f"time of {settings.epochs} epochs, circuits run in every step, over the closed form"
    rows.append(Row(text, "", ratios, (), (100.0, np.inf), ".0f"))
    text = f"time of {settings.epochs} epochs on stored features over the whole closed form"
    rows.append(Row(text, "", cached, (), None, ".2f"))
    run.figure("predictions", _draw(figure))
    return rows


def _programs(reservoir: Any, settings: FrozenSettings) -> tuple[Any, Any, Any, Any]:
    """Compiled: closed form, training with and without running the circuits, features."""
    engine = reservoir.engine()

    def last(params: Any, x: Any) -> Any:
        """Features after the last input of windows (..., L)."""

        def step(state: Any, value: Any) -> tuple[Any, Any]:
            return engine.advance(params, state, value[..., None], None)

        def one(window: Any) -> Any:
            return jax.lax.scan(step, params.carry, window)[1][-1]

        flat = jax.vmap(one)(x.reshape(-1, x.shape[-1]))
        return flat.reshape(*x.shape[:-1], -1)

    @jax.jit
    def closed(params: Any, x: Any, y: Any) -> Any:
        found = ridge(last(params, x), y, settings.alpha)
        return found.weight, found.bias

    slow = gradient_training(settings, last)
    fast = gradient_training(settings, lambda params, x: x)
    return closed, slow, fast, jax.jit(last)


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
    minutes=2,
    settings=FrozenSettings(),
    run=run,
    quick={"seeds": 1, "epochs": 2, "hidden": 2, "cells": ("QRNN",)},
    x64=True,
)
