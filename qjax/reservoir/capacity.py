"""Capacities: how much of the past, and of which functions of it, linear readouts recover.

The capacity of features X for a target z is ``1 - min_w |z - X w|^2 / |z|^2`` (both centred), the
squared multiple correlation. For orthogonal targets the capacities sum to at most the number of
features.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations_with_replacement
from typing import Any, NamedTuple

import numpy as np

from ..errors import DataError
from ..tasks.arrays import as_scalars, generator
from ..tasks.metrics import squared_correlation
from ..tasks.split import Split
from ..tasks.targets import delayed, parity

LEAST = 1e-7
"""Singular value, relative to the largest, below which a combination of features counts as none."""

SHORTEST = 1e-6
"""The least part of a target's variance that earlier targets may leave it."""

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


class _Sums:
    """What the features of a series are to its targets, gathered block by block.

    Attributes:
        factor: the triangular factor of ``[1, features]``, (1 + F, 1 + F): its digits do not
            suffer as those of the matrix of products would.
        targets: products of the targets, the first of them being 1, (1 + P, 1 + P).
        cross: products of the features, less ``shift``, with the targets, (F, 1 + P).
        chance: those with every set of targets made of shuffled input, (F, 1 + P').
        sizes: the sums of products of each of those sets that their variances need, (2, P').
    """

    def __init__(self, x: np.ndarray, surrogates: int) -> None:
        self.shift = x.mean(axis=0)  # any point near the features saves digits
        self.count = 0
        self.factor: np.ndarray = np.zeros((0, 1 + x.shape[1]))
        self.targets, self.cross = np.zeros(()), np.zeros(())
        self.chance, self.sizes = [np.zeros(())] * surrogates, [np.zeros(())] * surrogates

    def add(self, x: np.ndarray, z: np.ndarray, fakes: Iterator[np.ndarray]) -> None:
        x = x - self.shift
        self.count += len(x)
        ones = np.ones((len(x), 1))
        rows = np.concatenate([self.factor, np.concatenate([ones, x], axis=1)])
        self.factor = np.asarray(np.linalg.qr(rows, mode="r"))
        z = np.concatenate([ones, z], axis=1)
        self.targets, self.cross = self.targets + z.T @ z, self.cross + x.T @ z
        for k, fake in enumerate(fakes):
            self.chance[k] = self.chance[k] + x.T @ np.concatenate([ones, fake], axis=1)
            self.sizes[k] = self.sizes[k] + np.stack([fake.sum(axis=0), (fake**2).sum(axis=0)])

    def whitening(self) -> np.ndarray:
        """(F, rank): turns centred features into orthonormal ones."""
        # The rows after the first are a factor of the centred features.
        _, values, vectors = np.linalg.svd(self.factor[1:, 1:])
        keep = values > max(values[0], 1e-150) * LEAST
        return vectors[keep].T / values[keep]

    def capacities(self, basis: np.ndarray) -> np.ndarray:
        """Of all targets, made orthonormal one after the other; they sum to at most the rank."""
        size = np.sqrt(np.diagonal(self.targets))
        try:
            factor = np.linalg.cholesky(self.targets / np.outer(size, size))
        except np.linalg.LinAlgError:
            factor = np.zeros((1, 1))
        if np.diagonal(factor).min() ** 2 < SHORTEST:
            raise DataError(
                "the series is too short for so many targets: over its length they depend linearly",
                expected=f"many more steps than {len(self.targets) - 1} targets",
                got=f"{self.count} steps after the washout",
            )
        centred = self.cross - np.outer(self.cross[:, 0], self.targets[0]) / self.count
        # Q = Z R^-1, its first column being constant.
        turned = np.linalg.solve(factor, (basis.T @ centred / size).T)
        return (turned[1:] ** 2).sum(axis=1)

    def surrogates(self, basis: np.ndarray) -> np.ndarray:
        """The capacities of all targets made of shuffled input."""
        found = [np.zeros(1)]
        for cross, (sums, squares) in zip(self.chance, self.sizes, strict=True):
            centred = cross[:, 1:] - np.outer(cross[:, 0], sums) / self.count
            variance = squares - sums**2 / self.count
            found.append(((basis.T @ centred) ** 2).sum(axis=0) / variance)
        return np.concatenate(found[1:] or found)


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

    Over a finite series these products are not quite orthogonal, and a feature that is one of
    them would count a little for all. They are made orthonormal over the series, one after the
    other in the order of ``terms`` (degree, then delays): the capacities, thresholds or not, sum
    to at most the rank of the features, up to rounding (a relative 1e-8).

    Features are read block by block and only sums are kept, so that memory does not grow with
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

    Source: Dambre et al., Scientific Reports 2, 514 (2012); surrogates and orthogonalisation as
        in Kubota, Takahashi and Nakajima, arXiv:1906.04608.

    Example:
        >>> import jax, numpy as np
        >>> from qjax.tasks import delayed, uniform_input
        >>> u = uniform_input(jax.random.key(0), 3000)
        >>> found = information_processing_capacity(
        ...     delayed(u, 2), u, jax.random.key(1), delays=(5, 3), washout=10
        ... )
        >>> round(found.total, 6), found.features
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
    sums: _Sums | None = None
    begin = 0
    for block in [blocks] if hasattr(blocks, "shape") else blocks:
        x = np.asarray(block, np.float64)
        first, last = max(begin, washout), begin + len(x)
        if last > first:
            x = x[first - begin :]
            sums = _Sums(x, surrogates) if sums is None else sums
            own = _targets(scaled[0], terms, first, last, len(delays))
            others = (_targets(s, chosen, first, last, len(delays)) for s in scaled[1:])
            sums.add(x, own, others)
        begin = last
    if sums is None or begin != len(u):
        raise DataError("features and input differ in length", got=f"{begin} and {len(u)}")
    basis = sums.whitening()
    raw, chance = sums.capacities(basis), sums.surrogates(basis)
    threshold = float(chance.max() * margin)
    return Capacities(terms, raw, threshold, chance, *basis.shape)


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
