"""Capacities: how much of the past, and of which functions of it, linear readouts recover.

The capacity of features X for a target z is ``1 - min_w |z - X w|^2 / |z|^2`` (both centred), the
squared multiple correlation. For orthogonal targets the capacities sum to at most the number of
features.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any, NamedTuple

import numpy as np

from ..errors import DataError
from ..tasks.arrays import as_scalars, generator
from ..tasks.metrics import squared_correlation
from ..tasks.split import Split
from ..tasks.targets import delayed, parity

Term = tuple[tuple[int, int], ...]
"""A product of Legendre polynomials: ``((delay, degree), ...)``, delays ascending."""


def memory_capacity(
    features: Any, u: Any, split: Split, delays: int, *, alpha: float | int = 1e-8
) -> np.ndarray:
    """Short-term memory: squared correlations of ``u_(t-d)`` with its linear estimate.

    Args:
        features: shape (T, F).
        u: inputs, shape (T,).
        split: readouts are fitted on train and judged on test.
        delays: the largest delay.
        alpha: ridge penalty per step.

    Returns:
        For d = 0 ... delays; the memory capacity is the sum over d >= 1 (or d >= 0).

    Source: Jaeger, GMD report 152 (2001).
    """
    return _capacities(features, delayed(u, delays), split, alpha)


def parity_capacity(
    features: Any, bits: Any, split: Split, delays: int, *, alpha: float | int = 1e-8
) -> np.ndarray:
    """Parity check: squared correlations of ``(u_t + ... + u_(t-d)) mod 2`` with its estimate.

    Args: as for `memory_capacity`, inputs being 0 or 1.

    Source: Fujii and Nakajima, arXiv:1602.08159.
    """
    return _capacities(features, parity(bits, delays), split, alpha)


def _capacities(features: Any, y: np.ndarray, split: Split, alpha: float | int) -> np.ndarray:
    from ..tasks.baselines import fit_linear

    x = np.asarray(features, np.float64)
    if len(x) != len(y):
        raise DataError("features and inputs differ in length", got=f"{len(x)} and {len(y)}")
    model = fit_linear(x[split.train], y[split.train], alpha)
    return np.asarray(squared_correlation(y[split.test], model(x[split.test])))


class Capacities(NamedTuple):
    """Information-processing capacities.

    Attributes:
        terms: what each target is, ``((delay, degree), ...)``.
        raw: capacity of every target, (P,).
        threshold: below which a capacity counts as 0.
        surrogates: the capacities of shuffled targets that the threshold comes from.
        features: number of features, the bound of the total.
        rank: number of features that are linearly independent.
    """

    terms: tuple[Term, ...]
    raw: np.ndarray
    threshold: float
    surrogates: np.ndarray
    features: int
    rank: int

    @property
    def values(self) -> np.ndarray:
        """The capacities that exceed the threshold; 0 for the others."""
        return np.where(self.raw > self.threshold, self.raw, 0.0)

    @property
    def total(self) -> float:
        """Their sum."""
        return float(self.values.sum())

    def by_degree(self) -> dict[int, float]:
        """The sum for every total degree."""
        degrees = np.array([sum(p for _, p in t) for t in self.terms])
        return {int(d): float(self.values[degrees == d].sum()) for d in np.unique(degrees)}


@dataclass(frozen=True)
class _Moments:
    """Sums over the series: of products of features, and of features with targets."""

    xx: np.ndarray
    xz: np.ndarray
    x: np.ndarray
    z: np.ndarray
    zz: np.ndarray
    count: int

    def __add__(self, other: _Moments) -> _Moments:
        pairs = zip(self.__dict__.values(), other.__dict__.values(), strict=True)
        return _Moments(*(a + b for a, b in pairs))


def information_processing_capacity(
    blocks: Any,
    u: Any,
    key: Any,
    *,
    delays: Sequence[int] = (50, 20, 12),
    washout: int = 1000,
    low: float | int = 0.0,
    high: float | int = 1.0,
    surrogates: int = 10,
    margin: float | int = 1.0,
) -> Capacities:
    """Capacities of all products of Legendre polynomials of delayed inputs.

    Features are read block by block and only moments are kept, so that memory does not grow with
    the length of the series. The threshold is the largest capacity of ``surrogates`` sets of
    targets that were made of another random input, times ``margin``: what chance gives at this
    length.

    Args:
        blocks: features (T, F), or their blocks in order (`Reservoir.stream`).
        u: the input, independent and uniform on [low, high], shape (T,).
        key: PRNG key of the surrogates.
        delays: the number of delays for each total degree; degree d takes delays 0 to
            ``delays[d-1] - 1``.
        washout: steps at the beginning that do not count; at least the largest delay.
        low, high: range of the input.
        surrogates: sets of targets that chance is judged by.
        margin: factor of the threshold.

    Raises:
        DataError: a series that is too short.
        KeyRequiredError: no key.

    Source: Dambre et al., Scientific Reports 2, 514 (2012); surrogates as in Kubota, Takahashi
        and Nakajima, arXiv:1906.04608.

    Example:
        >>> import jax, numpy as np
        >>> from qjax.tasks import delayed, uniform_input
        >>> u = uniform_input(jax.random.key(0), 3000)
        >>> found = information_processing_capacity(
        ...     delayed(u, 2), u, jax.random.key(1), delays=(5, 3), washout=10
        ... )
        >>> round(found.total, 1), found.features
        (3.0, 3)
    """
    u = as_scalars(u, "u")
    reach = max(delays)
    if washout < reach - 1 or len(u) <= washout + reach:
        raise DataError(
            "the series is too short, or the washout shorter than the delays",
            expected=f"washout of at least {reach - 1}, and more steps after it",
            got=f"{len(u)} steps, washout {washout}",
        )
    terms = tuple(_terms(delays))
    scaled = [2 * (u - low) / (high - low) - 1]
    draw = generator(key)
    scaled += [draw.permutation(scaled[0]) for _ in range(surrogates)]
    chosen = _sample(terms, draw)
    total: _Moments | None = None
    fake: list[_Moments] = []
    begin = 0
    series = [blocks] if hasattr(blocks, "shape") else blocks
    for block in series:
        x = np.asarray(block, np.float64)
        first, last = max(begin, washout), begin + len(x)
        if last > first:
            x = x[first - begin :]
            part = _moments(x, _targets(scaled[0], terms, first, last, len(delays)))
            total = part if total is None else total + part
            for k in range(surrogates):
                z = _targets(scaled[1 + k], chosen, first, last, len(delays))
                part = _moments(x, z)
                if k < len(fake):
                    fake[k] = fake[k] + part
                else:
                    fake.append(part)
        begin = last
    if total is None or begin != len(u):
        raise DataError("features and input differ in length", got=f"{begin} and {len(u)}")
    basis, rank = _whitening(total)
    raw = _capacity(total, basis)
    chance = np.concatenate([_capacity(m, basis) for m in fake]) if fake else np.zeros(1)
    threshold = float(chance.max() * margin)
    return Capacities(terms, raw, threshold, chance, total.xx.shape[0], rank)


def _terms(delays: Sequence[int]) -> list[Term]:
    """All products of total degree d over the delays that are allowed for it."""
    out: list[Term] = []
    for degree, reach in enumerate(delays, start=1):
        for places in combinations_with_replacement(range(reach), degree):
            out.append(tuple((d, places.count(d)) for d in sorted(set(places))))
    return out


def _sample(
    terms: tuple[Term, ...], draw: np.random.Generator, most: int = 200
) -> tuple[Term, ...]:
    """Some of the terms: the distribution of chance capacities hardly depends on which."""
    if len(terms) <= most:
        return terms
    return tuple(terms[k] for k in np.sort(draw.choice(len(terms), most, replace=False)))


def _targets(
    u: np.ndarray, terms: tuple[Term, ...], first: int, last: int, degree: int
) -> np.ndarray:
    """Products of normalised Legendre polynomials at the steps first ... last - 1; (B, P)."""
    reach = max(d for t in terms for d, _ in t)
    window = u[first - reach : last]
    powers = [np.sqrt(2 * k + 1) * _legendre(k, window) for k in range(degree + 1)]
    out = np.empty((last - first, len(terms)))
    for column, term in enumerate(terms):
        product: Any = 1.0
        for delay, power in term:
            product = product * powers[power][reach - delay : reach - delay + last - first]
        out[:, column] = product
    return out


def _legendre(degree: int, x: np.ndarray) -> np.ndarray:
    before, now = np.zeros_like(x), np.ones_like(x)
    for k in range(degree):
        before, now = now, ((2 * k + 1) * x * now - k * before) / (k + 1)
    return now


def _moments(x: np.ndarray, z: np.ndarray) -> _Moments:
    return _Moments(x.T @ x, x.T @ z, x.sum(axis=0), z.sum(axis=0), (z * z).sum(axis=0), len(x))


def _whitening(m: _Moments) -> tuple[np.ndarray, int]:
    """Columns that turn centred features into orthonormal ones, and how many there are."""
    mean = m.x / m.count
    values, vectors = np.linalg.eigh(m.xx - m.count * np.outer(mean, mean))
    keep = values > max(values[-1], 1e-300) * len(values) * 1e-13
    return vectors[:, keep] / np.sqrt(values[keep]), int(keep.sum())


def _capacity(m: _Moments, basis: np.ndarray) -> np.ndarray:
    centred = m.xz - np.outer(m.x, m.z) / m.count
    variance = m.zz - m.z**2 / m.count
    return ((basis.T @ centred) ** 2).sum(axis=0) / variance
