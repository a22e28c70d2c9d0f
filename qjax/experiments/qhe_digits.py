"""Images as Hamiltonians: a data re-uploading classifier on scikit-learn's digits 0 to 7.

Source: Wang, Myers, Hollenberg and Parampalli, arXiv:2407.14055. An 8x8 image M drives three qubits
through ``W(t) = exp(-i t/2 (M + M^T)/2)``; 15 layers of W and trainable SU(4) gates follow each
other, and the eight outcome probabilities are the logits of a softmax.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float, Int

import qjax as qj

from ..errors import ExperimentError
from ..train import descend
from .frame import Experiment, Run
from .settings import Settings, at_least
from .table import Row

GATE_SETS = {"shared": 1, "separate": 2}  # sets of 15 SU(4) parameters per layer
PAPER_TEST = ".944 ± .028\n(their QCNN .790 ± .091)"
PAPER_TRAIN = ".952 ± .010"


@dataclass(frozen=True)
class DigitsSettings(Settings):
    """Settings of ``qhe-digits``.

    Attributes:
        epochs: full-batch Adam steps.
        layers: how often the image is uploaded.
        images: training images, drawn anew for each seed; the rest of the 1,443 is for testing.
        rate: learning rate of Adam.
        forms: "shared" (the published form: one set of 15 parameters per layer for both SU(4)
            gates) and "separate" (a set for each).
        chunk: epochs between two checkpoints.
    """

    epochs: int = 500
    layers: int = 15
    images: int = 1200
    rate: float = 0.1
    forms: tuple[str, ...] = ("shared", "separate")
    chunk: int = 25

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, epochs=1, layers=1, images=8, chunk=1)
        unknown = [form for form in self.forms if form not in GATE_SETS]
        if unknown or not self.forms:
            raise ExperimentError(
                "forms must name forms of the circuit",
                expected=" or ".join(GATE_SETS),
                got=self.forms,
            )
        if self.images > 1400:
            raise ExperimentError(
                "images leaves too few for testing", expected="at most 1400", got=self.images
            )


class Params(NamedTuple):
    """Trainable parameters: times ``(layers,)`` and SU(4) angles ``(layers, 1 or 2, 15)``."""

    times: Float[Array, "*b l"]
    angles: Float[Array, "*b l k 15"]


class Images(NamedTuple):
    """Labelled images as diagonalised Hamiltonians, pixels in [0, 1]."""

    pixels: Float[Array, "n 8 8"]
    eigen: qj.Eigensystem
    labels: Int[Array, " n"]


def classifier(params: Params, eigen: qj.Eigensystem) -> qj.Circuit:
    """The circuit for one image, given as the eigensystem of its Hamiltonian."""

    def layer(p: Params) -> list[qj.Operation]:
        return [
            qj.Evolution(eigen, p.times / 2, (0, 1, 2)),
            qj.SU4(p.angles[0], 0, 1),
            qj.SU4(p.angles[-1], 1, 2),
        ]

    return qj.Circuit(3, [qj.H(0), qj.H(1), qj.H(2), qj.Layers(layer, params)])


def scores(params: Params, eigen: qj.Eigensystem) -> Float[Array, "n 8"]:
    """Outcome probabilities of every image, which serve as logits."""
    return jax.vmap(lambda one: qj.probs(classifier(params, one)))(eigen)


def initial(key: Array, layers: int, sets: int) -> Params:
    """All parameters from N(0, 1)."""
    for_times, for_angles = jax.random.split(key)
    return Params(
        jax.random.normal(for_times, (layers,)), jax.random.normal(for_angles, (layers, sets, 15))
    )


def load_images() -> Images:
    """All 1,443 digits 0 to 7."""
    from sklearn.datasets import load_digits

    flat, target = load_digits(n_class=8, return_X_y=True)
    pixels = jnp.asarray(flat.reshape(-1, 8, 8) / 16, float)
    labels = jnp.asarray(target, jnp.int32)  # pyright: ignore[reportArgumentType]
    eigen = qj.eigensystem((pixels + jnp.swapaxes(pixels, 1, 2)) / 2)
    return Images(pixels, eigen, labels)


def split(key: Array, total: int, training: int) -> Bool[Array, " n"]:
    """Which of the images are for training: a random choice of so many; the rest is for testing."""
    return jax.random.permutation(key, jnp.arange(total) < training)


def make_update(rate: float) -> tuple[optax.GradientTransformation, Callable]:
    """The optimiser, and one full-batch step of all seeds at once."""
    optimiser = optax.adam(rate)

    # Every seed has a split of its own. All images run for all seeds, whose eigensystems are then
    # shared between the lanes, and a mask says which of them teach.
    def loss(params: Params, images: Images, chosen: Array) -> tuple[Array, Array]:
        logits = scores(params, images.eigen)
        truth = jax.nn.one_hot(images.labels, 8, dtype=logits.dtype)
        losses = optax.softmax_cross_entropy(logits, truth)
        found = jnp.argmax(logits, axis=-1).astype(images.labels.dtype)
        return _mean(losses, chosen), (found == images.labels).astype(logits.dtype)

    def one_seed(carry: tuple, images: Images, chosen: Array) -> tuple[tuple, dict[str, Array]]:
        params, state = carry
        (value, right), gradient = jax.value_and_grad(loss, has_aux=True)(params, images, chosen)
        metrics = {
            "loss": value,
            "train_accuracy": _mean(right, chosen),
            "test_accuracy": _mean(right, ~chosen),
        }
        return descend(optimiser, gradient, state, params), metrics

    def update(carry: tuple, step: Array, data: tuple[Images, Array]) -> tuple:
        images, chosen = data
        return jax.vmap(one_seed, in_axes=(0, None, 0))(carry, images, chosen)

    return optimiser, update


def run(run: Run) -> list[Row]:
    """Train both forms, compare, and draw."""
    settings: DigitsSettings = run.settings
    for_split, for_start = jax.random.split(run.key)
    images = load_images()
    chosen = jax.vmap(lambda key: split(key, len(images.labels), settings.images))(
        jax.random.split(for_split, settings.seeds)
    )
    mask, labels = np.asarray(chosen), np.asarray(images.labels)
    optimiser, update = make_update(settings.rate)
    keys = jax.random.split(for_start, settings.seeds)
    rows: list[Row] = []
    curves, confusions = {}, {}
    judge = jax.jit(jax.vmap(lambda p: jnp.argmax(scores(p, images.eigen), axis=-1)))

    def predict(params: Params) -> np.ndarray:
        # The shared form as one with two equal sets: both forms are judged by one program.
        angles = jnp.broadcast_to(params.angles, (*params.angles.shape[:2], 2, 15))
        return np.asarray(judge(Params(params.times, angles)))

    for form in settings.forms:
        start = jax.vmap(partial(initial, layers=settings.layers, sets=GATE_SETS[form]))(keys)
        (params, _), metrics = run.train(
            f"{form} parameters",
            update,
            (start, jax.vmap(optimiser.init)(start)),
            settings.epochs,
            chunk=settings.chunk,
            data=(images, chosen),
            show=lambda m: (
                f"loss {np.median(m['loss'][-1]):.3f}, test {np.median(m['test_accuracy'][-1]):.3f}"
            ),
        )
        curves[form] = metrics
        found = predict(params)
        accuracy = {
            name: np.array([np.mean(f[m] == labels[m]) for f, m in zip(found, which, strict=True)])
            for name, which in (("train", mask), ("test", ~mask))
        }
        middle = int(np.argsort(accuracy["test"])[(settings.seeds - 1) // 2])
        unseen = ~mask[middle]
        confusions[form] = _confusion(labels[unseen], found[middle][unseen])
        best = jax.tree.map(lambda x, k=middle: x[k], params)
        image = jax.tree.map(lambda x: x[0], images.eigen)
        run.circuit(f"circuit-{form}", classifier(best, image))
        count = sum(x.size for x in best)
        rows += _rows(run, form, count, accuracy, images, mask)
    run.figure("learning-curves", _draw_curves(curves))
    run.figure("confusion", _draw_confusions(confusions))
    return rows


def _rows(
    run: Run,
    form: str,
    count: int,
    accuracy: dict[str, np.ndarray],
    images: Images,
    chosen: np.ndarray,
) -> list[Row]:
    from .digits_baselines import baselines

    classical = baselines(images, chosen, count, run.settings.seed)
    published = form == "shared"
    return [
        Row(
            f"test accuracy, {form} ({count} parameters)",
            PAPER_TEST if published else "",
            accuracy["test"].tolist(),
            classical["test"],
            accept=(0.925, 0.965) if published else (0.95, np.inf),
        ),
        Row(
            f"train accuracy, {form}",
            PAPER_TRAIN if published else "",
            accuracy["train"].tolist(),
            classical["train"],
        ),
    ]


def _mean(values: Array, chosen: Array) -> Array:
    return jnp.sum(jnp.where(chosen, values, 0)) / jnp.sum(chosen.astype(values.dtype))


def _confusion(truth: np.ndarray, found: np.ndarray) -> np.ndarray:
    table = np.zeros((8, 8), int)
    np.add.at(table, (truth, found), 1)
    return table


def _draw_curves(curves: dict[str, dict[str, np.ndarray]]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for colour, (form, metrics) in zip(("C0", "C1"), curves.items(), strict=False):
        for axes, name, style in (
            (left, "loss", "-"),
            (right, "train_accuracy", "--"),
            (right, "test_accuracy", "-"),
        ):
            values = metrics[name]
            epochs = np.arange(len(values))
            label = form if axes is left else f"{form}, {name.split('_')[0]}"
            axes.plot(epochs, np.median(values, axis=1), style, color=colour, label=label)
            if style == "-":
                axes.fill_between(
                    epochs, values.min(axis=1), values.max(axis=1), color=colour, alpha=0.2, lw=0
                )
    right.axhline(0.944, color="0.4", lw=1, ls=":", label="paper, test")
    left.set(xlabel="epoch", ylabel="cross-entropy", title="training loss")
    right.set(xlabel="epoch", ylabel="accuracy", title="accuracy (median and range)")
    right.set_ylim(0.5, 1)
    for axes in (left, right):
        axes.legend(frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def _draw_confusions(confusions: dict[str, np.ndarray]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.2 * len(confusions), 4.2), layout="constrained")
    for axes, (form, table) in zip(
        figure.subplots(1, len(confusions), squeeze=False)[0], confusions.items(), strict=True
    ):
        axes.imshow(np.sqrt(table), cmap="Blues")
        for i, j in np.ndindex(*table.shape):
            if table[i, j]:
                dark = table[i, j] > table.max() / 2
                axes.text(j, i, table[i, j], ha="center", va="center", color="w" if dark else "k")
        axes.set(xlabel="predicted", ylabel="digit", title=f"{form} parameters, test images")
        axes.set_xticks(range(8))
        axes.set_yticks(range(8))
    return figure


def example(settings: DigitsSettings) -> qj.Circuit:
    """The untrained circuit for the first image."""
    key = jax.random.key(settings.seed)
    return classifier(
        initial(key, settings.layers, GATE_SETS[settings.forms[0]]),
        jax.tree.map(lambda x: x[0], load_images().eigen),
    )


EXPERIMENT = Experiment(
    name="qhe-digits",
    title="Images as Hamiltonians: data re-uploading classifier on handwritten digits",
    paper="arXiv:2407.14055",
    minutes=3,
    settings=DigitsSettings(),
    run=run,
    circuit=example,
    quick={"epochs": 20, "seeds": 2, "images": 200, "chunk": 5},
)
