"""Handwritten digits by a tree tensor network that a quantum computer could run, and its noise.

Source: Huggins, Patil, Mitchell, Whaley and Stoudenmire, arXiv:1803.11537: every pixel is a qubit,
every node a gate on two qubits of which one goes on. All 45 pairs of digits are told apart, each by
a tree of its own, in one program.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

from ..errors import ExperimentError
from ..tensor import orthogonal_nodes, tree_circuit
from ..tensor.tree import bloch_vectors, node_maps, root
from ..train import descend
from .frame import Experiment, Run
from .settings import Settings, at_least
from .table import Row

SIDE = 8
PAIRS = tuple(combinations(range(10), 2))


@dataclass(frozen=True)
class TtnSettings(Settings):
    """Settings of ``ttn-digits``.

    Attributes:
        steps: full-batch Adam steps.
        rate: learning rate of Adam.
        training: share of the images of a pair that teach; the rest is for testing.
        noise: depolarising strengths l in ``(1 - l) rho + l I/2`` after every node, under which the
            trees are tested.
        taught: strengths under which trees are trained, each on its own; the first is 0.
        sharpness: by which the expectation value at the root, relative to the largest that the
            noise leaves, is multiplied to give a logit.
        pairs: how many of the 45 pairs, in order.
        chunk: steps between two checkpoints.
    """

    seeds: int = 3
    steps: int = 150
    rate: float = 0.05
    training: float = 0.7
    noise: tuple[float, ...] = (0.0, 0.05, 0.1, 0.2, 0.4)
    taught: tuple[float, ...] = (0.0, 0.4)
    sharpness: float = 20.0
    pairs: int = 45
    chunk: int = 25

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, steps=1, training=0.05, pairs=1, chunk=1)
        if 0.0 not in self.noise or not self.taught or self.taught[0] != 0.0:
            raise ExperimentError(
                "noise must contain 0 and taught begin with it",
                got=f"noise={self.noise}, taught={self.taught}",
            )


class Pairs(NamedTuple):
    """Every pair of digits as one batch, padded to the same number of images.

    Attributes:
        vectors: (1, x, z) of every pixel's qubit, ``(pairs, images, 64, 3)``.
        signs: +1 for the smaller digit, -1 for the other, 0 for padding, ``(pairs, images)``.
        training: which images teach, ``(seeds, pairs, images)``.
    """

    vectors: Array
    signs: Array
    training: Array


def tree_order(side: int = SIDE) -> np.ndarray:
    """The pixels in the order in which a tree joins neighbours: along Morton's curve."""
    at = np.arange(side * side)
    row, column = at // side, at % side
    code = np.zeros_like(at)
    for k in range(int(np.log2(side))):
        code |= (column >> k & 1) << (2 * k) | (row >> k & 1) << (2 * k + 1)
    return np.argsort(code)


def load_pairs(key: Array, settings: TtnSettings) -> tuple[Pairs, list[np.ndarray]]:
    """The data, and for each pair which images of scikit-learn's set it holds."""
    from sklearn.datasets import load_digits

    flat, labels = load_digits(return_X_y=True)
    angles = np.pi / 2 * np.asarray(flat)[:, tree_order()] / 16
    leaves = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    chosen = [np.flatnonzero(np.isin(labels, pair)) for pair in PAIRS[: settings.pairs]]
    most = max(map(len, chosen))
    index = np.zeros((len(chosen), most), int)
    signs = np.zeros((len(chosen), most))
    for k, (members, (a, _)) in enumerate(zip(chosen, PAIRS, strict=False)):
        index[k, : len(members)] = members
        signs[k, : len(members)] = np.where(np.asarray(labels)[members] == a, 1, -1)
    order = jax.random.uniform(key, (settings.seeds, *signs.shape))
    # The smallest numbers of each pair teach; padding never does.
    order = np.where(signs[None] == 0, np.inf, np.asarray(order))
    rank = np.argsort(np.argsort(order, axis=-1), axis=-1)
    limit = np.round(settings.training * np.array([len(c) for c in chosen]))
    vectors = bloch_vectors(jnp.asarray(leaves, jnp.float32), False)
    return Pairs(
        vectors[index],
        jnp.asarray(signs, jnp.float32),
        jnp.asarray(rank < limit[None, :, None]),
    ), chosen


