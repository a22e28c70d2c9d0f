"""Zero-noise extrapolation: from values at several noise levels to the value without noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..circuit import Circuit
from ..errors import ParameterError
from .fold import fold

HIGHEST = jax.lax.Precision.HIGHEST


Extrapolation = Callable[[Any, Any], Any]
"""``(scales, values) -> value at scale 0``."""


def checked_scales(scales: Any, values: Any, least: int, name: str) -> tuple[np.ndarray, Any]:
    """Scales as numbers and values as an array, or an error that names what does not fit."""
    try:
        x = np.asarray(scales, float)
    except (TypeError, ValueError, jax.errors.TracerArrayConversionError):
        raise ParameterError(
            f"{name}: scales must be known numbers", got=f"{type(scales).__name__}"
        ) from None
    y = jnp.asarray(values)
    if x.ndim != 1 or len(x) < least or len(np.unique(x)) != len(x) or y.shape[:1] != x.shape:
        raise ParameterError(
            f"{name}: scales and values do not fit",
            expected=f"at least {least} different scales, one value (leading axis) for each",
            got=f"scales {x.tolist()}, values of shape {y.shape}",
        )
    return x, y


def _weights(design: np.ndarray) -> np.ndarray:
    """What each value counts for in the constant term of a least-squares fit."""
    return np.linalg.pinv(design)[0]


@dataclass(frozen=True)
class Polynomial:
    """The least-squares polynomial through the values, at scale 0.

    Args:
        degree: of the polynomial, at least 0; ``degree + 1`` scales at least are needed.

    Source: Temme, Bravyi and Gambetta, arXiv:1612.02058; Giurgica-Tiron et al., arXiv:2005.10921.

    Example:
        >>> from qjax import noise
        >>> round(float(noise.Polynomial(2)([1.0, 2.0, 3.0], [0.8, 0.5, 0.1])), 6)
        1.0
    """

    degree: int

    def __call__(self, scales: Any, values: Any) -> Float[Array, ...]:
        x, y = checked_scales(scales, values, self.degree + 1, f"Polynomial({self.degree})")
        w = _weights(x[:, None] ** np.arange(self.degree + 1)[None, :])
        return jnp.tensordot(jnp.asarray(w, y.dtype), y, 1, precision=HIGHEST)


@dataclass(frozen=True)
class Linear:
    """The straight line through the values, at scale 0."""

    def __call__(self, scales: Any, values: Any) -> Float[Array, ...]:
        return Polynomial(1)(scales, values)


@dataclass(frozen=True)
class Richardson:
    """The polynomial that goes through every value, at scale 0.

    Source: Temme, Bravyi and Gambetta, arXiv:1612.02058, equation (3).

    Example:
        >>> from qjax import noise
        >>> round(float(noise.Richardson()([1.0, 3.0], [0.9, 0.7])), 6)
        1.0
    """

    def __call__(self, scales: Any, values: Any) -> Float[Array, ...]:
        x, y = checked_scales(scales, values, 1, "Richardson")
        ratios = x[None, :] / (x[None, :] - x[:, None] + np.eye(len(x)))
        w = np.prod(np.where(np.eye(len(x), dtype=bool), 1, ratios), axis=1)
        return jnp.tensordot(jnp.asarray(w, y.dtype), y, 1, precision=HIGHEST)


@dataclass(frozen=True)
class Exponential:
    """``a + b exp(-c scale)`` through the values, at scale 0, with a known limit ``a``.

    The line is fitted to logarithms, weighted by the squared distance from the limit, which to
    first order is a least-squares fit of the values themselves.

    Args:
        asymptote: what is left at infinite noise: 0 for observables without a trace under
            depolarising noise.

    Source: Endo, Benjamin and Li, arXiv:1712.09271, section III; Giurgica-Tiron et al.,
    arXiv:2005.10921, equation (14).

    Example:
        >>> import numpy as np
        >>> from qjax import noise
        >>> x = np.array([1.0, 2.0, 3.0])
        >>> round(float(noise.Exponential()(x, 0.7 * np.exp(-0.3 * x))), 6)
        0.7
    """

    asymptote: float = 0.0

    def __call__(self, scales: Any, values: Any) -> Float[Array, ...]:
        x, y = checked_scales(scales, values, 2, "Exponential")
        gap = y - self.asymptote
        sign = jnp.sign(gap[:1])
        size = jnp.maximum(sign * gap, 1e-12)  # values beyond the limit count as at the limit
        w = size * size
        t = jnp.asarray(x, y.dtype).reshape(-1, *(1,) * (y.ndim - 1))
        log = jnp.log(size)
        total = jnp.sum(w, axis=0)
        t_mean, log_mean = jnp.sum(w * t, axis=0) / total, jnp.sum(w * log, axis=0) / total
        deviation = t - t_mean[None]
        slope = jnp.sum(w * deviation * log, axis=0) / jnp.sum(w * deviation**2, axis=0)
        return self.asymptote + sign[0] * jnp.exp(log_mean - slope * t_mean)


def zne(
    evaluate: Callable[[Circuit], Any],
    circuit: Circuit,
    scales: Sequence[float | int],
    extrapolation: Extrapolation,
    folding: Callable[[Circuit, Any], Circuit] = fold,
) -> Any:
    """An expectation value with the effect of noise extrapolated away.

    Args:
        evaluate: from a circuit to a real value (or array) as the noisy device gives it, such as
            ``lambda c: qj.expval(noise.insert(c, model), obs, sim=qj.DensityMatrix())``.
        circuit: what is run, without noise.
        scales: by how much the circuit is folded, each at least 1.
        extrapolation: `Linear`, `Polynomial`, `Richardson`, `Exponential`, `Network`, or any
            function of ``(scales, values)``.
        folding: `fold` or `fold_gates`.

    Returns:
        The value extrapolated to no noise, shaped like one value. It is not bounded by the
        spectrum of the observable.

    Example:
        >>> import qjax as qj
        >>> from qjax import noise
        >>> model = noise.NoiseModel([noise.Rule(lambda q: qj.Depolarizing(0.02, q))])
        >>> def run(c):
        ...     return qj.expval(noise.insert(c, model), qj.Z(0), sim=qj.DensityMatrix())
        >>> flips = qj.Circuit(1, [qj.X(0)])
        >>> better = noise.zne(run, flips, [1, 3], noise.Linear())
        >>> round(float(run(flips)), 3), round(float(better), 3)
        (-0.973, -0.999)
    """
    values = jnp.stack([jnp.asarray(evaluate(folding(circuit, s))) for s in scales])
    return extrapolation(scales, values)
