"""Small sets of bit patterns for generative models."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from ..errors import DataError

LARGEST_SIDE = 8
LARGEST_COUNT = 100_000


def bars_and_stripes(rows: int, columns: int) -> np.ndarray:
    """All images whose rows are all equal or whose columns are all equal.

    Args:
        rows, columns: 1 to 8.

    Returns:
        uint8 ``(2**rows + 2**columns - 2, rows * columns)``, row by row; in a fixed order.

    Raises:
        DataError: sides out of range.

    Source: MacKay, *Information Theory, Inference, and Learning Algorithms* (2003), section 43.

    Example:
        >>> from qjax.tasks import bars_and_stripes
        >>> bars_and_stripes(4, 4).shape
        (30, 16)
    """
    if not (1 <= rows <= LARGEST_SIDE and 1 <= columns <= LARGEST_SIDE):
        raise DataError(
            "bars_and_stripes: sides are out of range",
            expected=f"1 to {LARGEST_SIDE}",
            got=f"{rows} x {columns}",
        )

    def lines(k: int) -> np.ndarray:
        return (np.arange(2**k)[:, None] >> np.arange(k - 1, -1, -1)[None, :] & 1).astype(np.uint8)

    bars = np.broadcast_to(lines(columns)[:, None, :], (2**columns, rows, columns))
    stripes = np.broadcast_to(lines(rows)[:, :, None], (2**rows, rows, columns))
    return np.unique(np.concatenate([bars, stripes]).reshape(-1, rows * columns), axis=0)


def fixed_cardinality(n: int, ones: int) -> np.ndarray:
    """All strings of ``n`` bits of which ``ones`` are 1.

    Args:
        n: bits, at least 1.
        ones: 0 to n.

    Returns:
        uint8 ``(n choose ones, n)``.

    Raises:
        DataError: ``ones`` out of range, or more than 100,000 strings.

    Example:
        >>> from qjax.tasks import fixed_cardinality
        >>> fixed_cardinality(12, 6).shape
        (924, 12)
    """
    if n < 1 or not 0 <= ones <= n:
        raise DataError("fixed_cardinality: ones must lie between 0 and n", got=f"{ones} of {n}")
    count = 1
    for k in range(min(ones, n - ones)):
        count = count * (n - k) // (k + 1)
    if count > LARGEST_COUNT:
        raise DataError(
            "fixed_cardinality: too many strings", expected=f"at most {LARGEST_COUNT}", got=count
        )
    table = np.zeros((count, n), np.uint8)
    for row, chosen in enumerate(combinations(range(n), ones)):
        table[row, list(chosen)] = 1
    return table
