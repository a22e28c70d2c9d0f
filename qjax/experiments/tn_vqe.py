"""Variational ground states of spin models, from tensor networks and from chance.

Source: Rudolph et al., arXiv:2208.13673 (Nat. Commun. 14, 8367), for the method: a matrix product
state is trained first, decomposed into a circuit, extended by layers at the identity, and trained
on. Every initialisation gets the same circuit, the same optimiser and the same number of steps. The
grid of the XXZ model runs as a statevector, the Ising chain of up to a hundred qubits as a matrix
product state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

import qjax as qj

from ..errors import ExperimentError
from ..templates import staircase_su4
from ..train import descend
from .frame import Experiment, Run
from .settings import Settings, at_least
from .table import Row
from .tn_starts import RANDOM, Starts, network_name, network_starts, plain_starts


@dataclass(frozen=True)
class TnVqeSettings(Settings):
    """Settings of ``tn-vqe``.

    Attributes:
        model: "xxz" on a grid of rows and columns, or "tfim", the critical Ising chain.
        rows, columns: of the grid; a snake through it is the chain. The Ising chain has as many
            qubits.
        anisotropy: of the ZZ coupling.
        bonds: bond dimensions of the tensor networks.
        layers: layers of gates into which a matrix product state is decomposed.
        extra_layers: further layers, at the identity.
        sweeps: of the decomposition.
        steps: Adam steps.
        rate: their size, radians.
        noise: on the tensor-network start and around zero, radians.
        max_bond: bond dimension with which circuits of more than 16 qubits are simulated; exact
            from ``2**(layers + extra_layers)``.
        chunk: steps between two checkpoints.
    """

    seeds: int = 5
    model: Literal["xxz", "tfim"] = "xxz"
    rows: int = 3
    columns: int = 4
    anisotropy: float = 0.5
    bonds: tuple[int, ...] = (2, 4, 8)
    layers: int = 2
    extra_layers: int = 1
    sweeps: int = 40
    steps: int = 300
    rate: float = 0.01
    noise: float = 0.01
    max_bond: int = 16
    chunk: int = 25

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(
            self, rows=1, columns=2, layers=1, extra_layers=0, sweeps=0, steps=1, noise=0, chunk=1
        )
        if not self.bonds:
            raise ExperimentError("bonds must not be empty")

    @property
    def qubits(self) -> int:
        return self.rows * self.columns

    @property
    def sim(self) -> Any:
        """How the circuits are simulated."""
        return qj.Statevector() if self.qubits <= LARGEST_DENSE else qj.MPS(self.max_bond)


LARGEST_DENSE = 16  # qubits


def hamiltonian(settings: TnVqeSettings) -> qj.PauliSum:
    """XX + YY + anisotropy ZZ on the grid, whose rows are walked forth and back; or the chain."""
    if settings.model == "tfim":
        return qj.tfim(settings.qubits)
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


def starts(settings: TnVqeSettings, key: Array, model: qj.PauliSum) -> Starts:
    """Every initialisation, by name."""
    one, two = jax.random.split(key)
    n, total = settings.qubits, settings.layers + settings.extra_layers
    found = network_starts(
        one,
        model,
        settings.bonds,
        n=n,
        layers=settings.layers,
        extra_layers=settings.extra_layers,
        sweeps=settings.sweeps,
        noise=settings.noise,
        seeds=settings.seeds,
    )
    plain = plain_starts(two, n=n, layers=total, noise=settings.noise, seeds=settings.seeds)
    return {**found, **plain}


def run(run: Run) -> Sequence[Row]:
    """Train every start; compare with the exact ground state."""
    settings: TnVqeSettings = run.settings
    model = hamiltonian(settings)
    n = settings.qubits
    exact = ground_energy(settings, model)
    begun = starts(settings, run.key, model)
    names, params = list(begun), jnp.stack(list(begun.values()))
    optimiser = optax.adam(settings.rate)

    def energy(w: Array) -> Array:
        return qj.expval(staircase_su4(w, n), model, sim=settings.sim)

    def one(carry: Any, _: Any) -> Any:
        w, state = carry
        value, gradient = jax.value_and_grad(energy)(w)
        return descend(optimiser, gradient, state, w), value

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
    return _rows(settings, names, history[0] - exact, last - exact)


def _rows(
    settings: TnVqeSettings, names: list[str], first: np.ndarray, last: np.ndarray
) -> list[Row]:
    """Where every start begins and ends; then the three claims, as numbers that decide."""
    rows, random = [], names.index(RANDOM)
    for k, name in enumerate(names):
        for values, when in ((first, "start"), (last, "end")):
            others = [("random", float(np.median(values[random])))]
            quantity = f"{name}: energy above exact, {when}"
            rows.append(Row(quantity, "", values[k].tolist(), others, form=".4f"))
    networks = [names.index(network_name(bond)) for bond in settings.bonds]
    plain = [k for k in range(len(names)) if k not in networks]
    for values, when in ((first, "starts"), (last, "ends")):
        medians = np.median(values, axis=1)
        gap = float(medians[plain].min() - medians[networks[-1]])
        quantity = f"the largest tensor network {when} lower than the best other start by"
        rows.append(Row(quantity, "lower", [gap], accept=(0.0, np.inf), form=".4f"))
    medians = np.median(last, axis=1)[networks]
    quantity = f"gain at the end from bond {settings.bonds[0]} to {settings.bonds[-1]}"
    gain = float(medians[0] - medians[-1])
    rows.append(Row(quantity, "better", [gain], accept=(0.0, np.inf), form=".4f"))
    return rows


def ground_energy(settings: TnVqeSettings, model: qj.PauliSum) -> float:
    """Exact: free fermions for the Ising chain, a sparse eigensolver for the grid."""
    n = settings.qubits
    if settings.model == "tfim":
        # Pfeuty: with H = A - B on the fermions' modes, minus the sum of its singular values.
        hopping = np.eye(n) + np.diag(np.ones(n - 1), -1)
        return -float(np.linalg.svd(hopping, compute_uv=False).sum())
    from scipy.sparse.linalg import LinearOperator, eigsh

    index = np.arange(2**n)
    terms = []
    for word, weight in zip(model.words, np.asarray(model.coeffs), strict=True):
        flip, sign, phase = 0, np.ones(2**n), 1 + 0j
        for q, letter in word:
            bit = 1 << (n - 1 - q)
            flip |= bit if letter in "XY" else 0
            if letter in "YZ":
                sign = sign * np.where(index & bit, -1, 1)
            phase *= -1j if letter == "Y" else 1
        terms.append((index ^ flip, sign * (weight * phase).real))

    def apply(psi: np.ndarray) -> np.ndarray:
        return sum(weight * psi[where] for where, weight in terms)  # type: ignore[return-value]

    operator = LinearOperator((2**n, 2**n), matvec=apply, dtype=float)  # type: ignore[call-arg]
    return float(eigsh(operator, k=1, which="SA", return_eigenvectors=False)[0])


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
    title="Ground states of spin models: circuits that start from tensor networks",
    paper="arXiv:2208.13673",
    minutes=4,
    settings=TnVqeSettings(),
    run=run,
    circuit=example,
    quick={
        "seeds": 1,
        "rows": 2,
        "columns": 2,
        "bonds": (2,),
        "sweeps": 0,
        "steps": 5,
        "layers": 1,
    },
    x64=True,
)
