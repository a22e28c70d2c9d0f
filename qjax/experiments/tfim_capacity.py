"""Memory against nonlinearity of a transverse-field Ising reservoir, over its evolution time.

Source: Fujii and Nakajima, arXiv:1602.08159: the longer the qubits evolve between two inputs, the
more nonlinear the features, and the shorter the memory. Their figures are curves; the claim that is
held against here is the trade-off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from ..reservoir import IsingReservoir, memory_capacity, parity_capacity, second_eigenvalue
from ..tasks import (
    EchoStateNetwork,
    binary_input,
    chronological_split,
    delayed,
    linear_score,
    persistence_score,
)
from .frame import Experiment, Run
from .progress import progress
from .series_baselines import medians, readout_score
from .settings import Settings, at_least
from .table import Row

MEMORY, PARITY, RECALL = 30, 11, 5  # largest delays; the delay whose NRMSE is shown


@dataclass(frozen=True)
class CapacitySettings(Settings):
    """Settings of ``tfim-capacity``.

    Attributes:
        qubits: of the reservoir.
        nodes: virtual nodes.
        steps: length of the binary input, a fifth of it washout, a fifth test.
        taus: evolution times.
        coupling: J; couplings are uniform on [-J/2, J/2].
        field: of every qubit.
    """

    seeds: int = 20
    qubits: int = 5
    nodes: int = 10
    steps: int = 5000
    taus: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0, 8.0)
    coupling: float = 1.0
    field: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, qubits=2, nodes=1, steps=500)


def run(run: Run) -> list[Row]:
    """Both capacities for every seed and evolution time, and those of echo-state networks."""
    settings: CapacitySettings = run.settings
    fifth = settings.steps // 5
    split = chronological_split(
        settings.steps, washout=fifth, train=settings.steps - 3 * fifth, validation=fifth
    )
    memory: dict[float, list[Any]] = {tau: [] for tau in settings.taus}
    parity: dict[float, list[Any]] = {tau: [] for tau in settings.taus}
    recall: dict[float, list[float]] = {tau: [] for tau in settings.taus}
    rates: dict[float, list[float]] = {tau: [] for tau in settings.taus}
    networks: list[tuple[float, float]] = []
    linear: list[tuple[Any, Any]] = []
    with progress(run.console, "reservoirs", settings.seeds * len(settings.taus)) as advance:
        for seed in range(settings.seeds):
            mine, first, second = jax.random.split(jax.random.fold_in(run.key, seed), 3)
            bits = binary_input(first, settings.steps)
            target = delayed(bits, [RECALL])[:, 0]
            for number, tau in enumerate(settings.taus):
                reservoir = IsingReservoir.random(
                    mine,
                    settings.qubits,
                    tau=tau,
                    nodes=settings.nodes,
                    coupling=settings.coupling,
                    field=settings.field,
                )
                features = np.asarray(reservoir.features(bits))
                memory[tau].append(memory_capacity(features, bits, split, MEMORY))
                parity[tau].append(parity_capacity(features, bits, split, PARITY))
                recall[tau].append(readout_score("", features, target, split).nrmse)
                if seed < 3:
                    rates[tau].append(second_eigenvalue(reservoir, 0.0))
                advance(seed * len(settings.taus) + number + 1)
            states = EchoStateNetwork(settings.qubits * settings.nodes).features(second, bits)
            found = (
                memory_capacity(states, bits, split, MEMORY),
                parity_capacity(states, bits, split, PARITY),
            )
            networks.append((float(found[0].sum()), float(found[1].sum())))
            linear.append(
                (persistence_score(target, split), linear_score(bits, target, split, RECALL + 1))
            )
    name = f"ESN-{settings.qubits * settings.nodes}"
    esn = [float(np.median([n[k] for n in networks])) for k in (0, 1)]
    sums = {
        kind: {tau: [float(np.sum(c)) for c in found[tau]] for tau in settings.taus}
        for kind, found in (("memory", memory), ("parity", parity))
    }
    rows = []
    for kind, limit, baseline in (("memory", MEMORY, esn[0]), ("parity", PARITY, esn[1])):
        for tau in settings.taus:
            text = f"{kind} capacity, delays 0 to {limit}, tau = {tau:g}"
            rows.append(Row(text, "", sums[kind][tau], [(name, baseline)], None, ".2f"))
    for tau in settings.taus:
        baseline = medians(linear)
        text = f"NRMSE of the bit {RECALL} steps ago, tau = {tau:g}"
        rows.append(Row(text, "", recall[tau], baseline, None, ".3f"))
    low, high = settings.taus[0], settings.taus[-1]
    pairs = {
        kind: [a - b for a, b in zip(found[high], found[low], strict=True)]
        for kind, found in sums.items()
    }
    text = f"from tau = {low:g} to {high:g}"
    rows.append(
        Row(f"memory capacity, change {text}", "falls", pairs["memory"], (), (-np.inf, 0.0), ".2f")
    )
    rows.append(
        Row(f"parity capacity, change {text}", "rises", pairs["parity"], (), (0.0, np.inf), ".2f")
    )
    run.folder.write_json(
        "capacities.json",
        {f"{k} {tau:g}": v for k, found in sums.items() for tau, v in found.items()}
        | {f"second eigenvalue {tau:g}": v for tau, v in rates.items()},
    )
    run.figure("trade-off", _draw(settings.taus, sums, dict(zip(sums, esn, strict=True)), name))
    run.figure("delays", _curves(memory, parity))
    return rows


def _draw(taus: Any, sums: dict[str, Any], esn: dict[str, float], name: str) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for colour, (kind, found) in zip(("tab:blue", "tab:orange"), sums.items(), strict=True):
        middle = [np.median(found[tau]) for tau in taus]
        low, high = ([np.percentile(found[tau], p) for tau in taus] for p in (25, 75))
        axes.plot(taus, middle, "o-", color=colour, label=f"{kind} capacity")
        axes.fill_between(taus, low, high, color=colour, alpha=0.2)
        axes.axhline(esn[kind], color=colour, ls=":", lw=1, label=f"{name}, {kind}")
    axes.set(xscale="log", xlabel="evolution time tau", ylabel="capacity (median, quartiles)")
    axes.legend(frameon=False, fontsize=8)
    return figure


def _curves(memory: dict[float, Any], parity: dict[float, Any]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.5), layout="constrained")
    for axes, (title, found) in zip(
        figure.subplots(1, 2), (("memory", memory), ("parity", parity)), strict=True
    ):
        for tau, values in found.items():
            axes.plot(np.median(np.array(values), axis=0), ".-", label=f"tau = {tau:g}")
        axes.set(title=title, xlabel="delay", ylabel="squared correlation")
    axes.legend(frameon=False, fontsize=8)
    return figure


EXPERIMENT = Experiment(
    name="tfim-capacity",
    title="Memory against nonlinearity of an Ising reservoir",
    paper="arXiv:1602.08159",
    minutes=1,
    settings=CapacitySettings(),
    run=run,
    quick={"seeds": 2, "steps": 1000, "taus": (0.5, 4.0), "qubits": 3, "nodes": 4},
    x64=True,
)
