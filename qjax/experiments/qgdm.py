"""A quantum generative diffusion model on mixed states of one to four qubits.

Source: Chen et al., arXiv:2401.07039. Forwards a state is mixed step by step with the completely
mixed one; backwards one circuit, the same at every step, acts on the state and on ancillas that are
turned by an angle depending on the step, and the ancillas are traced out. It is trained so that the
backward chain, started from the completely mixed state, retraces the forward one. Two things differ
from the paper: the loss is the Hilbert-Schmidt distance along the whole chain (gradients pass
through all steps), and the angles of the ancillas are trained too. The adversarial baseline has the
same circuit and ancillas as its generator.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

import qjax as qj

from ..train import descend
from .frame import Experiment, Run
from .settings import Settings, at_least
from .table import Row

SIM = qj.DensityMatrix()


@dataclass(frozen=True)
class QgdmSettings(Settings):
    """Settings of ``qgdm``.

    Attributes:
        most_qubits: states of 1 to so many qubits.
        ancillas: that are traced out at each step.
        layers: of the circuit.
        times: diffusion steps.
        rank: of the random target states (at most the dimension).
        steps: Adam steps.
        rate: learning rate.
    """

    seeds: int = 3
    most_qubits: int = 4
    ancillas: int = 2
    layers: int = 60
    times: int = 6
    rank: int = 16
    steps: int = 1200
    rate: float = 0.03

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, most_qubits=1, ancillas=1, layers=1, times=1, rank=1, steps=1)


def target(key: Array, n: int, rank: int) -> Array:
    """A random mixed state of the given rank, complex ``(2**n, 2**n)``."""
    d = 2**n
    parts = jax.random.normal(key, (2, d, min(rank, d)))
    a = jax.lax.complex(parts[0], parts[1])
    rho = a @ a.conj().T
    return rho / jnp.trace(rho)


def kept(times: int) -> np.ndarray:
    """The weight of the original state after 0 to ``times`` steps: a cosine that ends at 0."""
    return np.cos(np.pi / 2 * np.arange(times + 1) / times) ** 2


def diffused(rho: Array, times: int) -> Array:
    """The forward chain, ``(times + 1, d, d)``, from ``rho`` to the completely mixed state."""
    d = rho.shape[0]
    weight = jnp.asarray(kept(times), rho.real.dtype)[:, None, None].astype(rho.dtype)
    return weight * rho[None] + (1 - weight) * jnp.eye(d, dtype=rho.dtype)[None] / d


def initial(key: Array, qubits: int, settings: QgdmSettings) -> dict[str, Array]:
    """Random parameters: angles of the circuit, and of the ancillas ``slope * time + offset``."""
    keys = jax.random.split(key, 3)
    return {
        "theta": jax.random.normal(keys[0], (settings.layers, qubits, 3)),
        "slope": jax.random.normal(keys[1], (settings.ancillas,)),
        "offset": jax.random.normal(keys[2], (settings.ancillas,)),
    }


def layer(w: Array) -> list[Any]:
    """RZ, RY, RZ on every qubit and a ring of CZ."""
    qubits = w.shape[0]
    turns = [[qj.RZ(a[0], q), qj.RY(a[1], q), qj.RZ(a[2], q)] for q, a in enumerate(w)]
    pairs = [(q, q + 1) for q in range(qubits - 1)] + [(qubits - 1, 0)] * (qubits > 2)
    return [*turns, *(qj.CZ(a, b) for a, b in pairs)]


def circuit(params: dict[str, Array], time: Any, rho: Array | None) -> qj.Circuit:
    """One backward step: the state (or |0...0>), turned ancillas, layers."""
    qubits, ancillas = params["theta"].shape[1], params["slope"].shape[0]
    n = qubits - ancillas
    angles = params["slope"] * time + params["offset"]
    ops = [] if rho is None else [qj.Prepare(rho, range(n))]
    ops += [qj.RY(angles[k], n + k) for k in range(ancillas)]
    return qj.Circuit(qubits, [*ops, qj.Layers(layer, params["theta"])])


def backward(params: dict[str, Array], rho: Array, time: Any) -> Array:
    """The state one step earlier."""
    n = rho.shape[0].bit_length() - 1
    return qj.reduced_density_matrix(circuit(params, time, rho), range(n), sim=SIM)


def generated(params: dict[str, Array], d: int, times: int) -> Array:
    """The backward chain from the completely mixed state, ``(times, d, d)``, the last one first."""
    start = jnp.eye(d, dtype=jnp.result_type(jnp.zeros(()), jnp.complex64)) / d

    def step(rho: Array, time: Array) -> tuple[Array, Array]:
        rho = backward(params, rho, time)
        return rho, rho

    return jax.lax.scan(step, start, jnp.arange(times, 0, -1) / times)[1][::-1]


def fidelity(a: np.ndarray, b: np.ndarray) -> float:
    """Uhlmann's fidelity ``(tr sqrt(sqrt(a) b sqrt(a)))**2``."""
    values, vectors = np.linalg.eigh(a)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.conj().T
    spectrum = np.linalg.eigvalsh(root @ b @ root)
    return float(np.sum(np.sqrt(np.maximum(spectrum, 0))) ** 2)


