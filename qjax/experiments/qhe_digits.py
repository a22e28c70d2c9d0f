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
from jaxtyping import Array, Float, Int

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
        images: training images; the rest of the 1,443 is for testing.
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


def load_images(key: Array, images: int) -> tuple[Images, Images]:
    """Digits 0 to 7, shuffled: ``images`` for training and the rest for testing."""
    from sklearn.datasets import load_digits

    flat, target = load_digits(n_class=8, return_X_y=True)
    pixels = jnp.asarray(flat.reshape(-1, 8, 8) / 16, float)
    labels = jnp.asarray(target, jnp.int32)  # pyright: ignore[reportArgumentType]
    eigen = qj.eigensystem((pixels + jnp.swapaxes(pixels, 1, 2)) / 2)
    order = jax.random.permutation(key, len(labels))
    everything = Images(pixels, eigen, labels)
    return (
        jax.tree.map(lambda x: x[order[:images]], everything),
        jax.tree.map(lambda x: x[order[images:]], everything),
    )


def make_update(rate: float) -> tuple[optax.GradientTransformation, Callable]:
    """The optimiser, and one full-batch step of all seeds at once."""
    optimiser = optax.adam(rate)

    def loss(params: Params, images: Images) -> tuple[Array, Array]:
        logits = scores(params, images.eigen)
        truth = jax.nn.one_hot(images.labels, 8, dtype=logits.dtype)
        return optax.softmax_cross_entropy(logits, truth).mean(), _accuracy(logits, images.labels)

    def one_seed(carry: tuple, data: tuple[Images, Images]) -> tuple[tuple, dict[str, Array]]:
        params, state = carry
        train, test = data
        (value, accuracy), gradient = jax.value_and_grad(loss, has_aux=True)(params, train)
        metrics = {
            "loss": value,
            "train_accuracy": accuracy,
            "test_accuracy": _accuracy(scores(params, test.eigen), test.labels),
        }
        return descend(optimiser, gradient, state, params), metrics

    def update(carry: tuple, step: Array, data: tuple[Images, Images]) -> tuple:
        return jax.vmap(one_seed, in_axes=(0, None))(carry, data)

    return optimiser, update


def run(run: Run) -> list[Row]:
    """Train both forms, compare, and draw."""
    settings: DigitsSettings = run.settings
    for_split, for_start = jax.random.split(run.key)
    train, test = load_images(for_split, settings.images)
    optimiser, update = make_update(settings.rate)
    keys = jax.random.split(for_start, settings.seeds)
    rows: list[Row] = []
    curves, confusions = {}, {}
    eigen = jax.tree.map(lambda *x: jnp.concatenate(x), train.eigen, test.eigen)
    judge = jax.jit(jax.vmap(lambda p: jnp.argmax(scores(p, eigen), axis=-1)))

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
            data=(train, test),
            show=lambda m: (
                f"loss {np.median(m['loss'][-1]):.3f}, test {np.median(m['test_accuracy'][-1]):.3f}"
            ),
        )
        curves[form] = metrics
        found = predict(params)
        right = found == np.concatenate([train.labels, test.labels])
        cut = settings.images
        accuracy = {"train": right[:, :cut].mean(axis=1), "test": right[:, cut:].mean(axis=1)}
        middle = int(np.argsort(accuracy["test"])[(settings.seeds - 1) // 2])
        confusions[form] = _confusion(np.asarray(test.labels), found[middle, cut:])
        best = jax.tree.map(lambda x, k=middle: x[k], params)
        image = jax.tree.map(lambda x: x[0], test.eigen)
        run.circuit(f"circuit-{form}", classifier(best, image))
        count = sum(x.size for x in best)
        rows += _rows(run, form, count, accuracy, train, test)
    run.figure("learning-curves", _draw_curves(curves))
    run.figure("confusion", _draw_confusions(confusions))
    return rows


def _rows(
    run: Run, form: str, count: int, accuracy: dict[str, np.ndarray], train: Images, test: Images
) -> list[Row]:
    from .digits_baselines import baselines

    classical = baselines(train, test, count, run.settings.seeds, run.settings.seed)
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


def _accuracy(logits: Array, labels: Array) -> Array:
    found = jnp.argmax(logits, axis=-1).astype(labels.dtype)
    return jnp.mean((found == labels).astype(logits.dtype))


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
    """The untrained published circuit for the first test image."""
    key = jax.random.key(settings.seed)
    _, test = load_images(key, settings.images)
    return classifier(
        initial(key, settings.layers, GATE_SETS[settings.forms[0]]),
        jax.tree.map(lambda x: x[0], test.eigen),
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
