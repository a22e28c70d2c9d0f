"""The effective dimension of two quantum neural networks and of a classical one.

Source: Abbas et al., arXiv:2011.00027, figure 3a, and the source data published with it. All three
models have 4 inputs, 40 parameters and 2 classes: the ZZ feature map (repeated twice) or the Z
feature map (once, "easy") before nine layers of RealAmplitudes whose parity is the class, and a
network of 4-4-4-2 neurons without biases, leaky rectifiers between and a softmax behind them.
Parameters are from U(-1, 1), as the text says. The code published with it differs in the classical
network: a hyperbolic tangent before the softmax, and U(0, 1); its curves are in the table as well,
and are not the published one. A curve is an estimate from 100 draws, and that of the classical
network moves by .02 from one such draw to the next: what is compared is the median of several.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

import qjax as qj

from ..diagnostics import effective_dimension, fisher_information
from .frame import Experiment, Run
from .settings import Settings, at_least
from .table import Row

SAMPLES = np.array([1e3, 2e3, 8e3, 1e4, 4e4, 6e4, 1e5, 1.5e5, 2e5, 5e5, 1e6])
PUBLISHED = {
    "quantum": (
        0.8211, 0.8310, 0.8581, 0.8624, 0.8860, 0.8918, 0.8984, 0.9032, 0.9064, 0.9153, 0.9211,
    ),
    "easy quantum": (
        0.6744, 0.6833, 0.7129, 0.7182, 0.7511, 0.7603, 0.7715, 0.7799, 0.7857, 0.8028, 0.8146,
    ),
    "classical": (
        0.5143, 0.5194, 0.5383, 0.5418, 0.5648, 0.5714, 0.5794, 0.5854, 0.5896, 0.6020, 0.6106,
    ),
}  # fmt: skip
QUBITS, LAYERS = 4, 9
NEURONS = (4, 4, 4, 2)
PARAMETERS = 40


@dataclass(frozen=True)
class DimensionSettings(Settings):
    """Settings of ``effective-dimension``.

    Attributes:
        seeds: independent draws of all parameters and inputs.
        parameters: random parameters, from U(-1, 1).
        inputs: random inputs of each, from N(0, 1).
    """

    seeds: int = 10
    parameters: int = 100
    inputs: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, parameters=1, inputs=1)


def encoding(x: Any, easy: bool) -> qj.Circuit:
    """The Z feature map once, or the ZZ feature map twice."""
    if easy:
        return qj.Circuit(QUBITS, [[qj.H(q), qj.P(2 * x[q], q)] for q in range(QUBITS)])
    return qj.templates.zz_feature_map(x)


def network(w: Any, state: Any) -> qj.Circuit:
    """RealAmplitudes with CX between all pairs, on an embedded input."""
    ansatz = qj.templates.real_amplitudes(w.reshape(LAYERS + 1, QUBITS), "full")
    return qj.Circuit(QUBITS, [qj.StatePrep(state, range(QUBITS)), ansatz])


def quantum(w: Any, state: Any) -> Array:
    """The probabilities of even and odd parity."""
    parity = qj.expval(network(w, state), qj.Z(0) @ qj.Z(1) @ qj.Z(2) @ qj.Z(3))
    return jnp.stack([1 + parity, 1 - parity]) / 2


def classical(w: Any, x: Any, last: Callable[[Array], Array] | None = None) -> Array:
    """Leaky rectifiers between the layers, then the softmax of ``last`` (nothing if not given)."""
    first = 0
    for k, (a, b) in enumerate(pairwise(NEURONS)):
        x = jnp.where(x > 0, x, 0.01 * x) if k else x
        x = w[first : first + a * b].reshape(b, a) @ x
        first += a * b
    return jax.nn.softmax(x if last is None else last(x))


def bounded(w: Any, x: Any) -> Array:
    """The classical network of the published code: hyperbolic tangents before the softmax."""
    return classical(w, x, jnp.tanh)


MODELS: dict[str, tuple[Callable[[Any, Any], Array], bool | None]] = {
    "quantum": (quantum, False),
    "easy quantum": (quantum, True),
    "classical": (classical, None),
    "classical, tanh before the softmax": (bounded, None),
    "classical, tanh and U(0, 1)": (bounded, None),
}
"""Name to (probabilities, whether its encoding is the easy one; None without an encoding)."""


def fishers(model: Callable[[Any, Any], Array], w: Any, inputs: Any) -> Array:
    """One Fisher matrix for every set of parameters, each the mean over all inputs."""
    return jax.vmap(partial(fisher_information, model), (0, None))(w, inputs)


def run(run: Run) -> list[Row]:
    """The curves of all models and seeds."""
    settings: DimensionSettings = run.settings
    curves: dict[str, list[np.ndarray]] = {name: [] for name in MODELS}
    spectra, seconds = {}, []
    program = {model: jax.jit(partial(fishers, model)) for model, _ in MODELS.values()}
    for seed in range(settings.seeds):
        for_w, for_x = jax.random.split(jax.random.fold_in(run.key, seed))
        unit = jax.random.uniform(for_w, (settings.parameters, PARAMETERS))
        x = jax.random.normal(for_x, (settings.inputs, QUBITS))
        for name, (model, easy) in MODELS.items():
            inputs = x
            if easy is not None:
                inputs = jax.vmap(lambda point, easy=easy: qj.run(encoding(point, easy)))(x)
            w = unit if name.endswith("U(0, 1)") else 2 * unit - 1
            began = time.perf_counter()
            found = jax.block_until_ready(program[model](w, inputs))
            if name == "easy quantum":  # of the same shapes as the one before: compiled by now
                seconds.append(time.perf_counter() - began)
            curves[name].append(np.asarray(effective_dimension(found, SAMPLES)))
            spectra[name] = np.asarray(found)
    rows = []
    middle = {name: np.median(values, axis=0) for name, values in curves.items()}
    for name, values in curves.items():
        published = np.array(PUBLISHED.get(name, PUBLISHED["classical"]))
        among = name in PUBLISHED
        single = [float(np.max(abs(v - published))) for v in values]
        rows.append(
            Row(
                f"{name}: largest deviation of the median curve from the 11 published points",
                "0",
                [float(np.max(abs(middle[name] - published)))],
                [("one draw, median", float(np.median(single))), ("worst draw", max(single))],
                accept=(0.0, 0.02) if among else None,
                form=".4f",
            )
        )
        for k in (0, len(SAMPLES) - 1) if among else ():
            rows.append(
                Row(
                    f"{name}: effective dimension / 40 at n = {SAMPLES[k]:.0e}",
                    f"{PUBLISHED[name][k]:.4f}",
                    [float(v[k]) for v in values],
                    [("4-4-4-2 network", float(middle["classical"][k]))]
                    if name != "classical"
                    else (),
                    form=".4f",
                )
            )
    ordered = [
        float(np.all((a > b) & (b > c)))
        for a, b, c in zip(*(curves[name] for name in PUBLISHED), strict=True)
    ]
    rows.append(
        Row("quantum > easy quantum > classical at all 11 points (1: yes)", "1", ordered,
            accept=(1.0, 1.0), form=".0f")
    )  # fmt: skip
    count = settings.parameters * settings.inputs
    rows.append(
        Row(
            f"seconds for the Fisher matrices of {count} (parameters, input)",
            "up to 4 hours",
            seconds,
            accept=(0.0, 2.0) if count == 10_000 else None,
            form=".2f",
        )
    )
    run.folder.write_json(
        "curves.json",
        {"n": SAMPLES.tolist()} | {k: np.array(v).tolist() for k, v in curves.items()},
    )
    run.figure("effective-dimension", _draw(middle, spectra))
    run.circuit("circuit", example(settings))
    run.note("the classical curve is that of the text's network; the published code's, with a tanh")
    run.note("before the softmax, is not the published curve, least of all from its U(0, 1)")
    return rows


def _draw(middle: dict[str, np.ndarray], spectra: dict[str, np.ndarray]) -> Any:
    from matplotlib.figure import Figure

    from ..viz import plot_effective_dimension, plot_fisher_spectrum

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    plot_effective_dimension(SAMPLES, middle, published=PUBLISHED, ax=left)
    left.set_title("lines: ours, crosses: published")
    left.set_ylim(0.4, 1.25)  # room for the names
    left.legend(frameon=False, fontsize="x-small", loc="upper left")
    for name in PUBLISHED:
        plot_fisher_spectrum(spectra[name], ax=right)
        right.patches[-1].set_label(name)
    for patch in right.patches:
        patch.set_alpha(0.5)
    right.set_yscale("log")
    right.legend(frameon=False)
    return figure


def example(settings: DimensionSettings) -> qj.Circuit:
    """The quantum network with an input and parameters drawn at random."""
    for_w, for_x = jax.random.split(jax.random.key(settings.seed))
    w = jax.random.uniform(for_w, (LAYERS + 1, QUBITS), minval=-1, maxval=1)
    x = jax.random.normal(for_x, (QUBITS,))
    return qj.Circuit(QUBITS, [encoding(x, False), qj.templates.real_amplitudes(w, "full")])


EXPERIMENT = Experiment(
    name="effective-dimension",
    title="Effective dimension and Fisher spectra of quantum and classical networks",
    paper="arXiv:2011.00027",
    minutes=0.5,
    settings=DimensionSettings(),
    run=run,
    circuit=example,
    quick={"seeds": 1, "parameters": 10, "inputs": 10},
    x64=True,
)
