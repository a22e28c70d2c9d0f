"""Noise as the memory of a reservoir: rates found by gradients, against one rate for all qubits.

Source: arXiv:2301.06814, which optimises the strengths of noise without gradients and
forecasts the Mackey-Glass series; the circuit is that of arXiv:2207.07924. Here the
validation error of a ridge readout is differentiated with respect to every qubit's rate, through
the solve and through all steps of the reservoir.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from ..reservoir import NoiseInducedReservoir, ridge
from ..tasks import (
    chronological_split,
    fit_scaling,
    mackey_glass,
    narma,
    sine_product,
)
from ..tasks.arrays import generator
from ..train import descend
from .frame import Experiment, Run
from .series_baselines import classical, medians, readout_score
from .settings import Settings, at_least
from .table import Row

LEAST, MOST = 0.005, 0.995  # of a rate


@dataclass(frozen=True)
class NoiseSettings(Settings):
    """Settings of ``noise-induced``.

    Attributes:
        qubits: of the reservoir.
        scale: angle per unit of the input, which is scaled to [0, 1].
        washout, train, validation, test: steps.
        grid: uniform rates that are tried.
        steps: gradient steps.
        rate: Adam's learning rate, on the logits of the rates.
        alpha: ridge penalty per training step.
        ahead: how far ahead the Mackey-Glass series is forecast.
        tasks: which, of narma-2, narma-5 and mackey-glass.
    """

    seeds: int = 10
    qubits: int = 4
    scale: float = 2.0
    washout: int = 100
    train: int = 500
    validation: int = 300
    test: int = 500
    grid: int = 12
    steps: int = 60
    rate: float = 0.1
    alpha: float = 1e-8
    ahead: int = 20
    tasks: tuple[str, ...] = ("narma-2", "narma-5", "mackey-glass")

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, qubits=2, train=20, validation=10, test=10, grid=2, steps=1, ahead=1)


def series(name: str, key: Any, length: int, ahead: int) -> tuple[np.ndarray, np.ndarray]:
    """Input scaled to [0, 1] and the target aligned with it, from a random point of time."""
    draw = generator(key)
    if name == "mackey-glass":
        x = mackey_glass(length + ahead, washout=500 + int(draw.integers(500)), key=key)
        return fit_scaling(x[: length // 2], 0.1, 0.9).apply(x[:-ahead]), x[ahead:]
    start = int(draw.integers(2000))
    u = sine_product(start + length, 100)[start:]
    return 5 * u, narma(u, int(name.split("-")[1]))[1:]


def run(run: Run) -> list[Row]:
    """Every task: the best uniform rate of a grid, and rates tuned from random ones."""
    settings: NoiseSettings = run.settings
    length = settings.washout + settings.train + settings.validation + settings.test
    split = chronological_split(
        length,
        washout=settings.washout,
        train=settings.train,
        validation=settings.validation,
        test=settings.test,
    )
    features, loss = _functions(settings, split)
    grid = np.geomspace(0.02, 0.9, settings.grid)
    rows, table, learned = [], {}, {}
    for task in settings.tasks:
        keys = [jax.random.fold_in(run.key, seed) for seed in range(settings.seeds)]
        data = [series(task, jax.random.split(k)[0], length, settings.ahead) for k in keys]
        u, y = (jnp.asarray(np.stack([d[k] for d in data])) for k in (0, 1))
        size = y[:, split.train].std(axis=1)
        target = (y - y[:, split.train].mean(axis=1, keepdims=True)) / size[:, None]
        uniform = jnp.asarray(np.repeat(grid[:, None], settings.qubits, axis=1))
        validation = jnp.stack(
            [loss(jnp.broadcast_to(g, (len(u), settings.qubits)), u, target) for g in uniform], 1
        )
        best = uniform[jnp.argmin(validation, axis=1)]
        draws = [jax.random.uniform(jax.random.split(k)[1], (settings.qubits,)) for k in keys]
        # From the best uniform rate, each qubit moved a little: equal rates have equal slopes.
        logits = _logit(best) + 0.5 * (2 * jnp.stack(draws) - 1)
        optimiser = optax.adam(settings.rate)

        def update(carry: Any, step: Any, data: Any, optimiser: Any = optimiser) -> Any:
            logits, state, kept, least = carry
            u, target = data
            values, slopes = _slopes(loss, logits, u, target)
            better = values < least
            kept = jnp.where(better[:, None], logits, kept)
            least = jnp.minimum(values, least)
            logits, state = descend(optimiser, slopes, state, logits)
            return (logits, state, kept, least), {"loss": values}

        carry = (logits, optimiser.init(logits), logits, jnp.full(len(u), jnp.inf))
        (_, _, kept, _), _ = run.train(
            task,
            update,
            carry,
            settings.steps,
            chunk=max(1, settings.steps // 4),
            data=(u, target),
            show=lambda m: f"validation NMSE {np.median(m['loss'][-1]):.1e}",
        )
        rates = _rates(kept)
        tuned, plain, silent = (features(r, u) for r in (rates, best, 0 * best + 1e-9))
        scores: dict[str, list[Any]] = {"tuned": [], "uniform": [], "noiseless": [], "graded": []}
        graded = jnp.broadcast_to(jnp.geomspace(0.02, 0.5, settings.qubits), best.shape)
        named = (("tuned", tuned), ("uniform", plain), ("noiseless", silent))
        for name, found in (*named, ("graded", features(graded, u))):
            for k in range(len(u)):
                scores[name].append(readout_score(name, found[k], y[k], split))
        known = settings.ahead if task == "mackey-glass" else 1
        classics = [
            classical(k, u[i], y[i], split, units=(50, 100), ahead=known)
            for i, k in enumerate(keys)
        ]
        others = [
            (f"{text} rates" if name != "noiseless" else name, _median(scores[name]))
            for name, text in (
                ("uniform", "best uniform"),
                ("graded", "graded"),
                ("noiseless", ""),
            )
        ]
        ahead = f", {settings.ahead} steps ahead" if task == "mackey-glass" else ", sine input"
        rows.append(
            Row(
                f"{task}{ahead}: NRMSE with rates by gradient",
                "",
                [s.nrmse for s in scores["tuned"]],
                [*others, *medians(classics)],
                (0.0, others[0][1]),
                ".3f",
            )
        )
        ratio = [a.nrmse / b.nrmse for a, b in zip(scores["tuned"], scores["uniform"], strict=True)]
        rows.append(Row(f"{task}: NRMSE over that of the best uniform rate", "", ratio))
        table[task] = {name: [s.nrmse for s in found] for name, found in scores.items()}
        learned[task] = np.sort(np.asarray(rates), axis=1)
    run.folder.write_json(
        "nrmse.json", table | {f"rates {k}": v.tolist() for k, v in learned.items()}
    )
    run.figure("rates", _draw(table, learned))
    return rows


def _median(scores: Any) -> float:
    return float(np.median([s.nrmse for s in scores]))


def _logit(rates: Any) -> Any:
    x = (rates - LEAST) / (MOST - LEAST)
    return jnp.log(x) - jnp.log1p(-x)


def _rates(logits: Any) -> Any:
    return LEAST + (MOST - LEAST) * jax.nn.sigmoid(logits)


def _functions(settings: NoiseSettings, split: Any) -> tuple[Any, Any]:
    """Features (seeds, T, n), and validation NMSE (seeds,), of rates (seeds, n)."""
    alpha = settings.alpha * settings.train

    def one(rates: Any, u: Any) -> Any:
        return NoiseInducedReservoir.of(rates, settings.scale).features(u)

    def error(rates: Any, u: Any, y: Any) -> Any:
        x = one(rates, u[: split.validation.stop])
        readout = ridge(x[split.train], y[split.train], alpha)
        gap = readout(x[split.validation]) - y[split.validation]
        return jnp.mean(gap**2) / jnp.var(y[split.validation])

    return jax.jit(jax.vmap(one)), jax.jit(jax.vmap(error))


def _slopes(loss: Any, logits: Any, u: Any, target: Any) -> tuple[Any, Any]:
    def total(logits: Any) -> tuple[Any, Any]:
        values = loss(_rates(logits), u, target)
        return jnp.sum(jnp.log(values)), values

    slopes, values = jax.grad(total, has_aux=True)(logits)
    return values, slopes


def _draw(table: dict[str, Any], learned: dict[str, Any]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    kinds = list(next(iter(table.values())))
    for k, kind in enumerate(kinds):
        places = np.arange(len(table)) + (k - len(kinds) / 2) * 0.18
        left.bar(places, [np.median(t[kind]) for t in table.values()], 0.16, label=kind)
    left.set_xticks(range(len(table)), table, fontsize=8)
    left.set(ylabel="NRMSE (median)")
    left.legend(frameon=False, fontsize=8)
    for k, (_, rates) in enumerate(learned.items()):
        for q in range(rates.shape[1]):
            right.plot(np.full(len(rates), k + 0.1 * q), rates[:, q], ".", color=f"C{q}")
    right.set_xticks(range(len(learned)), learned, fontsize=8)
    right.set(yscale="log", ylabel="learned rates, sorted")
    return figure


EXPERIMENT = Experiment(
    name="noise-induced",
    title="Noise rates of a reservoir, learned by gradients",
    paper="arXiv:2301.06814",
    minutes=3,
    settings=NoiseSettings(),
    run=run,
    quick={
        "seeds": 2,
        "qubits": 2,
        "washout": 20,
        "train": 60,
        "validation": 30,
        "test": 30,
        "grid": 2,
        "steps": 4,
        "tasks": ("narma-2",),
    },
    x64=True,
)