def distance(a: Array, b: Array) -> Array:
    """Squared Hilbert-Schmidt distance."""
    return jnp.sum(jnp.abs(a - b) ** 2)


Update = Callable[[Any, Array, Array], tuple[Any, dict[str, Array]]]


def diffusion_update(settings: QgdmSettings) -> tuple[Any, Update]:
    """Adam on the distance of the backward chain from the forward one, all seeds at once."""
    optimiser = _adam(settings)

    def one(carry: Any, rho: Array) -> tuple[Any, Array]:
        params, state = carry
        chain = diffused(rho, settings.times)[:-1]

        def loss(params: Any) -> Array:
            return distance(generated(params, rho.shape[0], settings.times), chain)

        value, gradient = jax.value_and_grad(loss)(params)
        return descend(optimiser, gradient, state, params), value

    return optimiser.init, _over_seeds(one)


def adversarial_update(settings: QgdmSettings) -> tuple[Any, Update]:
    """One step of the discriminator, one of the generator: Adam on both.

    The discriminator measures Z on one qubit after a circuit of its own; the value of the game is
    the difference of its expectation values for the true and the generated state.
    """
    optimiser = _adam(settings)

    def score(judge: Array, rho: Array) -> Array:
        n = rho.shape[0].bit_length() - 1
        ops = [qj.Prepare(rho, range(n)), qj.Layers(layer, judge)]
        return qj.expval(qj.Circuit(n, ops), qj.Z(0), sim=SIM)

    def fake(params: Any, n: int) -> Array:
        return qj.reduced_density_matrix(circuit(params, 0.0, None), range(n), sim=SIM)

    def one(carry: Any, rho: Array) -> tuple[Any, Array]:
        (params, judge), (state, judge_state) = carry
        n = rho.shape[0].bit_length() - 1

        def gap(params: Any, judge: Array) -> Array:
            return score(judge, rho) - score(judge, fake(params, n))

        value, gradient = jax.value_and_grad(lambda j: -gap(params, j))(judge)
        judge, judge_state = descend(optimiser, gradient, judge_state, judge)
        gradient = jax.grad(lambda p: gap(p, judge))(params)
        params, state = descend(optimiser, gradient, state, params)
        return ((params, judge), (state, judge_state)), -value

    def init(both: tuple[Any, Array]) -> Any:
        return tuple(optimiser.init(x) for x in both)

    return init, _over_seeds(one)


def _adam(settings: QgdmSettings) -> optax.GradientTransformation:
    return optax.adam(optax.cosine_decay_schedule(settings.rate, settings.steps, 0.02))


def _over_seeds(one: Callable[[Any, Array], tuple[Any, Array]]) -> Update:
    def update(carry: Any, step: Array, targets: Array) -> tuple[Any, dict[str, Array]]:
        carry, loss = jax.vmap(one)(carry, targets)
        return carry, {"loss": loss}

    return update


