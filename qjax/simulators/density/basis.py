"""Between density matrices and the vector of Pauli expectation values that the simulator keeps.

The vector holds ``tr(P rho)`` for the words P on n qubits, ``(4**n,)`` real, letters I, X, Y, Z as
0 to 3, qubit 0 the most significant digit. As a register of ``2 n`` bits, qubit q owns the bits 2q
and 2q + 1, so that the kernels of the statevector simulator serve for it; classical bits of a
circuit follow as further bits.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ...gates.channels import pauli_basis
from ..kernels import HIGHEST, Pair, apply_matrix

LARGEST = 2  # qubits that are turned at once


def axes_of(qubits: tuple[int, ...]) -> tuple[int, ...]:
    """The bits of the register that belong to ascending qubits."""
    return tuple(b for q in qubits for b in (2 * q, 2 * q + 1))


@lru_cache(maxsize=8)
def turn(k: int, back: bool = False) -> np.ndarray:
    """From Pauli components to matrix elements of k qubits, complex ``(4**k, 4**k)``.

    Rows are matrix elements with the bits of row and column interleaved qubit by qubit; ``back``
    gives the inverse.
    """
    basis = pauli_basis(k).reshape(4**k, *(2,) * (2 * k))
    order = [0, *(x for q in range(k) for x in (1 + q, 1 + k + q))]
    rows = basis.transpose(order).reshape(4**k, 4**k)
    return rows.conj() if back else rows.T / 2**k


def to_elements(state: Pair, qubits: tuple[int, ...], n: int, back: bool = False) -> Pair:
    """The named (ascending) qubits of an ``n``-bit register turned to matrix elements."""
    for k in range(0, len(qubits), LARGEST):
        some = qubits[k : k + LARGEST]
        m = turn(len(some), back)
        dtype = state[0].dtype
        matrix = (jnp.asarray(np.real(m), dtype), jnp.asarray(np.imag(m), dtype))
        state = apply_matrix(state, matrix, axes_of(some), n)
    return state


def to_matrix(components: Any, n: int) -> Any:
    """The density matrix, complex ``(2**n, 2**n)``, of components ``(4**n,)``."""
    re, im = to_elements((components, None), tuple(range(n)), 2 * n)
    order = [*range(0, 2 * n, 2), *range(1, 2 * n, 2)]

    def unfold(x: Any) -> Any:
        return x.reshape((2,) * (2 * n)).transpose(order).reshape(2**n, 2**n)

    return jax.lax.complex(unfold(re), unfold(im))


def from_matrix(rho: Any, n: int, dtype: Any) -> Any:
    """The components, real ``(4**n,)``, of a Hermitian ``(2**n, 2**n)``."""
    order = [x for q in range(n) for x in (q, n + q)]

    def fold(x: Any) -> Any:
        return x.astype(dtype).reshape((2,) * (2 * n)).transpose(order).reshape(-1)

    state = (fold(jnp.real(rho)), fold(jnp.imag(rho)) if jnp.iscomplexobj(rho) else None)
    return to_elements(state, tuple(range(n)), 2 * n, back=True)[0]


def populations(components: Any, n: int) -> Any:
    """The diagonal of the density matrix, real ``(2**n,)``: only words of I and Z count."""
    words = components.reshape((4,) * n)[(slice(None, None, 3),) * n]
    half = n // 2
    left, right = (_hadamard(k) for k in (half, n - half))
    dtype = components.dtype
    table = words.reshape(2**half, -1)
    out = jnp.matmul(jnp.asarray(left, dtype), table, precision=HIGHEST)
    return jnp.matmul(out, jnp.asarray(right, dtype), precision=HIGHEST).reshape(-1)


@lru_cache(maxsize=16)
def _hadamard(k: int) -> np.ndarray:
    out = np.ones((1, 1))
    for _ in range(k):
        out = np.kron(out, np.array([[1, 1], [1, -1]]) / 2)
    return out


def keep(components: Any, qubits: tuple[int, ...], n: int) -> Any:
    """Components of the state of some qubits, in their order, the others traced out."""
    where = tuple(slice(None) if q in qubits else 0 for q in range(n))
    kept = components.reshape((4,) * n)[where]
    ascending = sorted(qubits)
    return kept.transpose([ascending.index(q) for q in qubits]).reshape(-1)
