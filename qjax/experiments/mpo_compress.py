"""A trained network whose weights are truncated to matrix product operators, then healed.

Source: CompactifAI, Tomut et al., arXiv:2401.14109, where language models are compressed. Here a
network on the 8 x 8 digits bundled with scikit-learn: accuracy against bond dimension, before and
after a short training of the truncated network. Beside it, with no more parameters: truncation of
each matrix to low rank, healed alike, and a smaller network trained from scratch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from ..nn.hybrid import MPODense
from .dots import dots
from .frame import Experiment, Run
from .hybrid_models import (
    Contestant,
    digit_images,
    perceptron,
    random_splits,
    train_classifier,
    untrained,
)
from .settings import Settings, at_least
from .table import Row


@dataclass(frozen=True)
class CompressSettings(Settings):
    """Settings of ``mpo-compress``.

    Attributes:
        bonds: bond dimensions.
        hidden: width of the two hidden layers.
        sites: cores of an operator.
        images: training images; the rest of the 1,797 is for testing.
        steps: Adam steps of the dense network, and of the small one trained from scratch.
        healing: Adam steps after the truncation.
        batch: images in a step.
        rate: learning rate; a third of it for healing.
    """

    seeds: int = 3
    bonds: tuple[int, ...] = (2, 4, 16)
    hidden: int = 128
    sites: int = 2
    images: int = 1200
    steps: int = 400
    healing: int = 200
    batch: int = 60
    rate: float = 3e-3

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, hidden=2, sites=2, images=100, steps=1, healing=1, batch=1)


def _bias(linear: nnx.Linear) -> jax.Array:
    assert linear.bias is not None
    return linear.bias[...]


def low_rank(linear: nnx.Linear, rank: int) -> nnx.Sequential:
    """The best approximation of this rank, as two layers."""
    kernel = np.asarray(linear.kernel[...])
    u, s, v = np.linalg.svd(kernel, full_matrices=False)
    first = nnx.Linear(kernel.shape[0], rank, use_bias=False, rngs=nnx.Rngs(0))
    second = nnx.Linear(rank, kernel.shape[1], rngs=nnx.Rngs(0))
    first.kernel[...] = jnp.asarray(u[:, :rank] * s[:rank])
    second.kernel[...] = jnp.asarray(v[:rank])
    assert second.bias is not None
    second.bias[...] = _bias(linear)
    return nnx.Sequential(first, second)


def replaced(model: Any, make: Callable[[nnx.Linear], nnx.Module]) -> nnx.Sequential:
    """The network with its two large layers replaced."""
    layers = list(model.layers)
    layers[1], layers[3] = make(layers[1]), make(layers[3])
    return nnx.Sequential(*layers)


def run(run: Run) -> list[Row]:
    """Train, truncate at every bond dimension, heal, compare."""
    settings: CompressSettings = run.settings
    data = random_splits(*digit_images(), settings.seeds, settings.images, settings.seed)

    def fit(name: str, build: Callable[[int], nnx.Module], steps: int, rate: float) -> Contestant:
        return train_classifier(
            run, name, build, data, steps=steps, rate=rate, batch=settings.batch
        )

    base = fit(
        "dense", lambda seed: perceptron(settings.hidden, 10, settings.seed + seed),
        settings.steps, settings.rate,
    )  # fmt: skip
    rows = [Row(f"dense, test accuracy ({base.parameters} parameters)", "", base.test)]
    curve = []
    for bond in settings.bonds:

        def operator(seed: int, bond: int = bond) -> nnx.Module:
            return replaced(
                base.model(seed),
                lambda layer: MPODense.from_kernel(
                    layer.kernel[...], _bias(layer), max_bond=bond, sites=settings.sites
                ),
            )

        before = untrained(operator, data)
        rank = _rank(before.parameters, settings.hidden)

        def matrices(seed: int, rank: int = rank) -> nnx.Module:
            return replaced(base.model(seed), lambda layer: low_rank(layer, rank))

        healed = fit(f"bond {bond}", operator, settings.healing, settings.rate / 3)
        rank_before = untrained(matrices, data)
        rank_healed = fit(f"rank {rank}", matrices, settings.healing, settings.rate / 3)
        width = _width(before.parameters)
        small = fit(
            f"width {width}", lambda seed, width=width: perceptron(width, 10, settings.seed + seed),
            settings.steps, settings.rate,
        )  # fmt: skip
        saved = 1 - before.parameters / base.parameters
        rows += [
            Row(
                f"bond {bond}, truncated ({before.parameters} parameters, {saved:.0%} fewer)",
                "", before.test,
                [(f"rank {rank} ({rank_before.parameters})", float(np.median(rank_before.test)))],
            ),
            Row(
                f"bond {bond}, healed", "2 to 3 % lost, 70 % fewer\n(LLaMA 7B)", healed.test,
                [
                    (f"rank {rank}, healed", float(np.median(rank_healed.test))),
                    (f"width {width} from scratch ({small.parameters})",
                     float(np.median(small.test))),
                ],
            ),
        ]  # fmt: skip
        curve.append((before.parameters, before.test, healed.test, rank_healed.test, small.test))
    for k, name in ((3, "low rank, healed"), (4, "a smaller network trained from scratch")):
        ahead = sum(np.median(point[2]) > np.median(point[k]) for point in curve)
        run.note(f"the healed operator is above {name} at {ahead} of {len(curve)} sizes")
    run.figure("accuracies", dots(rows, "test accuracy"))
    run.figure("size", _draw(curve, base))
    return rows


def _rank(parameters: int, hidden: int) -> int:
    """The largest rank that takes no more numbers, at least one."""
    fixed = 2 * hidden + 10 * hidden + 10
    return max(1, (parameters - fixed) // (64 + 3 * hidden))


def _width(parameters: int) -> int:
    """The largest width whose network takes no more numbers, at least one."""
    width = 1
    while (w := width + 1) * 65 + w * (w + 1) + w * 10 + 10 <= parameters:
        width = w
    return width


def _draw(curve: list[tuple], base: Contestant) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.5, 3.6), layout="constrained")
    axes = figure.subplots()
    sizes = [point[0] for point in curve]
    names = ("operator, truncated", "operator, healed", "low rank, healed", "small, from scratch")
    for k, name in enumerate(names, 1):
        axes.plot(sizes, [np.median(point[k]) for point in curve], "o-", label=name)
    axes.axhline(float(np.median(base.test)), color="0.5", ls=":", label="dense")
    axes.set(xlabel="parameters", ylabel="test accuracy (median)", xscale="log")
    axes.legend(frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


EXPERIMENT = Experiment(
    name="mpo-compress",
    title="Trained weights truncated to matrix product operators, and healed",
    paper="arXiv:2401.14109",
    minutes=2,
    settings=CompressSettings(),
    run=run,
    quick={"seeds": 2, "bonds": "2", "hidden": 8, "steps": 3, "healing": 2, "images": 300},
)
