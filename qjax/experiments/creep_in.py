"""A classical network whose layers are replaced by quantum ones, one kind after the other.

Source: Wang, Myers, Hollenberg, Parampalli, arXiv:2409.17583. Convolution, convolution, dense
layer, with no activation anywhere. Level 0 is classical, level 1 has quantum convolutions, level 2
a quantum dense layer as well. Here on the 8 x 8 digits bundled with scikit-learn, as MNIST is a
download. Levels 0 and 1 are linear in the pixels, so logistic regression stands beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

import qjax as qj

from ..errors import ExperimentError
from ..nn.hybrid import FlippedQuanv, ReuploadingLinear
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

PAPER = {0: ".921 (MNIST)", 1: ".923 (MNIST)", 2: ".945 (MNIST)"}


@dataclass(frozen=True)
class CreepInSettings(Settings):
    """Settings of ``creep-in``.

    Attributes:
        levels: which levels are trained.
        channels: channels after the first and the second convolution.
        reps: repetitions of the quantum dense layer.
        images: training images; the rest of the 1,797 is for testing.
        steps: Adam steps.
        batch: images in a step.
        rate: learning rate.
    """

    seeds: int = 3
    levels: tuple[int, ...] = (0, 1, 2)
    channels: tuple[int, ...] = (32, 16)
    reps: int = 2
    images: int = 1200
    steps: int = 400
    batch: int = 60
    rate: float = 5e-3

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, reps=1, images=100, steps=1, batch=1)
        if not self.levels or set(self.levels) - {0, 1, 2} or len(self.channels) != 2:
            raise ExperimentError(
                "levels or channels are not of this experiment",
                expected="levels among 0, 1, 2; two numbers of channels",
                got=(self.levels, self.channels),
            )


def network(level: int, settings: CreepInSettings, seed: int) -> nnx.Sequential:
    """The network of a level, images (n, 8, 8, 1) to logits (n, 10)."""
    rngs = nnx.Rngs(settings.seed + seed)
    one, two = settings.channels

    def convolution(i: int, o: int) -> nnx.Module:
        if level >= 1:
            return FlippedQuanv(i, o, rngs=rngs)
        return nnx.Conv(i, o, (3, 3), padding="VALID", rngs=rngs)

    dense = (
        ReuploadingLinear(16 * two, 10, reps=settings.reps, rngs=rngs)
        if level >= 2
        else nnx.Linear(16 * two, 10, rngs=rngs)
    )
    return nnx.Sequential(
        convolution(1, one), convolution(one, two), lambda x: x.reshape(len(x), -1), dense
    )


def run(run: Run) -> list[Row]:
    """Train every level, and compare."""
    settings: CreepInSettings = run.settings
    data = random_splits(*digit_images(), settings.seeds, settings.images, settings.seed)
    classical = classical_accuracies(data, ["logistic regression", "RBF-SVM", "MLP, 32 hidden"])
    rows, found = [], {}
    for level in settings.levels:
        found[level] = train_classifier(
            run, f"level {level}", lambda seed, level=level: network(level, settings, seed), data,
            steps=settings.steps, rate=settings.rate, batch=settings.batch,
        )  # fmt: skip
        rows.append(
            Row(
                f"test accuracy, level {level} ({found[level].parameters} parameters)",
                PAPER[level],
                found[level].test,
                medians(classical) if level == settings.levels[-1] else (),
            )
        )
    if {0, 2} <= set(found):
        gain = np.subtract(found[2].test, found[0].test)
        spread = float(np.ptp(found[0].test) + np.ptp(found[2].test))
        nonlinear = float(np.median(classical["RBF-SVM"]) - np.median(found[0].test))
        rows.append(
            Row(
                "level 2 minus level 0, same split", "+.025 (MNIST)", gain.tolist(),
                [("RBF-SVM minus level 0", nonlinear)], (-spread, np.inf), form="+.3f",
            )
        )  # fmt: skip
    if 2 in found:
        dense = found[2].model(0).layers[-1]
        run.circuit("dense-layer", dense.circuit(jnp.zeros(dense.in_features)))
    run.figure("accuracies", dots([row for row in rows if "minus" not in row.quantity], "accuracy"))
    run.note("levels 0 and 1 are linear in the pixels: a gain of level 2 over them is one of")
    run.note("nonlinearity, which the classical baselines have as well")
    return rows


def example(settings: CreepInSettings) -> Any:
    """The quantum dense layer's circuit for one image, untrained."""
    model = network(2, settings, 0)
    x = jnp.asarray(digit_images()[0][:1], jnp.float32)
    for layer in model.layers[:-1]:
        x = layer(x)
    circuit: qj.Circuit = model.layers[-1].circuit(jax.lax.stop_gradient(x[0]))
    return circuit


EXPERIMENT = Experiment(
    name="creep-in",
    title="Classical layers replaced by quantum ones, level by level, on handwritten digits",
    paper="arXiv:2409.17583",
    minutes=2,
    settings=CreepInSettings(),
    run=run,
    circuit=example,
    quick={"seeds": 2, "channels": "2,1", "steps": 3, "reps": 1, "images": 300},
)
