"""Handwritten digits by one QKAN layer with fixed frequencies, evaluated as a Fourier product.

Source: arXiv:2509.14026 classifies MNIST behind a convolutional network; these are the 8 x 8
digits bundled with scikit-learn, without any network before the layer, as MNIST is a download.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from ..nn.qkan import QKAN
from .dots import dots
from .frame import Experiment, Run
from .qkan_models import MLP, SplineKAN, chosen, keep_circuit, parameters, stacked, train
from .settings import Settings, at_least
from .table import Row


@dataclass(frozen=True)
class DigitsSettings(Settings):
    """Settings of ``qkan-digits``.

    Attributes:
        steps: full-batch Adam steps.
        reps: repetitions of the encoding.
        rate: learning rate.
        baselines: comma-separated names of classical models; ``all`` for every one.
    """

    seeds: int = 3
    steps: int = 200
    reps: int = 3
    rate: float = 5e-3
    baselines: str = "all"

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, steps=1, reps=1)


def digits() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Training and test set (1437 and 360): pixels in [-1, 1], and labels."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    bundle: Any = load_digits()
    pixels, labels = (bundle.data / 8.0 - 1.0).astype(np.float32), bundle.target
    parts = train_test_split(pixels, labels, test_size=360, stratify=labels, random_state=0)
    x, x_test, y, y_test = map(np.asarray, parts)
    return (x, y), (x_test, y_test)


def run(run: Run) -> list[Row]:
    """QKAN, MLP and spline KAN by the same optimiser."""
    settings: DigitsSettings = run.settings
    (x, y), (x_test, y_test) = digits()
    data = jax.tree.map(lambda a: jnp.stack([jnp.asarray(a)] * settings.seeds), (x, y))

    def quantum(seed: int) -> nnx.Module:
        return QKAN([64, 10], settings.reps, preact="fixed", postact=False, rngs=nnx.Rngs(seed))

    classical: dict[str, Any] = {
        "MLP": lambda s: MLP([64, 64, 10], rngs=nnx.Rngs(s), dtype=jnp.float32),
        "spline KAN": lambda s: SplineKAN([64, 10], rngs=nnx.Rngs(s), dtype=jnp.float32),
    }
    classical = chosen(classical, settings.baselines)
    scores: dict[str, list[float]] = {}
    sizes: dict[str, int] = {}
    for name, build in {"QKAN": quantum, **classical}.items():
        graph, states = stacked(build, settings.seeds)

        def loss(state: Any, own: Any, graph: Any = graph) -> jax.Array:
            logits = nnx.merge(graph, state)(own[0])
            return optax.softmax_cross_entropy_with_integer_labels(logits, own[1]).mean()

        def accuracy(state: Any, graph: Any = graph) -> jax.Array:
            guesses = jnp.argmax(nnx.merge(graph, state)(jnp.asarray(x_test)), axis=-1)
            return jnp.mean(guesses == jnp.asarray(y_test))

        phases = [(optax.adam(settings.rate), settings.steps)]
        states = train(run, name.replace(" ", "-"), loss, states, phases, data)
        if name == "QKAN":
            keep_circuit(run, name, graph, states)
        scores[name] = [float(value) for value in jax.jit(jax.vmap(accuracy))(states)]
        sizes[name] = parameters(states)
    baseline = [(f"{name} ({sizes[name]})", float(np.median(scores[name]))) for name in classical]
    quantity = f"test accuracy, QKAN [64, 10] ({sizes['QKAN']} parameters)"
    rows = [Row(quantity, "", scores["QKAN"], baseline, (0.95, 1.0))]
    run.figure("results", dots(rows, "test accuracy"))
    return rows


EXPERIMENT = Experiment(
    name="qkan-digits",
    title="Handwritten digits by one layer of quantum activations",
    paper="arXiv:2509.14026",
    minutes=1,
    settings=DigitsSettings(),
    run=run,
    quick={"steps": 5, "seeds": 2, "baselines": "MLP"},
)
