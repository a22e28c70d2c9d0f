"""Training of sequence models on windows of a series, all seeds at once, an epoch per step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jax.flatten_util import ravel_pytree

from ..nn.fast_weights import FastCircuit
from ..nn.recurrent import rx_ring_circuit
from ..train import descend
from .frame import Run
from .qkan_models import stacked
from .series_tasks import SeriesTask

LAST = 20  # epochs over which a median is taken: single epochs oscillate


class Forecast(NamedTuple):
    """What training left.

    Attributes:
        losses: test MSE after every epoch, shape (epochs, seeds).
        predictions: of all windows after the last epoch, shape (seeds, N).
        parameters: trained numbers of one seed.
    """

    losses: np.ndarray
    predictions: np.ndarray
    parameters: int

    def settled(self) -> np.ndarray:
        """Test MSE of every seed: the median over the last epochs, shape (seeds,)."""
        return np.median(self.losses[-LAST:], axis=0)


def rmsprop(rate: float) -> optax.GradientTransformation:
    """RMSprop as PyTorch has it: decay 0.99, epsilon outside the root, no initial scale."""
    return optax.rmsprop(rate, decay=0.99, eps=1e-8, eps_in_sqrt=False, initial_scale=0.0)


def batches(task: SeriesTask, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The training part in order, cut into batches; the last one is filled up with weight 0.

    Returns:
        Windows (K, size, L, 1), targets (K, size) and weights (K, size) that sum to one per batch.
    """
    count = -(-task.trained // size)
    index = np.minimum(np.arange(count * size), task.trained - 1).reshape(count, size)
    real = np.arange(count * size).reshape(count, size) < task.trained
    weights = real / real.sum(axis=1, keepdims=True)
    return task.x[index][..., None], task.y[index], weights


def forecast(
    run: Run,
    stage: str,
    build: Callable[[int], nnx.Module],
    task: SeriesTask,
    optimiser: optax.GradientTransformation,
    *,
    epochs: int,
    batch: int = 10,
) -> Forecast:
    """Train a model by mean squares on the last step of every window, batches in order.

    Args:
        run: whose checkpoints and metrics are used.
        stage: names the training within the run.
        build: a seed to a module from (..., L, 1) to (..., 1).
        task: windows and targets.
        optimiser: from optax.
        epochs: passes over the training part.
        batch: windows per step.
    """
    seeds = run.settings.seeds
    graph, states = stacked(lambda seed: build(run.settings.seed + seed), seeds)
    single = jax.tree.map(lambda leaf: leaf[0], states)
    flat, unflatten = ravel_pytree(single)
    dtype = flat.dtype
    vectors = jax.vmap(lambda state: ravel_pytree(state)[0])(states)
    cut = tuple(jnp.asarray(part, dtype) for part in batches(task, batch))
    whole = jnp.asarray(task.x[..., None], dtype), jnp.asarray(task.y, dtype)

    def predict(vector: jax.Array, x: jax.Array) -> jax.Array:
        return nnx.merge(graph, unflatten(vector))(x)[..., 0]

    def train(carry: tuple, part: tuple) -> tuple[tuple, None]:
        x, y, weight = part

        def loss(vector: jax.Array) -> jax.Array:
            return jnp.sum(weight * (predict(vector, x) - y) ** 2)

        vector, memory = carry
        return descend(optimiser, jax.grad(loss)(vector), memory, vector), None

    def epoch(carry: tuple, data: tuple) -> tuple[tuple, jax.Array]:
        cut, (x, y) = data
        carry, _ = jax.lax.scan(train, carry, cut)
        test = x[task.trained :], y[task.trained :]
        return carry, jnp.mean((predict(carry[0], test[0]) - test[1]) ** 2)

    def update(carry: tuple, step: jax.Array, data: tuple) -> tuple[tuple, dict[str, jax.Array]]:
        carry, losses = jax.vmap(epoch, (0, None))(carry, data)
        return carry, {"test": losses}

    start = vectors, jax.vmap(optimiser.init)(vectors)
    (vectors, _), metrics = run.train(
        stage, update, start, epochs, chunk=min(50, epochs), data=(cut, whole),
        show=lambda m: f"median test MSE {np.median(m['test'][-1]):.1e}",
    )  # fmt: skip
    keep_circuit(run, stage, nnx.merge(graph, unflatten(vectors[0])), whole[0][-1])
    predictions = jax.jit(jax.vmap(predict, (0, None)))(vectors, whole[0])
    return Forecast(metrics["test"], np.asarray(predictions), flat.size)


def keep_circuit(run: Run, name: str, model: Any, window: jax.Array) -> None:
    """Keep a circuit of a trained model as ``NAME.qasm``, where it has one.

    Of a fast-weight programmer the fast circuit at the end of a window (L, 1), with the weights
    that were written into it; of a recurrent cell its first circuit, at inputs of zero.
    """
    cell = getattr(model, "cell", None)
    if isinstance(getattr(model, "fast", None), FastCircuit):
        weights = model.initial_weights()
        for value in window:
            weights, _ = model.step(weights, value)
        run.circuit(name, model.fast.circuit(window[-1], weights))
    elif cell is not None and hasattr(cell, "circuits"):
        angles = cell.circuits[...][0]
        circuit = getattr(cell, "circuit", rx_ring_circuit)
        run.circuit(name, circuit(jnp.zeros(angles.shape[1], angles.dtype), angles))


def draw_losses(title: str, curves: dict[str, Forecast], floor: dict[str, float]) -> Any:
    """Test MSE over the epochs: median over the seeds, and all seeds as a band."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for name, found in curves.items():
        epochs = np.arange(1, len(found.losses) + 1)
        (line,) = axes.plot(epochs, np.median(found.losses, axis=1), label=name, lw=1.2)
        low, high = found.losses.min(axis=1), found.losses.max(axis=1)
        axes.fill_between(epochs, low, high, color=line.get_color(), alpha=0.12, lw=0)
    for name, level in floor.items():
        axes.axhline(level, ls=":", lw=1, color="0.4")
        axes.annotate(name, (1, level), va="bottom", fontsize=7, color="0.3")
    axes.set(yscale="log", xlabel="epoch", ylabel="test MSE", title=title)
    axes.legend(fontsize=7)
    return figure


def draw_forecast(task: SeriesTask, curves: dict[str, Forecast]) -> Any:
    """The series and what the median seed of every model says of it."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3), layout="constrained")
    axes = figure.subplots()
    axes.plot(task.y, color="0.7", lw=3, label="series")
    for name, found in curves.items():
        middle = np.argsort(found.settled())[found.losses.shape[1] // 2]
        axes.plot(found.predictions[middle], lw=1, label=name)
    axes.axvline(task.trained, color="0.3", ls="--", lw=1)
    axes.set(xlabel="window", title=f"{task.name}: training to the left of the line")
    axes.legend(fontsize=7, ncols=3)
    return figure
