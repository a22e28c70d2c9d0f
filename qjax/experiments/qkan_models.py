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


def stacked(build: Callable[[int], nnx.Module], seeds: int) -> tuple[Any, Any]:
    """Graph definition, and the trainable state of every seed stacked on a leading axis."""
    graph, states = None, []
    for seed in range(seeds):
        graph, state = nnx.split(build(seed))
        states.append(state)
    return graph, jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)


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
) -> Any:
    """Train every seed by one optimiser after another; ``loss(state, data)`` is of one seed."""
    for index, (optimiser, steps) in enumerate(phases):

        def one(carry: tuple, own: Any, optimiser: Any = optimiser) -> tuple:
            state, memory = carry

            def value_fn(state: Any) -> jax.Array:
                return loss(state, own)

            value, gradient = jax.value_and_grad(value_fn)(state)
            carry = descend(
                optimiser, gradient, memory, state, value=value, grad=gradient, value_fn=value_fn
            )
            return carry, {"loss": value}

        def update(carry: tuple, step: jax.Array, own: Any, one: Any = one) -> tuple:
            return jax.vmap(one)(carry, own)

        start = states, jax.vmap(optimiser.init)(states)
        (states, _), _ = run.train(
            f"{stage}-{index}", update, start, steps, chunk=min(50, steps), data=data,
            show=lambda m: f"median loss {np.median(m['loss'][-1]):.1e}",
        )  # fmt: skip
    return states


def mean_squares(graph: Any) -> Callable[[Any, Any], jax.Array]:
    """Mean squared error of a model as a function of its state and ``(x, y)``."""
    return lambda state, data: jnp.mean((nnx.merge(graph, state)(data[0]) - data[1]) ** 2)


def lbfgs(memory: int = 10) -> Any:
    """L-BFGS with a zoom line search, as every experiment here uses it."""
    search = optax.scale_by_zoom_linesearch(max_linesearch_steps=15)
    return optax.lbfgs(memory_size=memory, linesearch=search)