def expectations(quaternions: Array, vectors: Array, noise: Any = 0.0) -> Array:
    """<Z> at the root for one tree ``(63, 2, 4)`` and images ``(k, 64, 3)``."""
    return root(vectors, node_maps(orthogonal_nodes(quaternions)), noise)[..., 2]


def accuracy(found: Array, signs: Array, among: Array) -> Array:
    """The share of the images ``among`` that are told right."""
    chosen = (among & (signs != 0)).astype(found.dtype)
    return jnp.sum(jnp.where(found * signs > 0, chosen, 0)) / jnp.sum(chosen)


def run(run: Run) -> Sequence[Row]:
    """Train all pairs at once, with and without noise; test them under noise."""
    settings: TtnSettings = run.settings
    for_split, for_start = jax.random.split(run.key)
    data, chosen = load_pairs(for_split, settings)
    shape = (settings.seeds, len(chosen), SIDE * SIDE - 1, 2, 4)
    start = jax.random.normal(for_start, shape)
    judge = jax.jit(jax.vmap(_judged, (0, 0, None, None)))
    tables, histories = {}, {}
    for taught in settings.taught:
        trained, histories[taught] = _train(run, data, start, taught)
        for noise in settings.noise:
            found = judge(trained, data.training, data, jnp.asarray(noise, start.dtype))
            tables[taught, noise] = np.asarray(found)
        gates = np.asarray(orthogonal_nodes(trained[0, 0]), np.float64)
        u, _, v = np.linalg.svd(gates)  # orthogonal in double precision
        run.circuit(f"circuit-{taught:g}", tree_circuit(u @ v))
    run.figure("accuracies", _draw(tables[0.0, 0.0], histories))
    return _rows(settings, tables, _baselines(data, chosen))


def _train(run: Run, data: Pairs, start: Array, noise: float) -> tuple[Array, np.ndarray]:
    """Trees of all seeds and pairs, and their mean test accuracy after every step."""
    settings: TtnSettings = run.settings
    optimiser = optax.adam(settings.rate)
    levels = int(np.log2(SIDE * SIDE))
    sharpness = settings.sharpness / (1 - noise) ** levels

    def loss(q: Array, vectors: Array, signs: Array, training: Array) -> tuple[Array, Array]:
        z = expectations(q, vectors, noise)
        use = training.astype(z.dtype)
        each = jax.nn.softplus(-sharpness * z * signs)
        return jnp.sum(use * each) / jnp.sum(use), accuracy(z, signs, ~training)

    def one(carry: Any, vectors: Array, signs: Array, training: Array) -> Any:
        q, state = carry
        (value, right), gradient = jax.value_and_grad(loss, has_aux=True)(
            q, vectors, signs, training
        )
        return descend(optimiser, gradient, state, q), (value, right)

    def update(carry: Any, step: Array, data: Pairs) -> Any:
        over_pairs = jax.vmap(one, (0, 0, 0, 0))
        carry, (value, right) = jax.vmap(over_pairs, (0, None, None, 0))(
            carry, data.vectors, data.signs, data.training
        )
        return carry, {"loss": jnp.mean(value, 1), "test_accuracy": jnp.mean(right, 1)}

    (trained, _), metrics = run.train(
        f"{data.signs.shape[0]} pairs, noise {noise:g}",
        update,
        (start, jax.vmap(jax.vmap(optimiser.init))(start)),
        settings.steps,
        chunk=settings.chunk,
        data=data,
        show=lambda m: (
            f"loss {np.median(m['loss'][-1]):.3f}, test {np.median(m['test_accuracy'][-1]):.3f}"
        ),
    )
    return trained, metrics["test_accuracy"]


