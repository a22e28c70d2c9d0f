"""Regression with quantum activations: sinc, exp-sin and equations of Feynman's lectures.

Source: arXiv:2509.14026 and the notebooks of its package (exp-sin); the Feynman set follows
Udrescu and Tegmark, arXiv:1905.11481, in the dimensionless forms of arXiv:2404.19756.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from ..errors import ExperimentError
from ..nn.qkan import QKAN, plot, spread_frequencies
from .dots import dots
from .frame import Experiment, Run
from .qkan_models import (
    MLP,
    SplineKAN,
    Task,
    chosen,
    keep_circuit,
    lbfgs,
    mean_squares,
    parameters,
    seed_samples,
    stacked,
    train,
)
from .settings import Settings, at_least
from .table import Row

BOX = ((-1.0, -1.0), (1.0, 1.0))
UNIT = ((0.0, 0.0), (1.0, 1.0))
TASKS: dict[str, Task] = {
    "sinc": Task(lambda x: np.sinc(20 * x[0] / np.pi), (0.0,), (1.0,)),
    "exp-sin": Task(lambda x: np.exp(np.sin(np.pi * x[0]) + x[1] ** 2), *BOX),
    "I.6.2": Task(lambda x: np.exp(-((x[0] / (1 + x[1] / 2)) ** 2) / 2), *BOX),
    "I.12.11": Task(lambda x: 1 + x[0] * np.sin(x[1]), *BOX),
    "I.13.12": Task(lambda x: x[0] * (1 / (1 + x[1]) - 1), *UNIT),
    "I.16.6": Task(lambda x: (x[0] + x[1]) / (1 + x[0] * x[1]), *UNIT),
    "I.26.2": Task(lambda x: np.arcsin(0.9 * x[0] * np.sin(x[1])), *BOX),
    "I.27.6": Task(lambda x: 1 / (1 + x[0] * x[1]), *UNIT),
    "I.29.16": Task(lambda x: np.sqrt(1 + x[0] ** 2 - 2 * x[0] * np.cos(x[1])), *UNIT),
    "I.30.3": Task(lambda x: np.sin((3 + x[0]) * x[1] / 2) ** 2, *UNIT),
    "I.50.26": Task(lambda x: np.cos(x[0]) + x[1] * np.cos(x[0]) ** 2, *BOX),
    "II.6.15": Task(lambda x: np.sqrt(0.1 + x[0] ** 2 + x[1] ** 2), *BOX),
    "II.35.18": Task(lambda x: x[0] / (np.exp(x[1]) + np.exp(-x[1])), *BOX),
    "III.17.37": Task(lambda x: 1 + x[0] * np.cos(x[1]), *BOX),
}
PAPER = {"exp-sin": "2.9e-05"}
ACCEPT = {"sinc": 5e-6, "exp-sin": 2.9e-5}


@dataclass(frozen=True)
class RegressionSettings(Settings):
    """Settings of ``qkan-regression``.

    Attributes:
        adam: Adam steps, at a rate that falls from 0.02 to 0 along a cosine.
        steps: L-BFGS steps after them; 0 for none.
        reps: repetitions of the encoding.
        points: points of the training set and of the test set.
        tasks: comma-separated names of tasks; ``all`` for every one.
        baselines: comma-separated names of classical models; ``all`` for every one.
    """

    seeds: int = 3
    adam: int = 400
    steps: int = 600
    reps: int = 3
    points: int = 1000
    tasks: str = "all"
    baselines: str = "all"

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, adam=1, steps=0, reps=1, points=2)


def run(run: Run) -> list[Row]:
    """Every task by QKAN (``pz`` and ``minimal``), an MLP and a spline KAN, trained alike."""
    settings: RegressionSettings = run.settings
    names = list(TASKS) if settings.tasks == "all" else settings.tasks.split(",")
    unknown = [name for name in names if name not in TASKS]
    if unknown:
        raise ExperimentError(
            "tasks: there is no such task", expected=", ".join(TASKS), got=unknown
        )
    rows: dict[str, list[Row]] = {}
    for inputs in (1, 2):
        alike = [name for name in names if len(TASKS[name].low) == inputs]
        if alike:
            rows |= _compare(run, alike, inputs)
    table = [row for name in names for row in rows[name]]
    run.figure("results", dots(table, "test MSE"))
    return table


def _compare(run: Run, names: list[str], inputs: int) -> dict[str, list[Row]]:
    """The rows of tasks of as many inputs, which share each model's program."""
    settings: RegressionSettings = run.settings
    width = [1, 1] if inputs == 1 else [inputs, 5, 1]
    # From frequencies of 1 a third of the starts never reach sinc's oscillation.
    start = spread_frequencies(settings.reps) if inputs == 1 else None
    options: dict[str, Any] = {"reps": settings.reps, "frequencies": start, "dtype": jnp.float64}
    ours: dict[str, Any] = {
        "QKAN": lambda s: QKAN(width, rngs=nnx.Rngs(s), **options),
        "minimal": lambda s: QKAN(width, ansatz="minimal", rngs=nnx.Rngs(s), **options),
    }
    classical: dict[str, Any] = {
        "MLP": lambda s: MLP([inputs, 10, 10, 1], rngs=nnx.Rngs(s)),
        "spline KAN": lambda s: SplineKAN(width, rngs=nnx.Rngs(s)),
    }
    classical = chosen(classical, settings.baselines)
    errors, sizes = {}, {}
    for model, build in {**ours, **classical}.items():
        graph, states = stacked(build, settings.seeds)
        sizes[model] = parameters(states)
        stage = f"{inputs}-inputs-{model}".replace(" ", "-")
        errors[model] = _errors(run, stage, names, graph, states)
    rows = {}
    for index, name in enumerate(names):
        baseline = [
            (f"{model} ({sizes[model]})", float(np.median(errors[model][index])))
            for model in classical
        ]
        accept = (0.0, ACCEPT[name]) if name in ACCEPT else None
        rows[name] = [
            Row(
                f"{name}: test MSE, {model} ({sizes[model]} parameters)",
                PAPER.get(name, "") if model == "QKAN" else "",
                errors[model][index],
                baseline,
                accept,
                ".1e",
            )
            for model in ours
        ]
    return rows


