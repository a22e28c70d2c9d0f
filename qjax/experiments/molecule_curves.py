"""Five molecules along their bonds, by unitary coupled cluster.

Source: Peruzzo et al., arXiv:1304.3061, for the ansatz; Kandala et al., arXiv:1704.05018, for the
curves of several molecules. Simulated exactly, and held against exact diagonalisation of the same
Hamiltonians. Every curve is one compiled program over all its lengths and starts.
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

from ..chemistry import sector_energy
from ..observables import generalised_excitations
from ..optim import landscape
from ..viz import plot_landscape
from .bonds import CHEMICAL, Bond, plain_circuit
from .frame import Experiment, Run
from .lbfgs import make_update
from .settings import Settings, at_least
from .table import Row

H2_ASKED = 1e-5  # hartree


@dataclass(frozen=True)
class CurvesSettings(Settings):
    """Settings of ``molecule-curves``.

    Attributes:
        molecules: names of `qjax.molecule`.
        layers: how often the excitations are gone through, each time with angles of its own.
        generalised: whether excitations between any orbitals are used, not only from filled ones.
        restarts: starts for every length and seed: the first at Hartree-Fock, the others around it.
        spread: of the others, radians.
        steps: L-BFGS steps.
        chunk: steps between two checkpoints.
    """

    seeds: int = 2
    molecules: tuple[str, ...] = ("h2", "h4", "lih", "beh2", "h2o")
    layers: int = 2
    generalised: bool = False
    restarts: int = 3
    spread: float = 0.1
    steps: int = 150
    chunk: int = 25

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, layers=1, restarts=1, steps=1, chunk=1)


def run(run: Run) -> Sequence[Row]:
    """Minimise every molecule at all lengths at once; compare with exact energies."""
    settings: CurvesSettings = run.settings
    rows, curves = [], {}
    for number, name in enumerate(settings.molecules):
        bond = Bond.of(name)
        lengths, exact, reference = bond.lengths, bond.exact, bond.reference
        pool = (
            generalised_excitations(bond.orbitals)
            if settings.generalised
            else bond.singles_and_doubles()
        )
        tables = bond.tables(list(pool) * settings.layers)

        def energy(
            w: Array, matrix: Any, tables: Any = tables, reference: Any = reference
        ) -> Array:
            return sector_energy(matrix, tables, w, reference)

        angles = tables.sign.shape[0]
        key = jax.random.fold_in(run.key, number)
        shape = (len(lengths), settings.seeds, settings.restarts, angles)
        begin = settings.spread * jax.random.normal(key, shape)
        begin = begin.at[:, :, 0].set(0.0)
        start, update = make_update(energy)
        data = jnp.asarray(bond.matrices)
        (found, _), _ = run.train(
            name,
            update,
            start(begin),
            settings.steps,
            chunk=settings.chunk,
            data=data,
            show=lambda m, e=exact: (
                f"largest error {np.max(m['energy'][-1].min(-1) - e[:, None]):.1e} Ha"
            ),
        )
        every = jax.jit(jax.vmap(jax.vmap(jax.vmap(energy, (0, None)), (0, None))))
        energies = np.asarray(every(found, data))
        best = energies.min(axis=-1)
        errors = best - exact[:, None]
        hartree_fock = np.array([p.hf_energy for p in bond.points])
        curves[bond.name] = (lengths, exact, best, hartree_fock)
        asked = H2_ASKED if name == "h2" else CHEMICAL
        rows.append(
            Row(
                f"{bond.name}: largest error of {len(lengths)} lengths (Ha), "
                f"{2 * bond.orbitals} qubits, {angles} angles",
                "",
                np.abs(errors).max(axis=0).tolist(),
                [("Hartree-Fock", float(np.max(hartree_fock - exact)))],
                accept=(-np.inf, asked),
                form=".1e",
            )
        )
        if number == len(settings.molecules) - 1:
            at = len(lengths) // 2
            winner = np.unravel_index(np.argmin(energies[at]), energies[at].shape)
            middle = found[at][winner]
            run.circuit(
                "circuit",
                qj.templates.uccsd(middle, pool * settings.layers, bond.orbitals, bond.electrons),
            )
            plane = landscape(
                lambda w, m=data[at], f=energy: f(w, m), middle, jax.random.fold_in(key, 1), 1.5
            )
            labels = ("first direction (rad)", "second direction (rad)", "energy (hartree)")
            axes = plot_landscape(*plane, labels=labels)
            axes.set_title(f"{bond.name} at {lengths[at]} Å, around the minimum")
            run.figure("landscape", axes.figure)
    run.folder.write_json(
        "curves.json",
        {
            name: {
                "bond_length": list(c[0]),
                "exact": c[1].tolist(),
                "energy": c[2].tolist(),
                "hartree_fock": c[3].tolist(),
            }
            for name, c in curves.items()
        },
    )
    run.figure("curves", _draw(curves))
    return rows


def _draw(curves: dict[str, tuple]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3 * len(curves), 5), layout="constrained")
    axes = figure.subplots(2, len(curves), sharex="col", squeeze=False, height_ratios=(3, 2))
    for (name, (lengths, exact, best, hartree_fock)), top, bottom in zip(
        curves.items(), axes[0], axes[1], strict=True
    ):
        top.plot(lengths, hartree_fock, "--", color="0.5", label="Hartree-Fock")
        top.plot(lengths, exact, color="C0", label="exact")
        top.plot(lengths, np.median(best, 1), "o", color="C1", ms=4, label="variational")
        top.set_title(name)
        errors = np.maximum(np.abs(best - exact[:, None]), 1e-15)
        bottom.semilogy(lengths, errors.max(axis=1), "o-", color="C1", ms=3)
        bottom.axhline(CHEMICAL, color="0.4", lw=1, ls=":")
        bottom.set_xlabel("bond length (Å)")
        for a in (top, bottom):
            a.spines[["top", "right"]].set_visible(False)
    axes[0][0].set_ylabel("energy (hartree)")
    axes[1][0].set_ylabel("error (hartree)")
    axes[0][0].legend(frameon=False)
    return figure


def example(settings: CurvesSettings) -> qj.Circuit:
    """The circuit of the first molecule."""
    return plain_circuit(settings.molecules[0])


EXPERIMENT = Experiment(
    name="molecule-curves",
    title="Five molecules along their bonds, by unitary coupled cluster",
    paper="arXiv:1304.3061",
    minutes=2,
    settings=CurvesSettings(),
    run=run,
    circuit=example,
    quick={"seeds": 1, "molecules": ("h2", "lih"), "layers": 1, "restarts": 1, "steps": 20},
    x64=True,
)
