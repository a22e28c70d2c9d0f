"""Zero-noise extrapolation by a small neural network, against the usual fits.

Source: arXiv:2403.07025: an RY-RZ ansatz, the observable Z...Z, depolarising noise of
several strengths; a feed-forward network is trained on (strength, expectation value) and asked for
strength zero. Here over several kinds of noise and seeds, and against the exact noiseless value,
which the extrapolation never sees.

The paper reports that its network predicts the noiseless value. How it stands against the other
fits is asked here: every row is held against the best of them in it, which is another one in
another row: from exact values Richardson's polynomial, from finite shots one of the simpler ones.
So the last row says by how much each of them is worse, in the worst row of those with shots, than
the best of the others there.

Here the network is `qjax.noise.Network`, a correction to a decay with Bayesian regularisation: one
that is trained on the values alone levels off outside of them and misses by a tenth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

import qjax as qj

from .. import noise
from .frame import Experiment, Run
from .settings import Settings, at_least
from .table import Row


@dataclass(frozen=True)
class ZneSettings(Settings):
    """Settings of ``zne-nn``.

    Attributes:
        qubits: of the ansatz.
        layers: of RY, RZ and a CNOT chain.
        strengths: how many noise strengths are measured, evenly spaced.
        weakest: the weakest strength.
        strongest: the strongest strength.
        shots: measurements per strength, for the half of the comparison that has shot noise.
        circuits: random circuits per seed and kind of noise.
        width: units of each of the network's two hidden layers.
        steps: training steps of each network at each of the errors it assumes.
    """

    seeds: int = 5
    qubits: int = 3
    layers: int = 2
    strengths: int = 6
    weakest: float = 0.01
    strongest: float = 0.06
    shots: int = 10_000
    circuits: int = 8
    width: int = 12
    steps: int = 10

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(
            self,
            qubits=1,
            layers=1,
            strengths=3,
            weakest=1e-6,
            shots=2,
            circuits=1,
            width=1,
            steps=1,
        )


Noise = Callable[[Any], noise.NoiseModel]

KINDS: dict[str, Noise] = {
    "depolarising": lambda p: noise.NoiseModel(
        [noise.Rule(lambda *qubits: [qj.Depolarizing(p, q) for q in qubits])]
    ),
    "amplitude damping": lambda p: noise.NoiseModel(
        [noise.Rule(lambda *qubits: [qj.AmplitudeDamping(p, q) for q in qubits])]
    ),
    "phase damping": lambda p: noise.NoiseModel(
        [noise.Rule(lambda *qubits: [qj.PhaseDamping(2 * p, q) for q in qubits])]
    ),
    "over-rotation and depolarising": lambda p: noise.NoiseModel(
        [
            noise.OverRotation(p),
            noise.Rule(lambda *qubits: [qj.Depolarizing(p / 2, q) for q in qubits]),
        ]
    ),
}


def ansatz(angles: Array) -> qj.Circuit:
    """Layers of RY and RZ on every qubit and a chain of CNOTs; angles ``(layers, qubits, 2)``."""
    layers, n = angles.shape[:2]
    ops: list[Any] = []
    for k in range(layers):
        for q in range(n):
            ops += [qj.RY(angles[k, q, 0], q), qj.RZ(angles[k, q, 1], q)]
        ops += [qj.CNOT(q, q + 1) for q in range(n - 1)]
    return qj.Circuit(n, ops)


def parity(n: int) -> qj.PauliSum:
    """Z on every qubit."""
    return qj.PauliSum.from_terms([("Z" * n, range(n), 1.0)])


def measure(angles: Array, strength: Any, key: Array, kind: Noise, shots: int) -> Array:
    """The expectation value under noise of the given strength: exact, and from shots; ``(2,)``."""
    circuit, sim = noise.insert(ansatz(angles), kind(strength)), qj.DensityMatrix()
    observable = parity(angles.shape[1])
    exact = qj.expval(circuit, observable, sim=sim)
    return jnp.stack([exact, qj.estimate(circuit, observable, key, shots, sim=sim)[0]])


def run(run: Run) -> list[Row]:
    """Measure at several strengths, extrapolate in every way, compare with the exact values."""
    settings: ZneSettings = run.settings
    strengths = np.linspace(settings.weakest, settings.strongest, settings.strengths)
    shape = (settings.seeds * settings.circuits, settings.layers, settings.qubits, 2)
    key_angles, key_shots = jax.random.split(run.key)
    angles = jax.random.uniform(key_angles, shape, minval=-np.pi, maxval=np.pi)
    exact = np.asarray(
        jax.jit(jax.vmap(lambda w: qj.expval(ansatz(w), parity(settings.qubits))))(angles)
    )
    fits: dict[str, Any] = {
        "linear": noise.Linear(),
        "quadratic": noise.Polynomial(2),
        "Richardson": noise.Richardson(),
        "exponential": noise.Exponential(),
        "network": noise.Network(settings.width, settings.steps, settings.seed),
    }
    fits = {k: jax.jit(partial(f, strengths)) for k, f in fits.items()}
    rows, table, nearest = [], {}, 0
    noisy: list[dict[str, float]] = []
    for number, (name, kind) in enumerate(KINDS.items()):

        def one(w: Array, p: Array, key: Array, kind: Noise = kind) -> Array:
            return measure(w, p, key, kind, settings.shots)

        lanes = jax.random.split(
            jax.random.fold_in(key_shots, number), (len(angles), len(strengths))
        )
        over = jax.jit(jax.vmap(jax.vmap(one, (None, 0, 0)), (0, None, 0)))
        both = over(angles, jnp.asarray(strengths), lanes)
        values = jnp.moveaxis(both, -1, 0).reshape(-1, len(strengths))  # exact ones first
        found = {"weakest noise": np.asarray(values[:, 0])}
        found |= {k: np.asarray(f(values.T)) for k, f in fits.items()}
        for half, said in enumerate(("exact values", f"{settings.shots} shots")):
            errors = {k: np.abs(v.reshape(2, -1)[half] - exact) for k, v in found.items()}
            run.folder.write_metrics(f"{name}, {said}", 0, errors)
            mean = {k: v.reshape(settings.seeds, -1).mean(axis=1) for k, v in errors.items()}
            table[f"{name}, {said}"] = {k: v.tolist() for k, v in mean.items()}
            middle = {k: float(np.median(v)) for k, v in mean.items()}
            if half:
                noisy.append(middle)
            others = [(k, v) for k, v in middle.items() if k != "network"]
            best = min(x for _, x in others)
            nearest += middle["network"] < best
            rows.append(
                Row(
                    f"mean error at zero noise: {name}, {said}",
                    "",
                    mean["network"].tolist(),
                    others,
                    accept=(0.0, best),
                    form=".1e",
                )
            )
    count = f"rows of {len(rows)} in which the network is nearest"
    rows.append(Row(count, "", [int(nearest)], form=".0f"))
    worst = {k: max(_behind(row, k) for row in noisy) for k in noisy[0]}
    others = [(k, v) for k, v in worst.items() if k != "network"]
    name = f"largest error, {settings.shots} shots, in units of the best other fit's"
    best = min(v for _, v in others)
    rows.append(Row(name, "", [worst["network"]], others, accept=(0.0, best), form=".2g"))
    run.folder.write_json("errors.json", table)
    run.circuit("circuit", ansatz(angles[0]))
    run.figure("errors", _draw(table))
    return rows


def _behind(errors: dict[str, float], name: str) -> float:
    """The error of one way to extrapolate over the least of all others."""
    return errors[name] / max(min(v for k, v in errors.items() if k != name), 1e-15)


def _draw(table: dict[str, dict[str, list[float]]]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    methods = list(next(iter(table.values())))
    for k, method in enumerate(methods):
        medians = [float(np.median(errors[method])) for errors in table.values()]
        places = np.arange(len(table)) + (k - len(methods) / 2) * 0.13
        axes.bar(places, np.maximum(medians, 1e-12), 0.12, label=method)
    axes.set_yscale("log")
    axes.set_xticks(np.arange(len(table)), [t.replace(", ", "\n") for t in table], fontsize=6)
    axes.set(ylabel="mean error at zero noise", title="Extrapolation to zero noise")
    axes.legend(frameon=False, fontsize=8, ncols=3)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def example(settings: ZneSettings) -> qj.Circuit:
    """A circuit without its noise."""
    shape = (settings.layers, settings.qubits, 2)
    return ansatz(jax.random.uniform(jax.random.key(settings.seed), shape))


EXPERIMENT = Experiment(
    name="zne-nn",
    title="Zero-noise extrapolation: a neural network against Richardson and other fits",
    paper="arXiv:2403.07025",
    minutes=1,
    settings=ZneSettings(),
    run=run,
    circuit=example,
    quick={"seeds": 1, "circuits": 2, "steps": 3, "layers": 1, "qubits": 2},
    x64=True,
)
