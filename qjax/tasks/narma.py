"""Nonlinear autoregressive moving averages (NARMA), and the usual deterministic input."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DataError
from .arrays import as_scalars, positive


def narma(u: Any, order: int, *, start: float | int = 0.0) -> np.ndarray:
    """The NARMA series that an input drives.

    Order 2: ``y_(t+1) = 0.4 y_t + 0.4 y_t y_(t-1) + 0.6 u_t^3 + 0.1``; order n > 2: ``y_(t+1) =
    0.3 y_t + 0.05 y_t sum_(j<n) y_(t-j) + 1.5 u_(t-n+1) u_t + 0.1``. Before the beginning, y is
    ``start`` and u is 0.

    Args:
        u: input, shape (T,), usually within [0, 0.2] (order 10 also [0, 0.5], where it sometimes
            diverges).
        order: 2, or the n of the general form (5, 10, ...).
        start: y_0 and everything before it.

    Returns:
        ``y_0 ... y_T``, shape (T + 1,). What has just seen ``u[t]`` is to know ``y[t + 1]``: the
        target aligned with the input is ``narma(u, n)[1:]``, the series itself ``[:-1]``.

    Raises:
        DataError: an input that is no series of scalars, an order below 2, a series that diverges.

    Source: Atiya and Parlos, IEEE Trans. Neural Networks 11, 697 (2000); Fujii and Nakajima,
        arXiv:1602.08159.

    Example:
        >>> import numpy as np
        >>> narma(np.full(3, 0.5), 2).round(4).tolist()
        [0.0, 0.175, 0.245, 0.2902]
    """
    inputs = as_scalars(u, "u").tolist()
    n = positive(order, "order", 2)
    y = [float(start)] * n  # y_(-n+1) ... y_0
    past = [0.0] * (n - 1) + inputs  # past[t] is u_(t-n+1)
    for t, now in enumerate(inputs):
        last = y[-1]
        if n == 2:
            new = 0.4 * last + 0.4 * last * y[-2] + 0.6 * now**3 + 0.1
        else:
            new = 0.3 * last + 0.05 * last * sum(y[-n:]) + 1.5 * past[t] * now + 0.1
        if not abs(new) < 1e3:
            raise DataError(
                f"NARMA-{n} diverges at step {t} on this input",
                got=f"y = {new:.3g}",
                fix="scale the input to [0, 0.2], or draw another one",
            )
        y.append(new)
    return np.asarray(y[n - 1 :])


def sine_product(
    length: int,
    period: float | int = 100,
    *,
    frequencies: tuple[float | int, ...] = (2.11, 3.73, 4.11),
) -> np.ndarray:
    """``u_t = 0.1 [prod_k sin(2 pi a_k t / T) + 1]``, within [0, 0.2].

    Args:
        length: number of steps.
        period: the T of the formula. Fujii and Nakajima take 100; codes in which T is the length
            of the series (300) have an easier input.
        frequencies: the a_k.

    Returns:
        Shape (length,).

    Source: Fujii and Nakajima, arXiv:1602.08159.

    Example:
        >>> sine_product(2).tolist()[0]
        0.1
    """
    t = np.arange(positive(length, "length")) / period
    waves = np.sin(2 * np.pi * np.multiply.outer(np.asarray(frequencies, float), t))
    return 0.1 * (waves.prod(axis=0) + 1)
