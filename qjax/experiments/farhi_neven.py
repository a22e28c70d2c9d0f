"""Boolean functions and binarised digits by a readout qubit.

Source: Farhi, Neven, arXiv:1802.06002. With only XX and ZX gates between data and readout, all
gates commute with X on the readout, and the classifier is a product over the data qubits (see
`qjax.nn.hybrid.readout_value`): it is trained here by that closed form, which a classical computer
evaluates in time linear in the bits. No advantage can come from such a circuit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

import qjax as qj

from ..nn.hybrid import FarhiNeven
from ..train import descend
from .dots import dots
from .frame import Experiment, Run
from .hybrid_models import Split, classical_accuracies
from .settings import Settings, at_least
from .table import Row


@dataclass(frozen=True)
class ReadoutSettings(Settings):
    """Settings of ``farhi-neven``.

    Attributes:
        bits: of the Boolean functions.
        letters: layers of the circuit, X for XX and Z for ZX.
        starts: random starts of each seed, the best of which on the training set counts.
        images: training images of threes and sixes; the rest of the 364 is for testing.
        steps: full-batch Adam steps.
        rate: learning rate.
    """

    seeds: int = 5
    bits: int = 7
    letters: str = "XZXZXZ"
    starts: int = 4
    images: int = 260
    steps: int = 200
    rate: float = 0.03

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, bits=3, starts=1, images=20, steps=1)


FUNCTIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "parity": lambda b: b.sum(1) % 2,
    "parity of the first three": lambda b: b[:, :3].sum(1) % 2,
    "parity of the first four": lambda b: b[:, :4].sum(1) % 2,
    "majority": lambda b: (b.sum(1) > b.shape[1] / 2).astype(int),
}

EXACT = ("parity", "parity of the first three")
"""Parities of an odd number of bits are exact, at angles of pi / 4. For an even number the readout
ends along Z at these angles, where Y says nothing."""


def truth_table(name: str, settings: ReadoutSettings) -> Split:
    """All bit strings, which are trained on and tested on: can the circuit represent it?"""
    bits = np.array(list(np.ndindex(*(2,) * settings.bits)))
    labels = FUNCTIONS[name](bits)
    parts = (np.stack([a] * settings.seeds) for a in (bits, labels, bits, labels))
    return Split(*parts)


def digits(settings: ReadoutSettings) -> Split:
    """Threes and sixes as 4 x 4 bits, at the mean of 2 x 2 pixels above one half."""
    from .hybrid_models import digit_images, random_splits

    images, labels = digit_images()
    chosen = (labels == 3) | (labels == 6)
    small = images[chosen].reshape(-1, 4, 2, 4, 2).mean((2, 4)).reshape(-1, 16)
    truth = (labels[chosen] == 3).astype(int)
    return random_splits(
        (small > 0.5).astype(int), truth, settings.seeds, settings.images, settings.seed
    )


def train(run: Run, name: str, data: Split) -> tuple[list[float], list[float], Any]:
    """Train and test accuracies of the best start of every seed, and the first seed's model."""
    settings: ReadoutSettings = run.settings
    n, shape = data.x.shape[-1], (settings.seeds, settings.starts)
    graph, state = nnx.split(FarhiNeven(n, settings.letters, rngs=nnx.Rngs(0)))
    for_this = jax.random.fold_in(run.key, list(FUNCTIONS).index(name) if name in FUNCTIONS else 9)
    state = jax.tree.map(
        lambda p: 0.5 * jax.random.normal(for_this, (*shape, *p.shape), p.dtype), state
    )
    adam = optax.adam(settings.rate)

    def value(state: Any, x: jax.Array) -> jax.Array:
        return nnx.merge(graph, state)(x)

    def one(carry: tuple, x: jax.Array, y: jax.Array) -> tuple:
        def loss(state: Any) -> jax.Array:
            return jnp.mean(1 - y * value(state, x))

        found, slope = jax.value_and_grad(loss)(carry[0])
        return descend(adam, slope, carry[1], carry[0]), {"loss": found}

    def update(carry: tuple, step: jax.Array, data: tuple) -> tuple:
        del step
        starts = jax.vmap(one, (0, None, None))
        return jax.vmap(starts)(carry, *data)

    x, x_test = (jnp.asarray(a, jnp.float32) for a in (data.x, data.x_test))
    y, y_test = (jnp.asarray(2 * a - 1, jnp.float32) for a in (data.y, data.y_test))
    carry = (state, jax.vmap(jax.vmap(adam.init))(state))
    (state, _), metrics = run.train(
        name, update, carry, settings.steps, chunk=min(50, settings.steps), data=(x, y),
        show=lambda m: f"median loss {np.median(m['loss'][-1]):.3f}",
    )  # fmt: skip

    @jax.jit
    def right(state: Any, x: jax.Array, y: jax.Array) -> jax.Array:
        starts = jax.vmap(value, (0, None))
        return jnp.mean((jax.vmap(starts)(state, x) * y[:, None] > 0).astype(jnp.float32), -1)

    training = np.asarray(right(state, x, y))
    testing = np.asarray(right(state, x_test, y_test))
    best = np.argmin(metrics["loss"][-1], axis=1)
    pick = np.arange(settings.seeds), best
    model = nnx.merge(graph, jax.tree.map(lambda p: p[0, int(best[0])], state))
    return training[pick].tolist(), testing[pick].tolist(), model


