"""What the QKAN experiments share: data, classical baselines, training of many seeds."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jax.flatten_util import ravel_pytree

from ..errors import ExperimentError
from ..nn.qkan import QKANLayer
from ..train import descend
from .frame import Run


class Task(NamedTuple):
    """A function to learn, and the box its inputs are drawn from."""

    function: Callable[[np.ndarray], np.ndarray]
    low: tuple[float, ...]
    high: tuple[float, ...]

    def sample(self, seed: int, count: int) -> tuple[jax.Array, jax.Array]:
        """Uniform inputs in the box, shape (count, n), and values, shape (count, 1)."""
        rng = np.random.default_rng(seed)
        low, high = np.array(self.low), np.array(self.high)
        x = rng.uniform(low, high, (count, len(low)))
        y = self.function(x.T)[:, None]
        return jnp.asarray(x), jnp.asarray(y)


class MLP(nnx.Module):
    """Dense layers with SiLU between them."""

    def __init__(self, width: list[int], *, rngs: nnx.Rngs, dtype: Any = jnp.float64) -> None:
        self.layers = nnx.List(
            nnx.Linear(i, o, rngs=rngs, param_dtype=dtype) for i, o in pairwise(width)
        )

    def __call__(self, x: jax.Array) -> jax.Array:
        """(..., width[0]) to (..., width[-1])."""
        for layer in self.layers[:-1]:
            x = jax.nn.silu(layer(x))
        return self.layers[-1](x)


class SplineKAN(nnx.Module):
    """Kolmogorov-Arnold layers of cubic B-splines on a grid of five intervals of [-1, 1]."""

    def __init__(
        self, width: list[int], *, rngs: nnx.Rngs, grid: int = 5, dtype: Any = jnp.float64
    ) -> None:
        self.knots = tuple(np.linspace(-1 - 6 / grid, 1 + 6 / grid, grid + 7).tolist())
        shape = [(o, i) for i, o in pairwise(width)]
        normal = jax.nn.initializers.normal(0.1)
        self.spline = nnx.List(
            nnx.Param(normal(rngs.params(), (*s, grid + 3), dtype)) for s in shape
        )
        self.base = nnx.List(
            nnx.Param(normal(rngs.params(), s, dtype) + s[1] ** -0.5) for s in shape
        )

    def __call__(self, x: jax.Array) -> jax.Array:
        """(..., width[0]) to (..., width[-1])."""
        for spline, base in zip(self.spline, self.base, strict=True):
            features = _b_splines(x, np.array(self.knots))
            y = jnp.einsum("...ik,oik->...o", features, spline[...])
            x = y + jax.nn.silu(x) @ base[...].T
        return x


def _b_splines(x: jax.Array, knots: np.ndarray, order: int = 3) -> jax.Array:
    """Cubic B-splines by the recursion of de Boor: (..., I) to (..., I, knots - 4)."""
    x = x[..., None]
    t = jnp.asarray(knots, x.dtype).reshape((1,) * (x.ndim - 1) + (-1,))
    basis = ((x >= t[..., :-1]) & (x < t[..., 1:])).astype(x.dtype)
    for k in range(1, order + 1):
        left = (x - t[..., : -k - 1]) / (t[..., k:-1] - t[..., : -k - 1])
        right = (t[..., k + 1 :] - x) / (t[..., k + 1 :] - t[..., 1:-k])
        basis = left * basis[..., :-1] + right * basis[..., 1:]
    return basis


def chosen(models: dict[str, Any], names: str) -> dict[str, Any]:
    """The models of these comma-separated names; ``all`` for every one, empty for none.

    Raises:
        ExperimentError: a name that is not among them.
    """
    if names == "all":
        return models
    wanted = [name for name in names.split(",") if name]
    unknown = [name for name in wanted if name not in models]
    if unknown:
        raise ExperimentError(
            "baselines: there is no such model", expected=", ".join(models), got=unknown
        )
    return {name: models[name] for name in wanted}


def stacked(build: Callable[[int], nnx.Module], seeds: int) -> tuple[Any, Any]:
    """Graph definition, and the trainable state of every seed stacked on a leading axis."""
    graph, states = None, []
    for seed in range(seeds):
        graph, state = nnx.split(build(seed))
        states.append(state)
    return graph, jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)


def seed_samples(task: Task, seeds: int, count: int, part: int) -> tuple[jax.Array, jax.Array]:
    """A training (part 0) or test (part 1) set of each seed: x (seeds, count, n) and its y."""
    sets = [task.sample(2 * seed + part, count) for seed in range(seeds)]
    x, y = (jnp.stack(arrays) for arrays in zip(*sets, strict=True))
    return x, y


def parameters(state: Any) -> int:
    """Number of trained numbers of one seed."""
    return sum(leaf[0].size for leaf in jax.tree.leaves(state))


def train(
    run: Run,
    stage: str,
    loss: Callable[[Any, Any], jax.Array],
    states: Any,
    phases: list[tuple[Any, int]],
    data: Any,
    *,
    tasks: bool = False,
    batch: int | None = None,
) -> Any:
    """Train every seed by one optimiser after another; ``loss(state, data)`` is of one seed.

    With ``batch``, each step sees that many rows of the data, which are shuffled every epoch. With
    ``tasks``, states and data have an axis of tasks before that of the seeds: the tasks go
    one after another through one compiled program, as line searches of equal tasks are of a length.
    """
    every = jax.vmap if not tasks else lambda f: _mapped(jax.vmap(f))
    single = jax.tree.map(lambda leaf: leaf[(0, 0) if tasks else 0], states)
    _, unflatten = ravel_pytree(single)
    # One vector per seed: an optimiser of a dozen arrays takes several times as long to compile.
    vectors = every(lambda state: ravel_pytree(state)[0])(states)
    for index, (optimiser, steps) in enumerate(phases):

        def one(carry: tuple, own: Any, step: jax.Array, optimiser: Any = optimiser) -> tuple:
            vector, memory = carry
            own = own if batch is None else _rows(own, step, batch)

            def value_fn(vector: jax.Array) -> jax.Array:
                return loss(unflatten(vector), own)

            value, gradient = jax.value_and_grad(value_fn)(vector)
            carry = descend(
                optimiser, gradient, memory, vector, value=value, grad=gradient, value_fn=value_fn
            )
            return carry, {"loss": value}

        def update(carry: tuple, step: jax.Array, own: Any, one: Any = one) -> tuple:
            return every(lambda carry, own: one(carry, own, step))(carry, own)

        start = vectors, every(optimiser.init)(vectors)
        (vectors, _), _ = run.train(
            f"{stage}-{index}", update, start, steps, chunk=min(50, steps), data=data,
            show=lambda m: f"median loss {np.median(m['loss'][-1]):.1e}",
        )  # fmt: skip
    return every(unflatten)(vectors)


def _mapped(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *arguments: jax.lax.map(lambda own: function(*own), arguments)


def _rows(data: Any, step: jax.Array, batch: int) -> Any:
    """The rows of one step: a permutation per epoch, cut into batches."""
    count = jax.tree.leaves(data)[0].shape[0]
    epoch, position = jnp.divmod(step, count // batch)
    order = jax.random.permutation(jax.random.fold_in(jax.random.key(0), epoch), count)
    rows = jax.lax.dynamic_slice(order, (position * batch,), (batch,))
    return jax.tree.map(lambda array: array[rows], data)


def keep_circuit(run: Run, name: str, graph: Any, states: Any, *, tasks: bool = False) -> None:
    """Keep an activation of a trained network as ``NAME.qasm``: that of the first edge of the first
    seed's first layer, at the input 0.5."""
    model = nnx.merge(graph, jax.tree.map(lambda leaf: leaf[(0, 0) if tasks else 0], states))
    layers = [m for _, m in nnx.iter_modules(model) if isinstance(m, QKANLayer)]
    run.circuit(name, layers[0].edge_circuit(0, 0, 0.5))


def mean_squares(graph: Any) -> Callable[[Any, Any], jax.Array]:
    """Mean squared error of a model as a function of its state and ``(x, y)``."""
    return lambda state, data: jnp.mean((nnx.merge(graph, state)(data[0]) - data[1]) ** 2)


def lbfgs(memory: int = 50) -> Any:
    """L-BFGS with a zoom line search, as every experiment here uses it."""
    search = optax.scale_by_zoom_linesearch(max_linesearch_steps=15)
    return optax.lbfgs(memory_size=memory, linesearch=search)
