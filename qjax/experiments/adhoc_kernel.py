"""Data that a quantum kernel separates by construction: the kernel, a variational circuit, RBF.

Source: Havlicek et al., arXiv:1804.11326. Points of [0, 2 pi]^2 are labelled by the sign of
``<phi(x)|V^+ Z Z V|phi(x)>`` with a random V of SU(4), where it is at least 0.3 in magnitude; the
encoding is the ZZ feature map that both quantum classifiers use. The paper ran three such sets on a
device; here many are drawn, and simulated without noise.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

import qjax as qj

from ..errors import ExperimentError
from ..kernels import FidelityKernel
from ..train import descend
from .frame import Experiment, Run
from .settings import Settings, at_least
from .table import Row

GAP = 0.3
PENALTY = 1e3  # of the support vector machines


@dataclass(frozen=True)
class AdhocSettings(Settings):
    """Settings of ``adhoc-kernel``.

    Attributes:
        seeds: random starts of the variational circuit on each of its data sets.
        sets: data sets for the kernel and the RBF machine.
        trained: of these, how many the variational circuit is trained on.
        depths: layers of the variational circuit.
        points: of each class, in the training part and in the test part.
        steps: of Adam.
        rate: its learning rate.
    """

    seeds: int = 20
    sets: int = 20
    trained: int = 3
    depths: tuple[int, ...] = (0, 1, 2, 3, 4)
    points: int = 20
    steps: int = 300
    rate: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, sets=1, trained=1, points=2, steps=1)
        if self.trained > self.sets or not self.depths or min(self.depths) < 0:
            raise ExperimentError(
                "trained must be at most sets, and depths not negative",
                got=f"trained {self.trained}, sets {self.sets}, depths {self.depths}",
            )


class Data(NamedTuple):
    """One or many data sets, labels ±1: ``(..., n, 2)`` and ``(..., n)``."""

    x: Any
    y: Any
    x_test: Any
    y_test: Any


def encoding(x: Any) -> qj.Circuit:
    """The feature map of the paper, up to complex conjugation of all states."""
    return qj.templates.zz_feature_map(x)


def haar_unitary(draw: np.random.Generator, dimension: int) -> np.ndarray:
    """A Haar-random unitary: the Q of a Gaussian matrix, with the phases of R taken out."""
    shape = dimension, dimension
    q, r = np.linalg.qr(draw.normal(size=shape) + 1j * draw.normal(size=shape))
    phases = np.diagonal(r)
    return q * (phases / abs(phases))


def draw_set(draw: np.random.Generator, points: int) -> Data:
    """One data set with so many points of each class in either part."""
    v = haar_unitary(draw, 4)
    parity = v.conj().T @ np.diag([1.0, -1, -1, 1]) @ v
    embed = jax.jit(jax.vmap(lambda x: qj.run(encoding(x))))
    found: dict[int, list[np.ndarray]] = {1: [], -1: []}
    while min(map(len, found.values())) < 2 * points:
        x = draw.uniform(0, 2 * np.pi, (512, 2))
        states = np.asarray(embed(jnp.asarray(x, float)))
        values = np.einsum("ni,ij,nj->n", states.conj(), parity, states).real
        for label in found:
            found[label] += list(x[label * values > GAP])
    sides = [
        np.concatenate([found[label][k * points : (k + 1) * points] for label in (1, -1)])
        for k in (0, 1)
    ]
    y = np.repeat([1, -1], points)
    return Data(sides[0], y, sides[1], y)


def classifier(angles: Any, state: Any) -> qj.Circuit:
    """RY and RZ on both qubits, then CZ and the same again per layer: ``(depth + 1, 2, 2)``."""
    turn = [[qj.RY(angles[0, 0, q], q), qj.RZ(angles[0, 1, q], q)] for q in (0, 1)]
    ops: list[Any] = [qj.StatePrep(state, (0, 1)), turn]
    for layer in angles[1:]:
        ops += [qj.CZ(0, 1), [[qj.RY(layer[0, q], q), qj.RZ(layer[1, q], q)] for q in (0, 1)]]
    return qj.Circuit(2, ops)


def margins(params: dict[str, Any], states: Any) -> Array:
    """What the sign of decides: the parity of both qubits, scaled and shifted, for every state."""
    parity = qj.Z(0) @ qj.Z(1)
    values = jax.vmap(lambda s: qj.expval(classifier(params["angles"], s), parity))(states)
    return params["scale"] * values + params["bias"]


def train(run: Run, depth: int, states: Any, labels: Any, tests: Any) -> tuple[Any, np.ndarray]:
    """All starts on all sets in one program; the parameters and the test accuracies
    ``(sets, starts)``."""
    settings: AdhocSettings = run.settings
    optimiser = optax.adam(settings.rate)

    def loss(params: Any, embedded: Any, y: Any) -> Array:
        return jnp.mean(jax.nn.softplus(-y * margins(params, embedded)))

    def update(carry: Any, step: Any, data: Any) -> Any:
        def one(carry: Any, embedded: Any, y: Any) -> Any:
            params, state = carry
            value, gradient = jax.value_and_grad(loss)(params, embedded, y)
            return descend(optimiser, gradient, state, params), value

        starts = jax.vmap(one, (0, None, None))
        carry, values = jax.vmap(starts)(carry, *data)
        return carry, {"loss": values}

    shape = settings.trained, settings.seeds
    key = jax.random.fold_in(run.key, depth)
    angles = jax.random.uniform(key, (*shape, depth + 1, 2, 2), maxval=2 * np.pi)
    params = {"angles": angles, "scale": jnp.full(shape, 3.0), "bias": jnp.zeros(shape)}
    start = params, jax.vmap(jax.vmap(optimiser.init))(params)
    (params, _), _ = run.train(
        f"depth {depth}",
        update,
        start,
        settings.steps,
        chunk=settings.steps,
        data=(states, labels),
        show=lambda m: f"loss {np.median(m['loss'][-1]):.3f}",
    )
    judge = jax.jit(jax.vmap(jax.vmap(margins, (0, None))))
    right = np.asarray(judge(params, tests[0])) * np.asarray(tests[1])[:, None] > 0
    return params, right.mean(axis=-1)


def run(run: Run) -> list[Row]:
    """Kernel and RBF on every set, then the variational circuit by depth."""
    from sklearn.model_selection import GridSearchCV
    from sklearn.svm import SVC

    settings: AdhocSettings = run.settings
    draw = np.random.default_rng(np.asarray(jax.random.bits(run.key, (4,))))
    sets = [draw_set(draw, settings.points) for _ in range(settings.sets)]
    kernel = FidelityKernel(encoding)
    ours, rbf, tuned = [], [], []
    grid = {"C": [1, 10, 100, 1000], "gamma": [0.1, 0.3, 1.0, 3.0, 10.0]}
    folds = min(5, settings.points)
    for data in sets:
        machine = SVC(C=PENALTY, kernel="precomputed").fit(kernel(data.x), data.y)
        ours.append(machine.score(kernel(data.x_test, data.x), data.y_test))
        rbf.append(SVC(C=PENALTY).fit(data.x, data.y).score(data.x_test, data.y_test))
        search = GridSearchCV(SVC(), grid, cv=folds).fit(data.x, data.y)
        tuned.append(search.score(data.x_test, data.y_test))
    classical = [("RBF-SVM", float(np.mean(rbf))), ("RBF-SVM, tuned", float(np.mean(tuned)))]
    rows = [
        Row(
            f"kernel: mean test accuracy over {settings.sets} sets",
            "1.00, 1.00, .9475\n(three sets, device)",
            [float(np.mean(ours))],
            classical,
            (0.98, 1.0),
        ),
        Row(f"kernel: test accuracy of the {settings.sets} sets", "", ours),
    ]
    few = sets[: settings.trained]
    embed = jax.jit(jax.vmap(jax.vmap(lambda x: qj.run(encoding(x)))))
    states, tests = (
        embed(jnp.asarray(np.stack([getattr(d, name) for d in few]), float))
        for name in ("x", "x_test")
    )
    labels, truth = (
        jnp.asarray(np.stack([getattr(d, name) for d in few]), float) for name in ("y", "y_test")
    )
    mine = [(name, float(np.mean(v[: settings.trained]))) for name, v in
            (("RBF-SVM", rbf), ("RBF-SVM, tuned", tuned))]  # fmt: skip
    began, by_depth = time.monotonic(), {}
    for depth in settings.depths:
        params, accuracy = train(run, depth, states, labels, (tests, truth))
        by_depth[depth] = accuracy
        starts = f"{settings.trained} sets x {settings.seeds} starts"
        rows.append(
            Row(
                f"VQC of depth {depth}: mean test accuracy ({starts})",
                "about 1 at depth 4" if depth == 4 else "",
                [float(accuracy.mean())],
                mine,
                (0.99, 1.0) if depth >= 2 else None,
            )
        )
        first = jax.tree.map(lambda leaf: leaf[0, 0], params)
        run.circuit(f"vqc-{depth}", classifier(first["angles"], states[0, 0]))
    count = settings.trained * settings.seeds * len(settings.depths)
    seconds = time.monotonic() - began
    limit = (0.0, 90.0) if count == 300 else None
    rows.append(Row(f"seconds for {count} trainings", "", [seconds], accept=limit, form=".1f"))
    run.folder.write_json(
        "accuracies.json",
        {"kernel": ours, "rbf": rbf, "tuned rbf": tuned}
        | {f"vqc {depth}": a.tolist() for depth, a in by_depth.items()},
    )
    run.figure("accuracy", _draw(ours, rbf, tuned, by_depth))
    run.figure("kernel", _draw_kernel(kernel, sets[0]))
    return rows


def _draw(ours: list, rbf: list, tuned: list, by_depth: dict[int, np.ndarray]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for k, (name, values) in enumerate((("quantum kernel", ours), ("RBF", rbf), ("tuned", tuned))):
        left.plot(np.full(len(values), k), values, "o", alpha=0.4, label=name)
        left.hlines(np.mean(values), k - 0.3, k + 0.3, color="k")
    left.set_xticks(range(3), ["quantum kernel", "RBF", "RBF, tuned"])
    left.set(ylabel="test accuracy", title="support vector machines")
    for depth, values in by_depth.items():
        right.plot(np.full(values.size, depth), values.ravel(), "o", color="C0", alpha=0.2)
    right.plot(list(by_depth), [v.mean() for v in by_depth.values()], "k_-", ms=16)
    right.set(xlabel="layers", title="variational circuit")
    right.set_xticks(list(by_depth))
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def _draw_kernel(kernel: FidelityKernel, data: Data) -> Any:
    from ..viz import plot_kernel

    axes = plot_kernel(kernel(data.x))
    axes.set_title("training points, class by class")
    return axes.figure


def example(settings: AdhocSettings) -> qj.Circuit:
    """The encoding of one point."""
    return encoding(np.array([1.0, 2.0]))


EXPERIMENT = Experiment(
    name="adhoc-kernel",
    title="Quantum kernel and variational classifier on data made for them",
    paper="arXiv:1804.11326",
    minutes=1.5,
    settings=AdhocSettings(),
    run=run,
    circuit=example,
    quick={"seeds": 2, "sets": 2, "trained": 1, "depths": (0, 1), "points": 5, "steps": 30},
)
