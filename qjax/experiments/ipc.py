"""Information-processing capacity of an Ising reservoir: which functions of the past it computes.

Source: the measure, Dambre et al., Scientific Reports 2, 514 (2012); of quantum reservoirs,
arXiv:2006.08999. For uniform input all products of Legendre polynomials of delayed inputs are
orthogonal targets, and their capacities sum to at most the number of features.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from ..reservoir import IsingReservoir, information_processing_capacity
from ..tasks import EchoStateNetwork, uniform_input
from .frame import Experiment, Run
from .progress import progress
from .settings import Settings, at_least
from .table import Row


@dataclass(frozen=True)
class IpcSettings(Settings):
    """Settings of ``ipc``.

    Attributes:
        qubits: of the reservoir.
        nodes: virtual nodes.
        tau: evolution time of a step.
        steps: length of the input.
        delays: how many delays the targets of degree 1, 2, 3, ... have.
        surrogates: sets of shuffled targets that the threshold comes from.
        block: inputs that are held at once.
    """

    seeds: int = 3
    qubits: int = 5
    nodes: int = 10
    tau: float = 2.0
    steps: int = 100_000
    delays: tuple[int, ...] = (50, 20, 12)
    surrogates: int = 4
    block: int = 10_000

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, qubits=2, nodes=1, steps=2000, surrogates=1, block=100)


def run(run: Run) -> list[Row]:
    """Capacities by degree, for reservoirs and for echo-state networks of as many features."""
    settings: IpcSettings = run.settings
    size = settings.qubits * settings.nodes
    found, networks, seconds = [], [], []
    with progress(run.console, "seeds", settings.seeds) as advance:
        for seed in range(settings.seeds):
            keys = jax.random.split(jax.random.fold_in(run.key, seed), 4)
            u = uniform_input(keys[0], settings.steps)
            reservoir = IsingReservoir.random(
                keys[1], settings.qubits, tau=settings.tau, nodes=settings.nodes, spread=0.5
            )
            began = time.perf_counter()
            blocks = reservoir.stream(u, settings.block)
            options = {"delays": settings.delays, "surrogates": settings.surrogates}
            found.append(information_processing_capacity(blocks, u, keys[2], **options))
            seconds.append(time.perf_counter() - began)
            states = EchoStateNetwork(size).features(keys[3], 2 * u - 1)
            pieces = (states[k : k + settings.block] for k in range(0, len(states), settings.block))
            networks.append(information_processing_capacity(pieces, u, keys[2], **options))
            advance(seed + 1, f"{found[-1].total:.1f} of {size}")
    name = f"ESN-{size}"

    def both(value: Any) -> tuple[list[float], float]:
        return [value(f) for f in found], float(np.median([value(n) for n in networks]))

    rows = []
    for degree in range(1, len(settings.delays) + 1):
        ours, other = both(lambda c, d=degree: c.by_degree()[d])
        rows.append(Row(f"capacity of degree {degree}", "", ours, [(name, other)], None, ".2f"))
    ours, other = both(lambda c: c.total)
    text = f"capacity in all, {len(found[0].terms)} targets"
    rows.append(Row(text, f"at most {size}", ours, [(name, other)], (0.0, float(size)), ".2f"))
    for degree in range(1, len(settings.delays) + 1):

        def error(c: Any, degree: int = degree) -> float:
            best = max(
                v for v, t in zip(c.raw, c.terms, strict=True) if sum(p for _, p in t) == degree
            )
            return float(np.sqrt(max(0.0, 1 - best)))

        ours, other = both(error)
        rows.append(Row(f"NRMSE of the best target of degree {degree}", "", ours, [(name, other)]))
    rows.append(Row("seconds per seed", "", seconds, (), (0.0, 120.0), ".1f"))
    run.folder.write_json(
        "capacities.json",
        {
            "threshold": [f.threshold for f in found],
            "rank": [f.rank for f in found],
            "by degree": [{str(d): v for d, v in f.by_degree().items()} for f in found],
            "by degree, echo-state network": [
                {str(d): v for d, v in f.by_degree().items()} for f in networks
            ],
        },
    )
    run.figure("capacities", _draw(found[0], networks[0], name))
    return rows


def _draw(ours: Any, network: Any, name: str) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.5), layout="constrained")
    for axes, (title, c) in zip(
        figure.subplots(1, 2, sharey=True),
        (("Ising reservoir", ours), (name, network)),
        strict=True,
    ):
        last = np.array([max(d for d, _ in t) for t in c.terms])
        degree = np.array([sum(p for _, p in t) for t in c.terms])
        bottom = np.zeros(last.max() + 1)
        for d in np.unique(degree):
            height = np.bincount(last[degree == d], c.values[degree == d], minlength=len(bottom))
            axes.bar(np.arange(len(bottom)), height, bottom=bottom, label=f"degree {d}")
            bottom += height
        axes.set(title=title, xlabel="largest delay", xlim=(-1, 30))
    axes.legend(frameon=False, fontsize=8)
    return figure


EXPERIMENT = Experiment(
    name="ipc",
    title="Information-processing capacity of an Ising reservoir",
    paper="arXiv:2006.08999",
    minutes=1,
    settings=IpcSettings(),
    run=run,
    quick={"seeds": 1, "steps": 4000, "qubits": 3, "nodes": 4, "delays": (10, 5), "surrogates": 2},
    x64=True,
)
