"""A quantum generative diffusion model on mixed states of one to four qubits.

Source: Chen et al., arXiv:2401.07039. Forwards a state is mixed step by step with the completely
mixed one; backwards one circuit, the same at every step, acts on the state and on ancillas that are
turned by an angle depending on the step, and the ancillas are traced out. It is trained so that the
backward chain, started from the completely mixed state, retraces the forward one. The published
fidelity is above 0.99 on up to four qubits.

What differs from the paper: the loss is the Hilbert-Schmidt distance along the whole chain
(gradients pass through all steps) and the infidelity of its end, since the distance hardly sees
weight outside of the target's support, which the fidelity lacks in full; the angles of the ancillas
are trained too, the circuit is a brickwork of general two-qubit gates, and the weights of the
forward chain fall slowly near the target. The targets are random states: of full rank in the rows
that are held against the published figure, and of rank 3 (fewer where the dimension is less) in
rows of their own, which are harder: a step with m ancillas can move at most a part of what lies
outside of the target's support, since it cannot change the spectrum of the state and the ancillas
together.

The adversarial baseline has the same circuit and ancillas as its generator. It acts once, on
|0...0>, so its states have the rank 2**ancillas at most: what mixed states ask for is the chain.
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
        fewest_qubits: the smallest states.
        most_qubits: the largest states.
        ancillas: that are traced out at each step.
        layers: of the circuit.
        spread: of its random initial parameters, in radians.
        times: diffusion steps.
        low_rank: rank of the targets in the harder case; 0 leaves it out.
        steps: Adam steps.
        rate: learning rate at the start; it falls along a cosine.
    """

    seeds: int = 3
    fewest_qubits: int = 1
    most_qubits: int = 4
    ancillas: int = 2
    layers: int = 24
    spread: float = 0.2
    times: int = 8
    low_rank: int = 3
    steps: int = 400
    rate: float = 0.02

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, fewest_qubits=1, ancillas=1, layers=1, times=1, low_rank=0, steps=1)
        at_least(self, most_qubits=self.fewest_qubits)


def target(key: Array, n: int, rank: int) -> Array:
    """A random mixed state of the given rank, complex ``(2**n, 2**n)``."""
    d = 2**n
    parts = jax.random.normal(key, (2, d, min(rank, d)))
    a = jax.lax.complex(parts[0], parts[1])
    rho = a @ a.conj().T
    return rho / jnp.trace(rho)


def kept(times: int) -> np.ndarray:
    """The weight of the original state after 0 to ``times`` steps: from 1 to 0, slow at first."""
    return np.cos(np.pi / 2 * (np.arange(times + 1) / times) ** 1.5) ** 2


def diffused(rho: Array, times: int) -> Array:
    """The forward chain, ``(times + 1, d, d)``, from ``rho`` to the completely mixed state."""
    d = rho.shape[0]
    weight = jnp.asarray(kept(times), rho.real.dtype)[:, None, None].astype(rho.dtype)
    return weight * rho[None] + (1 - weight) * jnp.eye(d, dtype=rho.dtype)[None] / d


def pairs(qubits: int) -> list[tuple[int, int]]:
    """The pairs that one layer entangles: a brickwork on a ring."""
    odd = [(a, a + 1) for a in range(1, qubits - 1, 2)] + [(qubits - 1, 0)] * (qubits > 2)
    return [(a, a + 1) for a in range(0, qubits - 1, 2)] + odd


def initial(key: Array, qubits: int, settings: QgdmSettings) -> dict[str, Array]:
    """Random parameters: of the circuit, and the ancillas' angles ``slope * time + offset``."""
    keys = jax.random.split(key, 3)
    shape = (settings.layers, len(pairs(qubits)), 15)
    return {
        "theta": settings.spread * jax.random.normal(keys[0], shape),
        "slope": 2 * jax.random.normal(keys[1], (settings.ancillas,)),
        "offset": jax.random.normal(keys[2], (settings.ancillas,)),
    }


def layers(theta: Array, qubits: int) -> qj.Layers:
    """The circuit: general two-qubit gates on `pairs`, layer by layer."""

    def layer(w: Array) -> list[Any]:
        return [qj.SU4(w[k], a, b) for k, (a, b) in enumerate(pairs(qubits))]

    return qj.Layers(layer, theta)


def whole(theta: Array, qubits: int) -> Array:
    """The matrix of the circuit, ``(2**qubits, 2**qubits)``: computed once for all times."""
    return qj.unitary(qj.Circuit(qubits, [layers(theta, qubits)]))


def circuit(params: dict[str, Array], u: Array, time: Any, rho: Array | None) -> qj.Circuit:
    """One backward step: the state (or |0...0>), turned ancillas, the circuit of matrix ``u``."""
    ancillas, qubits = params["slope"].shape[0], u.shape[0].bit_length() - 1
    n = qubits - ancillas
    angles = params["slope"] * time + params["offset"]
    ops = [] if rho is None else [qj.Prepare(rho, range(n))]
    ops += [qj.RY(angles[k], n + k) for k in range(ancillas)]
    return qj.Circuit(qubits, [*ops, qj.Unitary(u, range(qubits))])


