"""An image as a function of its coordinates: a quantum visual field against classical networks.

Source: Wang, Theobalt, Golyanik, arXiv:2508.10900, who report higher PSNR than SIREN and ReLU
networks. Here a crop of a photograph bundled with scikit-learn; all contestants have the same
number of trained numbers, the same optimiser, and the better of the same learning rates. One of
them is the energy network itself with a linear layer in place of amplitudes and circuit.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

import qjax as qj

from ..nn.hybrid import VisualField
from ..train import descend
from .dots import dots
from .frame import Experiment, Run
from .hybrid_models import stacked
from .settings import Settings, at_least
from .table import Row


@dataclass(frozen=True)
class FieldSettings(Settings):
    """Settings of ``qvf-image``.

    Attributes:
        side: pixels of a side of the image.
        qubits: of the circuit; the energy network has 2**qubits outputs.
        hidden: widths of the hidden layer of the energy network, one size of field each.
        layers: entangling layers of the circuit.
        frequency: factor on the coordinates, the same for all that use sines.
        rates: learning rates, of which the better one counts for each contestant.
        steps: Adam steps on all pixels.
    """

    seeds: int = 2
    side: int = 32
    qubits: int = 5
    hidden: tuple[int, ...] = (16, 48)
    layers: int = 3
    frequency: float = 15.0
    rates: tuple[float, ...] = (3e-3, 1e-2)
    steps: int = 800

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, side=2, qubits=1, layers=1, steps=1)


class Network(nnx.Module):
    """Dense layers with sines of growing phase (SIREN) or ReLU between them."""

    def __init__(self, widths: tuple[int, ...], frequency: float | None, seed: int) -> None:
        rngs, self.frequency = nnx.Rngs(seed), frequency
        self.layers = nnx.List(nnx.Linear(i, o, rngs=rngs) for i, o in pairwise(widths))
        if frequency is not None:  # the initial weights of Sitzmann et al., arXiv:2006.09661
            for k, layer in enumerate(self.layers):
                inputs = widths[k]
                bound = 1 / inputs if k == 0 else (6 / inputs) ** 0.5 / frequency
                shape = layer.kernel.shape
                layer.kernel[...] = jax.random.uniform(
                    rngs.params(), shape, minval=-bound, maxval=bound
                )

    def __call__(self, x: jax.Array) -> jax.Array:
        """(n, 2) to (n, 1)."""
        for layer in self.layers[:-1]:
            x = layer(x)
            x = nnx.relu(x) if self.frequency is None else jnp.sin(self.frequency * x)
        return self.layers[-1](x)


class EnergyAlone(nnx.Module):
    """The energy network of a field, and a linear layer on its energies."""

    def __init__(self, settings: FieldSettings, hidden: int, seed: int) -> None:
        self.field = field(settings, hidden, seed)
        self.head = nnx.Linear(2**settings.qubits, 1, rngs=nnx.Rngs(seed))
        del self.field.circuit

    def __call__(self, x: jax.Array) -> jax.Array:
        """(n, 2) to (n, 1)."""
        return self.head(self.field.energies(x))


def field(settings: FieldSettings, hidden: int, seed: int) -> VisualField:
    """The quantum visual field of one size."""
    return VisualField(
        2, 1, qubits=settings.qubits, hidden=(hidden,), layers=settings.layers,
        frequency=settings.frequency, rngs=nnx.Rngs(settings.seed + seed),
    )  # fmt: skip


def photograph(side: int) -> np.ndarray:
    """A crop of a photograph in grey, averaged to side x side pixels in [-1, 1]."""
    from sklearn.datasets import load_sample_image

    grey = np.asarray(load_sample_image("china.jpg"), np.float64).mean(-1) / 255
    block = 256 // side
    crop = grey[80 : 80 + block * side, 180 : 180 + block * side]
    return 2 * crop.reshape(side, block, side, block).mean((1, 3)) - 1


def two_layer_width(parameters: int) -> int:
    """The largest width w of 2, w, w, 1 that takes no more numbers."""
    width = 1
    while (w := width + 1) * 3 + w * (w + 1) + w + 1 <= parameters:
        width = w
    return width


def run(run: Run) -> list[Row]:
    """Fit the image by every contestant of every size."""
    settings: FieldSettings = run.settings
    image = photograph(settings.side)
    axis = np.linspace(-1, 1, settings.side)
    x = jnp.asarray(
        np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2), jnp.float32
    )
    y = jnp.asarray(image.reshape(-1, 1), jnp.float32)
    rows, pictures, frequency = [], {"image": image}, settings.frequency
    for hidden in settings.hidden:
        size = sum(
            leaf.size for leaf in jax.tree.leaves(nnx.state(field(settings, hidden, 0), nnx.Param))
        )
        width = two_layer_width(size)
        contestants: dict[str, Any] = {
            "QVF": lambda s, h=hidden: field(settings, h, s),
            "SIREN": lambda s, w=width: Network((2, w, w, 1), frequency, settings.seed + s),
            "ReLU": lambda s, w=width: Network((2, w, w, 1), None, settings.seed + s),
            "energy network, linear head": lambda s, h=hidden: EnergyAlone(settings, h, s),
        }
        scores, sizes = {}, {}
        for name, build in contestants.items():
            scores[name], picture, sizes[name] = _fit(run, f"{name} {size}", build, x, y)
            if hidden == settings.hidden[-1]:
                pictures[name] = picture.reshape(settings.side, settings.side)
        others = [
            (f"{name} ({sizes[name]})", float(np.median(scores[name])))
            for name in contestants
            if name != "QVF"
        ]
        middle = float(np.median(scores["QVF"]))
        best, value = max(others, key=lambda pair: pair[1])
        run.note(f"{sizes['QVF']} parameters: QVF {middle - value:+.1f} dB against {best}")
        rows.append(
            Row(
                f"PSNR in dB, QVF ({sizes['QVF']} parameters)",
                "above SIREN and ReLU", scores["QVF"], others, form=".1f",
            )
        )  # fmt: skip
    run.circuit("field", example(settings))
    run.figure("psnr", dots(rows, "PSNR in dB"))
    run.figure("pictures", _draw(pictures))
    return rows


def _fit(run: Run, name: str, build: Any, x: jax.Array, y: jax.Array) -> tuple[Any, Any, int]:
    """PSNR by seed at the better rate, the first seed's picture, and the size."""
    settings: FieldSettings = run.settings
    graph, params, rest = stacked(build, settings.seeds)
    rates = jnp.asarray(settings.rates, jnp.float32)
    count = len(settings.rates)
    params = jax.tree.map(lambda p: jnp.stack([p] * count), params)  # (rates, seeds, ...)
    adam = optax.scale_by_adam()

    def error(params: Any, rest: Any) -> jax.Array:
        return jnp.mean((nnx.merge(graph, params, rest)(x) - y) ** 2)

    def update(carry: tuple, step: jax.Array, data: tuple) -> tuple:
        decay = 0.5 * (1 + jnp.cos(np.pi * step.astype(jnp.float32) / settings.steps))

        def one(carry: tuple, rest: Any, rate: jax.Array) -> tuple:
            value, slope = jax.value_and_grad(error)(carry[0], rest)
            still = jax.tree.map(jnp.zeros_like, slope)
            change, memory = descend(adam, slope, carry[1], still)
            moved = jax.tree.map(lambda p, c: p - rate * decay * c, carry[0], change)
            return (moved, memory), {"loss": value}

        seeds = jax.vmap(one, (0, 0, None))
        return jax.vmap(seeds, (0, None, 0))(carry, *data)

    start = (params, jax.vmap(jax.vmap(adam.init))(params))
    (params, _), _ = run.train(
        name, update, start, settings.steps, chunk=min(100, settings.steps), data=(rest, rates),
        show=lambda m: f"best loss {m['loss'][-1].min():.4f}",
    )  # fmt: skip
    errors = jax.jit(jax.vmap(jax.vmap(error), (0, None)))(params, rest)
    psnr = 10 * np.log10(4 / np.asarray(errors, np.float64))  # the peak is 2
    best = int(np.argmax(np.median(psnr, axis=1)))
    first = jax.tree.map(lambda p: p[best, 0], params)
    other = jax.tree.map(lambda p: p[0], rest)
    picture = jax.jit(lambda p, r: nnx.merge(graph, p, r)(x))(first, other)
    size = sum(leaf.size for leaf in jax.tree.leaves(first))
    return psnr[best].tolist(), np.asarray(picture), size


def _draw(pictures: dict[str, np.ndarray]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2.3 * len(pictures), 2.6), layout="constrained")
    for axes, (name, picture) in zip(
        figure.subplots(1, len(pictures)), pictures.items(), strict=True
    ):
        axes.imshow(picture, cmap="gray", vmin=-1, vmax=1)
        axes.set(xticks=[], yticks=[])
        axes.set_title(name, fontsize=8)
    return figure


def example(settings: FieldSettings) -> qj.Circuit:
    """The circuit after the amplitudes, untrained."""
    one = field(settings, settings.hidden[0], 0)
    return qj.templates.real_amplitudes(one.circuit.values, "full")


EXPERIMENT = Experiment(
    name="qvf-image",
    title="A photograph as a quantum visual field, at equal numbers of parameters",
    paper="arXiv:2508.10900",
    minutes=3,
    settings=FieldSettings(),
    run=run,
    circuit=example,
    quick={
        "side": 8, "qubits": 2, "hidden": "4", "layers": 1, "rates": "0.01", "steps": 3,
    },
)  # fmt: skip
