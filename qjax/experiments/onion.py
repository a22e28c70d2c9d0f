"""Shells of small reservoirs with spread memory times, on a task with two time scales.

Source: arXiv:2505.22837. Its data are not public; what is tested here is its claim: where
a target depends on the recent and on the remote past, several small blocks whose channels forget at
different rates do better than blocks that all forget at one rate, or a single larger block, of as
many features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from ..reservoir import IsingReservoir, Multiplex, second_eigenvalue
from ..tasks import chronological_split, narma, uniform_input
from .frame import Experiment, Run
from .progress import progress
from .series_baselines import chosen_score, classical, medians
from .settings import Settings, at_least
from .table import Row


@dataclass(frozen=True)
class OnionSettings(Settings):
    """Settings of ``onion``.

    Attributes:
        qubits: of each block.
        blocks: number of blocks.
        nodes: virtual nodes of each block.
        fastest: evolution time of the innermost shell.
        slowest: those of the outermost shell, of which validation chooses one; between the two the
            times are spaced evenly in their logarithm.
        times: evolution times of equal blocks and of one block, of which validation chooses one.
        slow: the slow part of the target is the mean of so many inputs.
        washout: steps before training.
        train: training steps; validation and test have a third of them each.
    """

    seeds: int = 10
    qubits: int = 3
    blocks: int = 4
    nodes: int = 4
    fastest: float = 4.0
    slowest: tuple[float, ...] = (2.0, 1.0, 0.5, 0.25)
    times: tuple[float, ...] = (4.0, 2.0, 1.0, 0.5)
    slow: int = 40
    washout: int = 500
    train: int = 3000

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, qubits=2, blocks=2, nodes=1, slow=2, washout=50, train=90)


def target(u: np.ndarray, slow: int) -> np.ndarray:
    """NARMA-2 on u within [0, 0.5] plus the mean of the last ``slow`` inputs, equally strong."""
    fast = narma(u, 2)[1:]
    mean = np.convolve(u, np.full(slow, 1 / slow))[: len(u)]
    return fast + mean * 0.025 / (0.144 / np.sqrt(slow))


def run(run: Run) -> list[Row]:
    """Spread shells against equal blocks and against one block, the times of each chosen on
    validation from as many."""
    settings: OnionSettings = run.settings
    third = settings.train // 3
    length = settings.washout + settings.train + 2 * third
    split = chronological_split(
        length, washout=settings.washout, train=settings.train, validation=third
    )
    wide = settings.qubits + 1
    count = settings.blocks * settings.nodes * settings.qubits
    if count % wide:
        wide = settings.qubits
    scores: dict[str, list[Any]] = {"onion": [], "equal blocks": [], "one block": []}
    chosen: dict[str, list[float]] = {name: [] for name in scores}
    others, rates = [], []
    with progress(run.console, "seeds", settings.seeds) as advance:
        for seed in range(settings.seeds):
            keys = jax.random.split(jax.random.fold_in(run.key, seed), 4)
            raw = uniform_input(keys[0], length, 0.0, 0.5)
            u, y = 2 * raw, target(raw, settings.slow)
            features = {
                "onion": {
                    t: _shells(keys[1], settings, _spread(settings, t)).features(u)
                    for t in settings.slowest
                },
                "equal blocks": {
                    t: _shells(keys[1], settings, np.full(settings.blocks, t)).features(u)
                    for t in settings.times
                },
                "one block": {
                    t: IsingReservoir.random(keys[2], wide, tau=t, nodes=count // wide).features(u)
                    for t in settings.times
                },
            }
            for name, options in features.items():
                time, score = chosen_score(name, options, y, split)
                scores[name].append(score)
                chosen[name].append(time)
            shells = _shells(keys[1], settings, _spread(settings, chosen["onion"][-1])).parts()
            rates.append([second_eigenvalue(part, 0.5) for part in shells])
            others.append(classical(keys[3], u, y, split, lags=settings.slow + 10))
            advance(seed + 1, f"NRMSE {scores['onion'][-1].nrmse:.3f}")
    names = {
        "onion": f"{settings.blocks} shells of {settings.qubits} qubits, spread times",
        "equal blocks": f"{settings.blocks} blocks of {settings.qubits} qubits, one time",
        "one block": f"one block of {wide} qubits",
    }
    alone = min(
        float(np.median([s.nrmse for s in scores[k]])) for k in ("equal blocks", "one block")
    )
    rows = [
        Row(
            f"NRMSE, {text}, {count} features",
            "",
            [s.nrmse for s in scores[name]],
            medians(others),
            (0.0, alone) if name == "onion" else None,
            ".3f",
        )
        for name, text in names.items()
    ]
    for k in range(settings.blocks):
        text = f"second eigenvalue of shell {k + 1} of {settings.blocks}, from the innermost"
        rows.append(Row(text, "", [r[k] for r in rates]))
    run.folder.write_json(
        "nrmse.json",
        {name: [s.nrmse for s in found] for name, found in scores.items()}
        | {f"times of {name}": times for name, times in chosen.items()},
    )
    run.figure("nrmse", _draw(scores, medians(others)))
    return rows


def _spread(settings: OnionSettings, slowest: float) -> np.ndarray:
    return np.geomspace(settings.fastest, slowest, settings.blocks)


def _shells(key: Any, settings: OnionSettings, times: np.ndarray) -> Multiplex:
    """Blocks that evolve for the given times."""
    keys = jax.random.split(key, settings.blocks)
    stacked = jax.vmap(
        lambda k, t: IsingReservoir.random(k, settings.qubits, tau=t, nodes=settings.nodes)
    )(keys, jax.numpy.asarray(times))
    return Multiplex(stacked)


def _draw(scores: dict[str, Any], others: Any) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.5), layout="constrained")
    axes = figure.subplots()
    for k, found in enumerate(scores.values()):
        axes.plot(np.full(len(found), k), [s.nrmse for s in found], "o", alpha=0.6)
    for name, value in others:
        axes.axhline(value, lw=1, ls=":", color="0.4")
        axes.text(2.4, value, name, fontsize=7, va="bottom")
    axes.set_xticks(range(len(scores)), scores)
    axes.set(ylabel="NRMSE")
    return figure


EXPERIMENT = Experiment(
    name="onion",
    title="Shells of reservoirs with spread memory times",
    paper="arXiv:2505.22837",
    minutes=1,
    settings=OnionSettings(),
    run=run,
    quick={"seeds": 1, "qubits": 2, "blocks": 2, "nodes": 3, "washout": 60, "train": 150},
    x64=True,
)
