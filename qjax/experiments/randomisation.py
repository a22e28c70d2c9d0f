"""Random labels on quantum data: a convolutional circuit learns by heart what has no rule.

Source: Gil-Fuster, Eisert and Bravo-Prieto, arXiv:2306.13461, and the code published with it.
Ground states of ``sum_j Z_j - J1 X_j X_{j+1} - J2 X_j Z_{j+1} X_{j+2}`` on a ring of 8 qubits are
sorted into four phases by a quantum convolutional network of 45 parameters, whose prediction is the
least likely outcome of two qubits. The paper fits 5 to 20 randomly labelled states without an error
by CMA-ES, started again until it succeeds; here many starts of Adam run side by side, and the best
one counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

import qjax as qj

from ..errors import ExperimentError
from ..train import descend
from .frame import Experiment, Run
from .settings import Settings, at_least
from .table import Row

QUBITS, PARAMETERS, CLASSES = 8, 45, 4
SHARPNESS = (12.0, 100.0)
"""First and last slope of the softmax over probabilities that training minimises the cross-entropy
of. A gentle one, kept, widens margins of states that are right at the cost of those that are not.
"""


@dataclass(frozen=True)
class RandomisationSettings(Settings):
    """Settings of ``randomisation``.

    Attributes:
        seeds: random starts of every training, of which the best on the training set counts.
        sizes: of training sets.
        steps: of Adam.
        rate: its first learning rate, which falls to a tenth along a cosine.
        tested: states for testing.
    """

    seeds: int = 32
    sizes: tuple[int, ...] = (5, 8, 10)
    steps: int = 200
    rate: float = 0.15
    tested: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, steps=1, tested=1)
        if not self.sizes or min(self.sizes) < 1:
            raise ExperimentError("sizes must be positive", got=self.sizes)


def convolution(w: Any, a: int, b: int) -> list:
    """General rotations of both qubits, RZZ, and such rotations again; 13 angles."""
    return [
        qj.U3(w[0], w[1], w[2], a),
        qj.U3(w[3], w[4], w[5], b),
        qj.RZZ(w[6], a, b),
        qj.U3(w[7], w[8], w[9], a),
        qj.U3(w[10], w[11], w[12], b),
    ]


def pooling(w: Any, a: int, b: int) -> qj.Operation:
    """A controlled general rotation; 3 angles."""
    return qj.Controlled(qj.U3(w[0], w[1], w[2], b), a)


def network(w: Any, state: Any) -> qj.Circuit:
    """The convolutional network on a state; qubits 3 and 7 are read."""
    ops: list = [qj.StatePrep(state, range(QUBITS))]
    ops += [convolution(w[:13], q, q + 1) for q in (0, 2, 4, 6)]
    ops += [convolution(w[:13], q, (q + 1) % QUBITS) for q in (1, 3, 5, 7)]
    ops += [pooling(w[13:16], q, q + 1) for q in (0, 2, 4, 6)]
    ops += [convolution(w[16:29], a, b) for a, b in ((1, 3), (5, 7), (3, 5), (7, 1))]
    ops += [pooling(w[29:32], 1, 3), pooling(w[29:32], 5, 7)]
    ops += convolution(w[32:45], 3, 7)
    return qj.Circuit(QUBITS, ops)


def outcomes(w: Any, states: Any) -> Array:
    """Probabilities of the four outcomes of every state; the least likely one is the prediction."""
    return jax.vmap(lambda s: qj.probs(network(w, s), (3, 7)))(states)


def hamiltonian(j1: float, j2: float) -> np.ndarray:
    """The dense matrix on the ring."""
    index = np.arange(2**QUBITS)
    bits = [(index >> (QUBITS - 1 - q)) & 1 for q in range(QUBITS)]
    matrix = np.diag(sum(1.0 - 2 * b for b in bits))
    for q in range(QUBITS):
        near, far = (q + 1) % QUBITS, (q + 2) % QUBITS
        mask = [1 << (QUBITS - 1 - k) for k in (q, near, far)]
        matrix[index ^ mask[0] ^ mask[1], index] -= j1
        matrix[index ^ mask[0] ^ mask[2], index] -= j2 * (1 - 2 * bits[near])
    return matrix


def phase(j1: Any, j2: Any) -> np.ndarray:
    """The phase of the infinite ring: 0 protected, 1 and 2 ordered (j1 > 0, j1 < 0), 3 trivial.

    The borders are where the energy of one of the model's free fermions vanishes:
    ``|j1| = |1 + j2|`` (momenta 0 and pi), and ``j2 = 1`` between these lines.
    """
    j1, j2 = np.asarray(j1), np.asarray(j2)
    symmetric = np.where(abs(j2) > 1, 0, 3)
    return np.where(abs(j1) > abs(1 + j2), np.where(j1 > 0, 1, 2), symmetric)


def draw_states(draw: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Ground states at random couplings in [-4, 4], ``(count, 256)`` real, and their phases."""
    j = draw.uniform(-4, 4, (count, 2))
    states = np.stack([np.linalg.eigh(hamiltonian(a, b))[1][:, 0] for a, b in j])
    return states, phase(j[:, 0], j[:, 1])


