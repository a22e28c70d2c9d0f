"""Constrained problems on few qubits: penalties with slack bits against multipliers without.

Source: Sharma and Lau, arXiv:2503.12121, for the problems; arXiv:2507.12159 for multipliers in the
place of slack bits. Small random instances of independent set, knapsack in two dimensions and
assignment are solved by QAOA, once with slack bits and penalties and once by an augmented
Lagrangian on the problem's own bits. Truth is brute force; random bits with as many shots stand
beside both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

import qjax as qj

from ..combinatorial import (
    BinaryProblem,
    assignment,
    augmented_lagrangian,
    brute_force,
    independent_set,
    knapsack,
    linear_ramp,
    qaoa_energy,
    qaoa_state,
    random_regular,
    shrink,
    with_penalties,
)
from ..train import descend
from .frame import Experiment, Run
from .progress import progress
from .settings import Settings, at_least
from .table import Row


@dataclass(frozen=True)
class ConstrainedSettings(Settings):
    """Settings of ``constrained-optimisation``; ``seeds`` counts instances of each problem.

    Attributes:
        layers: of QAOA.
        steps: Adam steps of each training.
        rounds: of the multipliers.
        shots: bit strings drawn from each trained state.
        vertices: of the graphs.
        items: of the knapsacks.
    """

    seeds: int = 4
    layers: int = 4
    steps: int = 60
    rounds: int = 8
    shots: int = 16
    vertices: int = 10
    items: int = 6

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, layers=1, steps=1, rounds=1, shots=1, vertices=4, items=2)


def instances(settings: ConstrainedSettings) -> dict[str, list[BinaryProblem]]:
    """Random problems, from the seed."""
    out: dict[str, list[BinaryProblem]] = {"independent set": [], "knapsack": [], "assignment": []}
    for k in range(settings.seeds):
        rng = np.random.default_rng(settings.seed + k)
        out["independent set"].append(
            independent_set(random_regular(settings.vertices, 3, settings.seed + k))
        )
        weights = rng.integers(1, 6, (2, settings.items))
        values = rng.integers(1, 10, settings.items)
        out["knapsack"].append(knapsack(values, weights, weights.sum(1) // 2))
        out["assignment"].append(assignment(rng.integers(1, 10, (3, 3))))
    return out


def trainer(settings: ConstrainedSettings) -> Callable:
    """From the values of all bit strings to the probabilities of outcomes: one program."""
    ramp = jnp.asarray(np.stack(linear_ramp(settings.layers)))
    rule = optax.adam(0.05)

    @jax.jit
    def train(values: Array) -> Array:
        scale = jnp.std(values)
        unit = (values - jnp.mean(values)) / scale

        def step(carry: Any, _: Any) -> Any:
            w, state = carry
            slope = jax.grad(lambda x: qaoa_energy(unit, x[0], x[1]))(w)
            return descend(rule, slope, state, w), None

        (w, _), _ = jax.lax.scan(step, (ramp, rule.init(ramp)), length=settings.steps)
        return jnp.abs(qaoa_state(unit, w[0], w[1])) ** 2

    return train


def draw(probabilities: Array, n: int, shots: int, key: Array) -> np.ndarray:
    """Bit strings ``(shots, n)`` from the probabilities of all of them."""
    index = np.asarray(jax.random.categorical(key, jnp.log(probabilities), shape=(shots,)))
    return ((index[:, None] >> np.arange(n - 1, -1, -1)) & 1).astype(np.uint8)


def best_of(problem: BinaryProblem, bits: np.ndarray, exact: float) -> tuple[float, float]:
    """Whether the optimum was drawn, and the share of feasible bit strings."""
    fits = np.atleast_1d(problem.feasible(bits))
    values = np.atleast_1d(problem.value(bits))[fits]
    return float(bool(np.any(values <= exact + 1e-9))), float(np.mean(fits))


def run(run: Run) -> Sequence[Row]:
    """Solve every instance in both ways."""
    settings: ConstrainedSettings = run.settings
    train = trainer(settings)
    rows: list[Row] = []
    record: dict[str, Any] = {}
    everything = instances(settings)
    total = sum(map(len, everything.values()))
    done = 0
    with progress(run.console, "instances", total) as advance:
        for name, problems in everything.items():
            found = {k: [] for k in ("slack", "lagrangian", "random", "fits", "violation")}
            qubits = []
            for k, problem in enumerate(problems):
                exact = brute_force(problem).value
                key = jax.random.fold_in(run.key, 1000 * done + k)
                size = float(np.abs(np.diag(problem.quadratic)).max())
                free = with_penalties(problem, 2 * size)
                drawn = draw(
                    train(jnp.asarray(free.energies())),
                    free.n,
                    settings.shots * settings.rounds,
                    key,
                )[:, : problem.n]
                hit, fits = best_of(problem, drawn, exact)
                found["slack"].append(hit)
                found["fits"].append(fits)
                qubits.append(free.n)
                count = [0]

                def inner(p: BinaryProblem, key: Array = key, count: list = count) -> Any:
                    count[0] += 1
                    chance = train(jnp.asarray(p.energies()))
                    bits = draw(chance, p.n, settings.shots, jax.random.fold_in(key, count[0]))
                    return bits, np.ones(len(bits))

                loop = augmented_lagrangian(
                    problem, inner, rounds=settings.rounds, penalty=size / 2, growth=1.3
                )
                best = loop.best
                found["lagrangian"].append(float(best is not None and best.value <= exact + 1e-9))
                found["violation"].append(float(loop.violation[-1]))
                chance = np.random.default_rng(k).integers(
                    0, 2, (settings.shots * settings.rounds, problem.n)
                )
                found["random"].append(best_of(problem, chance, exact)[0])
                done += 1
                advance(done)
            own = problems[0].n
            shots = settings.shots * settings.rounds
            rows += [
                Row(
                    f"{name}: optimum drawn with penalties, {np.mean(qubits):.3g} qubits",
                    "",
                    [float(np.mean(found["slack"]))],
                    [(f"{shots} random bit strings", float(np.mean(found["random"])))],
                ),
                Row(
                    f"{name}: optimum drawn with multipliers, {own} qubits",
                    "",
                    [float(np.mean(found["lagrangian"]))],
                    [(f"{shots} random bit strings", float(np.mean(found["random"])))],
                ),
                Row(f"{name}: feasible share with penalties", "", found["fits"]),
                Row(f"{name}: mean violation with multipliers", "", found["violation"]),
            ]
            record[name] = found
    rows.append(_shrunk(run, train))
    run.folder.write_json("instances.json", record)
    run.figure("optima", _draw(record))
    return rows


def _shrunk(run: Run, train: Callable) -> Row:
    """Independent sets shrunk to half their vertices by correlations of QAOA, then solved."""
    settings: ConstrainedSettings = run.settings
    shares = []
    for problem in instances(settings)["independent set"]:
        free = with_penalties(problem, 2.0)

        def correlate(p: BinaryProblem) -> np.ndarray:
            chance = np.asarray(train(jnp.asarray(p.energies())))
            spins = 1 - 2.0 * ((np.arange(2**p.n)[:, None] >> np.arange(p.n - 1, -1, -1)) & 1)
            return spins.T @ (spins * chance[:, None])

        small = shrink(free, correlate, problem.n // 2)
        bits = small.expand(brute_force(small.problem).bits)
        exact = brute_force(problem).value
        shares.append(problem.value(bits) / exact if problem.feasible(bits) else 0.0)
    return Row("independent set shrunk to half its vertices: size over the largest", "", shares)


def _draw(record: dict[str, Any]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.5), layout="constrained")
    axes = figure.subplots()
    kinds = {"slack": "slack bits", "lagrangian": "multipliers", "random": "random bits"}
    at = np.arange(len(record))
    for k, (key, label) in enumerate(kinds.items()):
        heights = [float(np.mean(found[key])) for found in record.values()]
        axes.bar(at + 0.27 * (k - 1), heights, 0.25, label=label)
    axes.set_xticks(at, list(record))
    axes.set(ylabel="share of instances solved", ylim=(0, 1.05))
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def example(settings: ConstrainedSettings) -> qj.Circuit:
    """The first graph's circuit at the start of training."""
    problem = with_penalties(instances(settings)["independent set"][0], 2.0)
    return qj.templates.qaoa(problem.hamiltonian(), *linear_ramp(settings.layers))


EXPERIMENT = Experiment(
    name="constrained-optimisation",
    title="Constrained problems by QAOA: slack bits against multipliers",
    paper="arXiv:2503.12121",
    minutes=2,
    settings=ConstrainedSettings(),
    run=run,
    circuit=example,
    quick={"seeds": 1, "layers": 2, "steps": 10, "rounds": 2, "vertices": 6, "items": 3},
    x64=True,
)
