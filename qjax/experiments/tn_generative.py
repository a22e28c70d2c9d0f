"""Generative circuits that start from trained tensor networks, and from chance.

Source: Rudolph et al., arXiv:2208.13673 (Nat. Commun. 14, 8367): a matrix product state is trained
on the data as a Born machine, decomposed into a circuit, extended by layers at the identity, and
trained on. Every initialisation gets the same circuit, the same optimiser and the same number of
steps; the circuit's probabilities are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

import qjax as qj

from ..errors import ExperimentError
from ..tasks import bars_and_stripes, fixed_cardinality
from ..templates import staircase_su4
from ..train import descend
from .born_machine import independent_nll
from .frame import Experiment, Run
from .settings import Settings, at_least
from .table import Row
from .tn_starts import RANDOM, Starts, network_name, network_starts, plain_starts

Task = Literal["bars-and-stripes", "cardinality"]
FLOOR = 1e-10  # below this a probability counts as this: the loss stays finite


@dataclass(frozen=True)
class TnGenerativeSettings(Settings):
    """Settings of ``tn-generative``.

    Attributes:
        tasks: "bars-and-stripes" (``side**2`` qubits) and "cardinality" (strings of ``bits`` bits,
            half of them 1).
        side: of the images.
        bits: of the strings, even.
        bonds: bond dimensions of the tensor networks.
        layers: layers of gates into which a matrix product state is decomposed.
        extra_layers: further layers, at the identity.
        sweeps: of the decomposition.
        steps: Adam steps.
        rate: their size, radians.
        noise: on the tensor-network start and around zero, radians.
        chunk: steps between two checkpoints.
    """

    seeds: int = 5
    tasks: tuple[Task, ...] = ("bars-and-stripes", "cardinality")
    side: int = 4
    bits: int = 12
    bonds: tuple[int, ...] = (2, 4, 8)
    layers: int = 2
    extra_layers: int = 1
    sweeps: int = 40
    steps: int = 150
    rate: float = 0.02
    noise: float = 0.01
    chunk: int = 10

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(
            self, side=2, bits=2, layers=1, extra_layers=0, sweeps=0, steps=1, noise=0, chunk=1
        )
        if not self.tasks or not self.bonds:
            raise ExperimentError("tasks and bonds must not be empty")

    def data(self, task: str) -> np.ndarray:
        """The strings of a task, uint8 ``(k, n)``."""
        if task == "cardinality":
            return fixed_cardinality(self.bits, self.bits // 2)
        return bars_and_stripes(self.side, self.side)


def starts(settings: TnGenerativeSettings, key: Array, data: np.ndarray) -> Starts:
    """Every initialisation, by name."""
    one, two = jax.random.split(key)
    n = data.shape[1]
    found = network_starts(
        one,
        data,
        settings.bonds,
        n=n,
        layers=settings.layers,
        extra_layers=settings.extra_layers,
        sweeps=settings.sweeps,
        noise=settings.noise,
        seeds=settings.seeds,
    )
    total = settings.layers + settings.extra_layers
    plain = plain_starts(two, n=n, layers=total, noise=settings.noise, seeds=settings.seeds)
    return {**found, **plain}


def loss(params: Array, indices: Array, n: int) -> Array:
    """The Kullback-Leibler divergence of the data (each string as likely) from the circuit."""
    p = qj.probs(staircase_su4(params, n))[indices]
    return -jnp.mean(jnp.log(p + FLOOR)) - np.log(len(indices))


def run(run: Run) -> Sequence[Row]:
    """Train every start on every task."""
    settings: TnGenerativeSettings = run.settings
    rows: list[Row] = []
    curves = {}
    for task, key in zip(
        settings.tasks, jax.random.split(run.key, len(settings.tasks)), strict=True
    ):
        data = settings.data(task)
        n = data.shape[1]
        indices = jnp.asarray(data @ 2 ** np.arange(n - 1, -1, -1))
        begun = starts(settings, key, data)
        names, params = list(begun), jnp.stack(list(begun.values()))
        optimiser = optax.adam(settings.rate)

        def one(carry: Any, indices: Array, n: int = n, optimiser: Any = optimiser) -> Any:
            w, state = carry
            value, gradient = jax.value_and_grad(loss)(w, indices, n)
            return descend(optimiser, gradient, state, w), value

        def update(carry: Any, step: Any, indices: Any, one: Any = one) -> Any:
            carry, value = jax.vmap(jax.vmap(one, (0, None)), (0, None))(carry, indices)
            return carry, {"divergence": value}

        state = jax.vmap(jax.vmap(optimiser.init))(params)
        (trained, _), metrics = run.train(
            task,
            update,
            (params, state),
            settings.steps,
            chunk=settings.chunk,
            data=indices,
            show=lambda m: f"least divergence {np.median(m['divergence'][-1], axis=1).min():.3f}",
        )
        history = np.asarray(metrics["divergence"])
        last = np.asarray(
            jax.jit(jax.vmap(jax.vmap(lambda w, i, n=n: loss(w, i, n), (0, None)), (0, None)))(
                trained, indices
            )
        )
        curves[task] = (history, names)
        run.circuit(
            f"circuit-{task}",
            staircase_su4(trained[0, int(np.argmin(last[0]))], n),
        )
        rows += _rows(settings, task, names, history[0], last, data)
    run.figure("divergence", _draw(curves))
    return rows


def _rows(
    settings: TnGenerativeSettings,
    task: str,
    names: list[str],
    first: np.ndarray,
    last: np.ndarray,
    data: np.ndarray,
) -> list[Row]:
    """Where every start begins and ends; then the three claims, as numbers that decide."""
    rows = []
    independent = independent_nll(data) - float(np.log(len(data)))
    for k, name in enumerate(names):
        for values, when in ((first, "start"), (last, "end")):
            others = [("random", float(np.median(values[names.index(RANDOM)])))]
            if when == "end":
                others.append(("independent bits", independent))
            rows.append(Row(f"{task}, {name}: divergence, {when}", "", values[k].tolist(), others))
    networks = [names.index(network_name(bond)) for bond in settings.bonds]
    plain = [k for k in range(len(names)) if k not in networks]
    for values, when in ((first, "starts"), (last, "ends")):
        medians = np.median(values, axis=1)
        gap = medians[plain].min() - medians[networks[-1]]
        rows.append(
            Row(
                f"{task}: the largest tensor network {when} lower than the best other start by",
                "lower",
                [float(gap)],
                accept=(0.0, np.inf),
            )
        )
    medians = np.median(last, axis=1)[networks]
    rows.append(
        Row(
            f"{task}: gain at the end from bond {settings.bonds[0]} to {settings.bonds[-1]}",
            "better",
            [float(medians[0] - medians[-1])],
            accept=(0.0, np.inf),
        )
    )
    return rows


def _draw(curves: dict[str, tuple[np.ndarray, list[str]]]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.5 * len(curves), 4.2), layout="constrained")
    panels = figure.subplots(1, len(curves), squeeze=False)[0]
    for axes, (task, (values, names)) in zip(panels, curves.items(), strict=True):
        for k, name in enumerate(names):
            style = "-" if name.startswith("tensor") else "--"
            steps = np.arange(len(values))
            axes.plot(steps, np.median(values[:, k], axis=-1), style, label=name)
            low, high = values[:, k].min(axis=-1), values[:, k].max(axis=-1)
            axes.fill_between(steps, low, high, alpha=0.15, lw=0)
        axes.set(title=task, xlabel="step", ylabel="Kullback-Leibler divergence (nats)")
        axes.set_yscale("log")
        axes.legend(frameon=False, fontsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def example(settings: TnGenerativeSettings) -> qj.Circuit:
    """The circuit before training, at the identity."""
    n = settings.data(settings.tasks[0]).shape[1]
    return staircase_su4(jnp.zeros((settings.layers + settings.extra_layers, n - 1, 15)), n)


EXPERIMENT = Experiment(
    name="tn-generative",
    title="Generative circuits that start from tensor networks, and from chance",
    paper="arXiv:2208.13673",
    minutes=10,
    settings=TnGenerativeSettings(),
    run=run,
    circuit=example,
    quick={
        "seeds": 1,
        "tasks": ("cardinality",),
        "bits": 4,
        "bonds": (2,),
        "sweeps": 0,
        "steps": 5,
        "layers": 1,
    },
)
