"""Gradient variance of staircase circuits of up to a hundred qubits, by matrix product states.

Source: Rudolph et al., arXiv:2208.13673 (Nat. Commun. 14, 8367), figure on trainability: circuits
that start from a tensor network keep gradients where random ones lose them. Two costs of the
critical Ising chain are asked: the infidelity with its ground state, which looks at all qubits at
once, and the energy, a sum of local terms.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

import qjax as qj

from ..errors import ExperimentError
from ..templates import staircase_su4
from ..tensor import MatrixProductState, dmrg
from .frame import Experiment, Run
from .progress import progress
from .settings import Settings, at_least
from .table import Row
from .tn_starts import network_name, network_starts, plain_starts

COSTS = ("infidelity", "energy")


@dataclass(frozen=True)
class TnPlateauSettings(Settings):
    """Settings of ``tn-plateau``.

    Attributes:
        sizes: numbers of qubits.
        bonds: bond dimensions of the tensor networks to start from.
        target_bond: of the ground state that the infidelity refers to.
        layers: layers of gates into which a matrix product state is decomposed.
        extra_layers: further layers, at the identity.
        sweeps: of the decomposition; 0 keeps its closed form, which is exact for bond 2.
        noise: on the tensor-network start and around zero, radians.
        max_bond: of the simulation; exact from ``2**(layers + extra_layers)``.
    """

    seeds: int = 5
    sizes: tuple[int, ...] = (8, 16, 32, 64, 100)
    bonds: tuple[int, ...] = (2, 4)
    target_bond: int = 16
    layers: int = 2
    extra_layers: int = 0
    sweeps: int = 0
    noise: float = 0.01
    max_bond: int = 8

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, target_bond=2, layers=1, extra_layers=0, sweeps=0, noise=0, max_bond=2)
        if len(self.sizes) < 2 or min(self.sizes) < 3:
            raise ExperimentError(
                "sizes must be at least two numbers of qubits, each at least 3", got=self.sizes
            )


def variances(
    params: Array, target: MatrixProductState, model: qj.PauliSum, max_bond: int
) -> tuple[Array, Array]:
    """Mean squares of the gradient's entries: of the infidelity and of the energy.

    Args:
        params: one seed's, ``(layers, n - 1, 15)``.
        target: of the infidelity.
        model: of the energy.
        max_bond: of the simulation.
    """
    n, sim = target.n, qj.MPS(max_bond)

    def infidelity(w: Array) -> Array:
        made = qj.matrix_product_state(staircase_su4(w, n), sim=sim)
        return 1 - made.fidelity(target)

    def energy(w: Array) -> Array:
        return qj.expval(staircase_su4(w, n), model, sim=sim)

    one, two = jax.grad(infidelity)(params), jax.grad(energy)(params)
    return jnp.mean(one**2), jnp.mean(two**2)


def measure(settings: TnPlateauSettings, key: Array, n: int) -> dict[str, np.ndarray]:
    """Name of a start, and its variances ``(costs, seeds)``, on ``n`` qubits."""
    model = qj.tfim(n)
    target = dmrg(model, n, max_bond=settings.target_bond, tolerance=1e-9).state
    one, two = jax.random.split(key)
    total = settings.layers + settings.extra_layers
    begun = network_starts(
        one,
        model,
        settings.bonds,
        n=n,
        layers=settings.layers,
        extra_layers=settings.extra_layers,
        sweeps=settings.sweeps,
        noise=settings.noise,
        seeds=settings.seeds,
    ) | plain_starts(two, n=n, layers=total, noise=settings.noise, seeds=settings.seeds)

    @jax.jit
    def every(stacked: Array) -> tuple[Array, Array]:
        return jax.lax.map(lambda w: variances(w, target, model, settings.max_bond), stacked)

    stacked = jnp.stack(list(begun.values()))
    values = jnp.stack(every(stacked.reshape(-1, *stacked.shape[2:])))
    values = np.asarray(values).reshape(len(COSTS), len(begun), settings.seeds)
    return {name: values[:, k] for k, name in enumerate(begun)}


def run(run: Run) -> Sequence[Row]:
    """Every size, then the rate at which the variances fall."""
    settings: TnPlateauSettings = run.settings
    found: dict[str, list[np.ndarray]] = {}
    keys = jax.random.split(run.key, len(settings.sizes))
    with progress(run.console, "sizes", len(settings.sizes)) as advance:
        for k, (n, key) in enumerate(zip(settings.sizes, keys, strict=True)):
            # A size that was done before a restart is read back.
            kept = run.folder.file(f"size-{n}.json")
            if not kept.exists():
                values = {k: v.tolist() for k, v in measure(settings, key, n).items()}
                run.folder.write_json(kept.name, values)
            for name, v in json.loads(kept.read_text()).items():
                found.setdefault(name, []).append(np.asarray(v))
            advance(k + 1, f"{n} qubits")
    tables = {name: np.stack(v) for name, v in found.items()}  # (sizes, costs, seeds)
    run.figure("variances", _draw(settings.sizes, tables))
    n = settings.sizes[0]
    total = settings.layers + settings.extra_layers
    one = plain_starts(run.key, n=n, layers=total, noise=settings.noise, seeds=1)
    run.circuit("circuit", staircase_su4(one["random"][0], n))
    return _rows(settings, tables)


def decay(sizes: Sequence[int], values: np.ndarray) -> float:
    """The slope of ``-ln`` of the values against the number of qubits: 0 where nothing decays."""
    logs = np.log(np.maximum(values, np.finfo(float).tiny))
    return -float(np.polyfit(np.asarray(sizes, float), logs, 1)[0])


def _rows(settings: TnPlateauSettings, tables: dict[str, np.ndarray]) -> list[Row]:
    rows = []
    networks = {network_name(bond) for bond in settings.bonds}
    for c, cost in enumerate(COSTS):
        for name, table in tables.items():
            rates = [decay(settings.sizes, table[:, c, s]) for s in range(settings.seeds)]
            published = cost == "infidelity" and (name in networks or name == "random")
            accept = None
            if published:
                accept = (-np.inf, 0.1) if name in networks else (0.5, np.inf)
            rows.append(
                Row(
                    f"{cost}, {name}: variance falls per qubit by a factor e to the",
                    "" if not published else "no decay" if name in networks else "exponential",
                    rates,
                    accept=accept,
                )
            )
            rows.append(
                Row(
                    f"{cost}, {name}: variance at {settings.sizes[-1]} qubits",
                    "",
                    table[-1, c].tolist(),
                    [(f"{settings.sizes[0]} qubits", float(np.median(table[0, c])))],
                    form=".2e",
                )
            )
    return rows


def _draw(sizes: Sequence[int], tables: dict[str, np.ndarray]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout="constrained")
    for c, axes in enumerate(figure.subplots(1, 2)):
        for name, table in tables.items():
            style = "o-" if name.startswith("tensor") else "s--"
            axes.semilogy(sizes, np.median(table[:, c], axis=1), style, ms=4, label=name)
            axes.fill_between(sizes, table[:, c].min(1), table[:, c].max(1), alpha=0.15, lw=0)
        axes.set(title=COSTS[c], xlabel="qubits", ylabel="mean square of the gradient's entries")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=8)
    return figure


def example(settings: TnPlateauSettings) -> qj.Circuit:
    """The circuit at the identity, on the smallest number of qubits."""
    n = min(settings.sizes)
    return staircase_su4(jnp.zeros((settings.layers + settings.extra_layers, n - 1, 15)), n)


EXPERIMENT = Experiment(
    name="tn-plateau",
    title="Gradients on up to a hundred qubits: circuits from tensor networks, and from chance",
    paper="arXiv:2208.13673",
    minutes=5,
    settings=TnPlateauSettings(),
    run=run,
    circuit=example,
    quick={"seeds": 1, "sizes": (4, 6), "bonds": (2,), "layers": 1, "sweeps": 0},
    x64=True,
)
