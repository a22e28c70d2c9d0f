"""Ansaetze that grow by the excitation of the steepest slope, along three bonds.

Source: Grimsley, Economou, Barnes and Mayhall, arXiv:1812.11173 (ADAPT-VQE): H4, LiH and BeH2. A
whole growth, the choice of every excitation included, is one compiled program for all bond lengths.
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

from ..chemistry import Tables, apply_excitations, pool_gradients, sector_energy
from ..observables import generalised_excitations
from ..train import descend
from .bonds import CHEMICAL, Bond, plain_circuit
from .frame import Experiment, Run
from .lbfgs import backtracking
from .settings import Settings, at_least
from .table import Row


@dataclass(frozen=True)
class AdaptSettings(Settings):
    """Settings of ``adapt-vqe``.

    Attributes:
        molecules: names of `qjax.molecule`.
        growth: excitations that the ansatz grows to.
        steps: L-BFGS steps after each new one.
        every: of the bond lengths, each such one.
        chunk: excitations between two checkpoints.
    """

    seeds: int = 1
    molecules: tuple[str, ...] = ("h4", "lih", "beh2")
    growth: int = 28
    steps: int = 25
    every: int = 1
    chunk: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, growth=1, steps=1, every=1, chunk=1)


def minimise(value_fn: Any, start: Array, steps: int) -> Array:
    """Angles after so many L-BFGS steps."""
    rule = backtracking()

    def step(carry: Any, _: Any) -> Any:
        w, state = carry
        value, slope = jax.value_and_grad(value_fn)(w)
        w, state = descend(rule, slope, state, w, value=value, grad=slope, value_fn=value_fn)
        return (w, state), None

    return jax.lax.scan(step, (start, rule.init(start)), length=steps)[0][0]


def grow(carry: Any, step: Array, matrix: Array, pool: Tables, reference: Array, inner: int) -> Any:
    """Add the excitation of the steepest slope, then minimise over all angles so far."""
    chosen, angles = carry
    place = jnp.arange(angles.shape[0], dtype=step.dtype)

    def tables(used: Array) -> Tables:
        return Tables(pool.partner[chosen], pool.sign[chosen] * used[:, None].astype(angles.dtype))

    before = tables(place < step)
    state = apply_excitations(before, angles, reference)
    slopes = pool_gradients(matrix, pool, state)
    chosen = chosen.at[step].set(jnp.argmax(jnp.abs(slopes)))
    used = Tables(
        pool.partner[chosen], pool.sign[chosen] * (place <= step)[:, None].astype(angles.dtype)
    )

    def energy(w: Array) -> Array:
        return sector_energy(matrix, used, w, reference)

    angles = minimise(energy, angles, inner)
    return (chosen, angles), {"energy": energy(angles), "slope": jnp.max(jnp.abs(slopes))}


def run(run: Run) -> Sequence[Row]:
    """Grow every molecule at all its lengths; compare with all singles and doubles at once."""
    settings: AdaptSettings = run.settings
    rows, curves = [], {}
    for name in settings.molecules:
        bond = Bond.of(name, settings.every)
        count, exact, reference = len(bond.lengths), bond.exact, bond.reference
        matrices = jnp.asarray(bond.matrices)
        pool = bond.tables(generalised_excitations(bond.orbitals))

        def update(carry: Any, step: Array, data: Any) -> Any:
            def one(carry: Any, matrix: Array) -> Any:
                return grow(carry, step, matrix, data["pool"], data["reference"], settings.steps)

            return jax.vmap(one)(carry, data["matrices"])

        start = (
            jnp.zeros((count, settings.growth), int),
            jnp.zeros((count, settings.growth)),
        )
        _, metrics = run.train(
            name,
            update,
            start,
            settings.growth,
            chunk=settings.chunk,
            data={"pool": pool, "reference": reference, "matrices": matrices},
            show=lambda m, e=exact: f"largest error {np.max(m['energy'][-1] - e):.1e} Ha",
        )
        errors = np.asarray(metrics["energy"]) - exact[None]  # (growth, lengths)
        tables = bond.tables(bond.singles_and_doubles())
        fixed = _all_at_once(matrices, tables, reference, 4 * settings.steps)
        angles = tables.sign.shape[0]
        needed = _needed(errors)
        curves[bond.name] = errors
        final = float(errors[-1].max())
        rows += [
            Row(
                f"{bond.name}: largest error of {count} lengths (Ha)",
                "",
                [final],
                [(f"UCCSD, {angles} angles", float(np.max(fixed - exact)))],
                accept=(-np.inf, CHEMICAL),
                form=".1e",
            ),
            Row(
                f"{bond.name}: excitations to 1.6e-3 Ha, most over lengths",
                "",
                [float(needed)],
                [("UCCSD has", float(angles))],
                form=".0f",
            ),
        ]
    run.folder.write_json("errors.json", {k: v.tolist() for k, v in curves.items()})
    run.figure("growth", _draw(curves))
    return rows


def _needed(errors: np.ndarray) -> float:
    """How many excitations every length needs at most; NaN where that is not reached."""
    good = errors.max(axis=1) <= CHEMICAL
    return float(np.argmax(good) + 1) if good.any() else np.nan


def _all_at_once(matrices: Array, tables: Tables, reference: Array, steps: int) -> np.ndarray:
    def one(matrix: Array) -> Array:
        def energy(w: Array) -> Array:
            return sector_energy(matrix, tables, w, reference)

        start = jnp.zeros(tables.sign.shape[0])
        return energy(minimise(energy, start, steps))

    return np.asarray(jax.jit(jax.vmap(one))(matrices))


def _draw(curves: dict[str, np.ndarray]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for k, (name, errors) in enumerate(curves.items()):
        at = np.arange(1, len(errors) + 1)
        safe = np.maximum(errors, 1e-12)
        axes.semilogy(at, np.median(safe, 1), color=f"C{k}", label=name)
        axes.fill_between(at, safe.min(1), safe.max(1), color=f"C{k}", alpha=0.2, lw=0)
    axes.axhline(CHEMICAL, color="0.4", lw=1, ls=":")
    axes.set(xlabel="excitations", ylabel="error (hartree)", title="Adaptive growth, all lengths")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def example(settings: AdaptSettings) -> qj.Circuit:
    """All singles and doubles of the first molecule."""
    return plain_circuit(settings.molecules[0])


EXPERIMENT = Experiment(
    name="adapt-vqe",
    title="Ansaetze that grow by the steepest excitation",
    paper="arXiv:1812.11173",
    minutes=1,
    settings=AdaptSettings(),
    run=run,
    circuit=example,
    quick={"molecules": ("lih",), "growth": 6, "steps": 10, "every": 4},
    x64=True,
)
