"""Random inputs, and what a machine with memory is asked about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DataError
from .arrays import as_scalars, generator, positive
from .narma import narma


def uniform_input(
    key: Any, length: int, low: float | int = 0.0, high: float | int = 1.0
) -> np.ndarray:
    """Independent numbers, uniform on [low, high); shape (length,).

    Raises:
        KeyRequiredError: no key.

    Example:
        >>> import jax
        >>> uniform_input(jax.random.key(0), 4).shape
        (4,)
    """
    return generator(key).uniform(low, high, positive(length, "length"))


def binary_input(key: Any, length: int) -> np.ndarray:
    """Independent fair bits, 0.0 or 1.0; shape (length,).

    Raises:
        KeyRequiredError: no key.

    Example:
        >>> import jax
        >>> sorted(set(binary_input(jax.random.key(0), 50).tolist()))
        [0.0, 1.0]
    """
    return generator(key).integers(0, 2, positive(length, "length")).astype(float)


def _delays(delays: Any) -> list[int]:
    values = range(delays + 1) if isinstance(delays, int) else delays
    return [positive(d, "delays", 0) for d in values]


def delayed(u: Any, delays: int | Sequence[int]) -> np.ndarray:
    """Short-term memory: column d is ``u_(t-d)``, 0 before the beginning.

    Args:
        u: shape (T,).
        delays: which, or the largest D for 0 to D.

    Returns:
        Shape (T, number of delays).

    Example:
        >>> delayed([1.0, 2.0, 3.0], [0, 2]).tolist()
        [[1.0, 0.0], [2.0, 0.0], [3.0, 1.0]]
    """
    u = as_scalars(u, "u")
    out = np.zeros((len(u), len(_delays(delays))))
    for k, d in enumerate(_delays(delays)):
        out[d:, k] = u[: max(0, len(u) - d)]
    return out


def parity(bits: Any, delays: int | Sequence[int]) -> np.ndarray:
    """Parity check: column d is ``(u_t + ... + u_(t-d)) mod 2``, bits before the beginning being 0.

    Args:
        bits: 0 or 1, shape (T,).
        delays: which, or the largest D for 0 to D.

    Returns:
        0.0 or 1.0, shape (T, number of delays).

    Raises:
        DataError: inputs that are not bits.

    Source: Fujii and Nakajima, arXiv:1602.08159.

    Example:
        >>> parity([1, 1, 0], [0, 1]).tolist()
        [[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]]
    """
    u = as_scalars(bits, "bits")
    if not np.isin(u, (0.0, 1.0)).all():
        raise DataError("bits must be 0 or 1", got=np.unique(u)[:5], fix="use binary_input(key, T)")
    running = np.cumsum(u)
    out = np.empty((len(u), len(_delays(delays))))
    for k, d in enumerate(_delays(delays)):
        earlier = np.concatenate([np.zeros(min(d + 1, len(u))), running])[: len(u)]
        out[:, k] = (running - earlier) % 2
    return out


def two_time_scales(u: Any, delay: int = 40, weight: float | int = 0.17) -> np.ndarray:
    """A target on two time scales: ``y_(t+1) + weight u_(t-delay)``, y being NARMA-2 on u.

    Args:
        u: input, shape (T,), within [0, 0.5]; there the default weight gives both parts about the
            same variance.
        delay: the slow part's delay, in steps.
        weight: of the slow part.

    Returns:
        Aligned with the input, shape (T,).

    Example:
        >>> two_time_scales([0.1, 0.2, 0.3], delay=1).round(3).tolist()
        [0.101, 0.162, 0.214]
    """
    u = as_scalars(u, "u")
    return narma(u, 2)[1:] + weight * delayed(u, [delay])[:, 0]
