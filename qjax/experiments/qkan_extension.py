"""Layer extension: a network trained with short circuits goes on with longer ones.

Source: arXiv:2509.14026, and the notebook on layer extension of its package: exp-sin by a network
[2, 5, 1] at r = 1, 5, 10, 15, 20. The notebook minimises by L-BFGS, 2,000 inner steps per stage;
here each stage is a few Levenberg-Marquardt steps, for the baselines too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jax.flatten_util import ravel_pytree

from ..nn.qkan import QKAN, extend
from .dots import dots
from .frame import Experiment, Run
from .least_squares import levenberg_marquardt
from .qkan_models import (
    MLP,
    SplineKAN,
    chosen,
    keep_circuit,
    mean_squares,
    parameters,
    seed_samples,
    stacked,
    train,
)
from .qkan_regression import TASKS
from .settings import Settings, at_least
from .table import Row

WIDTH = [2, 5, 1]
PAPER = {1: "1.1", 10: "3.9e-07", 15: "1.3e-07", 20: "1.2e-07"}
ACCEPT = {10: 4e-7, 20: 1.5e-7}
DIRECT = "7.7e-07"


@dataclass(frozen=True)
class ExtensionSettings(Settings):
    """Settings of ``qkan-extension``.

    Attributes:
        reps: the ladder of repetitions.
        adam: Adam steps at rate 0.005 on the first rung.
        steps: Levenberg-Marquardt steps on each later rung.
        noise: standard deviation, in radians, of the angles that an extension appends.
        points: points of the training set and of the test set.
        baselines: comma-separated names of classical models; ``all`` for every one.
    """

    seeds: int = 3
    reps: tuple[int, ...] = (1, 5, 10, 15, 20)
    adam: int = 100
    steps: int = 15
    noise: float = 0.01
    points: int = 1000
    baselines: str = "all"

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, adam=1, steps=1, points=2)


def run(run: Run) -> list[Row]:
    """The ladder; the longest circuits trained directly, an MLP and a spline KAN beside it."""
    settings: ExtensionSettings = run.settings
    classical: dict[str, Any] = {
        "MLP": lambda s: MLP([2, 20, 20, 1], rngs=nnx.Rngs(s)),
        "spline KAN": lambda s: SplineKAN(WIDTH, grid=20, rngs=nnx.Rngs(s)),
    }
    classical = chosen(classical, settings.baselines)
    task = TASKS["exp-sin"]
    data, test = (seed_samples(task, settings.seeds, settings.points, part) for part in (0, 1))

    def build(reps: int) -> Any:
        return lambda s: QKAN(WIDTH, reps, rngs=nnx.Rngs(s), dtype=jnp.float64)

    def errors(graph: Any, states: Any) -> list[float]:
        return jax.jit(jax.vmap(mean_squares(graph)))(states, test).tolist()

    first, *later = settings.reps
    graph, states = stacked(build(first), settings.seeds)
    phases = [(optax.adam(5e-3), settings.adam)]
    states = train(run, f"r-{first}", mean_squares(graph), states, phases, data)
    ladder = {first: (parameters(states), errors(graph, states))}
    for reps in later:
        graph, states = _extended(graph, states, reps, settings)
        states = _least_squares(run, f"r-{reps}", graph, states, data, settings.steps)
        ladder[reps] = parameters(states), errors(graph, states)
        run.note(f"r = {reps}: median test MSE {np.median(ladder[reps][1]):.1e}")
    keep_circuit(run, "QKAN", graph, states)

    last, steps = settings.reps[-1], settings.steps * len(later)
    found = {}
    for name, model in {"direct": build(last), **classical}.items():
        graph, states = stacked(model, settings.seeds)
        stage = name.replace(" ", "-")
        states = _least_squares(run, stage, graph, states, data, steps)
        found[name] = parameters(states), errors(graph, states)
    baseline = [
        (f"{name} ({found[name][0]})", float(np.median(found[name][1]))) for name in classical
    ]
    rows = [
        Row(
            f"test MSE at r = {reps} ({size} parameters)",
            PAPER.get(reps, ""),
            values,
            baseline,
            (0.0, ACCEPT[reps]) if reps in ACCEPT else None,
            ".1e",
        )
        for reps, (size, values) in ladder.items()
    ]
    size, values = found["direct"]
    quantity = f"test MSE of r = {last} trained directly, {steps} steps ({size} parameters)"
    rows = [*rows, Row(quantity, DIRECT, values, baseline, None, ".1e")]
    run.figure("results", dots(rows, "test MSE"))
    return rows


def _extended(graph: Any, states: Any, reps: int, settings: ExtensionSettings) -> tuple[Any, Any]:
    """Every seed's network with longer circuits."""

    def longer(seed: int) -> nnx.Module:
        model = nnx.merge(graph, jax.tree.map(lambda leaf: leaf[seed], states))
        key = jax.random.fold_in(jax.random.key(seed), reps)
        extend(model, reps, key=key, noise=settings.noise)
        return model

    return stacked(longer, settings.seeds)


def _least_squares(run: Run, stage: str, graph: Any, states: Any, data: Any, steps: int) -> Any:
    _, unflatten = ravel_pytree(jax.tree.map(lambda leaf: leaf[0], states))

    def predict(vector: jax.Array, x: jax.Array) -> jax.Array:
        return nnx.merge(graph, unflatten(vector))(x[None, :])[0, 0]

    one = levenberg_marquardt(predict)

    def update(carry: Any, step: jax.Array, own: Any) -> tuple[Any, dict[str, jax.Array]]:
        return jax.vmap(one)(carry, own)

    vectors = jax.vmap(lambda state: ravel_pytree(state)[0])(states)
    start = vectors, jnp.full(len(vectors), 1e-2)
    (vectors, _), _ = run.train(
        stage, update, start, steps, chunk=min(20, steps), data=data,
        show=lambda m: f"median loss {np.median(m['loss'][-1]):.1e}",
    )  # fmt: skip
    return jax.vmap(unflatten)(vectors)


EXPERIMENT = Experiment(
    name="qkan-extension",
    title="Quantum activations with more and more repetitions",
    paper="arXiv:2509.14026",
    minutes=5,
    settings=ExtensionSettings(),
    run=run,
    quick={"reps": (1, 2), "adam": 5, "steps": 5, "points": 40, "seeds": 2, "baselines": "MLP"},
    x64=True,
)