def judge_layer(w: Array) -> list[Any]:
    """RZ, RY, RZ on every qubit and a ring of CZ: a layer of the discriminator."""
    qubits = w.shape[0]
    turns = [[qj.RZ(a[0], q), qj.RY(a[1], q), qj.RZ(a[2], q)] for q, a in enumerate(w)]
    return [*turns, *(qj.CZ(a, b) for a, b in pairs(qubits))]


def backward(params: dict[str, Array], u: Array, rho: Array, time: Any) -> Array:
    """The state one step earlier."""
    n = rho.shape[0].bit_length() - 1
    return qj.reduced_density_matrix(circuit(params, u, time, rho), range(n), sim=SIM)


def generated(params: dict[str, Array], d: int, times: int) -> Array:
    """The backward chain from the completely mixed state, ``(times, d, d)``, the last one first."""
    start = jnp.eye(d, dtype=np.result_type(params["theta"].dtype, np.complex64)) / d
    u = whole(params["theta"], d.bit_length() - 1 + params["slope"].shape[0])

    def step(rho: Array, time: Array) -> tuple[Array, Array]:
        rho = backward(params, u, rho, time)
        return rho, rho

    return jax.lax.scan(step, start, jnp.arange(times, 0, -1) / times)[1][::-1]


def invented(params: dict[str, Array], n: int) -> Array:
    """The state that the adversarial generator makes of |0...0>."""
    u = whole(params["theta"], n + params["slope"].shape[0])
    return qj.reduced_density_matrix(circuit(params, u, 0.0, None), range(n), sim=SIM)


def fidelity(a: np.ndarray, b: np.ndarray) -> float:
    """Uhlmann's fidelity ``(tr sqrt(sqrt(a) b sqrt(a)))**2``."""
    values, vectors = np.linalg.eigh(a)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.conj().T
    spectrum = np.linalg.eigvalsh(root @ b @ root)
    return float(np.sum(np.sqrt(np.maximum(spectrum, 0))) ** 2)


def root_of(rho: Array, rank: int) -> Array:
    """A factor ``a`` of a state of the given rank, complex ``(d, rank)``: ``rho = a a^dagger``."""
    values, vectors = jnp.linalg.eigh(rho)
    rank = min(rank, rho.shape[0])
    return vectors[:, -rank:] * jnp.sqrt(jnp.maximum(values[-rank:], 0))[None].astype(rho.dtype)


def infidelity(root: Array, rho: Array) -> Array:
    """What Uhlmann's fidelity with the state ``root root^dagger`` lacks to 1, differentiable."""
    overlaps = jnp.linalg.eigvalsh(root.conj().T @ rho @ root)
    return 1 - jnp.sum(jnp.sqrt(jnp.maximum(overlaps, 1e-12))) ** 2


def distance(a: Array, b: Array) -> Array:
    """Squared Hilbert-Schmidt distance."""
    return jnp.sum(jnp.abs(a - b) ** 2)


Update = Callable[[Any, Array, Any], tuple[Any, dict[str, Array]]]


def diffusion_update(settings: QgdmSettings) -> tuple[Any, Update]:
    """Adam on the distance of the backward chain from the forward one and the infidelity of its
    end, all seeds at once; the data are targets and their factors."""
    optimiser = _adam(settings)

    def one(carry: Any, data: tuple[Array, Array]) -> tuple[Any, Array]:
        params, state = carry
        rho, root = data
        chain = diffused(rho, settings.times)[:-1]

        def loss(params: Any) -> Array:
            made = generated(params, rho.shape[0], settings.times)
            return distance(made, chain) + infidelity(root, made[0])

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
        ops = [qj.Prepare(rho, range(n)), qj.Layers(judge_layer, judge)]
        return qj.expval(qj.Circuit(n, ops), qj.Z(0), sim=SIM)

    def one(carry: Any, rho: Array) -> tuple[Any, Array]:
        (params, judge), (state, judge_state) = carry
        n = rho.shape[0].bit_length() - 1

        def gap(params: Any, judge: Array) -> Array:
            return score(judge, rho) - score(judge, invented(params, n))

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


def _over_seeds(one: Callable[[Any, Any], tuple[Any, Array]]) -> Update:
    def update(carry: Any, step: Array, data: Any) -> tuple[Any, dict[str, Array]]:
        carry, loss = jax.vmap(one)(carry, data)
        return carry, {"loss": loss}

    return update