def correlators(states: np.ndarray) -> np.ndarray:
    """``<Z_j>, <X_j X_{j+1}>, <X_j Z_{j+1} X_{j+2}>`` of every j, for the classical baseline."""
    parts = [hamiltonian(0.0, 0.0), -hamiltonian(1.0, 0.0), -hamiltonian(0.0, 1.0)]
    parts[1:] = [p + parts[0] for p in parts[1:]]
    return np.stack([np.einsum("ni,ij,nj->n", states, p, states) / QUBITS for p in parts], axis=1)


def run(run: Run) -> list[Row]:
    """True and random labels of all sizes, every start side by side."""
    settings: RandomisationSettings = run.settings
    draw = np.random.default_rng(np.asarray(jax.random.bits(run.key, (4,))))
    most = max(settings.sizes)
    states, labels = draw_states(draw, most)
    tests, truth = draw_states(draw, settings.tested)
    shuffled = draw.integers(0, CLASSES, most)
    both = jnp.asarray(np.stack([labels, shuffled]))  # (kinds, most)
    used = np.arange(most)[None] < np.array(settings.sizes)[:, None]  # (sizes, most)
    inside = jnp.asarray(used, float)
    embedded = jnp.asarray(states, float)
    rate = optax.cosine_decay_schedule(settings.rate, settings.steps, 0.1)
    optimiser = optax.adam(rate)

    def loss(w: Any, states: Any, wanted: Any, weights: Any, sharpness: Any) -> tuple[Array, Array]:
        p = outcomes(w, states)
        scores = jax.nn.log_softmax(-sharpness * p) / sharpness
        chosen = jnp.take_along_axis(scores, wanted[:, None], axis=1)[:, 0]
        right = (jnp.argmin(p, axis=1).astype(wanted.dtype) == wanted).astype(p.dtype)
        total = jnp.sum(weights)
        return -jnp.sum(weights * chosen) / total, jnp.sum(weights * right) / total

    def update(carry: Any, step: Array, data: Any) -> Any:
        states, both, inside = data
        first, last = SHARPNESS
        sharpness = first * (last / first) ** (step.astype(float) / settings.steps)

        def one(carry: Any, wanted: Any, weights: Any) -> Any:
            w, state = carry
            (value, right), slope = jax.value_and_grad(loss, has_aux=True)(
                w, states, wanted, weights, sharpness
            )
            return descend(optimiser, slope, state, w), (value, right)

        starts = jax.vmap(one, (0, None, None))
        kinds = jax.vmap(starts, (0, 0, None))
        carry, (values, right) = jax.vmap(kinds, (0, None, 0))(carry, both, inside)
        return carry, {"loss": values, "accuracy": right}

    shape = len(settings.sizes), 2, settings.seeds
    w = jax.random.uniform(run.key, (*shape, PARAMETERS), maxval=2 * np.pi)
    start = w, jax.vmap(jax.vmap(jax.vmap(optimiser.init)))(w)
    (w, _), _ = run.train(
        "all labels and sizes",
        update,
        start,
        settings.steps,
        chunk=10,
        data=(embedded, both, inside),
        show=lambda m: f"best accuracies {np.round(m['accuracy'][-1].max(axis=-1), 2).tolist()}",
    )
    ended = partial(loss, sharpness=SHARPNESS[1])
    final = jax.jit(jax.vmap(jax.vmap(jax.vmap(ended, (0, None, None, None)), (0, None, 0, None)),
                             (0, None, None, 0)))(w, embedded, both, inside)  # fmt: skip
    values, right = np.asarray(final[0]), np.asarray(final[1])
    best = np.argmax(right - 1e-3 * np.minimum(values, 10), axis=-1)  # (sizes, kinds)
    chosen = np.take_along_axis(np.asarray(w), best[..., None, None], axis=2)[:, :, 0]
    unseen = jnp.asarray(tests, float)
    judge = jax.jit(jax.vmap(jax.vmap(lambda v: jnp.argmin(outcomes(v, unseen), axis=1))))
    tested = (np.asarray(judge(jnp.asarray(chosen))) == truth).mean(axis=-1)
    rows = _rows(settings, right, tested, (states, both, tests, truth))
    run.circuit("circuit-random-labels", network(chosen[0, 1], states[0]))
    run.folder.write_json(
        "accuracies.json",
        {
            "sizes": list(settings.sizes),
            "train, best start (true, random)": right.max(axis=-1).tolist(),
            "train, all starts": right.tolist(),
            "test (true, random)": tested.tolist(),
        },
    )
    fitted = right[:, 1].max(axis=-1) >= 1 - 1e-6
    for wanted, text in ((True, "fitted without an error"), (False, "not fitted by any start")):
        some = [str(n) for n, done in zip(settings.sizes, fitted, strict=True) if done == wanted]
        if some:
            run.note(f"random labels of {', '.join(some)} states: {text}")
    run.figure("memorisation", _draw(settings, right, tested))
    return rows


