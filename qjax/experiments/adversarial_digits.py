"""Attacks on a quantum classifier of digits, and training against them.

Source: Ren et al., arXiv:2204.01738: ten qubits, pixels interleaved with trainable angles, 99 % on
medical images, which small changes of the input destroy and adversarial training restores. Here the
images are the zeros and ones of scikit-learn's digits. Training restores a part of the accuracy; a
classical network with as many numbers hardly loses any at the same strength.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

import qjax as qj

from ..robustness import adversarial_loss, fgsm, pgd
from ..train import descend
from .frame import Experiment, Run
from .settings import Settings, at_least
from .table import Row

BOUNDS = (0.0, 1.0)  # of a pixel
PIXELS = 64


@dataclass(frozen=True)
class AdversarialSettings(Settings):
    """Settings of ``adversarial-digits``.

    Attributes:
        seeds: starts and splits that share one program.
        qubits: of the classifier.
        images: for training.
        tested: images for testing.
        steps: of Adam, in either training.
        batch: images of a step.
        rate: learning rate.
        epsilon: how far a pixel, within [0, 1], may be moved by the attack that is trained against
            and reported.
        radii: of the curve of accuracy against strength.
        ascents: steps of the projected-gradient attack at the end; training takes single steps
            from random points.
    """

    seeds: int = 2
    qubits: int = 10
    images: int = 200
    tested: int = 100
    steps: int = 600
    batch: int = 20
    rate: float = 0.05
    epsilon: float = 0.1
    radii: tuple[float, ...] = (0.05, 0.1, 0.2)
    ascents: int = 7

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, qubits=2, images=2, tested=2, steps=1, batch=1, epsilon=0, ascents=1)


def blocks(qubits: int) -> int:
    """How many blocks of one pixel per qubit hold all pixels."""
    return -(-PIXELS // qubits)


def classifier(w: Any, image: Any) -> qj.Circuit:
    """Blocks of RX by pixel plus angle, RZ, RX, and a ring of CZ; pixels as angles in [0, pi].

    Args:
        w: shape ``(blocks, 3, qubits)``.
        image: pixels in [0, 1], shape (64,).
    """
    count, _, n = w.shape
    pixels = jnp.pad(image * np.pi, (0, count * n - PIXELS)).reshape(count, n)

    def block(layer: tuple[Any, Any]) -> list:
        angles, x = layer
        turns = [
            [qj.RX(x[q] + angles[0, q], q), qj.RZ(angles[1, q], q), qj.RX(angles[2, q], q)]
            for q in range(n)
        ]
        return [turns, [qj.CZ(q, (q + 1) % n) for q in range(n if n > 2 else 1)]]

    return qj.Circuit(n, [qj.Layers(block, (w, pixels))])


def logit(params: dict[str, Any], image: Any) -> Array:
    """Positive for a one: ``scale <Z> + bias`` of a middle qubit."""
    n = params["w"].shape[-1]
    value = qj.expval(classifier(params["w"], image), qj.Z(n // 2))
    return params["scale"] * value + params["bias"]


def loss(params: dict[str, Any], image: Any, label: Any) -> Array:
    """Logistic loss; labels ±1."""
    return jax.nn.softplus(-label * logit(params, image))


def network(params: dict[str, Any], image: Any) -> Array:
    """The classical baseline: one hidden layer of tanh."""
    return params["v"] @ jnp.tanh(params["u"] @ image + params["b"]) + params["c"]


def network_loss(params: dict[str, Any], image: Any, label: Any) -> Array:
    """The same loss."""
    return jax.nn.softplus(-label * network(params, image))


def load() -> tuple[np.ndarray, np.ndarray]:
    """The 360 zeros and ones: pixels in [0, 1] and labels ±1."""
    from sklearn.datasets import load_digits

    x, y = load_digits(n_class=2, return_X_y=True)
    return np.asarray(x) / 16, 2 * np.asarray(y) - 1


def initial(key: Array, qubits: int) -> dict[str, Any]:
    """Small random angles."""
    w = 0.3 * jax.random.normal(key, (blocks(qubits), 3, qubits))
    return {"w": w, "scale": jnp.array(3.0), "bias": jnp.array(0.0)}


def initial_network(key: Array, hidden: int) -> dict[str, Any]:
    """Random weights of the usual size."""
    first, second = jax.random.split(key)
    return {
        "u": jax.random.normal(first, (hidden, PIXELS)) / np.sqrt(PIXELS),
        "b": jnp.zeros(hidden),
        "v": jax.random.normal(second, (hidden,)) / np.sqrt(hidden),
        "c": jnp.array(0.0),
    }


def trained(run: Run, stage: str, one: Any, start: Any, data: tuple, robust: bool) -> Any:
    """The parameters after training on clean or on attacked images, for all seeds at once."""
    settings: AdversarialSettings = run.settings
    optimiser = optax.adam(settings.rate)

    def mean(params: Any, x: Any, y: Any, key: Array) -> Array:
        if not robust:
            return jnp.mean(jax.vmap(one, (None, 0, 0))(params, x, y))

        def attack(f: Any, image: Any, label: Any) -> Array:
            return pgd(f, image, label, settings.epsilon, steps=1, size=1.25 * settings.epsilon,
                       bounds=BOUNDS, key=key)  # fmt: skip

        # Half the weight on clean images, so that accuracy on these is kept.
        clean = jnp.mean(jax.vmap(one, (None, 0, 0))(params, x, y))
        return (clean + adversarial_loss(one, attack)(params, x, y)) / 2

    def update(carry: Any, step: Array, data: Any) -> Any:
        def seed(carry: Any, x: Any, y: Any, key: Array) -> Any:
            params, state = carry
            for_batch, for_attack = jax.random.split(jax.random.fold_in(key, step))
            some = jax.random.choice(for_batch, x.shape[0], (min(settings.batch, x.shape[0]),))
            value, slope = jax.value_and_grad(mean)(params, x[some], y[some], for_attack)
            return descend(optimiser, slope, state, params), value

        carry, values = jax.vmap(seed)(carry, *data)
        return carry, {"loss": values}

    carry = start, jax.vmap(optimiser.init)(start)
    keys = jax.random.split(jax.random.fold_in(run.key, 7), settings.seeds)
    (params, _), _ = run.train(
        stage, update, carry, settings.steps, chunk=10, data=(*data, keys),
        show=lambda m: f"loss {np.median(m['loss'][-1]):.3f}",
    )  # fmt: skip
    return params


def accuracies(one: Any, score: Any, settings: AdversarialSettings) -> Any:
    """``(params, images, labels) -> accuracies``: clean, FGSM, PGD of every radius; all seeds."""
    radii = sorted({settings.epsilon, *settings.radii})

    def of_image(params: Any, x: Any, y: Any) -> Array:
        f = partial(one, params)
        moved = [x, fgsm(f, x, y, settings.epsilon, bounds=BOUNDS)]
        moved += [pgd(f, x, y, r, steps=settings.ascents, bounds=BOUNDS) for r in radii]
        return jnp.stack([y * score(params, z) > 0 for z in moved])

    def all_images(params: Any, x: Any, y: Any) -> Array:
        return jnp.mean(jax.vmap(of_image, (None, 0, 0))(params, x, y).astype(float), axis=0)

    return jax.jit(jax.vmap(all_images)), radii


def run(run: Run) -> list[Row]:
    """Train on clean images and against attacks, the circuit and a network; attack all four."""
    settings: AdversarialSettings = run.settings
    x, y = load()
    draw = np.random.default_rng(np.asarray(jax.random.bits(run.key, (4,))))
    order = np.stack([draw.permutation(len(x)) for _ in range(settings.seeds)])
    train = order[:, : settings.images]
    test = order[:, settings.images : settings.images + settings.tested]
    data = jnp.asarray(x[train], float), jnp.asarray(y[train], float)
    judged = jnp.asarray(x[test], float), jnp.asarray(y[test], float)
    keys = jax.random.split(run.key, settings.seeds)
    count = 3 * blocks(settings.qubits) * settings.qubits + 2
    hidden = max(1, round(count / (PIXELS + 2)))
    starts = {
        "circuit": (loss, logit, jax.vmap(lambda k: initial(k, settings.qubits))(keys)),
        "network": (
            network_loss, network, jax.vmap(lambda k: initial_network(k, hidden))(keys),
        ),
    }  # fmt: skip
    found: dict[tuple[str, bool], np.ndarray] = {}
    radii: list[float] = []
    for name, (one, score, start) in starts.items():
        judge, radii = accuracies(one, score, settings)
        for robust in (False, True):
            stage = f"{name}, {'against attacks' if robust else 'clean'}"
            params = trained(run, stage, one, start, data, robust)
            found[name, robust] = np.asarray(judge(params, *judged))
            if name == "circuit":
                best = jax.tree.map(lambda leaf: leaf[0], params)
                kind = "robust" if robust else "clean"
                run.circuit(f"circuit-{kind}", classifier(best["w"], judged[0][0, 0]))
    at = 2 + radii.index(settings.epsilon)
    texts = {0: "clean images", 1: f"FGSM, {settings.epsilon}", at: f"PGD, {settings.epsilon}"}
    paper = {(0, False): ".99", (at, False): "destroyed", (at, True): "restored"}
    rows = []
    for robust in (False, True):
        for k, text in texts.items():
            rows.append(
                Row(
                    f"test accuracy, {text}; trained {'against attacks' if robust else 'clean'}",
                    paper.get((k, robust), ""),
                    found["circuit", robust][:, k].tolist(),
                    [
                        (
                            f"network, {hidden} hidden ({hidden * (PIXELS + 2) + 1})",
                            float(np.median(found["network", robust][:, k])),
                        )
                    ],
                )
            )
    gain = found["circuit", True][:, at] - found["circuit", False][:, at]
    rows.append(Row(f"gain by adversarial training, PGD {settings.epsilon} ({count} parameters)",
                    "positive", gain.tolist(), accept=(1e-6, np.inf)))  # fmt: skip
    for name in ("circuit", "network"):
        clean, restored = (float(np.median(found[name, robust][:, at])) for robust in (False, True))
        run.note(
            f"{name}, PGD {settings.epsilon}: {clean:.2f} trained clean, {restored:.2f} trained "
            "against attacks"
        )
    run.folder.write_json(
        "accuracies.json",
        {f"{name}, {'robust' if r else 'clean'}": v.tolist() for (name, r), v in found.items()},
    )
    run.figure("robustness", _draw(found, radii))
    return rows


def _draw(found: dict[tuple[str, bool], np.ndarray], radii: list[float]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2, 3.4), layout="constrained")
    axes = figure.subplots()
    for (name, robust), values in found.items():
        curve = np.median(values, axis=0)[[0, *range(2, 2 + len(radii))]]
        colour, style = ("C0" if name == "circuit" else "C1"), ("-" if robust else "--")
        text = f"{name}, trained {'against attacks' if robust else 'clean'}"
        axes.plot([0, *radii], curve, style, color=colour, marker="o", label=text)
    axes.set(xlabel="largest change of a pixel (PGD)", ylabel="test accuracy", ylim=(0, 1.02))
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def example(settings: AdversarialSettings) -> qj.Circuit:
    """The untrained classifier of the first image."""
    params = initial(jax.random.key(settings.seed), settings.qubits)
    return classifier(params["w"], jnp.asarray(load()[0][0], float))


EXPERIMENT = Experiment(
    name="adversarial-digits",
    title="Attacks on a quantum classifier of digits, and training against them",
    paper="arXiv:2204.01738",
    minutes=1.5,
    settings=AdversarialSettings(),
    run=run,
    circuit=example,
    quick={"seeds": 1, "qubits": 4, "images": 20, "tested": 10, "steps": 10, "batch": 5,
           "ascents": 2, "radii": (0.1,)},
)  # fmt: skip
