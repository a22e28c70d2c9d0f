"""How entangled the change of a weight matrix is, by the way in which it was trained.

Source: Chen et al., arXiv:2601.06788 ("artificial entanglement"): in language models, changes by
LoRA have an "entanglement valley" in the middle, full fine-tuning has none. Here a network learns
the digits 0 to 4, then 5 to 9 by full fine-tuning or by an adapter. The valley of LoRA is a
theorem, not a finding: a matrix of rank r has at most ln r at the cut between rows and columns.
Random matrices of the same shape and rank stand beside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from ..nn.hybrid import MPO, LoRA, TensorAdapter, TeRA, entanglement_profile, profile_bound
from .dots import dots
from .frame import Experiment, Run
from .hybrid_models import (
    Contestant,
    digit_images,
    perceptron,
    random_splits,
    train_classifier,
)
from .settings import Settings, at_least
from .table import Row


@dataclass(frozen=True)
class AdapterSettings(Settings):
    """Settings of ``adapter-entanglement``.

    Attributes:
        ranks: of LoRA.
        bonds: of the matrix product operators.
        hidden: width of the two hidden layers, a power of two.
        images: training images of each half of the digits; the rest is for testing.
        steps: Adam steps of the first training, and of the second.
        batch: images in a step.
        rate: learning rate.
    """

    seeds: int = 3
    ranks: tuple[int, ...] = (1, 4)
    bonds: tuple[int, ...] = (2, 8)
    hidden: int = 64
    images: int = 600
    steps: int = 300
    batch: int = 60
    rate: float = 3e-3

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, hidden=4, images=100, steps=1, batch=1)


def adapted(model: Any, form: Any, seed: int) -> nnx.Sequential:
    """The network with adapters at both hidden layers and a new head."""
    layers, rngs = list(model.layers), nnx.Rngs(100 + seed)
    for k in (1, 3):
        layers[k] = TensorAdapter(layers[k].kernel[...], layers[k].bias[...], form, rngs=rngs)
    layers[5] = nnx.Linear(layers[5].in_features, 5, rngs=rngs)
    return nnx.Sequential(*layers)


def unfrozen(model: Any, seed: int) -> nnx.Sequential:
    """The network with all its weights trainable, and a new head."""
    layers = list(model.layers)
    layers[5] = nnx.Linear(layers[5].in_features, 5, rngs=nnx.Rngs(100 + seed))
    return nnx.Sequential(*layers)


def run(run: Run) -> list[Row]:
    """Learn one half, adapt to the other, look at the changes."""
    settings: AdapterSettings = run.settings
    images, labels = digit_images()
    halves = [
        random_splits(
            images[labels // 5 == k], labels[labels // 5 == k] % 5,
            settings.seeds, settings.images, settings.seed,
        )
        for k in (0, 1)
    ]  # fmt: skip

    def fit(name: str, build: Callable[[int], nnx.Module], half: int) -> Contestant:
        return train_classifier(
            run, name, build, halves[half],
            steps=settings.steps, rate=settings.rate, batch=settings.batch,
        )  # fmt: skip

    base = fit("0 to 4", lambda seed: perceptron(settings.hidden, 5, settings.seed + seed), 0)
    forms: dict[str, Any] = {f"LoRA, rank {r}": LoRA(r) for r in settings.ranks}
    forms |= {f"MPO, bond {b}": MPO(b) for b in settings.bonds} | {"TeRA": TeRA()}
    found = {"full": fit("full", lambda seed: unfrozen(base.model(seed), seed), 1)}
    for name, form in forms.items():
        found[name] = fit(
            name, lambda seed, form=form: adapted(base.model(seed), form, seed), 1
        )  # fmt: skip
    scratch = fit("from scratch", lambda seed: perceptron(settings.hidden, 5, 50 + seed), 1)

    def change(name: str, seed: int) -> np.ndarray:
        layer = found[name].model(seed).layers[3]
        if name != "full":
            return np.asarray(layer.update())
        return np.asarray(layer.kernel[...] - base.model(seed).layers[3].kernel[...])

    profile = jax.jit(entanglement_profile)
    rows, valleys, profiles = [], [], {}
    noise = np.random.default_rng(settings.seed)
    shape = (settings.hidden, settings.hidden)
    head = 5 * settings.hidden + 5
    for name, one in found.items():
        changes = [change(name, seed) for seed in range(settings.seeds)]
        profiles[name] = np.array([profile(jnp.asarray(c)) for c in changes])
        rank = int(np.median([np.linalg.matrix_rank(c) for c in changes]))
        rank = max(rank, 1)
        random = noise.normal(size=(shape[0], rank)) @ noise.normal(size=(rank, shape[1]))
        beside = np.asarray(profile(jnp.asarray(random, jnp.float32)))
        middle = (profiles[name].shape[1]) // 2
        bound = float(profile_bound(shape, rank)[middle])
        rows.append(
            Row(
                f"5 to 9, test accuracy, {name} ({one.parameters - head} trained, and the head)",
                "", one.test,
                [("from scratch", float(np.median(scratch.test)))] if name == "full" else (),
            )
        )  # fmt: skip
        valleys += [
            Row(
                f"entropy in the middle, nats, {name} (rank {rank})",
                f"at most ln {rank}", profiles[name][:, middle].tolist(),
                [("random, same rank", float(beside[middle]))], (0.0, bound + 1e-4), form=".2f",
            ),
            Row(
                f"depth of the valley, nats, {name}",
                "none" if name == "full" else "a valley" if name.startswith("LoRA") else "",
                _depth(profiles[name]).tolist(),
                [("random, same rank", float(_depth(beside[None])[0]))], form=".2f",
            ),
        ]  # fmt: skip
        if name == "full" or name.startswith("LoRA"):
            found_depth, beside_depth = (
                float(np.median(_depth(p))) for p in (profiles[name], beside[None])
            )
            run.note(
                f"{name}: a valley of {found_depth:.2f} nats; a random matrix of the same rank has "
                f"one of {beside_depth:.2f}"
            )
    run.note("a valley that the random matrix has as well is one of the rank, not of the training")
    run.figure("accuracies", dots(rows, "test accuracy"))
    run.figure("profiles", _draw(profiles, shape))
    return rows + valleys


def _depth(profiles: np.ndarray) -> np.ndarray:
    """The mean of the two cuts beside the middle, minus the middle."""
    middle = profiles.shape[1] // 2
    return (profiles[:, middle - 1] + profiles[:, middle + 1]) / 2 - profiles[:, middle]


def _draw(profiles: dict[str, np.ndarray], shape: tuple[int, int]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.5, 3.8), layout="constrained")
    axes = figure.subplots()
    for name, values in profiles.items():
        cuts = np.arange(1, values.shape[1] + 1)
        axes.plot(cuts, np.median(values, axis=0), "o-", ms=3, label=name)
    bound = np.asarray(profile_bound(shape))
    axes.plot(np.arange(1, len(bound) + 1), bound, ":", color="0.5", label="largest possible")
    axes.set(xlabel="cut", ylabel="entropy of the change, nats (median)")
    axes.legend(frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


EXPERIMENT = Experiment(
    name="adapter-entanglement",
    title="Entanglement profiles of trained changes of weights: full, LoRA, MPO, TeRA",
    paper="arXiv:2601.06788",
    minutes=1,
    settings=AdapterSettings(),
    run=run,
    quick={
        "seeds": 2, "ranks": "1", "bonds": "2", "hidden": 4, "steps": 3, "images": 300,
    },
)  # fmt: skip