def run(run: Run) -> list[Row]:
    """Train on random mixed states of every size; fidelities per step and final."""
    settings: QgdmSettings = run.settings
    rows, table = [], {}
    for n in range(settings.fewest_qubits, settings.most_qubits + 1):
        keys = jax.random.split(jax.random.fold_in(run.key, n), (3, settings.seeds))
        size = f"{n} qubit" + "s" * (n > 1)
        steps, targets, trained = _diffusion(run, n, 2**n, keys)
        run.circuit(f"last-step-{n}", step_of(jax.tree.map(lambda x: x[0], trained), n))
        rival = _adversary(run, n, targets, keys[2])
        table[size] = {"fidelity by step": steps, "adversarial": rival}
        rows.append(
            Row(
                f"fidelity with the target, {size}",
                "> 0.99",
                [s[0] for s in steps],
                [("quantum GAN", float(np.median(rival)))],
                accept=(0.99, 1.0 + 1e-6),
                form=".4f",
            )
        )
        rows.append(
            Row(
                f"lowest fidelity of a step, {size}",
                "",
                [min(s) for s in steps],
                form=".4f",
            )
        )
        if 0 < settings.low_rank < 2**n:
            steps, *_ = _diffusion(run, n, settings.low_rank, keys)
            table[f"{size}, rank {settings.low_rank}"] = {"fidelity by step": steps}
            rows.append(
                Row(
                    f"fidelity with a target of rank {settings.low_rank}, {size}",
                    "> 0.99",
                    [s[0] for s in steps],
                    accept=(0.99, 1.0 + 1e-6),
                    form=".4f",
                )
            )
    run.folder.write_json("fidelity.json", table)
    run.figure("fidelity", _draw(table))
    return rows


def _diffusion(run: Run, n: int, rank: int, keys: Array) -> tuple[list[list[float]], Array, Any]:
    """For every seed: fidelities by step of the trained chain, the target's first; the targets;
    the parameters."""
    settings: QgdmSettings = run.settings
    targets = jax.vmap(lambda k: target(k, n, rank))(keys[0])
    params = jax.vmap(lambda k: initial(k, n + settings.ancillas, settings))(keys[1])
    init, update = diffusion_update(settings)
    (params, _), _ = run.train(
        f"diffusion {n}, rank {rank}",
        update,
        (params, jax.vmap(init)(params)),
        settings.steps,
        chunk=max(1, settings.steps // 4),
        data=(targets, jax.vmap(lambda r: root_of(r, rank))(targets)),
        show=lambda m: f"loss {np.max(m['loss'][-1]):.1e}",
    )
    made = jax.vmap(lambda p: generated(p, 2**n, settings.times))(params)
    chains = jax.vmap(lambda r: diffused(r, settings.times))(targets)
    steps = [
        [fidelity(np.asarray(c[t]), np.asarray(m[t])) for t in range(settings.times)]
        for c, m in zip(chains, made, strict=True)
    ]
    return steps, targets, params


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
        chunk=max(1, settings.steps // 4),
        data=targets,
        show=lambda m: f"gap {np.max(np.abs(m['loss'][-1])):.1e}",
    )

    made = jax.vmap(lambda p: invented(p, n))(params)
    return [fidelity(np.asarray(a), np.asarray(b)) for a, b in zip(targets, made, strict=True)]


def _draw(table: dict[str, dict[str, Any]]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for name, found in table.items():
        steps = np.array(found["fidelity by step"])
        lost = np.maximum(1 - np.median(steps, axis=0), 1e-9)
        (line,) = axes.semilogy(range(steps.shape[1]), lost, "o-", label=name)
        if "adversarial" in found:
            rival = max(1 - np.median(found["adversarial"]), 1e-9)
            axes.plot([0], [rival], "x", color=line.get_color())
    axes.axhline(0.01, color="0.4", lw=1, ls=":")
    axes.set(xlabel="step t (0: the target)", ylabel="infidelity", title="x: quantum GAN")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def step_of(params: dict[str, Array], n: int, time: float = 0.0) -> qj.Circuit:
    """The gates of one backward step on n qubits and the ancillas."""
    ancillas = params["slope"].shape[0]
    angles = params["slope"] * time + params["offset"]
    turned = [qj.RY(angles[k], n + k) for k in range(ancillas)]
    return qj.Circuit(n + ancillas, [*turned, layers(params["theta"], n + ancillas)])


def example(settings: QgdmSettings) -> qj.Circuit:
    """One backward step on two qubits."""
    key = jax.random.key(settings.seed)
    gates = step_of(initial(key, 2 + settings.ancillas, settings), 2, 0.5)
    return qj.Circuit(gates.n, [qj.Prepare(target(key, 2, 4), (0, 1)), *gates.ops])


EXPERIMENT = Experiment(
    name="qgdm",
    title="Quantum generative diffusion on mixed states of one to four qubits",
    paper="arXiv:2401.07039",
    minutes=8,
    settings=QgdmSettings(),
    run=run,
    circuit=example,
    quick={"seeds": 1, "most_qubits": 2, "layers": 2, "times": 2, "steps": 12},
    x64=True,
)
