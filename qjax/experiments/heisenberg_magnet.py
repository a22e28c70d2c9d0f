"""Four spins on a square in a field, by a hardware-efficient variational eigensolver.

Source: Kandala et al., arXiv:1704.05018, figure 4: energy and magnetisation of the Heisenberg model
on a square over the ratio of coupling and field, ``H = J sum (XX + YY + ZZ) + B sum Z``. The curve
with noise is trained by simultaneous perturbation, as on their device, from a density matrix.
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

from .. import noise
from ..optim import spsa
from ..train import descend
from ..viz import draw_figure
from .frame import Experiment, Run
from .lbfgs import make_update
from .settings import Settings, at_least
from .table import Row

QUBITS = 4
EXACT = {0.1: -3.6, 0.25: -3.0, 1.0: -8.0, 2.0: -16.0}  # by angular momentum, at B = 1
ASKED = 1e-3


@dataclass(frozen=True)
class MagnetSettings(Settings):
    """Settings of ``heisenberg-magnet``.

    Attributes:
        ratios: J / B, ascending; the field B is 1.
        restarts: random starts per ratio and seed; the lowest energy counts.
        layers: entangling layers of the ansatz.
        steps: L-BFGS steps without noise.
        noisy_steps: SPSA steps with noise, from the angles found without.
        one_qubit: depolarising probability after a gate on one qubit.
        two_qubit: the same after a gate on two, on each of them.
        chunk: steps between two checkpoints.
    """

    seeds: int = 2
    ratios: tuple[float, ...] = (
        *(0.05, 0.1, 0.15, 0.2, 0.24, 0.25, 0.26, 0.3, 0.35, 0.4, 0.45, 0.49),
        *(0.51, 0.55, 0.6, 0.7, 0.8, 0.9, 1.0, 1.25, 1.5, 1.75, 2.0),
    )
    restarts: int = 4
    layers: int = 5
    steps: int = 150
    noisy_steps: int = 100
    one_qubit: float = 0.001
    two_qubit: float = 0.01
    chunk: int = 25

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, restarts=1, layers=1, steps=1, noisy_steps=1, chunk=1)


def square(ratio: float) -> qj.PauliSum:
    """The Hamiltonian at field 1."""
    return qj.heisenberg(QUBITS, J=ratio, h=-1.0, periodic=True)


def closed_form(ratio: float) -> tuple[float, float]:
    """Ground energy and magnetisation per spin, at B = 1.

    With total spin S and both diagonals in a triplet, ``E = 2 J (S (S + 1) - 4) - 2 B S``.
    """
    energies = [2 * ratio * (s * (s + 1) - 4) - 2 * s for s in range(3)]
    spin = int(np.argmin(energies))
    return energies[spin], -spin / 2


def ansatz(angles: Array) -> qj.Circuit:
    """RY on every qubit, then layers of a CNOT chain and RY: all real, as the ground states are."""

    def rotations(w: Array) -> list[qj.Operation]:
        return [qj.RY(w[q], q) for q in range(QUBITS)]

    def layer(w: Array) -> list[qj.Operation]:
        return [*(qj.CNOT(q, q + 1) for q in range(QUBITS - 1)), *rotations(w)]

    return qj.Circuit(QUBITS, [*rotations(angles[0]), qj.Layers(layer, angles[1:])])


def energy(angles: Array, hamiltonian: qj.PauliSum) -> Array:
    """Without noise."""
    return qj.expval(ansatz(angles), hamiltonian)


MAGNETISATION = 0.25 * (qj.Z(0) + qj.Z(1) + qj.Z(2) + qj.Z(3))


def noisy_circuit(angles: Array, settings: MagnetSettings) -> qj.Circuit:
    """With depolarising noise on the qubits of every gate."""
    one, two = settings.one_qubit, settings.two_qubit
    model = noise.NoiseModel(
        rules=[
            noise.Rule(lambda q: qj.Depolarizing(one, q), arity=1),
            noise.Rule(lambda a, b: [qj.Depolarizing(two, a), qj.Depolarizing(two, b)], arity=2),
        ]
    )
    return noise.insert(ansatz(angles), model)


def run(run: Run) -> Sequence[Row]:
    """Minimise at every ratio at once, without and with noise; compare with the closed form."""
    settings: MagnetSettings = run.settings
    ratios = np.array(settings.ratios)
    count = len(ratios)
    hamiltonians = jax.tree.map(lambda *x: jnp.stack(x), *map(square, ratios.tolist()))
    exact, exact_magnet = np.array([closed_form(r) for r in ratios]).T
    key_start, key_noise = jax.random.split(run.key)

    shape = (count, settings.seeds, settings.restarts, settings.layers + 1, QUBITS)
    start, update = make_update(energy)
    (angles, _), _ = run.train(
        "without noise",
        update,
        start(np.pi * jax.random.normal(key_start, shape)),
        settings.steps,
        chunk=settings.chunk,
        data=hamiltonians,
        show=lambda m: f"largest error {np.max(m['energy'][-1].min(-1) - exact[:, None]):.1e}",
    )
    every = jax.jit(jax.vmap(jax.vmap(jax.vmap(energy, (0, None)), (0, None))))
    energies = np.asarray(every(angles, hamiltonians))
    winner = np.argmin(energies, axis=-1)
    best = np.take_along_axis(energies, winner[..., None], -1)[..., 0]  # (ratios, seeds)
    chosen = jnp.take_along_axis(angles, jnp.asarray(winner)[:, :, None, None, None], 2)[:, :, 0]
    magnet = np.asarray(
        jax.jit(jax.vmap(jax.vmap(lambda w: qj.expval(ansatz(w), MAGNETISATION))))(chosen)
    )

    def noisy_energy(w: Array, hamiltonian: qj.PauliSum) -> Array:
        return qj.expval(noisy_circuit(w, settings), hamiltonian, sim=qj.DensityMatrix())

    def one(carry: Any, hamiltonian: qj.PauliSum) -> Any:
        w, state = carry
        rule = spsa(key_noise, 0.02, 0.05)  # the key of a lane is in its state
        value_fn = lambda x: noisy_energy(x, hamiltonian)  # noqa: E731
        w, state = descend(rule, w, state, w, value_fn=value_fn)
        return (w, state), {}

    def noisy_update(carry: Any, step: Array, data: Any) -> Any:
        carry, _ = jax.vmap(jax.vmap(one, (0, None)))(carry, data)
        return carry, {"largest angle": jnp.max(jnp.abs(carry[0]))}

    keys = jax.random.split(key_noise, (count, settings.seeds))
    states = jax.vmap(jax.vmap(lambda k, w: spsa(k, 0.02, 0.05).init(w)))(keys, chosen)
    (noisy_angles, _), _ = run.train(
        "with noise",
        noisy_update,
        (chosen, states),
        settings.noisy_steps,
        chunk=settings.chunk,
        data=hamiltonians,
    )
    both = jax.jit(jax.vmap(jax.vmap(noisy_energy, (0, None))))
    before = np.asarray(both(chosen, hamiltonians))
    noisy = np.asarray(both(noisy_angles, hamiltonians))

    run.folder.write_json(
        "curve.json",
        {
            "ratio": ratios.tolist(),
            "exact": exact.tolist(),
            "energy": best.tolist(),
            "noisy": noisy.tolist(),
            "magnetisation": magnet.tolist(),
        },
    )
    run.circuit("circuit", ansatz(chosen[-1, 0]))
    run.figure("ansatz", draw_figure(ansatz(chosen[-1, 0])))
    run.figure("magnet", _draw(ratios, best, magnet, noisy, exact_magnet))
    rows = [
        Row(
            f"energy at J/B = {r:g}",
            f"{EXACT[r]:g} (exact)",
            best[k].tolist(),
            [("exact", float(exact[k]))],
            accept=(EXACT[r] - ASKED, EXACT[r] + ASKED),
            form=".5f",
        )
        for k, r in enumerate(settings.ratios)
        if r in EXACT
    ]
    steps = [_jumps(ratios, magnet[:, s]) for s in range(settings.seeds)]
    rows += [
        Row(
            f"largest error over {count} ratios",
            "",
            np.abs(best - exact[:, None]).max(axis=0).tolist(),
            accept=(-np.inf, ASKED),
            form=".1e",
        ),
        *(
            Row(
                f"the magnetisation steps at J/B = {at}",
                f"{at}",
                [s[k] for s in steps],
                accept=(at - 0.02, at + 0.02),
            )
            for k, at in enumerate((0.25, 0.5))
            if ratios[0] < at < ratios[-1]
        ),
        Row(
            "least distance of the noisy curve above the exact one",
            "above",
            (noisy - exact[:, None]).min(axis=0).tolist(),
            accept=(0.0, np.inf),
            form=".4f",
        ),
        Row(
            "what training under the noise gains, mean",
            "",
            (before - noisy).mean(axis=0).tolist(),
            form=".4f",
        ),
    ]
    return rows


def _jumps(ratios: np.ndarray, magnet: np.ndarray) -> list[float]:
    """Where the magnetisation per spin passes -3/4 and -1/4, halfway between two ratios."""
    out = []
    for level in (-0.75, -0.25):
        above = magnet > level
        k = int(np.argmax(above))
        out.append(float((ratios[max(k - 1, 0)] + ratios[k]) / 2) if above.any() else np.nan)
    return out


def _draw(
    ratios: np.ndarray, best: np.ndarray, magnet: np.ndarray, noisy: np.ndarray, steps: np.ndarray
) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 6), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True)
    fine = np.linspace(ratios[0], ratios[-1], 400)
    energies, magnets = np.array([closed_form(r) for r in fine]).T
    top.plot(fine, energies, color="0.3", lw=1, label="exact")
    top.plot(ratios, np.median(best, 1), "o", color="C0", ms=4, label="variational")
    top.plot(ratios, np.median(noisy, 1), "s", color="C3", ms=3, label="with noise")
    top.set(ylabel="energy / B", title="Heisenberg square in a field")
    top.legend(frameon=False)
    bottom.plot(fine, magnets, color="0.3", lw=1)
    bottom.plot(ratios, np.median(magnet, 1), "o", color="C0", ms=4)
    bottom.set(xlabel="J / B", ylabel="magnetisation per spin")
    for axes in (top, bottom):
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def example(settings: MagnetSettings) -> qj.Circuit:
    """The untrained circuit."""
    return ansatz(jax.random.normal(jax.random.key(settings.seed), (settings.layers + 1, QUBITS)))


EXPERIMENT = Experiment(
    name="heisenberg-magnet",
    title="Four spins in a field: energy and magnetisation by a variational eigensolver",
    paper="arXiv:1704.05018",
    minutes=1,
    settings=MagnetSettings(),
    run=run,
    circuit=example,
    quick={"seeds": 1, "restarts": 2, "layers": 3, "steps": 30, "noisy_steps": 5,
           "ratios": (0.1, 0.4, 1.0)},
    x64=True,
)  # fmt: skip