def run(run: Run) -> list[Row]:
    """Boolean functions, then digits; classical classifiers beside."""
    settings: ReadoutSettings = run.settings
    rows = []
    count = settings.bits * len(settings.letters)
    for name in FUNCTIONS:
        data = truth_table(name, settings)
        _, found, _ = train(run, name, data)
        one = Split(*(a[:1] for a in data))
        classical = classical_accuracies(one, ["logistic regression", "RBF-SVM", "MLP, 16 hidden"])
        rows.append(
            Row(
                f"{name} of {settings.bits} bits, whole table ({count} parameters)",
                "representable" if name in EXACT else "",
                found,
                [(other, values[0]) for other, values in classical.items()],
                (1.0, 1.0) if name in EXACT and settings.bits % 2 else None,
            )
        )
    data = digits(settings)
    _, found, model = train(run, "three or six", data)
    classical = classical_accuracies(data, ["logistic regression", "RBF-SVM", "MLP, 16 hidden"])
    rows.append(
        Row(
            f"3 or 6, 4 x 4 bits, test accuracy ({model.num_parameters} parameters)",
            "about .98 (MNIST, remembered)",
            found,
            [(other, float(np.median(values))) for other, values in classical.items()],
        )
    )
    gap = _against_the_circuit(settings)
    rows.append(Row("product form minus circuit, largest", "", [gap], (), (0.0, 1e-5), form=".1e"))
    run.circuit("readout", model.circuit(data.x_test[0][0]))
    run.figure("accuracies", dots(rows[:-1], "accuracy"))
    return rows


def _against_the_circuit(settings: ReadoutSettings) -> float:
    """How far the closed form is from the simulated circuit at random angles."""
    model = FarhiNeven(5, settings.letters, rngs=nnx.Rngs(1))
    bits = np.array([[0, 1, 1, 0, 1], [1, 1, 0, 0, 1]])
    exact = [float(qj.expval(model.circuit(b), qj.Y(5))) for b in bits]
    return float(np.abs(np.asarray(model(bits)) - exact).max())


def example(settings: ReadoutSettings) -> qj.Circuit:
    """The circuit for a string of ones, untrained."""
    model = FarhiNeven(settings.bits, settings.letters, rngs=nnx.Rngs(settings.seed))
    return model.circuit(np.ones(settings.bits))


EXPERIMENT = Experiment(
    name="farhi-neven",
    title="A readout qubit classifies Boolean functions and binarised digits",
    paper="arXiv:1802.06002",
    minutes=1,
    settings=ReadoutSettings(),
    run=run,
    circuit=example,
    quick={"seeds": 2, "bits": 3, "letters": "XZ", "starts": 2, "steps": 3},
)