def _errors(run: Run, stage: str, names: list[str], graph: Any, states: Any) -> list[list[float]]:
    """Test errors of every task and seed, each seed trained on a sample of its own."""
    settings: RegressionSettings = run.settings

    def samples(part: int) -> Any:
        sets = [seed_samples(TASKS[n], settings.seeds, settings.points, part) for n in names]
        return tuple(jnp.stack(arrays) for arrays in zip(*sets, strict=True))

    states = jax.tree.map(lambda a: jnp.stack([a] * len(names)), states)
    loss = mean_squares(graph)
    adam = optax.adam(optax.cosine_decay_schedule(2e-2, settings.adam))
    phases: list[tuple[Any, int]] = [(adam, settings.adam)]
    if settings.steps:
        phases.append((lbfgs(), settings.steps))
    data = samples(0)
    states = train(run, stage, loss, states, phases, data, tasks=True)
    if stage == "2-inputs-QKAN":
        _draw_network(run, names[0], graph, states, data[0])
    if "QKAN" in stage or "minimal" in stage:
        keep_circuit(run, stage, graph, states, tasks=True)
    return jax.jit(jax.vmap(jax.vmap(loss)))(states, samples(1)).tolist()


def _draw_network(run: Run, name: str, graph: Any, states: Any, x: jax.Array) -> None:
    """The learned activations of the first seed on the first task."""
    from matplotlib.figure import Figure

    model = nnx.merge(graph, jax.tree.map(lambda leaf: leaf[0, 0], states))
    run.figure(f"network-{name}", plot(model, x[0, 0], Figure(figsize=(9, 5))))


EXPERIMENT = Experiment(
    name="qkan-regression",
    title="Regression with quantum activation functions",
    paper="arXiv:2509.14026",
    minutes=10,
    settings=RegressionSettings(),
    run=run,
    quick={
        "adam": 5,
        "steps": 0,
        "points": 50,
        "tasks": "sinc",
        "seeds": 2,
        "reps": 1,
        "baselines": "MLP",
    },
    x64=True,
)
