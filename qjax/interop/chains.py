"""Matrix product states and operators as lists of site tensors, as other packages keep them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from ..errors import DataError
from ..simulators.mps import MatrixProductState
from ..tensor import MatrixProductOperator


def state_sites(state: MatrixProductState) -> list[Any]:
    """Tensors ``(left, 2, right)``, the outer bonds of dimension 1, padding left out.

    NumPy arrays; of a traced state the padded tensors, traced.
    """
    t = state.tensors
    sites = [t[k] for k in range(state.n)]
    sites[0] = sites[0][:1]
    sites[-1] = sites[-1][..., :1]
    return _trimmed(sites)


def operator_sites(operator: MatrixProductOperator) -> list[Any]:
    """Tensors ``(left, 2, 2, right)``, row before column, as `state_sites`."""
    t, end = operator.tensors, operator.end
    sites = [t[k] for k in range(operator.n)]
    sites[0] = sites[0][:1]
    sites[-1] = sites[-1][..., end : end + 1]
    return _trimmed(sites)


def _trimmed(sites: list[Any]) -> list[Any]:
    """Without bond states that nothing flows through."""
    if any(isinstance(t, Tracer) for t in sites):
        return sites
    sites = [np.asarray(t) for t in sites]
    for k in range(len(sites) - 1):
        left, right = sites[k], sites[k + 1]
        used = left.reshape(-1, left.shape[-1]).any(0) & right.reshape(len(right), -1).any(1)
        used[0] |= not used.any()
        sites[k], sites[k + 1] = left[..., used], right[used]
    return sites


def as_state(sites: Sequence[Any], where: str) -> MatrixProductState:
    """The state of tensors ``(left, 2, right)``.

    Raises:
        DataError: not a chain of qubits.
    """
    try:
        return MatrixProductState.from_tensors(sites)
    except DataError as error:
        raise error.within(where) from None


def as_operator(sites: Sequence[Any], where: str) -> MatrixProductOperator:
    """The operator of tensors ``(left, 2, 2, right)``.

    Raises:
        DataError: not a chain of qubits.
    """
    shapes = [tuple(t.shape) for t in sites]
    fits = all(len(s) == 4 and s[1:3] == (2, 2) for s in shapes) and bool(shapes)
    if (
        not fits
        or shapes[0][0] != 1
        or shapes[-1][-1] != 1
        or any(a[-1] != b[0] for a, b in pairwise(shapes))
    ):
        raise DataError(
            f"{where}: bonds must match",
            expected="shapes (1, 2, 2, a), (a, 2, 2, b), ..., (z, 2, 2, 1)",
            got=shapes,
        )
    width = max(max(s[0], s[-1]) for s in shapes)
    kind = np.result_type(*(t.dtype for t in sites))
    padded = [
        jnp.pad(jnp.asarray(t, kind), ((0, width - s[0]), (0, 0), (0, 0), (0, width - s[-1])))
        for t, s in zip(sites, shapes, strict=True)
    ]
    return MatrixProductOperator(jnp.stack(padded), 0)
