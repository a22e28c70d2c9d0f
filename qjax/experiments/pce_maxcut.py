"""MaxCut of graphs with more vertices than a simulator has qubits, by Pauli correlations.

Source: Sciorilli et al., arXiv:2401.09421: every vertex is the sign of a correlation of two or
three qubits; relaxed, trained, rounded, and improved by single flips. Beside it stand simulated
annealing, whose best cut counts as the best known one, and single flips from random bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import optax
from jaxtyping import Array

import qjax as qj

from ..combinatorial import (
    PauliCorrelations,
    anneal,
    flip_descent,
    maxcut_problem,
    pauli_correlations,
    random_regular,
    relaxed_cut_loss,
    signs_to_bits,
)
from ..train import descend
from .frame import Experiment, Run
from .settings import Settings, at_least
from .table import Row


@dataclass(frozen=True)
class PceSettings(Settings):
    """Settings of ``pce-maxcut``; ``seeds`` counts starts on one graph.

    Attributes:
        vertices: of the 3-regular graph, even.
        qubits: of the circuit; ``3 * binomial(qubits, order)`` vertices fit.
        order: letters in a word.
        layers: of the ansatz.
        steps: Adam steps.
        rate: their size.
        chunk: steps between two checkpoints.
    """

    vertices: int = 108
    qubits: int = 9
    order: int = 2
    layers: int = 10
    steps: int = 400
    rate: float = 0.02
    chunk: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, vertices=4, qubits=2, order=1, layers=1, steps=1, chunk=1)


def run(run: Run) -> Sequence[Row]:
    """Train all starts at once; round, improve, compare."""
    settings: PceSettings = run.settings
    encoding = PauliCorrelations(settings.qubits, settings.order)
    edges = random_regular(settings.vertices, 3, settings.seed)
    problem = maxcut_problem(edges)
    known = anneal(problem, seed=settings.seed, sweeps=1000, restarts=32)
    rule = optax.adam(settings.rate)

    def correlations(w: Array) -> Array:
        return pauli_correlations(qj.templates.hardware_efficient(w), encoding)

    def one(carry: Any) -> Any:
        w, state = carry
        value, slope = jax.value_and_grad(
            lambda x: relaxed_cut_loss(problem, correlations(x), encoding)
        )(w)
        return descend(rule, slope, state, w), {"loss": value}

    def update(carry: Any, step: Array, data: Any) -> Any:
        return jax.vmap(one)(carry)

    shape = (settings.seeds, settings.layers + 1, settings.qubits, 2)
    begin = jax.random.uniform(run.key, shape, minval=-np.pi, maxval=np.pi)
    (trained, _), metrics = run.train(
        "training",
        update,
        (begin, jax.vmap(rule.init)(begin)),
        settings.steps,
        chunk=settings.chunk,
        show=lambda m: f"lowest loss {np.min(m['loss'][-1]):.2f}",
    )
    values = np.asarray(jax.jit(jax.vmap(correlations))(trained))
    bits = signs_to_bits(values, problem.n)
    raw = -np.asarray(problem.value(bits))
    improved = np.array([-problem.value(flip_descent(problem, b)) for b in bits])
    rng = np.random.default_rng(settings.seed)
    chance = rng.integers(0, 2, (32, problem.n))
    descents = np.array([-problem.value(flip_descent(problem, b)) for b in chance])
    best = max(-known.value, float(improved.max()), float(descents.max()))
    run.folder.write_json(
        "cuts.json",
        {
            "rounded": raw.tolist(),
            "improved": improved.tolist(),
            "annealing": -known.value,
            "flips from random bits": descents.tolist(),
        },
    )
    run.circuit("circuit", qj.templates.hardware_efficient(trained[int(np.argmax(improved))]))
    run.figure("training", _draw(np.asarray(metrics["loss"])))
    size = f"{problem.n} vertices, {settings.qubits} qubits"
    ends = [
        ("annealing", -known.value / best),
        ("flips from random bits, median", float(np.median(descents)) / best),
        ("the same, best of 32", float(descents.max()) / best),
    ]
    return [
        Row(
            f"cut over best known, rounded ({size})",
            "",
            (raw / best).tolist(),
            [("random bits", len(edges) / 2 / best)],
            form=".4f",
        ),
        Row("cut over best known, after single flips", "", (improved / best).tolist(), ends,
            form=".4f"),
        Row("best known cut", "", [best], [("edges", float(len(edges)))], form=".0f"),
        Row("angles trained", "", [float(np.prod(shape[1:]))], form=".0f"),
    ]  # fmt: skip


def _draw(losses: np.ndarray) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 3.5), layout="constrained")
    axes = figure.subplots()
    axes.plot(losses, color="C0", alpha=0.7)
    axes.set(xlabel="step", ylabel="relaxed loss", title="Pauli-correlation encoding")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def example(settings: PceSettings) -> qj.Circuit:
    """The untrained circuit."""
    return qj.templates.hardware_efficient(np.zeros((settings.layers + 1, settings.qubits, 2)))


EXPERIMENT = Experiment(
    name="pce-maxcut",
    title="MaxCut of more vertices than qubits, by Pauli correlations",
    paper="arXiv:2401.09421",
    minutes=2,
    settings=PceSettings(),
    run=run,
    circuit=example,
    quick={"seeds": 2, "vertices": 18, "qubits": 4, "layers": 3, "steps": 20},
    x64=False,
)