def _judged(q: Array, training: Array, data: Pairs, noise: Array) -> Array:
    """The test accuracy of every pair."""

    def one(q: Array, vectors: Array, signs: Array, training: Array) -> Array:
        return accuracy(expectations(q, vectors, noise), signs, ~training)

    return jax.vmap(one)(q, data.vectors, data.signs, training)


def _rows(
    settings: TtnSettings,
    tables: dict[tuple[float, float], np.ndarray],
    classical: list[tuple[str, float]],
) -> list[Row]:
    rows = []
    whole = settings.pairs == len(PAIRS)
    clean = tables[0.0, 0.0].mean(axis=1)
    for (taught, noise), table in tables.items():
        first = taught == noise == 0
        how = "" if taught == 0 else f", taught under noise {taught:g}"
        rows.append(
            Row(
                f"mean test accuracy over {table.shape[1]} pairs, noise {noise:g}{how}",
                "",
                table.mean(axis=1).tolist(),
                classical if first else [],
                accept=(0.95, 1.0) if first and whole else None,
                form=".4f",
            )
        )
    for taught in settings.taught:
        worst = max(settings.noise)
        how = "taught without noise" if taught == 0 else f"taught under noise {taught:g}"
        lost = 100 * (clean - tables[taught, worst].mean(axis=1))
        accept = (-np.inf, 2.0) if whole and worst == 0.4 else None
        quantity = f"points lost at noise {worst:g}, {how}"
        rows.append(Row(quantity, "", lost.tolist(), accept=accept, form=".2f"))
    hardest = np.median(tables[0.0, 0.0], axis=0)
    a, b = PAIRS[int(np.argmin(hardest))]
    rows.append(Row(f"the hardest pair, {a} and {b}", "", [float(hardest.min())]))
    return rows


def _baselines(data: Pairs, chosen: list[np.ndarray]) -> list[tuple[str, float]]:
    """Logistic regression and an RBF support vector machine on the first seed's splits."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import SVC

    x = np.asarray(data.vectors)[..., 2]
    signs, training = np.asarray(data.signs), np.asarray(data.training[0])
    found: dict[str, list[float]] = {"logistic regression": [], "RBF-SVM": []}
    for k, members in enumerate(chosen):
        images, truth, mine = (a[k, : len(members)] for a in (x, signs, training))
        for name, model in (
            ("logistic regression", LogisticRegression(max_iter=500)),
            ("RBF-SVM", SVC(C=10.0, gamma="scale")),
        ):
            model.fit(images[mine], truth[mine])
            found[name].append(float(model.score(images[~mine], truth[~mine])))
    return [(name, float(np.mean(values))) for name, values in found.items()]


def _draw(table: np.ndarray, histories: dict[float, np.ndarray]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    grid = np.full((10, 10), np.nan)
    for (a, b), value in zip(PAIRS, np.median(table, axis=0), strict=False):
        grid[a, b] = grid[b, a] = value
    picture = left.imshow(grid, vmin=0.8, vmax=1, cmap="viridis")
    left.set(xlabel="digit", ylabel="digit", title="test accuracy", xticks=range(10))
    left.set_yticks(range(10))
    figure.colorbar(picture, ax=left)
    for taught, history in histories.items():
        right.plot(np.median(history, axis=1), label=f"taught under noise {taught:g}")
    right.legend(frameon=False)
    right.set(xlabel="step", ylabel="mean test accuracy over the pairs")
    right.spines[["top", "right"]].set_visible(False)
    return figure


EXPERIMENT = Experiment(
    name="ttn-digits",
    title="Digits by tree tensor networks: 45 pairs, with and without noise at every node",
    paper="arXiv:1803.11537",
    minutes=2,
    settings=TtnSettings(),
    run=run,
    quick={"seeds": 1, "steps": 5, "pairs": 2, "noise": (0.0, 0.4), "taught": (0.0,)},
)
