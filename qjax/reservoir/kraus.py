"""Ising reservoirs fed by pure states, as Kraus operators on the reduced density matrix.

Feeding in a pure state ``psi`` of qubit 0 and evolving takes ``rho`` of the other ``n - 1`` qubits
to ``sum_a K_a rho K_a^dagger`` with ``K_a = sum_b psi_b U_ab``, a the state that qubit 0 is left
in. A Hermitian matrix is carried as the real one ``Q = Re rho + Im rho``, whose symmetric and
antisymmetric parts are the two; every product is then a real one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax.numpy as jnp
import numpy as np

from ..gates.channels import root
from ..gates.exponential import exp_i
from ..gates.matrices import pauli_matrix
from ..simulators.kernels import HIGHEST
from .affine import heisenberg
from .engine import Engine
from .input import EVEN, LETTERS, bloch

PURE = ("pure", "phase", "angle")
"""Kinds of input that are pure states."""


@dataclass(frozen=True)
class KrausEngine(Engine):
    """Attributes: number of qubits, virtual nodes, kind of input, observed words, real dtype."""

    n: int
    nodes: int
    kind: str
    words: tuple[str, ...]
    dtype: Any

    def prepare(self, reservoir: Any) -> Any:
        """For each amplitude the real forms of its part of K, (c, 4d, 2d) and (c, d, 4d); the
        readout's rows (F, k d d / 2)."""
        d = 2 ** (self.n - 1)
        step = exp_i(-reservoir.hamiltonian(self.dtype) * (reservoir.step_time(self.dtype)))
        whole, seen = heisenberg(step, self.nodes, self.words)
        parts = [whole.reshape(2, d, 2, d)[:, :, b] for b in (0, 1)]
        if self.kind == "phase":
            parts.append(1j * parts[1])
        kraus = jnp.stack(parts).swapaxes(1, 2)  # (c, i, a, j)
        real, imag = jnp.real(kraus), jnp.imag(kraus)
        # Rows (i, re or im of the product, a), columns (re or im of rho, j); the half is that of
        # Re rho = (Q + Q^T) / 2.
        rows = [jnp.concatenate([real, -imag], axis=-1), jnp.concatenate([imag, real], axis=-1)]
        left = jnp.stack(rows, axis=2).reshape(len(parts), 4 * d, 2 * d) / 2
        right = jnp.stack([real - imag, real + imag], axis=2).reshape(len(parts), d, 4 * d)
        blocks = seen.reshape(-1, 2, d, 2, d)
        readout = []
        for letter in LETTERS[self.kind]:
            sigma = jnp.asarray(pauli_matrix(letter) / 2, step.dtype)
            reduced = jnp.einsum("ab,fbiaj->fij", sigma, blocks, precision=HIGHEST)
            row = (jnp.real(reduced) + jnp.imag(reduced)).reshape(len(reduced), -1)
            readout.append(row[:, _entries(self.n - 1)[letter not in EVEN]])
        rows = jnp.concatenate(readout, axis=1)
        return tuple(x.astype(self.dtype) for x in (left, right, rows))

    def start(self, params: Any) -> Any:
        """All qubits in ``|0>``."""
        d = 2 ** (self.n - 1)
        return jnp.zeros((d, d), self.dtype).at[0, 0].set(1)

    def _amplitudes(self, u: Any) -> Any:
        u = jnp.clip(u, 0, 1)
        pi = np.asarray(np.pi, u.dtype)
        if self.kind == "pure":
            return root(1 - u), root(u)
        if self.kind == "angle":
            return jnp.cos(pi * u / 2), jnp.sin(pi * u / 2)
        size = np.asarray(np.sqrt(0.5), u.dtype)
        return size, size * jnp.cos(2 * pi * u), size * jnp.sin(2 * pi * u)

    def advance(self, params: Any, state: Any, u: Any, key: Any) -> tuple[Any, Any]:
        d = 2 ** (self.n - 1)
        amplitudes = self._amplitudes(u.astype(self.dtype))
        left, right = (_weighted(amplitudes, matrices) for matrices in params[:2])
        both = jnp.concatenate([state + state.T, state - state.T])
        moved = jnp.matmul(left, both, precision=HIGHEST).reshape(d, 4 * d)
        return jnp.matmul(moved, right.T, precision=HIGHEST), state

    def readout(self, params: Any, records: Any, u: Any) -> Any:
        s = bloch(self.kind, u.astype(self.dtype))
        flat = records.reshape(len(records), -1)
        own = [flat[:, places] for places in _entries(self.n - 1)]
        parts = [
            s[:, k, None] * own[letter not in EVEN] for k, letter in enumerate(LETTERS[self.kind])
        ]
        return jnp.matmul(jnp.concatenate(parts, axis=1), params[2].T, precision=HIGHEST)

    def distance(self, params: Any, a: Any, b: Any) -> Any:
        # |Q| is the Frobenius norm of rho; the trace norm is at most sqrt(d) times it.
        return np.asarray(2.0 ** ((self.n - 1) / 2), self.dtype) * jnp.sqrt(jnp.sum((a - b) ** 2))


def _weighted(amplitudes: Any, matrices: Any) -> Any:
    total: Any = 0
    for c, x in zip(amplitudes, matrices, strict=True):
        total = total + c * x
    return total


@lru_cache(maxsize=16)
def _entries(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Flat places (i, j) whose bits differ in an even, and in an odd number: those of words with
    an even and an odd number of letters X and Y."""
    index = np.arange(2**n)
    differ = index[:, None] ^ index[None, :]
    odd = np.bitwise_count(differ).reshape(-1) % 2 == 1
    return np.flatnonzero(~odd), np.flatnonzero(odd)
