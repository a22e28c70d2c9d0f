"""NARMA-2, 5 and 10 by an Ising reservoir, on the usual sine input and on random input.

Source: arXiv:1602.08159. The sine input (period 100) is nearly periodic and easy; random
input asks for memory and nonlinearity. NMSE divides by the mean square of the target, which has a
large mean: NRMSE, which divides by the variance, says what was learned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from ..reservoir import IsingReservoir
from ..tasks import chronological_split, narma, sine_product, uniform_input
from .frame import Experiment, Run
from .progress import progress
from .series_baselines import chosen_score, classical, medians, readout_score
from .settings import Settings, at_least
from .table import Row


@dataclass(frozen=True)
class NarmaSettings(Settings):
    """Settings of ``narma``.

    Attributes:
        qubits: of the reservoir.
        nodes: virtual nodes.
        taus: evolution times, of which the validation part chooses one per seed.
        orders: of the NARMA series.
        washout: steps before training.
        train: training steps; validation and test have a third of them each.
    """

    seeds: int = 5
    qubits: int = 5
    nodes: int = 10
    taus: tuple[float, ...] = (1.0, 2.0, 4.0)
    orders: tuple[int, ...] = (2, 5, 10)
    washout: int = 1000
    train: int = 3000

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, qubits=2, nodes=1, washout=20, train=90)


def run(run: Run) -> list[Row]:
    """Every input and order: the reservoir at each evolution time, and the baselines."""
    settings: NarmaSettings = run.settings
    third = settings.train // 3
    length = settings.washout + settings.train + 2 * third
    split = chronological_split(
        length, washout=settings.washout, train=settings.train, validation=third
    )
    rows, table = [], {}
    total = 2 * settings.seeds
    with progress(run.console, "series", total) as advance:
        for kind in ("random", "sine"):
            ours: dict[int, list[Any]] = {order: [] for order in settings.orders}
            others: dict[int, list[Any]] = {order: [] for order in settings.orders}
            for seed in range(settings.seeds):
                advance(seed + settings.seeds * (kind == "sine"))
                keys = jax.random.split(jax.random.fold_in(run.key, seed), 3)
                sine = sine_product(length, 100)
                raw = sine if kind == "sine" else uniform_input(keys[0], length, 0.0, 0.2)
                u = 5 * raw  # the range [0, 0.2] is known, not fitted
                features = {
                    tau: IsingReservoir.random(
                        keys[1], settings.qubits, tau=tau, nodes=settings.nodes
                    ).features(u)
                    for tau in settings.taus
                }
                for order in settings.orders:
                    y = narma(raw, order)[1:]
                    single = {t: readout_score("", f, y, split).nrmse for t, f in features.items()}
                    ours[order].append((*chosen_score("Ising", features, y, split), single))
                    others[order].append(classical(keys[2], u, y, split))
            advance(settings.seeds * (1 + (kind == "sine")))
            for order, found in ours.items():
                for what, form in (("nrmse", ".3f"), ("nmse", ".1e")):
                    values = [getattr(score, what) for _, score, _ in found]
                    text = f"NARMA-{order}, {kind} input: {what.upper()}"
                    rows.append(Row(text, "", values, medians(others[order], what), None, form))
                table[f"{kind} {order}"] = {
                    f"{tau:g}": [single[tau] for *_, single in found] for tau in settings.taus
                }
    run.folder.write_json("nrmse.json", table)
    run.figure("nrmse", _draw(table, settings.taus))
    return rows


def _draw(table: dict[str, Any], taus: Any) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for name, found in table.items():
        middle = [np.median(found[f"{tau:g}"]) for tau in taus]
        axes.plot(taus, middle, "o--" if name.startswith("sine") else "o-", label=f"NARMA, {name}")
    axes.set(yscale="log", xlabel="evolution time tau", ylabel="NRMSE (median)")
    axes.legend(frameon=False, fontsize=8)
    return figure


EXPERIMENT = Experiment(
    name="narma",
    title="NARMA series by an Ising reservoir",
    paper="arXiv:1602.08159",
    minutes=2,
    settings=NarmaSettings(),
    run=run,
    quick={
        "seeds": 1,
        "qubits": 3,
        "nodes": 4,
        "taus": (1.0, 2.0),
        "orders": (2,),
        "washout": 100,
        "train": 300,
    },
    x64=True,
)
