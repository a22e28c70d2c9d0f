"""Ising reservoirs as density matrices in the eigenbasis of the Hamiltonian."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..gates.matrices import pauli_matrix
from ..simulators.kernels import HIGHEST
from .engine import Engine
from .input import input_matrix


@dataclass(frozen=True)
class EigenbasisEngine(Engine):
    """Attributes: number of qubits, virtual nodes, kind of input, observed words, real dtype.

    Derivatives with respect to the Hamiltonian are singular where its eigenvalues meet.
    """

    n: int
    nodes: int
    kind: str
    words: tuple[str, ...]
    dtype: Any

    @property
    def complex_dtype(self) -> Any:
        return np.result_type(self.dtype, np.complex64)

    def prepare(self, reservoir: Any) -> Any:
        """Eigenvectors, the phases of a whole step, and the observables in the eigenbasis."""
        values, vectors = jnp.linalg.eigh(reservoir.hamiltonian(self.dtype))
        gaps = values[:, None] - values[None, :]
        angle = gaps * reservoir.step_time(self.dtype)
        operators = jnp.asarray(np.stack([pauli_matrix(w) for w in self.words]), self.complex_dtype)
        v = vectors.astype(self.complex_dtype)
        seen = jnp.matmul(jnp.matmul(v.conj().T, operators, precision=HIGHEST), v)
        # tr(O rho) with the phases of node m: the rows (O_ji phase_ij^m) meet rho_ij.
        numbers = jnp.arange(1, self.nodes + 1, dtype=self.dtype)
        phases = _turn(angle[None] * numbers[:, None, None])
        rows = seen.swapaxes(-1, -2)[None] * phases[:, None]
        whole = phases[-1]
        return v, whole, rows.reshape(self.nodes * len(self.words), -1)

    def start(self, params: Any) -> Any:
        """All qubits in ``|0>``, after which the first input is fed in."""
        v = params[0]
        return v[0].conj()[:, None] * v[0][None, :]

    def advance(self, params: Any, state: Any, u: Any, key: Any) -> tuple[Any, Any]:
        v, whole, _ = params
        d = 2 ** (self.n - 1)
        halves = v.reshape(2, d, 2 * d)
        moved = jnp.matmul(halves, state, precision=HIGHEST)
        reduced = jnp.matmul(moved, halves.conj().swapaxes(-1, -2), precision=HIGHEST).sum(axis=0)
        fresh = input_matrix(self.kind, u.astype(self.dtype))
        # rho = fresh (x) reduced, turned into the eigenbasis half by half.
        right = jnp.matmul(reduced, halves, precision=HIGHEST)
        mixed = jnp.einsum("ab,bij->aij", fresh, right, precision=HIGHEST)
        left = halves.conj().swapaxes(-1, -2)
        rho = jnp.matmul(left, mixed, precision=HIGHEST).sum(axis=0)
        return rho * whole, rho

    def readout(self, params: Any, records: Any, u: Any) -> Any:
        flat = records.reshape(len(records), -1)
        rows = params[2]
        # Re(a b) without forming the imaginary part.
        out = jnp.matmul(jnp.real(flat), jnp.real(rows).T, precision=HIGHEST)
        return out - jnp.matmul(jnp.imag(flat), jnp.imag(rows).T, precision=HIGHEST)

    def distance(self, params: Any, a: Any, b: Any) -> Any:
        gap = a - b
        size = np.asarray(2.0 ** (self.n / 2), self.dtype)  # trace norm from the Frobenius norm
        return size * jnp.sqrt(jnp.sum(jnp.real(gap) ** 2 + jnp.imag(gap) ** 2))


def _turn(angle: Any) -> Any:
    return jax.lax.complex(jnp.cos(angle), -jnp.sin(angle))
