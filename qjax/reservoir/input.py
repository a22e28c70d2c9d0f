"""The states of one qubit that carry an input u within [0, 1], as Bloch vectors."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from ..gates.channels import root

LETTERS = {"pure": "IXZ", "mixed": "IZ", "phase": "IXY", "angle": "IXZ"}
"""Kind of input, and the letters that its states have."""

EVEN, ODD = "IZ", "XY"


def bloch(kind: str, u: Any) -> Any:
    """The components of the input state, for the letters of its kind.

    ``pure``: ``sqrt(1-u) |0> + sqrt(u) |1>``, whose slope at u = 0 and 1 is infinite and taken as
    0; ``mixed``: ``(1-u) |0><0| + u |1><1|``; ``phase``: ``(|0> + exp(2 pi i u) |1>) / sqrt(2)``;
    ``angle``: ``RY(pi u) |0>``. Values outside [0, 1] are clipped.

    Args:
        kind: one of the keys of `LETTERS`.
        u: real, shape (...).

    Returns:
        Shape (..., number of letters).
    """
    u = jnp.clip(u, 0, 1)
    one = jnp.ones_like(u)
    pi = np.asarray(np.pi, u.dtype)
    if kind == "pure":
        parts = [one, 2 * root(u * (1 - u)), 1 - 2 * u]
    elif kind == "mixed":
        parts = [one, 1 - 2 * u]
    elif kind == "phase":
        parts = [one, jnp.cos(2 * pi * u), jnp.sin(2 * pi * u)]
    else:
        parts = [one, jnp.sin(pi * u), jnp.cos(pi * u)]
    return jnp.stack(parts, axis=-1)


def input_matrix(kind: str, u: Any) -> Any:
    """The density matrix of the input, complex (2, 2)."""
    from ..gates.matrices import pauli_matrix

    letters = LETTERS[kind]
    basis = np.stack([pauli_matrix(c) / 2 for c in letters])
    s = bloch(kind, u)
    dtype = np.result_type(s.dtype, np.complex64)
    return jnp.tensordot(s.astype(dtype), jnp.asarray(basis, dtype), 1)
