"""MaxCut on random 3-regular graphs by QAOA, one layer to eight, on sixteen qubits.

Source: Zhou, Wang, Choi, Pichler and Lukin, arXiv:1812.01041: approximation ratios over the depth,
each depth started from the interpolated angles of the one before (INTERP). All depths and graphs
are one compiled program: angles beyond the depth are zero and stay so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

import qjax as qj

from ..combinatorial import (
    anneal,
    brute_force,
    maxcut_problem,
    one_layer_cut,
    qaoa_energy,
    qaoa_state,
    random_regular,
    regular_graph_angles,
    regular_graph_cut,
)
from ..optim import landscape
from ..train import descend
from ..viz import plot_landscape
from .frame import Experiment, Run
from .lbfgs import backtracking
from .settings import Settings, at_least
from .table import Row


@dataclass(frozen=True)
class QaoaSettings(Settings):
    """Settings of ``qaoa-maxcut``; ``seeds`` counts graphs.

    Attributes:
        qubits: vertices of the graphs, even.
        layers: the largest depth.
        steps: L-BFGS steps at each depth.
        share: of the best outcomes in the CVaR that is told beside the mean.
    """

    seeds: int = 4
    qubits: int = 16
    layers: int = 8
    steps: int = 25
    share: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, qubits=6, layers=1, steps=1)


def interpolate(angles: Array, depth: Array) -> Array:
    """Angles of ``depth + 1`` layers from those of ``depth``, ``(2, layers)``, zeros behind.

    Source: arXiv:1812.01041, the strategy INTERP.
    """
    at = jnp.arange(angles.shape[1], dtype=angles.dtype)
    share = at / depth
    before = jnp.roll(angles, 1, axis=1).at[:, 0].set(0.0)
    mixed = share[None] * before + (1 - share)[None] * angles
    return jnp.where((at <= depth)[None], mixed, 0.0)


def make_update(settings: QaoaSettings) -> tuple[Any, Any]:
    """The carry to start from, and one L-BFGS step of all graphs, or the next depth."""
    rule = backtracking(8)

    def one(carry: Any, values: Array, step: Array) -> Any:
        angles, state = carry
        depth = step // settings.steps
        fresh = (step % settings.steps == 0) & (step > 0)
        grown = interpolate(angles, jnp.maximum(depth, 1).astype(angles.dtype))
        angles = jnp.where(fresh, grown, angles)
        state = jax.tree.map(lambda a, b: jnp.where(fresh, a, b), rule.init(angles), state)
        place = jnp.arange(settings.layers, dtype=depth.dtype)
        used = (place <= depth)[None].astype(angles.dtype)

        def value_fn(w: Array) -> Array:
            return qaoa_energy(values, *(w * used), even=True, gradient=qj.Adjoint())

        value, slope = jax.value_and_grad(value_fn)(angles)
        angles, state = descend(
            rule, slope, state, angles, value=value, grad=slope, value_fn=value_fn
        )
        return (angles, state), {"energy": value, "angles": angles * used}

    def update(carry: Any, step: Array, data: Array) -> Any:
        return jax.vmap(one, (0, 0, None))(carry, data, step)

    def start(graphs: int) -> Any:
        gamma, beta = regular_graph_angles(3)
        first = jnp.zeros((2, settings.layers)).at[:, 0].set(jnp.array([gamma + 0.1, beta - 0.1]))
        angles = jnp.broadcast_to(first, (graphs, *first.shape))
        return angles, jax.vmap(rule.init)(angles)

    return start, update


def run(run: Run) -> Sequence[Row]:
    """Train every depth on every graph; compare with the exact cut and with annealing."""
    settings: QaoaSettings = run.settings
    graphs = [random_regular(settings.qubits, 3, settings.seed + k) for k in range(settings.seeds)]
    problems = [maxcut_problem(edges) for edges in graphs]
    best = np.array([brute_force(p).value for p in problems])
    heuristic = np.array([anneal(p, seed=settings.seed).value for p in problems])
    values = np.stack([p.energies() for p in problems])
    start, update = make_update(settings)
    steps = settings.steps
    _, metrics = run.train(
        "all depths",
        update,
        start(settings.seeds),
        settings.layers * steps,
        chunk=steps,
        data=jnp.asarray(values),
        show=lambda m: f"mean ratio {np.mean(m['energy'][-1] / best):.4f}",
    )
    last = np.arange(1, settings.layers + 1) * steps - 1
    angles = np.asarray(metrics["angles"])[last]  # (depths, graphs, 2, layers)
    every = jax.jit(jax.vmap(jax.vmap(lambda v, w: qaoa_energy(v, *w, even=True)), (None, 0)))
    mean = np.asarray(every(jnp.asarray(values), jnp.asarray(angles)))  # (depths, graphs)
    ratios = mean / best
    deep = [qaoa_state(p, *angles[-1, k]) for k, p in enumerate(problems)]
    chance = [
        float(np.sum(np.abs(np.asarray(s)) ** 2 * (v <= b + 1e-9)))
        for s, v, b in zip(deep, values, best, strict=True)
    ]
    tail = [
        float(qaoa_energy(p, *angles[-1, k], alpha=settings.share)) / best[k]
        for k, p in enumerate(problems)
    ]
    gamma, beta = regular_graph_angles(3)
    found = angles[0, :, :, 0]
    closed = np.array([closed_form(edges) for edges in graphs])
    rows = [
        Row(
            f"mean approximation ratio, p = {d + 1}",
            "",
            ratios[d].tolist(),
            [("annealing, best of 16", float(np.median(heuristic / best)))] if d == 0 else (),
            form=".4f",
        )
        for d in range(settings.layers)
    ]
    rows = [
        Row(
            "p = 1: angles from the best of the closed form (rad)",
            "equal",
            np.abs(found - closed).max(axis=1).tolist(),
            accept=(0.0, 1e-6),
            form=".1e",
        ),
        Row(
            "p = 1: share of edges cut",
            f"{regular_graph_cut(3):.4f} without triangles",
            (-mean[0] / len(graphs[0])).tolist(),
            form=".4f",
        ),
        *rows,
    ]
    rows += [
        Row(
            f"mean of the best {settings.share:.0%} of outcomes, ratio, p = {settings.layers}",
            "",
            tail,
            form=".4f",
        ),
        Row(
            f"probability of an optimal cut, p = {settings.layers}",
            "",
            chance,
            [("random bits", float(np.mean(values <= best[:, None] + 1e-9)))],
            form=".3f",
        ),
    ]
    run.folder.write_json(
        "depths.json",
        {"ratios": ratios.tolist(), "angles": angles.tolist(), "best": (-best).tolist()},
    )
    run.circuit("circuit", qj.templates.qaoa(graphs[0], *angles[-1, 0]))
    run.figure("ratios", _draw(ratios))
    plane = landscape(
        lambda w: qaoa_energy(problems[0], w[:1], w[1:]), np.array([gamma, beta]),
        (np.array([1.0, 0.0]), np.array([0.0, 1.0])), 0.8, 33,
    )  # fmt: skip
    x, y, energies = plane
    axes = plot_landscape(x + gamma, y + beta, energies, labels=("gamma", "beta", "energy"))
    axes.set_title("one layer")
    run.figure("landscape", axes.figure)
    return rows


def closed_form(edges: Sequence[tuple[int, int]]) -> np.ndarray:
    """The best angles of one layer by Newton's method on the closed form, triangles included."""

    def cut(w: Array) -> Array:
        return one_layer_cut(edges, w[0], w[1])

    @jax.jit
    def step(w: Array) -> Array:
        return w - jnp.linalg.solve(jax.hessian(cut)(w), jax.grad(cut)(w)[:, None])[:, 0]

    w = jnp.asarray(regular_graph_angles(3))
    for _ in range(8):
        w = step(w)
    return np.asarray(w)


def _draw(ratios: np.ndarray) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 3.5), layout="constrained")
    axes = figure.subplots()
    at = np.arange(1, len(ratios) + 1)
    axes.plot(at, np.median(ratios, axis=1), "o-", color="C0")
    axes.fill_between(at, ratios.min(axis=1), ratios.max(axis=1), color="C0", alpha=0.2, lw=0)
    axes.set(xlabel="layers", ylabel="approximation ratio", title="3-regular graphs")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def example(settings: QaoaSettings) -> qj.Circuit:
    """One layer on the first graph."""
    gamma, beta = regular_graph_angles(3)
    return qj.templates.qaoa(random_regular(settings.qubits, 3, settings.seed), [gamma], [beta])


EXPERIMENT = Experiment(
    name="qaoa-maxcut",
    title="MaxCut on 3-regular graphs by QAOA, one layer to eight",
    paper="arXiv:1812.01041",
    minutes=4,
    settings=QaoaSettings(),
    run=run,
    circuit=example,
    quick={"seeds": 2, "qubits": 8, "layers": 2, "steps": 8},
    x64=True,
)
