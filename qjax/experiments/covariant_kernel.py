"""Data with group structure: a covariant kernel whose fiducial state is learnt by alignment.

Source: Glick et al., arXiv:2105.03406. Data are elements of SU(2)^7 from two left cosets of a
group, the stabiliser of a graph state, with some noise; the kernel sees the group as soon as its
fiducial state, CZ on the edges of the graph after rotations by one angle, is the graph state
itself, at pi/2. A tuned Gaussian kernel on the matrix elements separates these cosets as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

import qjax as qj

from ..kernels import (
    FidelityKernel,
    covariant_encoding,
    graph_fiducial,
    kernel_target_alignment,
)
from ..train import align
from .frame import Experiment, Run
from .settings import Settings, at_least
from .table import Row

PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])


@dataclass(frozen=True)
class CovariantSettings(Settings):
    """Settings of ``covariant-kernel``.

    Attributes:
        seeds: data sets, each with cosets of its own.
        qubits: in a chain, whose edges are those of the graph.
        points: of each coset, in the training part and in the test part.
        noise: standard deviation of random rotations of every qubit, in radians.
        start: angle of the fiducial state before training, in radians.
        steps: of Adam.
        rate: its learning rate.
    """

    seeds: int = 5
    qubits: int = 7
    points: int = 32
    noise: float = 0.1
    start: float = 0.3
    steps: int = 100
    rate: float = 0.05

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, qubits=2, points=2, noise=0, steps=1)


def edges(n: int) -> list[tuple[int, int]]:
    """The chain."""
    return [(q, q + 1) for q in range(n - 1)]


def kernel(angle: Any, n: int) -> FidelityKernel:
    """The covariant kernel of the fiducial state with that angle."""
    return FidelityKernel(covariant_encoding(graph_fiducial(angle, n, edges(n))))


def rotations(draw: np.random.Generator, shape: tuple[int, ...], width: float) -> np.ndarray:
    """``exp(-i v.sigma / 2)`` with v from N(0, width^2); ``(*shape, 2, 2)``."""
    v = width * draw.normal(size=(*shape, 3))
    angle = np.linalg.norm(v, axis=-1)[..., None, None]
    direction = np.einsum("...a,aij->...ij", v, PAULI) / np.maximum(angle, 1e-300)
    return np.cos(angle / 2) * np.eye(2) - 1j * np.sin(angle / 2) * direction


def stabilisers(draw: np.random.Generator, count: int, n: int) -> np.ndarray:
    """Random elements of the group of the graph state, up to sign; ``(count, n, 2, 2)``."""
    chosen = draw.integers(0, 2, (count, n))
    neighbours = np.zeros((n, n), int)
    for a, b in edges(n):
        neighbours[a, b] = neighbours[b, a] = 1
    x = np.where(chosen[..., None, None] == 1, PAULI[0], np.eye(2))
    z = np.where((chosen @ neighbours % 2)[..., None, None] == 1, PAULI[2], np.eye(2))
    return z @ x


def euler(u: np.ndarray) -> np.ndarray:
    """Angles (theta, phi, lam) of the `U3` that is ``u`` up to a phase, ``(..., 3)``."""
    cosine, sine = abs(u[..., 0, 0]), abs(u[..., 1, 0])
    theta = 2 * np.arctan2(sine, cosine)
    top = np.where(cosine > 1e-9, np.angle(u[..., 0, 0]), 0)
    phi = np.where(sine > 1e-9, np.angle(u[..., 1, 0]) - top, 0)
    lam = np.where(sine > 1e-9, np.angle(-u[..., 0, 1]) - top, np.angle(u[..., 1, 1]) - top - phi)
    return np.stack([theta, phi, lam], axis=-1)


def draw_set(draw: np.random.Generator, settings: CovariantSettings) -> list[tuple[Any, Any]]:
    """Training and test part: matrices ``(2 points, n, 2, 2)`` and labels ±1."""
    n, count = settings.qubits, settings.points
    cosets = rotations(draw, (2, n), 10.0)  # so wide that it is nearly uniform
    parts = []
    for _ in range(2):
        elements = []
        for c in cosets:
            noise = rotations(draw, (count, n), settings.noise)
            elements.append(noise @ c @ stabilisers(draw, count, n))
        parts.append((np.concatenate(elements), np.repeat([1, -1], count)))
    return parts


def run(run: Run) -> list[Row]:
    """Align on every data set, and judge by a support vector machine before and after."""
    from sklearn.model_selection import GridSearchCV
    from sklearn.svm import SVC

    settings: CovariantSettings = run.settings
    n = settings.qubits
    draw = np.random.default_rng(np.asarray(jax.random.bits(run.key, (4,))))
    angles, before, after, first, last, rbf, paths = [], [], [], [], [], [], []
    grid = {"C": [1, 10, 100], "gamma": [0.01, 0.03, 0.1, 0.3, 1.0]}
    sweep = np.linspace(0, np.pi, 25)
    for _ in range(settings.seeds):
        (u, y), (u_test, y_test) = draw_set(draw, settings)
        x, x_test = euler(u), euler(u_test)

        def accuracy(angle: Any, x: Any = x, y: Any = y, t: Any = (x_test, y_test)) -> float:
            k = kernel(angle, n)
            machine = SVC(C=10.0, kernel="precomputed").fit(k(x), y)
            return float(machine.score(k(t[0], x), t[1]))

        found = align(
            lambda angle: kernel(angle, n),
            jnp.array(settings.start),
            jnp.asarray(x, float),
            jnp.asarray(y, float),
            optimiser=optax.adam(settings.rate),
            steps=settings.steps,
        )
        angles.append(float(found.params))
        paths.append(np.asarray(found.path))
        before.append(accuracy(settings.start))
        after.append(accuracy(found.params))
        first.append(float(found.alignment[0]))
        last.append(float(kernel_target_alignment(kernel(found.params, n)(x), y)))
        flat = [np.concatenate([v.real.reshape(len(v), -1), v.imag.reshape(len(v), -1)], axis=1)
                for v in (u, u_test)]  # fmt: skip
        search = GridSearchCV(SVC(), grid, cv=4).fit(flat[0], y)
        rbf.append(search.score(flat[1], y_test))
    classical = [("RBF-SVM on matrix elements, tuned", float(np.median(rbf)))]
    curve = jax.jit(
        jax.vmap(lambda a: kernel_target_alignment(kernel(a, n)(jnp.asarray(x, float)), y))
    )
    run.figure("alignment", _draw(sweep, np.asarray(curve(jnp.asarray(sweep, float))), paths))
    run.circuit("circuit", covariant_encoding(graph_fiducial(angles[0], n, edges(n)))(x[0]))
    return [
        Row("test accuracy after alignment", "1.0", after, classical, (1.0, 1.0)),
        Row(f"test accuracy before, angle {settings.start}", "", before, classical),
        Row("angle after alignment", "pi/2 = 1.571", angles, accept=(1.4208, 1.7208)),
        Row("alignment before", "", first),
        Row("alignment after", "", last),
    ]


def _draw(sweep: np.ndarray, curve: np.ndarray, paths: list[np.ndarray]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(sweep, curve)
    left.set(xlabel="angle of the fiducial state", ylabel="kernel-target alignment")
    for path in paths:
        right.plot(path, color="C0", alpha=0.6)
    right.set(xlabel="step", ylabel="angle")
    right.axhline(np.pi / 2, color="0.4", ls=":")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def example(settings: CovariantSettings) -> qj.Circuit:
    """The identity of the group on the graph state."""
    n = settings.qubits
    return covariant_encoding(graph_fiducial(np.pi / 2, n, edges(n)))(np.zeros((n, 3)))


EXPERIMENT = Experiment(
    name="covariant-kernel",
    title="A covariant kernel finds the group in its data by alignment",
    paper="arXiv:2105.03406",
    minutes=0.5,
    settings=CovariantSettings(),
    run=run,
    circuit=example,
    quick={"seeds": 1, "qubits": 3, "points": 6, "steps": 5},
)
