"""What the experiments with hybrid layers share: splits of the digits, training of many seeds,
classical classifiers beside them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jax.flatten_util import ravel_pytree

from ..train import descend
from .frame import Run

Logits = Callable[[nnx.Module, jax.Array], jax.Array]


class Split(NamedTuple):
    """One split of a data set for every seed; every array has a leading axis of seeds."""

    x: Any
    y: Any
    x_test: Any
    y_test: Any


class Contestant(NamedTuple):
    """What is left of a trained model: test accuracy by seed, trained numbers, and the model."""

    test: list[float]
    parameters: int
    graph: Any
    params: Any
    rest: Any

    def model(self, seed: int) -> Any:
        """The trained module of one seed."""
        params, rest = jax.tree.map(lambda leaf: leaf[seed], (self.params, self.rest))
        return nnx.merge(self.graph, params, rest)


def random_splits(x: Any, y: Any, seeds: int, training: int, first: int = 0) -> Split:
    """Splits with the classes in proportion, one for each seed.

    Args:
        x: inputs, shape (n, ...).
        y: labels, integers (n,).
        seeds: how many splits.
        training: training examples of each; the rest is for testing.
        first: seed of the first split.
    """
    from sklearn.model_selection import train_test_split

    parts = []
    for seed in range(first, first + seeds):
        cut = train_test_split(x, y, train_size=training, stratify=y, random_state=seed)
        parts.append((cut[0], cut[2], cut[1], cut[3]))
    x, y, x_test, y_test = (np.stack(part) for part in zip(*parts, strict=True))
    return Split(x.astype(np.float32), y.astype(np.int32),
                 x_test.astype(np.float32), y_test.astype(np.int32))  # fmt: skip


def digit_images() -> tuple[np.ndarray, np.ndarray]:
    """All 1,797 digits: pixels in [0, 1], shape (n, 8, 8, 1), and labels (n,)."""
    from sklearn.datasets import load_digits

    bundle: Any = load_digits()
    return bundle.images[..., None] / 16.0, bundle.target


def perceptron(width: int, classes: int, seed: int) -> nnx.Sequential:
    """Pixels of 8 x 8, two hidden layers of one width with ReLU, logits: a network to be changed.

    Its dense layers are ``layers[1]``, ``layers[3]`` and ``layers[5]``.
    """
    rngs = nnx.Rngs(seed)
    return nnx.Sequential(
        lambda x: x.reshape(len(x), -1),
        nnx.Linear(64, width, rngs=rngs), nnx.relu,
        nnx.Linear(width, width, rngs=rngs), nnx.relu,
        nnx.Linear(width, classes, rngs=rngs),
    )  # fmt: skip


def train_classifier(
    run: Run,
    name: str,
    build: Callable[[int], nnx.Module],
    data: Split,
    *,
    steps: int,
    rate: float | Callable[[Any], Any],
    batch: int | None = None,
    logits: Logits | None = None,
) -> Contestant:
    """Train one model for every seed side by side, by Adam on the cross-entropy.

    Args:
        run: the run.
        name: of the model.
        build: a seed to a module; all alike but for their numbers.
        data: what each seed learns and is tested on.
        steps: Adam steps.
        rate: learning rate, or a schedule.
        batch: examples in a step, drawn anew in every epoch; all of them if not given.
        logits: how the module is called, ``(module, x) -> (n, classes)``; plainly if not given.
    """
    graph, params, rest = stacked(build, data.x.shape[0])
    # One vector per seed: an optimiser of a dozen arrays takes several times as long to compile.
    _, unflatten = ravel_pytree(jax.tree.map(lambda leaf: leaf[0], params))
    vectors = jax.jit(jax.vmap(lambda params: ravel_pytree(params)[0]))(params)
    adam = optax.adam(rate)
    call: Logits = (lambda module, x: module(x)) if logits is None else logits  # type: ignore[operator]
    count = data.x.shape[1]

    def loss(vector: jax.Array, rest: Any, x: jax.Array, y: jax.Array) -> jax.Array:
        scores = call(nnx.merge(graph, unflatten(vector), rest), x)
        return optax.softmax_cross_entropy_with_integer_labels(scores, y).mean()

    def one(carry: tuple, rest: Any, x: jax.Array, y: jax.Array, rows: Any) -> tuple:
        own = (x, y) if rows is None else (x[rows], y[rows])
        value, slope = jax.value_and_grad(loss)(carry[0], rest, *own)
        return descend(adam, slope, carry[1], carry[0]), {"loss": value}

    def update(carry: tuple, step: jax.Array, data: tuple) -> tuple:
        rest, x, y = data
        rows = None
        if batch is not None:
            epoch, position = jnp.divmod(step, count // batch)
            order = jax.random.permutation(jax.random.fold_in(run.key, epoch), count)
            rows = jax.lax.dynamic_slice(order, (position * batch,), (batch,))
        return jax.vmap(lambda c, r, x, y: one(c, r, x, y, rows))(carry, rest, x, y)

    x, y = jnp.asarray(data.x), jnp.asarray(data.y)
    (vectors, _), _ = run.train(
        name, update, (vectors, jax.vmap(adam.init)(vectors)), steps,
        chunk=min(50, steps), data=(rest, x, y),
        show=lambda m: f"median loss {np.median(m['loss'][-1]):.3f}",
    )  # fmt: skip

    return judged(graph, jax.jit(jax.vmap(unflatten))(vectors), rest, data, call)


def stacked(build: Callable[[int], nnx.Module], seeds: int) -> tuple[Any, Any, Any]:
    """Graph definition, trained numbers and all others of a module for every seed, stacked."""
    parts = [nnx.split(build(seed), nnx.Param, ...) for seed in range(seeds)]
    params, rest = (
        jax.tree.map(lambda *leaves: jnp.stack(leaves), *(part[k] for part in parts))
        for k in (1, 2)
    )
    return parts[0][0], params, rest


def judged(graph: Any, params: Any, rest: Any, data: Split, call: Logits) -> Contestant:
    """The test accuracies of models as they are."""

    @jax.jit
    @jax.vmap
    def share(params: Any, rest: Any, x: jax.Array, y: jax.Array) -> jax.Array:
        guesses = jnp.argmax(call(nnx.merge(graph, params, rest), x), axis=-1)
        return jnp.mean((guesses == y).astype(jnp.float32))

    x_test, y_test = jnp.asarray(data.x_test), jnp.asarray(data.y_test)
    return Contestant(
        share(params, rest, x_test, y_test).tolist(),
        sum(leaf[0].size for leaf in jax.tree.leaves(params)),
        graph, params, rest,
    )  # fmt: skip


def untrained(build: Callable[[int], nnx.Module], data: Split) -> Contestant:
    """The test accuracies of models as they are built."""
    return judged(*stacked(build, data.x.shape[0]), data, lambda module, x: module(x))  # type: ignore[operator]


def classical_accuracies(data: Split, wanted: Sequence[str]) -> dict[str, list[float]]:
    """Test accuracies by seed of classifiers of scikit-learn.

    Args:
        data: the splits; inputs are flattened.
        wanted: ``"logistic regression"``, ``"RBF-SVM"``, or ``"MLP, h hidden"`` for an integer h.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier
    from sklearn.svm import SVC

    def model(name: str, seed: int) -> Any:
        if name == "logistic regression":
            return LogisticRegression(C=30.0, max_iter=5000)
        if name == "RBF-SVM":
            return SVC(C=10.0, gamma="scale")
        hidden = int(name.removeprefix("MLP, ").removesuffix(" hidden"))
        return MLPClassifier(
            (hidden,), activation="tanh", solver="lbfgs", alpha=0.1, max_iter=500, random_state=seed
        )

    found: dict[str, list[float]] = {}
    for name in wanted:
        scores = []
        for seed, (x, y, x_test, y_test) in enumerate(zip(*data, strict=True)):
            fitted = model(name, seed)
            with warnings.catch_warnings():
                # A small MLP may use up its iterations; it is judged where it stands.
                warnings.simplefilter("ignore", ConvergenceWarning)
                fitted.fit(x.reshape(len(x), -1), y)
            scores.append(float(fitted.score(x_test.reshape(len(x_test), -1), y_test)))
        found[name] = scores
    return found


def medians(found: dict[str, list[float]]) -> list[tuple[str, float]]:
    """(name, median) of each, as a row of a table takes them."""
    return [(name, float(np.median(values))) for name, values in found.items()]
