"""A classical network whose layers are replaced by quantum ones, one kind after the other.

Source: Wang, Myers, Hollenberg, Parampalli, arXiv:2409.17583. Convolution, convolution, dense
layer, with no activation anywhere. Level 0 is classical, level 1 has quantum convolutions, level 2
a quantum dense layer as well. Here on the 8 x 8 digits bundled with scikit-learn, as MNIST is a
download. Levels 0 and 1 are linear in the pixels, so logistic regression stands beside them.

All levels have the same pixels, steps and rates. Two things decide whether level 2 learns: pixels
are centred and stretched, since what they change in the layer's Hamiltonian is what the layer sees
(16 x 16 numbers here, 128 x 128 in the paper), and its angles begin near zero, since a random
unitary of 255 angles of size one hardly moves with any of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

import qjax as qj

from ..errors import ExperimentError
from ..nn.hybrid import FlippedQuanv, ReuploadingLinear, count_parameters
from .dots import dots
from .frame import Experiment, Run
from .hybrid_models import (
    Split,
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
        angles: standard deviation of its angles at the start, radians.
        contrast: standard deviation of the pixels of the training images, which are centred.
        images: training images; the rest of the 1,797 is for testing.
        steps: Adam steps.
        batch: images in a step.
        rate: first learning rate, which falls to zero along a cosine.
    """

    seed: int = 1
    seeds: int = 3
    levels: tuple[int, ...] = (0, 1, 2)
    channels: tuple[int, ...] = (32, 16)
    reps: int = 4
    angles: float = 0.05
    contrast: float = 2.0
    images: int = 1200
    steps: int = 900
    batch: int = 60
    rate: float = 0.02

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
        ReuploadingLinear(
            16 * two,
            10,
            reps=settings.reps,
            rngs=rngs,
            init=jax.nn.initializers.normal(settings.angles),
        )
        if level >= 2
        else nnx.Linear(16 * two, 10, rngs=rngs)
    )
    return nnx.Sequential(
        convolution(1, one), convolution(one, two), lambda x: x.reshape(len(x), -1), dense
    )


def stretched(data: Split, contrast: float) -> Split:
    """Pixels centred and scaled to a standard deviation, by the training images of each split."""
    axes = tuple(range(1, data.x.ndim))
    mean = data.x.mean(axes, keepdims=True)
    factor = np.float32(contrast) / data.x.std(axes, keepdims=True)
    return data._replace(x=(data.x - mean) * factor, x_test=(data.x_test - mean) * factor)


def run(run: Run) -> list[Row]:
    """Train every level, and compare."""
    settings: CreepInSettings = run.settings
    data = random_splits(*digit_images(), settings.seeds, settings.images, settings.seed)
    classical = classical_accuracies(data, ["logistic regression", "RBF-SVM", "MLP, 32 hidden"])
    data = stretched(data, settings.contrast)
    rate = optax.cosine_decay_schedule(settings.rate, settings.steps)
    rows, found = [], {}
    for level in settings.levels:
        found[level] = train_classifier(
            run, f"level {level}", lambda seed, level=level: network(level, settings, seed), data,
            steps=settings.steps, rate=rate, batch=settings.batch,
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
        middle = float(np.median(gain))
        verdict = (
            "within the seeds' spread" if abs(middle) <= spread else "more than the seeds' spread"
        )
        run.note(f"level 2 minus level 0 is {middle:+.3f}: {verdict} of {spread:.3f}")
        nonlinear = float(np.median(classical["RBF-SVM"]) - np.median(found[0].test))
        rows.append(
            Row(
                "level 2 minus level 0, same split", "+.025 (MNIST)", gain.tolist(),
                [("RBF-SVM minus level 0", nonlinear)], (-spread, np.inf), form="+.3f",
            )
        )  # fmt: skip
    if 2 in found:
        two = settings.channels[1]
        dense = found[2].model(0).layers[-1]
        run.circuit("dense-layer", dense.circuit(jnp.zeros(dense.in_features)))
        size = count_parameters(dense)
        run.note(f"the quantum dense layer has {size} numbers, the classical one {160 * two + 10}")
    run.figure("accuracies", dots([row for row in rows if "minus" not in row.quantity], "accuracy"))
    run.note("levels 0 and 1 are linear in the pixels: a gain of level 2 over them is one of")
    run.note("nonlinearity, which an RBF-SVM and a small MLP have as well")
    return rows


def example(settings: CreepInSettings) -> Any:
    """The quantum dense layer's circuit for one image, untrained."""
    model = network(2, settings, 0)
    images = digit_images()[0][:1].astype(np.float32)
    x = jnp.asarray((images - images.mean()) * settings.contrast / images.std(), jnp.float32)
    for layer in model.layers[:-1]:
        x = layer(x)
    circuit: qj.Circuit = model.layers[-1].circuit(jax.lax.stop_gradient(x[0]))
    return circuit


EXPERIMENT = Experiment(
    name="creep-in",
    title="Classical layers replaced by quantum ones, level by level, on handwritten digits",
    paper="arXiv:2409.17583",
    minutes=5,
    settings=CreepInSettings(),
    run=run,
    circuit=example,
    quick={"seeds": 2, "channels": "2,1", "steps": 3, "reps": 1, "images": 300},
)