def _rows(settings: Any, right: np.ndarray, tested: np.ndarray, data: tuple) -> list[Row]:
    from sklearn.svm import SVC

    states, both, tests, truth = data
    x, x_test, both = correlators(states), correlators(tests), np.asarray(both)
    rows = []
    for k, size in enumerate(settings.sizes):
        for j, kind in enumerate(("true", "random")):
            wanted = both[j, :size]
            fitted, unseen = 1.0, float((truth == wanted[0]).mean())
            if len(set(wanted)) > 1:
                machine = SVC(C=1e6, gamma=10.0).fit(x[:size], wanted)  # type: ignore[arg-type]
                fitted, unseen = machine.score(x[:size], wanted), machine.score(x_test, truth)
            share = float((right[k, j] >= 1 - 1e-6).mean())
            rows += [
                Row(
                    f"training accuracy, {size} states, {kind} labels, best of {settings.seeds} "
                    f"starts ({share:.0%} of them at 1)",
                    "1.00",
                    [float(right[k, j].max())],
                    [("RBF-SVM on correlators", float(fitted))],
                    (1 - 1e-6, 1.0),
                ),
                Row(
                    f"test accuracy, {size} states, {kind} labels",
                    "about chance" if j else "",
                    [float(tested[k, j])],
                    [("RBF-SVM on correlators", float(unseen))],
                ),
            ]
    return rows


def _draw(settings: Any, right: np.ndarray, tested: np.ndarray) -> Any:
    from ..viz import plot_memorisation

    best = right.max(axis=-1)
    axes = plot_memorisation(settings.sizes, best[:, :1], best[:, 1:])
    for j, colour in enumerate(("C0", "C3")):
        axes.plot(settings.sizes, tested[:, j], "x--", color=colour)
    axes.set(xlabel="training states", ylabel="accuracy: training (lines), test (crosses)")
    return axes.figure


def example(settings: RandomisationSettings) -> qj.Circuit:
    """The network on the ground state at couplings (1, 1), untrained."""
    w = jax.random.uniform(jax.random.key(settings.seed), (PARAMETERS,), maxval=2 * np.pi)
    return network(w, np.linalg.eigh(hamiltonian(1.0, 1.0))[1][:, 0])


EXPERIMENT = Experiment(
    name="randomisation",
    title="A quantum convolutional network fits random labels",
    paper="arXiv:2306.13461",
    minutes=3,
    settings=RandomisationSettings(),
    run=run,
    circuit=example,
    quick={"seeds": 2, "sizes": (2, 3), "steps": 4, "tested": 5},
)
