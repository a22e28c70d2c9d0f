"""A Born machine on bars and stripes: matrix product states as generative models.

Source: Han, Wang, Fan, Wang and Zhang, arXiv:1709.01662 (PRX 8, 031012), who train matrix product
states by two-site sweeps; the least negative log-likelihood that any model can reach is the
logarithm of the number of patterns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

import qjax as qj

from ..tasks import bars_and_stripes
from ..tensor import MatrixProductState, sample_given, to_circuit
from ..tensor.born import born_sweep, initial_tensors
from .frame import Experiment, Run
from .settings import Settings, at_least
from .table import Row


@dataclass(frozen=True)
class BornSettings(Settings):
    """Settings of ``born-machine``.

    Attributes:
        rows, columns: of the images.
        bonds: bond dimensions, each trained on its own.
        sweeps: over the chain, there and back.
        rate: step of one update of two neighbouring tensors.
        updates: for every pair of neighbours in a sweep.
        shots: samples from which the share of valid patterns is estimated.
        chunk: sweeps between two checkpoints.
    """

    seeds: int = 5
    rows: int = 4
    columns: int = 4
    bonds: tuple[int, ...] = (2, 4, 8, 16)
    sweeps: int = 60
    rate: float = 0.2
    updates: int = 4
    shots: int = 2000
    chunk: int = 20

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, rows=1, columns=2, sweeps=1, updates=1, shots=1, chunk=1)


def run(run: Run) -> Sequence[Row]:
    """Train every bond dimension; compare with the optimum and with what knows less."""
    settings: BornSettings = run.settings
    data = bars_and_stripes(settings.rows, settings.columns)
    count, n = data.shape
    table, weights = jnp.asarray(data), jnp.full(count, 1 / count)
    best = float(np.log(count))
    sweep = partial(born_sweep, rate=settings.rate, updates=settings.updates)

    def update(tensors: Any, step: Any, data: Any) -> Any:
        tensors, loss = jax.vmap(lambda t: sweep(t, *data))(tensors)
        return tensors, {"nll": loss}

    for_start, for_samples = jax.random.split(run.key)
    curves, rows, trained = {}, [], None
    baseline = [
        ("optimum", best),
        ("Markov chain", markov_nll(data)),
        ("independent pixels", independent_nll(data)),
    ]
    for bond in settings.bonds:
        keys = jax.random.split(for_start, settings.seeds)
        start = jax.vmap(lambda key, bond=bond: initial_tensors(key, n, bond))(keys)
        trained, metrics = run.train(
            f"bond {bond}",
            update,
            start,
            settings.sweeps,
            chunk=settings.chunk,
            data=(table, weights),
            show=lambda m: f"nll {np.median(m['nll'][-1]):.4f} (least {best:.4f})",
        )
        curves[bond] = metrics["nll"]
        published = bond == max(settings.bonds) and (settings.rows, settings.columns) == (4, 4)
        rows.append(
            Row(
                f"negative log-likelihood in nats, bond {bond}",
                "optimum reached" if published else "",
                metrics["nll"][-1].tolist(),
                baseline,
                accept=(-np.inf, 3.45) if published else None,
                form=".4f",
            )
        )
    assert trained is not None
    rows += _sampled(run, trained, data, for_samples)
    run.figure("learning-curves", _draw_curves(curves, best))
    state = MatrixProductState(trained[0])
    run.circuit("circuit", to_circuit(state, 1, sweeps=0).circuit)
    return rows


def _sampled(run: Run, trained: Any, data: np.ndarray, key: Array) -> list[Row]:
    """How many samples are valid patterns, freely drawn and with the upper half given."""
    settings: BornSettings = run.settings
    n, half = data.shape[1], (settings.rows // 2) * settings.columns
    keys = jax.random.split(key, settings.seeds)
    free = jnp.full(n, -1)

    def draw(tensors: Any, key: Any, known: Any) -> Any:
        return sample_given(MatrixProductState(tensors), key, settings.shots, known)

    drawn = np.asarray(jax.jit(jax.vmap(draw, (0, 0, None)))(trained, keys, free))
    # Two pixels that differ in one row make it a pattern of equal rows: the rest is certain.
    given = data[np.flatnonzero((data[:, 0] == 1) & (data[:, 1] == 0))[0]]
    known = np.where(np.arange(n) < half, given.astype(int), -1)
    completed = np.asarray(jax.jit(jax.vmap(draw, (0, 0, None)))(trained, keys, jnp.asarray(known)))
    run.figure("samples", _draw_images(drawn[0], completed[0], settings))
    chance = len(data) / 2**n
    right = (completed == given[None, None]).all(axis=2).mean(axis=1)
    return [
        Row(
            "share of samples that are patterns",
            "",
            [float(valid(d, data)) for d in drawn],
            [("random bits", chance)],
            accept=(0.95, 1.0),
        ),
        Row(
            "upper half given: share of samples with the right rest",
            "",
            right.tolist(),
            [("random bits", 2.0 ** (half - n))],
            accept=(0.95, 1.0),
        ),
    ]


def valid(samples: np.ndarray, data: np.ndarray) -> float:
    """The share of samples that occur in the data."""
    places = 2.0 ** np.arange(data.shape[1])
    return float(np.isin(samples @ places, data @ places).mean())


def independent_nll(data: np.ndarray) -> float:
    """Every pixel by its own frequency."""
    return float(sum(_entropy(np.bincount(column, minlength=2)) for column in data.T))


def markov_nll(data: np.ndarray) -> float:
    """Every pixel by its frequency given the pixel before it."""
    total = _entropy(np.bincount(data[:, 0], minlength=2))
    for before, here in zip(data.T[:-1], data.T[1:], strict=True):
        both = _entropy(np.bincount(2 * before + here, minlength=4))
        total += both - _entropy(np.bincount(before, minlength=2))
    return float(total)


def _entropy(counts: np.ndarray) -> float:
    p = counts[counts > 0] / counts.sum()
    return float(-(p * np.log(p)).sum())


def _draw_curves(curves: dict[int, np.ndarray], best: float) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for bond, values in curves.items():
        steps = 1 + np.arange(len(values))
        axes.loglog(steps, np.median(values, axis=1) - best, label=f"bond {bond}")
    axes.set(xlabel="sweep", ylabel="negative log-likelihood above the optimum (nats)")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _draw_images(free: np.ndarray, completed: np.ndarray, settings: BornSettings) -> Any:
    from matplotlib.figure import Figure

    count = min(8, settings.shots)
    figure = Figure(figsize=(count, 2.6), layout="constrained")
    for k, (axes, image) in enumerate(
        zip(
            figure.subplots(2, count, squeeze=False).ravel(),
            [*free[:count], *completed[:count]],
            strict=True,
        )
    ):
        axes.imshow(image.reshape(settings.rows, settings.columns), cmap="Greys", vmin=0, vmax=1)
        axes.set(xticks=[], yticks=[])
        if k % count == 0:
            axes.set_title("drawn" if k == 0 else "upper half given", fontsize=8, loc="left")
    return figure


def example(settings: BornSettings) -> qj.Circuit:
    """One layer of gates: the form into which the trained state is decomposed."""
    n = settings.rows * settings.columns
    return qj.templates.staircase_su4(jnp.zeros((1, n - 1, 15)), n)


EXPERIMENT = Experiment(
    name="born-machine",
    title="Bars and stripes by a matrix product state: likelihood, samples, completed images",
    paper="arXiv:1709.01662",
    minutes=1,
    settings=BornSettings(),
    run=run,
    circuit=example,
    quick={"seeds": 1, "rows": 2, "columns": 2, "bonds": (4,), "sweeps": 6, "shots": 50},
    x64=True,
)
