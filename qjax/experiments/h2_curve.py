"""The hydrogen molecule along its bond, by a hardware-efficient variational eigensolver.

Source: Kandala et al., arXiv:1704.05018, for the method (layers of one-qubit rotations and
entanglers, trained for each bond length); simulated exactly here, and therefore held against exact
diagonalisation instead of their noisy device.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

import qjax as qj

from ..observables import molecule, molecule_bond_lengths
from .frame import Experiment, Run
from .lbfgs import make_update
from .settings import Settings, at_least
from .table import Row

QUBITS = 4
ASKED = 1e-5  # hartree
CHEMICAL = 1.6e-3  # hartree: "chemical accuracy", 1 kcal/mol


@dataclass(frozen=True)
class H2Settings(Settings):
    """Settings of ``h2-curve``.

    Attributes:
        restarts: random starts per bond length and seed; the lowest energy counts.
        layers: entangling layers of the ansatz.
        steps: L-BFGS steps.
        chunk: steps between two checkpoints.
    """

    restarts: int = 4
    layers: int = 7
    steps: int = 200
    chunk: int = 20

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, restarts=1, layers=1, steps=1, chunk=1)


def ansatz(angles: Float[Array, "rotations 4"]) -> qj.Circuit:
    """RY on every qubit, then layers of a CNOT chain and RY; from the Hartree-Fock state |1100>.

    All gates are real, as the eigenvectors of the molecule's Hamiltonian are.
    """

    def rotations(w: Array) -> list[qj.Operation]:
        return [qj.RY(w[q], q) for q in range(QUBITS)]

    def layer(w: Array) -> list[qj.Operation]:
        return [*(qj.CNOT(q, q + 1) for q in range(QUBITS - 1)), *rotations(w)]

    start = [qj.X(0), qj.X(1), *rotations(angles[0])]
    return qj.Circuit(QUBITS, [*start, qj.Layers(layer, angles[1:])])


def energy(angles: Array, hamiltonian: qj.PauliSum) -> Array:
    """The expectation value in hartree."""
    return qj.expval(ansatz(angles), hamiltonian)


def run(run: Run) -> list[Row]:
    """Minimise at every bond length at once; compare with exact energies."""
    settings: H2Settings = run.settings
    lengths = molecule_bond_lengths("h2")
    points = [molecule("h2", length) for length in lengths]
    hamiltonians = jax.tree.map(lambda *x: jnp.stack(x), *(p.hamiltonian for p in points))
    exact = np.array([np.linalg.eigvalsh(p.hamiltonian.matrix(QUBITS))[0] for p in points])
    hartree_fock = np.array([p.hf_energy for p in points])

    shape = (len(points), settings.seeds, settings.restarts, settings.layers + 1, QUBITS)
    start, update = make_update(energy)
    (angles, _), _ = run.train(
        "curve",
        update,
        start(jax.random.normal(run.key, shape)),
        settings.steps,
        chunk=settings.chunk,
        data=hamiltonians,
        show=lambda m: f"largest error {np.max(_best(m['energy'][-1]) - exact[:, None]):.1e} Ha",
    )
    many = jax.vmap(jax.vmap(jax.vmap(energy, (0, None)), (0, None)), (0, 0))
    energies = np.asarray(jax.jit(many)(angles, hamiltonians))
    best = _best(energies)
    errors = best - exact[:, None]
    run.folder.write_json(
        "curve.json",
        {
            "bond_length": list(lengths),
            "exact": exact.tolist(),
            "energy": best.tolist(),
            "hartree_fock": hartree_fock.tolist(),
        },
    )
    at = int(np.argmin(exact))
    winner = np.unravel_index(np.argmin(energies[at]), energies[at].shape)
    run.circuit("circuit", ansatz(angles[at][winner]))
    run.figure("curve", _draw(np.array(lengths), exact, best, hartree_fock))
    worst = np.abs(errors).max(axis=0)
    return [
        Row(
            f"largest error over {len(points)} bond lengths (Ha)",
            "",
            worst.tolist(),
            [("Hartree-Fock", float(np.max(hartree_fock - exact)))],
            accept=(-np.inf, ASKED),
            form=".1e",
        ),
        Row(
            f"share of bond lengths within {ASKED:.0e} Ha",
            "",
            np.mean(np.abs(errors) <= ASKED, axis=0).tolist(),
            [("Hartree-Fock", float(np.mean(hartree_fock - exact <= ASKED)))],
            accept=(1.0, 1.0),
        ),
        Row(
            f"energy at {lengths[at]} angstrom (Ha)",
            "",
            best[at].tolist(),
            [("exact", float(exact[at])), ("Hartree-Fock", float(hartree_fock[at]))],
            accept=(float(exact[at]) - ASKED, float(exact[at]) + ASKED),
            form=".6f",
        ),
        Row(
            f"share of single starts within {ASKED:.0e} Ha",
            "",
            np.mean(np.abs(energies - exact[:, None, None]) <= ASKED, axis=(0, 2)).tolist(),
        ),
    ]


def _best(energies: np.ndarray) -> np.ndarray:
    return np.min(energies, axis=-1)


def _draw(
    lengths: np.ndarray, exact: np.ndarray, best: np.ndarray, hartree_fock: np.ndarray
) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 6), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    top.plot(lengths, hartree_fock, "--", color="0.5", label="Hartree-Fock")
    top.plot(lengths, exact, "-", color="C0", label="exact")
    top.plot(lengths, np.median(best, axis=1), "o", color="C1", ms=4, label="variational")
    top.set(ylabel="energy (hartree)", title="H$_2$, STO-3G, four qubits")
    top.legend(frameon=False)
    # A variational energy may lie below the exact one by rounding only.
    errors = np.maximum(np.abs(best - exact[:, None]), 1e-16)
    bottom.semilogy(lengths, np.median(errors, axis=1), "o-", color="C1", ms=3)
    bottom.fill_between(
        lengths, errors.min(axis=1), errors.max(axis=1), color="C1", alpha=0.2, lw=0
    )
    for level, name in ((CHEMICAL, "chemical accuracy"), (ASKED, "asked")):
        bottom.axhline(level, color="0.4", lw=1, ls=":")
        bottom.annotate(name, (lengths[-1], level), ha="right", va="bottom", fontsize=8)
    bottom.set(xlabel="bond length (Å)", ylabel="error (hartree)")
    for axes in (top, bottom):
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def example(settings: H2Settings) -> qj.Circuit:
    """The untrained circuit."""
    return ansatz(jax.random.normal(jax.random.key(settings.seed), (settings.layers + 1, QUBITS)))


EXPERIMENT = Experiment(
    name="h2-curve",
    title="The hydrogen molecule along its bond: hardware-efficient variational eigensolver",
    paper="arXiv:1704.05018",
    minutes=1,
    settings=H2Settings(),
    run=run,
    circuit=example,
    quick={"seeds": 1, "restarts": 2, "layers": 5, "steps": 40},
    x64=True,
)
