"""Readout errors undone on the computer."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float

from ..errors import ParameterError

HIGHEST = jax.lax.Precision.HIGHEST


def confusion_matrix(readout: Any) -> Float[Array, "d d"]:
    """Probabilities of reading ``i`` where ``j`` is the truth, ``(2**k, 2**k)``.

    Args:
        readout: for each of k qubits ``(zero_as_one, one_as_zero)``, shape ``(k, 2)``.

    Example:
        >>> from qjax import noise
        >>> noise.confusion_matrix([[0.125, 0.25]]).tolist()
        [[0.875, 0.25], [0.125, 0.75]]
    """
    table = _table(readout)
    out = jnp.ones((1, 1), table.dtype)
    for pair in table:
        out = jnp.kron(out, _flips(pair))
    return out


def correct_readout(probabilities: Any, readout: Any) -> Float[Array, " outcomes"]:
    """Measured probabilities with the readout errors inverted, qubit by qubit.

    Args:
        probabilities: measured frequencies, ``(2**k,)``.
        readout: for each of the k qubits ``(zero_as_one, one_as_zero)``.

    Returns:
        Quasi-probabilities, ``(2**k,)``: they sum to 1 and are unbiased, but may be negative; see
        `nearest_probabilities`.

    Raises:
        ParameterError: shapes that do not fit, or errors that cannot be inverted (sum 1).

    Source: Maciejewski, Zimboras and Oszmaniec, arXiv:1907.08518, section 2.

    Example:
        >>> from qjax import noise
        >>> seen = noise.confusion_matrix([[0.1, 0.2]])[:, 1]
        >>> abs(noise.correct_readout(seen, [[0.1, 0.2]])).round(3).tolist()
        [0.0, 1.0]
    """
    table, p = _table(readout), jnp.asarray(probabilities)
    k = table.shape[0]
    if p.shape != (2**k,):
        raise ParameterError(
            "correct_readout: probabilities has the wrong shape",
            expected=f"({2**k},) for {k} qubits",
            got=p.shape,
        )
    if not isinstance(table, Tracer) and np.any(np.abs(np.sum(table, axis=1) - 1) < 1e-9):
        raise ParameterError(
            "correct_readout: a readout that does not depend on the qubit cannot be inverted",
            got=f"errors {np.asarray(table).tolist()}",
        )
    out = p.reshape((2,) * k)
    for q in range(k):
        inverse = jnp.linalg.inv(_flips(table[q])).astype(p.dtype)
        out = jnp.moveaxis(jnp.tensordot(inverse, out, (1, q), precision=HIGHEST), 0, q)
    return out.reshape(-1)


def nearest_probabilities(quasi: Any) -> Float[Array, " outcomes"]:
    """The probabilities that are closest (in the Euclidean sense) to quasi-probabilities.

    Source: Smolin, Gambetta and Smith, arXiv:1106.5458.

    Example:
        >>> from qjax import noise
        >>> noise.nearest_probabilities([0.75, 0.5, -0.25]).tolist()
        [0.625, 0.375, 0.0]
    """
    q = jnp.asarray(quasi)
    if q.ndim != 1:
        raise ParameterError(
            "nearest_probabilities: quasi must be a vector", expected="(outcomes,)", got=q.shape
        )
    falling = jnp.sort(q)[::-1]
    count = jnp.arange(1, q.shape[0] + 1, dtype=q.dtype)
    level = (jnp.cumsum(falling) - 1) / count
    last = jnp.sum(falling > level) - 1
    return jnp.maximum(q - level[last], 0)


def _table(readout: Any) -> Any:
    table = jnp.asarray(readout)
    if table.ndim != 2 or table.shape[1] != 2:
        raise ParameterError(
            "readout: the errors have the wrong shape",
            expected="(qubits, 2): zero_as_one and one_as_zero of every qubit",
            got=table.shape,
        )
    return table


def _flips(pair: Any) -> Any:
    a, b = pair[0], pair[1]
    return jnp.stack([jnp.stack([1 - a, b]), jnp.stack([a, 1 - b])])
