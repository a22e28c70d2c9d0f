"""Variational ground states of a two-dimensional XXZ model, from tensor networks and from chance.

Source: Rudolph et al., arXiv:2208.13673 (Nat. Commun. 14, 8367), for the method: a matrix product
state is trained first, decomposed into a circuit, extended by layers at the identity, and trained
on. Every initialisation gets the same circuit, the same optimiser and the same number of steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

import qjax as qj

from ..templates import staircase_su4, tensor_network_initial
from .frame import Experiment, Run
from .settings import Settings, at_least
from .table import Row


@dataclass(frozen=True)
class TnVqeSettings(Settings):
    """Settings of ``tn-vqe``.

    Attributes:
        rows, columns: of the grid; a snake through it is the chain.
        anisotropy: of the ZZ coupling.
        layers: layers of gates into which a matrix product state is decomposed.
        extra_layers: further layers, at the identity.
        sweeps: of the decomposition.
        steps: Adam steps.
        rate: their size, radians.
        noise: on the tensor-network start and around zero, radians.
        chunk: steps between two checkpoints.
    """

    rows: int = 3
    columns: int = 4
    anisotropy: float = 0.5
    layers: int = 2
    extra_layers: int = 1
    sweeps: int = 40
    steps: int = 300
    rate: float = 0.01
    noise: float = 0.01
    chunk: int = 25

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(
            self, rows=1, columns=2, layers=1, extra_layers=0, sweeps=0, steps=1, noise=0, chunk=1
        )

    @property
    def qubits(self) -> int:
        return self.rows * self.columns


BONDS = (2, 4, 8)


def hamiltonian(settings: TnVqeSettings) -> qj.PauliSum:
    """XX + YY + anisotropy ZZ on the grid; rows are walked forth and back."""
    columns = settings.columns

    def place(i: int, j: int) -> int:
        return i * columns + (j if i % 2 == 0 else columns - 1 - j)

    pairs = [
        (place(i, j), place(i + di, j + dj))
        for i in range(settings.rows)
        for j in range(columns)
        for di, dj in ((0, 1), (1, 0))
        if i + di < settings.rows and j + dj < columns
    ]
    terms = [
        (letters, pair, weight)
        for pair in pairs
        for letters, weight in (("XX", 1.0), ("YY", 1.0), ("ZZ", settings.anisotropy))
    ]
    return qj.PauliSum.from_terms(terms)


def starts(settings: TnVqeSettings, key: Array, model: qj.PauliSum) -> tuple[list[str], Array]:
    """Names, and parameters ``(initialisations, seeds, layers, bonds, 15)``."""
    n = settings.qubits
    total = settings.layers + settings.extra_layers
    shape = (settings.seeds, total, n - 1, 15)
    keys = jax.random.split(key, len(BONDS) + 3)
    names, values = [], []
    for k, bond in enumerate(BONDS):
        found = tensor_network_initial(
            model,
            max_bond=bond,
            layers=settings.layers,
            extra_layers=settings.extra_layers,
            sweeps=settings.sweeps,
        )
        noise = settings.noise * jax.random.normal(keys[k], shape)
        names.append(f"tensor network, bond {bond}")
        values.append(found.params[None] + noise)
    names.append("random")
    values.append(jax.random.uniform(keys[-3], shape, minval=-np.pi / 4, maxval=np.pi / 4))
    names.append("near zero")
    values.append(settings.noise * jax.random.normal(keys[-2], shape))
    # Identity blocks: every gate random, and undone by the layer after it.
    half = jax.random.uniform(
        keys[-1],
        (settings.seeds, total // 2, n - 1, 15),
        minval=-np.pi / 4,
        maxval=np.pi / 4,
    )
    block = jnp.stack([half, -half], 2).reshape(settings.seeds, -1, n - 1, 15)
    names.append("pairs of opposite layers")
    values.append(jnp.pad(block, ((0, 0), (0, total - block.shape[1]), (0, 0), (0, 0))))
    return names, jnp.stack(values)


def run(run: Run) -> Sequence[Row]:
    """Train every start; compare with the exact ground state."""
    settings: TnVqeSettings = run.settings
    model = hamiltonian(settings)
    n = settings.qubits
    exact = ground_energy(model, n)
    names, params = starts(settings, run.key, model)
    optimiser = optax.adam(settings.rate)

    def energy(w: Array) -> Array:
        return qj.expval(staircase_su4(w, n), model)

    def one(carry: Any, _: Any) -> Any:
        w, state = carry
        value, gradient = jax.value_and_grad(energy)(w)
        change, state = optimiser.update(gradient, state)
        return (optax.apply_updates(w, change), state), value

    def update(carry: Any, step: Any, data: Any) -> Any:
        carry, value = jax.vmap(jax.vmap(one, (0, None)), (0, None))(carry, None)
        return carry, {"energy": value}

    state = jax.vmap(jax.vmap(optimiser.init))(params)
    (trained, _), metrics = run.train(
        "training",
        update,
        (params, state),
        settings.steps,
        chunk=settings.chunk,
        show=lambda m: f"lowest energy {np.min(m['energy'][-1]):.4f} (exact {exact:.4f})",
    )
    history = np.asarray(metrics["energy"])  # (steps, initialisations, seeds)
    last = np.asarray(jax.jit(jax.vmap(jax.vmap(energy)))(trained))
    run.figure("energies", _draw(history - exact, names))
    best = int(np.argmin(last[0]))
    run.circuit("circuit", staircase_su4(trained[0, best], n))
    random = names.index("random")
    rows = []
    for k, name in enumerate(names):
        rows.append(
            Row(
                f"{name}: energy above exact, start",
                "",
                (history[0, k] - exact).tolist(),
                [("random", float(np.median(history[0, random]) - exact))],
                form=".4f",
            )
        )
        rows.append(
            Row(
                f"{name}: energy above exact, end",
                "",
                (last[k] - exact).tolist(),
                [("random", float(np.median(last[random]) - exact))],
                form=".4f",
            )
        )
    return rows


def ground_energy(model: qj.PauliSum, n: int) -> float:
    """Exact, by DMRG at full bond dimension: the chain is short."""
    from ..tensor import dmrg

    return float(dmrg(model, n, max_bond=2 ** (n // 2), tolerance=1e-12).energy)


def _draw(errors: np.ndarray, names: Sequence[str]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    for k, name in enumerate(names):
        line = np.median(errors[:, k], axis=-1)
        style = "-" if name.startswith("tensor") else "--"
        axes.semilogy(np.maximum(line, 1e-12), style, label=name)
        low, high = errors[:, k].min(axis=-1), errors[:, k].max(axis=-1)
        axes.fill_between(np.arange(len(line)), np.maximum(low, 1e-12), high, alpha=0.15, lw=0)
    axes.set(xlabel="step", ylabel="energy above the ground state")
    axes.legend(frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def example(settings: TnVqeSettings) -> qj.Circuit:
    """The circuit before training, at the identity."""
    shape = (settings.layers + settings.extra_layers, settings.qubits - 1, 15)
    return staircase_su4(jnp.zeros(shape), settings.qubits)


EXPERIMENT = Experiment(
    name="tn-vqe",
    title="Ground states of the XXZ model on a grid: circuits that start from tensor networks",
    paper="arXiv:2208.13673",
    minutes=20,
    settings=TnVqeSettings(),
    run=run,
    circuit=example,
    quick={"seeds": 1, "rows": 2, "columns": 2, "sweeps": 3, "steps": 5, "layers": 1},
    x64=True,
)
