"""Digits by a small vision transformer whose attention weights are doubly stochastic.

Source: Born et al., arXiv:2504.16275 (QDSFormer), MNIST and its relatives there. Here the 8 x 8
digits bundled with scikit-learn, as four or sixteen patches; one encoder block, everything but the
normalisation of the attention the same for all contestants.
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
from ..nn.hybrid import (
    CircuitStochastic,
    DoublyStochasticAttention,
    QRStochastic,
    Sinkhorn,
    Softmax,
    stochastic_error,
)
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
class AttentionSettings(Settings):
    """Settings of ``qdsformer-digits``.

    Attributes:
        patch: side of a patch; 4 makes four tokens, 2 sixteen.
        features: features of a token.
        layers: injections of the scores into the circuit.
        auxiliary: auxiliary qubits of the circuit.
        iterations: of Sinkhorn's algorithm.
        images: training images; the rest of the 1,797 is for testing.
        steps: Adam steps.
        batch: images in a step.
        rate: learning rate.
    """

    seeds: int = 5
    patch: int = 4
    features: int = 16
    layers: int = 2
    auxiliary: int = 1
    iterations: int = 20
    images: int = 1200
    steps: int = 400
    batch: int = 60
    rate: float = 3e-3

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, features=1, layers=1, auxiliary=0, iterations=1, images=100, steps=1)
        if self.patch not in (2, 4):
            raise ExperimentError("patch is not such a side", expected="2 or 4", got=self.patch)


class Encoder(nnx.Module):
    """Patches, one block of attention and one of a small network, a mean, logits."""

    def __init__(self, settings: AttentionSettings, normaliser: Any, seed: int) -> None:
        rngs = nnx.Rngs(settings.seed + seed)
        d, self.patch = settings.features, settings.patch
        tokens = (8 // self.patch) ** 2
        self.embed = nnx.Linear(self.patch**2, d, rngs=rngs)
        self.position = nnx.Param(0.1 * jax.random.normal(rngs.params(), (tokens, d)))
        self.norms = nnx.List(nnx.LayerNorm(d, rngs=rngs) for _ in range(2))
        self.attention = DoublyStochasticAttention(d, tokens, normaliser, rngs=rngs)
        self.up, self.down = nnx.Linear(d, 2 * d, rngs=rngs), nnx.Linear(2 * d, d, rngs=rngs)
        self.head = nnx.Linear(d, 10, rngs=rngs)

    def tokens(self, x: jax.Array) -> jax.Array:
        """Images (n, 8, 8, 1) to embedded patches (n, T, d)."""
        p, side = self.patch, 8 // self.patch
        cells = x.reshape(-1, side, p, side, p).transpose(0, 1, 3, 2, 4)
        h = self.embed(cells.reshape(-1, side * side, p * p))
        return h + self.position[...][None]

    def __call__(self, x: jax.Array) -> jax.Array:
        """Images (n, 8, 8, 1) to logits (n, 10)."""
        h = self.tokens(x)
        h = h + self.attention(self.norms[0](h))
        h = h + self.down(jax.nn.gelu(self.up(self.norms[1](h))))
        return self.head(h.mean(axis=1))

    def weights(self, x: jax.Array) -> jax.Array:
        """Attention matrices (n, T, T)."""
        return self.attention.weights(self.norms[0](self.tokens(x)))


def run(run: Run) -> list[Row]:
    """Train all four normalisations, compare, and measure their sums."""
    settings: AttentionSettings = run.settings
    data = random_splits(*digit_images(), settings.seeds, settings.images, settings.seed)
    classical = classical_accuracies(data, ["logistic regression", "RBF-SVM"])
    forms: dict[str, Any] = {
        "circuit": CircuitStochastic(settings.layers, settings.auxiliary),
        "QR": QRStochastic(),
        f"Sinkhorn, {settings.iterations}": Sinkhorn(settings.iterations),
        "softmax": Softmax(),
    }
    found, errors, sample = {}, {}, {}
    for name, form in forms.items():
        found[name] = train_classifier(
            run, name, lambda seed, form=form: Encoder(settings, form, seed), data,
            steps=settings.steps, rate=settings.rate, batch=settings.batch,
        )  # fmt: skip
        weights = [
            jax.jit(lambda m, x: m.weights(x))(found[name].model(s), jnp.asarray(data.x_test[s]))
            for s in range(settings.seeds)
        ]
        errors[name] = np.array([[float(e) for e in stochastic_error(w)] for w in weights])
        sample[name] = np.asarray(weights[0]).mean(axis=0)
    others = [
        (f"{name} ({found[name].parameters})", float(np.median(found[name].test)))
        for name in forms
        if name != "circuit"
    ]
    ours = found["circuit"]
    gains = {
        name: np.subtract(one.test, found["softmax"].test).tolist()
        for name, one in found.items()
        if name != "softmax"
    }
    rows = [
        Row(
            f"test accuracy, circuit ({ours.parameters} parameters)",
            "above ViT and Sinkformer\n(MNIST family)",
            ours.test,
            [*others, *medians(classical)],
        ),
        Row(
            "circuit minus softmax, same split", "above 0", gains["circuit"],
            [(f"{n} minus softmax", float(np.median(gains[n]))) for n in gains if n != "circuit"],
            form="+.3f",
        ),
        Row(
            "standard deviation of the test accuracy over seeds", "below ViT's",
            [float(np.std(ours.test))],
            [(name, float(np.std(found[name].test))) for name in forms if name != "circuit"],
        ),
    ]  # fmt: skip
    for axis, what in enumerate(("row", "column")):
        rows.append(
            Row(
                f"largest error of a {what} sum, trained, test images", "0 (Sinkhorn not)",
                errors["circuit"][:, axis].tolist(),
                [(n, float(np.median(errors[n][:, axis]))) for n in forms if n != "circuit"],
                (0.0, 1e-6), form=".1e",
            )
        )  # fmt: skip
    model = ours.model(0)
    one = model.norms[0](model.tokens(jnp.asarray(data.x_test[0][:1])))
    scores = model.attention.scores(one)[0]
    run.circuit("attention", forms["circuit"].circuit(scores, model.attention.angles[...]))
    run.figure("accuracies", dots(rows[:1], "test accuracy"))
    run.figure("weights", _draw(sample))
    return rows


def _draw(sample: dict[str, np.ndarray]) -> Any:
    """Mean attention matrices of the first seed side by side."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2.6 * len(sample), 2.9), layout="constrained")
    for axes, (name, weights) in zip(figure.subplots(1, len(sample)), sample.items(), strict=True):
        axes.imshow(weights, cmap="Blues", vmin=0, vmax=1)
        axes.set(title=name, xticks=[], yticks=[], xlabel="key", ylabel="query")
    return figure


def example(settings: AttentionSettings) -> qj.Circuit:
    """The circuit for scores of one."""
    tokens = (8 // settings.patch) ** 2
    form = CircuitStochastic(settings.layers, settings.auxiliary)
    return form.circuit(jnp.ones((tokens, tokens)), jnp.ones(form.shape(tokens)))


EXPERIMENT = Experiment(
    name="qdsformer-digits",
    title="Doubly stochastic attention from a circuit, on handwritten digits",
    paper="arXiv:2504.16275",
    minutes=2,
    settings=AttentionSettings(),
    run=run,
    circuit=example,
    quick={"seeds": 2, "steps": 3, "features": 8, "images": 300},
)