def run(run: Run) -> list[Row]:
    """Train on random mixed states of every size; fidelities per step and final."""
    settings: QgdmSettings = run.settings
    rows, table = [], {}
    for n in range(1, settings.most_qubits + 1):
        keys = jax.random.split(jax.random.fold_in(run.key, n), (3, settings.seeds))
        targets = jax.vmap(lambda k, n=n: target(k, n, settings.rank))(keys[0])
        qubits = n + settings.ancillas
        params = jax.vmap(lambda k, q=qubits: initial(k, q, settings))(keys[1])
        init, update = diffusion_update(settings)
        (params, _), _ = run.train(
            f"diffusion {n}",
            update,
            (params, jax.vmap(init)(params)),
            settings.steps,
            chunk=max(1, settings.steps // 6),
            data=targets,
            show=lambda m: f"distance {np.max(m['loss'][-1]):.1e}",
        )
        made = jax.vmap(lambda p, n=n: generated(p, 2**n, settings.times))(params)
        chains = jax.vmap(lambda r: diffused(r, settings.times))(targets)
        steps = [
            [fidelity(np.asarray(c[t]), np.asarray(m[t])) for t in range(settings.times)]
            for c, m in zip(chains, made, strict=True)
        ]
        rival = _adversary(run, n, targets, keys[2])
        final = [s[0] for s in steps]
        table[n] = {"fidelity by step": steps, "adversarial": rival}
        rows.append(
            Row(
                f"fidelity with the target, {n} qubit" + "s" * (n > 1),
                "> 0.99",
                final,
                [("quantum GAN", float(np.median(rival)))],
                accept=(0.99, 1.0 + 1e-6),
                form=".4f",
            )
        )
        rows.append(
            Row(
                f"lowest fidelity of a step, {n} qubit" + "s" * (n > 1),
                "",
                [min(s) for s in steps],
                form=".4f",
            )
        )
    run.folder.write_json("fidelity.json", {str(n): t for n, t in table.items()})
    run.figure("fidelity", _draw(table))
    return rows


def _adversary(run: Run, n: int, targets: Array, keys: Array) -> list[float]:
    """Final fidelities of the adversarial baseline."""
    settings: QgdmSettings = run.settings
    params = jax.vmap(lambda k: initial(k, n + settings.ancillas, settings))(keys)
    judge = jax.vmap(lambda k: jax.random.normal(k, (settings.layers, n, 3)))(keys)
    init, update = adversarial_update(settings)
    ((params, _), _), _ = run.train(
        f"adversarial {n}",
        update,
        ((params, judge), jax.vmap(init)((params, judge))),
        settings.steps,
        chunk=max(1, settings.steps // 6),
        data=targets,
        show=lambda m: f"gap {np.max(np.abs(m['loss'][-1])):.1e}",
    )

    def fake(p: Any) -> Array:
        return qj.reduced_density_matrix(circuit(p, 0.0, None), range(n), sim=SIM)

    made = jax.vmap(fake)(params)
    return [fidelity(np.asarray(a), np.asarray(b)) for a, b in zip(targets, made, strict=True)]


def _draw(table: dict[int, dict[str, Any]]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for n, found in table.items():
        steps = np.array(found["fidelity by step"])
        lost = np.maximum(1 - np.median(steps, axis=0), 1e-9)
        (line,) = axes.semilogy(range(steps.shape[1]), lost, "o-", label=f"{n} qubits")
        rival = max(1 - np.median(found["adversarial"]), 1e-9)
        axes.plot([0], [rival], "x", color=line.get_color())
    axes.axhline(0.01, color="0.4", lw=1, ls=":")
    axes.set(xlabel="step t (0: the target)", ylabel="infidelity", title="x: quantum GAN")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def example(settings: QgdmSettings) -> qj.Circuit:
    """One backward step on two qubits."""
    key = jax.random.key(settings.seed)
    params = initial(key, 2 + settings.ancillas, settings)
    return circuit(params, 0.5, target(key, 2, settings.rank))


EXPERIMENT = Experiment(
    name="qgdm",
    title="Quantum generative diffusion on mixed states of one to four qubits",
    paper="arXiv:2401.07039",
    minutes=15,
    settings=QgdmSettings(),
    run=run,
    circuit=example,
    quick={"seeds": 1, "most_qubits": 1, "layers": 2, "times": 2, "steps": 12},
    x64=True,
)
