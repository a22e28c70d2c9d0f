"""Ridge readouts in closed form, from features or from their Gram matrix alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import DataError, ParameterError
from ..measure.checks import as_key
from ..simulators.kernels import HIGHEST
from .base import prepared
from .drive import serial


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class Readout:
    """``expand(features) @ weight + bias``.

    Attributes:
        weight: shape (F', K) or (F',).
        bias: shape (K,) or ().
        degree: of the polynomial features that the weights belong to; 1 for none.
    """

    weight: Any
    bias: Any
    degree: int = field(default=1, metadata={"static": True})

    def __call__(self, features: Any) -> Any:
        """Predictions (..., K) or (...,) for features (..., F)."""
        x = polynomial(features, self.degree)
        out = jnp.matmul(x, self.weight.astype(x.dtype), precision=HIGHEST)
        return out + jnp.broadcast_to(self.bias, out.shape).astype(x.dtype)


class Gram(NamedTuple):
    """Everything that ridge needs to know of a series; two of them add up to that of both.

    Attributes:
        count: number of steps.
        x, y: sums of the features (F,) and of the targets (K,).
        xx, xy, yy: sums of products, (F, F), (F, K) and of the squared targets (K,).
    """

    count: Any
    x: Any
    y: Any
    xx: Any
    xy: Any
    yy: Any

    def __add__(self, other: Any) -> Gram:
        return Gram(*(a + b for a, b in zip(self, other, strict=True)))


def polynomial(features: Any, degree: int) -> Any:
    """The features with all their products of up to ``degree`` factors, in order of degree.

    Args:
        features: shape (..., F).
        degree: at least 1.

    Returns:
        Shape (..., F'), F' = binomial(F + degree, degree) - 1.

    Example:
        >>> import jax.numpy as jnp
        >>> polynomial(jnp.asarray([2.0, 3.0]), 2).tolist()
        [2.0, 3.0, 4.0, 6.0, 9.0]
    """
    if degree < 1:
        raise ParameterError("polynomial: degree must be at least 1", got=degree)
    x = jnp.asarray(features)
    count = x.shape[-1]
    parts, last = [x], [np.array([k]) for k in range(count)]
    for _ in range(degree - 1):
        last = [np.append(k, j) for k in last for j in range(k[-1], count)]
        parts.append(jnp.prod(x[..., np.stack(last)], axis=-1))
    return parts[0] if degree == 1 else jnp.concatenate(parts, axis=-1)


def _columns(y: Any) -> Any:
    return y[:, None] if y.ndim == 1 else y


def _arrays(features: Any, y: Any) -> tuple[Any, Any]:
    x, y = jnp.asarray(features), jnp.asarray(y)
    if x.ndim != 2 or y.ndim not in (1, 2) or len(x) != len(y):
        raise DataError(
            "features and targets do not fit",
            expected="(T, F) and (T,) or (T, K)",
            got=f"{x.shape} and {y.shape}",
        )
    return x, y.astype(x.dtype)


def gram(features: Any, y: Any, *, degree: int = 1) -> Gram:
    """The Gram matrix of features (T, F) and targets (T,) or (T, K).

    Example:
        >>> import jax.numpy as jnp
        >>> gram(jnp.ones((5, 2)), jnp.ones(5)).xx.tolist()
        [[5.0, 5.0], [5.0, 5.0]]
    """
    x, y = _arrays(features, y)
    x, y = polynomial(x, degree), _columns(y)
    return _add(x, y, jnp.ones(len(x), x.dtype))


def _add(x: Any, y: Any, weight: Any) -> Gram:
    w = x * weight[:, None]
    return Gram(
        jnp.sum(weight),
        jnp.sum(w, axis=0),
        jnp.sum(y * weight[:, None], axis=0),
        jnp.matmul(w.T, x, precision=HIGHEST),
        jnp.matmul(w.T, y, precision=HIGHEST),
        jnp.sum(y**2 * weight[:, None], axis=0),
    )


def series_gram(
    reservoir: Any,
    u: Any,
    y: Any,
    *,
    washout: int = 0,
    degree: int = 1,
    sim: Any = None,
    state: Any = None,
    key: Any = None,
) -> tuple[Gram, Any]:
    """The Gram matrix of a reservoir's features, summed up while it runs.

    No features are kept: the memory does not depend on the length of the series.

    Args:
        reservoir: any reservoir.
        u: inputs, shape (T,) or (T, k).
        y: targets, shape (T,) or (T, K).
        washout: steps at the beginning that do not count.
        degree: of polynomial features.
        sim, state, key: as for `Reservoir.features`.

    Returns:
        The Gram matrix, and the final state.

    Raises:
        DataError: inputs and targets of different lengths.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from qjax.reservoir import IsingReservoir, series_gram
        >>> reservoir = IsingReservoir.random(jax.random.key(0), 2, nodes=2)
        >>> series_gram(reservoir, jnp.ones(9), jnp.ones(9), washout=4)[0].count.tolist()
        5.0
    """
    u, y = reservoir.check(u), jnp.asarray(y)
    if len(u) != len(y):
        raise DataError("u and y differ in length", got=f"{len(u)} and {len(y)}")
    engine = reservoir.engine(sim)
    if engine.random or key is not None:
        key = as_key(key, "series_gram", engine.random)
    params = prepared(engine, reservoir)
    return _series_gram(engine, washout, degree, params, u, y, state, key)


@partial(jax.jit, static_argnums=(0, 1, 2))
def _series_gram(
    engine: Any, washout: int, degree: int, params: Any, u: Any, y: Any, state: Any, key: Any
) -> tuple[Gram, Any]:
    state = engine.start(params) if state is None else state
    y = _columns(y)

    def block(features: Any, steps: Any) -> Gram:
        x = polynomial(features, degree)
        return _add(x, y[steps].astype(x.dtype), (steps >= washout).astype(x.dtype))

    shapes = jax.eval_shape(
        lambda s: block(serial(engine, params, u[:1], s, key)[1], jnp.zeros(1, jnp.int32)), state
    )
    zero = jax.tree.map(lambda a: jnp.zeros(a.shape, a.dtype), shapes)

    def add(total: Gram, features: Any, steps: Any) -> Gram:
        return total + block(features, steps)

    state, total = serial(engine, params, u, state, key, (zero, add))
    return total, state


def _centred(g: Gram) -> tuple[Any, Any, Any, Any, Any]:
    mean_x, mean_y = g.x / g.count, g.y / g.count
    xx = g.xx - g.count * mean_x[:, None] * mean_x[None, :]
    xy = g.xy - g.count * mean_x[:, None] * mean_y[None, :]
    return mean_x, mean_y, xx, xy, g.yy - g.count * mean_y**2


def ridge(features: Any, y: Any, alpha: Any, *, degree: int = 1) -> Readout:
    """The readout of least ``sum |y - prediction|^2 + alpha |weight|^2``; the bias is free.

    Differentiable with respect to features, targets and alpha. In single precision an alpha below
    about 1e-6 times the number of steps only fits rounding: enable x64 for smaller ones.

    Args:
        features: shape (T, F).
        y: targets, shape (T,) or (T, K).
        alpha: penalty, positive.
        degree: of polynomial features.

    Raises:
        DataError: shapes that do not fit.

    Source: Hoerl and Kennard, Technometrics 12, 55 (1970).

    Example:
        >>> import jax.numpy as jnp
        >>> x = jnp.asarray([[0.0], [1.0], [2.0]])
        >>> ridge(x, 3 * x[:, 0] + 1, 1e-4)(x).round(2).tolist()
        [1.0, 4.0, 7.0]
    """
    x, y = _arrays(features, y)
    flat = y.ndim == 1
    x, y = polynomial(x, degree), _columns(y)
    mean_x, mean_y = x.mean(axis=0), y.mean(axis=0)
    x, y = x - mean_x[None], y - mean_y[None]  # centring before the product loses no digits
    xx, xy = (jnp.matmul(x.T, a, precision=HIGHEST) for a in (x, y))
    return _finish(_solve(xx, xy, alpha), mean_x, mean_y, degree, flat)


def ridge_from_gram(g: Gram, alpha: Any, *, degree: int = 1, flat: bool = False) -> Readout:
    """As `ridge`, from a `Gram` matrix; ``flat`` for targets without a column axis.

    Example:
        >>> import jax.numpy as jnp
        >>> x = jnp.asarray([[0.0], [1.0], [2.0]])
        >>> ridge_from_gram(gram(x, 3 * x), 1e-4)(x).round(2)[:, 0].tolist()
        [0.0, 3.0, 6.0]
    """
    mean_x, mean_y, xx, xy, _ = _centred(g)
    return _finish(_solve(xx, xy, alpha), mean_x, mean_y, degree, flat)


def _solve(xx: Any, xy: Any, alpha: Any) -> Any:
    shifted = xx + jnp.asarray(alpha).astype(xx.dtype) * jnp.eye(len(xx), dtype=xx.dtype)
    return jnp.linalg.solve(shifted, xy)


def _finish(weight: Any, mean_x: Any, mean_y: Any, degree: int, flat: bool) -> Readout:
    bias = mean_y - jnp.matmul(mean_x, weight, precision=HIGHEST)
    return Readout(weight[:, 0], bias[0], degree) if flat else Readout(weight, bias, degree)


class Path(NamedTuple):
    """Readouts for many penalties, from one decomposition.

    Attributes:
        alphas: the penalties, (A,).
        weights: shape (A, F', K).
        biases: shape (A, K).
        train: mean squared errors on the training part, (A, K).
        left_out: mean squared leave-one-out errors, (A, K); None where only a Gram matrix is known.
        degree: of polynomial features.
    """

    alphas: Any
    weights: Any
    biases: Any
    train: Any
    left_out: Any
    degree: int

    def readout(self, index: int) -> Readout:
        """The readout of one penalty."""
        return Readout(self.weights[index], self.biases[index], self.degree)

    def best(self) -> Readout:
        """The readout of the least leave-one-out error, summed over the targets.

        Raises:
            DataError: a path from a Gram matrix, which knows no single steps.
        """
        if self.left_out is None:
            raise DataError(
                "leave-one-out errors need the features", fix="use ridge_path(features, y, alphas)"
            )
        return self.readout(int(np.argmin(np.asarray(self.left_out).sum(axis=1))))

    def scores(self, g: Gram) -> Any:
        """Mean squared errors (A, K) of all readouts on the series that a Gram matrix is of."""

        def one(weight: Any, bias: Any) -> Any:
            fit = jnp.einsum("fk,fg,gk->k", weight, g.xx, weight, precision=HIGHEST)
            cross = jnp.sum(weight * (g.xy - g.x[:, None] * bias[None]), axis=0)
            rest = g.yy - 2 * bias * g.y + g.count * bias**2
            return (rest - 2 * cross + fit) / g.count

        return jax.vmap(one)(self.weights, self.biases)


def ridge_path(features: Any, y: Any, alphas: Sequence[float | int], *, degree: int = 1) -> Path:
    """`ridge` for many penalties from one singular value decomposition, with exact leave-one-out
    errors.

    More accurate than `ridge` where penalties are small: features enter by themselves, not by
    their products.

    Args:
        features: shape (T, F).
        y: targets, shape (T,) or (T, K).
        alphas: penalties, positive.
        degree: of polynomial features.

    Source: leave-one-out errors by the leverages, Allen, Technometrics 16, 125 (1974).

    Example:
        >>> import jax.numpy as jnp
        >>> x = jnp.arange(9.0)[:, None]
        >>> int(ridge_path(x, 2 * x, [1e-2, 1e2]).left_out.argmin())
        0
    """
    x, y = _arrays(features, y)
    x, y = polynomial(x, degree), _columns(y)
    count = np.asarray(len(x), x.dtype)
    mean_x, mean_y = x.mean(axis=0), y.mean(axis=0)
    x, y = x - mean_x[None], y - mean_y[None]
    # The singular values of the features, not of their products: those would lose half the digits.
    left, triangle = jnp.linalg.qr(x)
    inner, values, rows = jnp.linalg.svd(triangle, full_matrices=False)
    left = jnp.matmul(left, inner, precision=HIGHEST)
    cosines = jnp.matmul(left.T, y, precision=HIGHEST)

    def one(alpha: Any) -> tuple[Any, ...]:
        scale = values / (values**2 + alpha)
        kept = values * scale
        weight = jnp.matmul(rows.T, scale[:, None] * cosines, precision=HIGHEST)
        error = y - jnp.matmul(left, kept[:, None] * cosines, precision=HIGHEST)
        leverage = jnp.sum(left**2 * kept[None], axis=1) + 1 / count
        left_out = jnp.mean((error / (1 - leverage)[:, None]) ** 2, axis=0)
        bias = mean_y - jnp.matmul(mean_x, weight, precision=HIGHEST)
        return weight, bias, jnp.mean(error**2, axis=0), left_out

    strengths = jnp.asarray(alphas, x.dtype)
    weights, biases, errors, left_out = jax.lax.map(one, strengths)
    return Path(strengths, weights, biases, errors, left_out, degree)


def gram_path(g: Gram, alphas: Sequence[float | int], *, degree: int = 1) -> Path:
    """As `ridge_path`, from a `Gram` matrix, and so without leave-one-out errors.

    Example:
        >>> import jax.numpy as jnp
        >>> gram_path(gram(jnp.eye(3), jnp.eye(3)), [1e-6, 1.0]).weights.shape
        (2, 3, 3)
    """
    mean_x, mean_y, xx, xy, yy = _centred(g)
    values, vectors = jnp.linalg.eigh(xx)
    rotated = jnp.matmul(vectors.T, xy, precision=HIGHEST)

    def one(alpha: Any) -> tuple[Any, ...]:
        inverse = 1 / (jnp.maximum(values, 0) + alpha)
        weight = jnp.matmul(vectors, inverse[:, None] * rotated, precision=HIGHEST)
        bias = mean_y - jnp.matmul(mean_x, weight, precision=HIGHEST)
        gain = (2 * inverse - jnp.maximum(values, 0) * inverse**2)[:, None] * rotated**2
        return weight, bias, (yy - jnp.sum(gain, axis=0)) / g.count

    weights, biases, train = jax.lax.map(one, jnp.asarray(alphas, xx.dtype))
    return Path(jnp.asarray(alphas, xx.dtype), weights, biases, train, None, degree)
