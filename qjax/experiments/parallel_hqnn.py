"""Digits by a convolution and several small circuits side by side, against twins without circuits.

Source: Senokosov et al., arXiv:2304.09224 (HQNN-Parallel): convolutions, a dense layer, k circuits
of five qubits, a dense layer; 99.21 % on MNIST with an eighth of the parameters of a classical
network. Here the 8 x 8 digits bundled with scikit-learn. Every size of the hybrid has a classical
twin of as many trained numbers, in which a dense layer with ReLU stands for the circuits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import nnx

import qjax as qj

from ..nn.hybrid import ParallelCircuits
from .dots import dots
from .frame import Experiment, Run
from .hybrid_models import (
    classical_accuracies,
    digit_images,
    medians,
    random_splits,
    train_classifier,
)
from .settings import Settings, at_least
from .table import Row


@dataclass(frozen=True)
class ParallelSettings(Settings):
    """Settings of ``parallel-hqnn``.

    Attributes:
        circuits: numbers of circuits, one hybrid network each.
        qubits: qubits of a circuit.
        depth: trained layers of a circuit.
        images: training images; the rest of the 1,797 is for testing.
        steps: Adam steps.
        batch: images in a step.
        rate: learning rate.
    """

    seeds: int = 3
    circuits: tuple[int, ...] = (1, 4)
    qubits: int = 5
    depth: int = 3
    images: int = 1200
    steps: int = 400
    batch: int = 60
    rate: float = 1e-2

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, qubits=2, depth=1, images=100, steps=1, batch=1)


def features(rngs: nnx.Rngs) -> list[Any]:
    """Images (n, 8, 8, 1) to 64 features."""
    return [
        nnx.Conv(1, 4, (3, 3), strides=2, rngs=rngs), nnx.relu, lambda x: x.reshape(len(x), -1),
    ]  # fmt: skip


def hybrid(settings: ParallelSettings, circuits: int, seed: int) -> nnx.Sequential:
    """Features, a dense layer to one angle per qubit, the circuits, a dense layer."""
    rngs = nnx.Rngs(settings.seed + seed)
    width = circuits * settings.qubits
    return nnx.Sequential(
        *features(rngs),
        nnx.Linear(64, width, rngs=rngs),
        ParallelCircuits(circuits, settings.qubits, depth=settings.depth, rngs=rngs),
        nnx.Linear(width, 10, rngs=rngs),
    )


def twin(settings: ParallelSettings, circuits: int, seed: int, *, same_size: bool) -> Any:
    """The classical network: of the same width, or of as many trained numbers."""
    rngs = nnx.Rngs(settings.seed + seed)
    width = circuits * settings.qubits
    if same_size:
        extra = 3 * width * settings.depth  # what the circuits hold, spread over hidden units
        width = width + round(extra / (64 + 1 + 10))
    return nnx.Sequential(
        *features(rngs),
        nnx.Linear(64, width, rngs=rngs),
        nnx.relu,
        nnx.Linear(width, 10, rngs=rngs),
    )


def run(run: Run) -> list[Row]:
    """Hybrids of several sizes, each with its twins."""
    settings: ParallelSettings = run.settings
    data = random_splits(*digit_images(), settings.seeds, settings.images, settings.seed)
    classical = classical_accuracies(data, ["logistic regression", "RBF-SVM"])
    how: dict[str, Any] = {
        "steps": settings.steps, "rate": settings.rate, "batch": settings.batch,
    }  # fmt: skip
    rows, curve = [], []
    for k in settings.circuits:
        ours = train_classifier(
            run, f"{k} circuits", lambda seed, k=k: hybrid(settings, k, seed), data, **how
        )
        beside = []
        for same in (True, False):
            name = "ReLU, same size" if same else "ReLU, same width"
            other = train_classifier(
                run, f"{k} circuits, {name}",
                lambda seed, k=k, same=same: twin(settings, k, seed, same_size=same), data, **how,
            )  # fmt: skip
            beside.append((f"{name} ({other.parameters})", float(np.median(other.test))))
            if same:
                curve.append((ours.parameters, ours.test, other.parameters, other.test))
        rows.append(
            Row(
                f"test accuracy, {k} x {settings.qubits} qubits ({ours.parameters} parameters)",
                ".992 (MNIST, 4 x 5 qubits)" if k == 4 else "",
                ours.test,
                [*beside, *(medians(classical) if k == settings.circuits[-1] else [])],
            )
        )
        if k == settings.circuits[-1]:
            circuits = ours.model(0).layers[4]
            run.circuit("circuit", circuits.circuit(jnp.zeros(settings.qubits)))
    run.figure("accuracies", dots(rows, "test accuracy"))
    run.figure("size", _draw(curve))
    return rows


def _draw(curve: list[tuple[int, list[float], int, list[float]]]) -> Any:
    """Accuracy against the number of trained numbers."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 3.6), layout="constrained")
    axes = figure.subplots()
    for label, at, values in (("with circuits", 0, 1), ("ReLU, same size", 2, 3)):
        sizes = [point[at] for point in curve]
        scores = np.array([point[values] for point in curve])
        axes.plot(sizes, np.median(scores, axis=1), "o-", label=label)
        axes.fill_between(sizes, scores.min(axis=1), scores.max(axis=1), alpha=0.2, lw=0)
    axes.set(xlabel="trained numbers", ylabel="test accuracy (median and range)")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def example(settings: ParallelSettings) -> qj.Circuit:
    """One of the circuits, untrained."""
    layer = hybrid(settings, settings.circuits[0], 0).layers[4]
    return layer.circuit(jnp.zeros(settings.qubits))


EXPERIMENT = Experiment(
    name="parallel-hqnn",
    title="Several small circuits side by side in a classifier of handwritten digits",
    paper="arXiv:2304.09224",
    minutes=2,
    settings=ParallelSettings(),
    run=run,
    circuit=example,
    quick={"seeds": 2, "circuits": "1", "qubits": 2, "depth": 1, "steps": 3, "images": 300},
)
