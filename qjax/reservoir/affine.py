"""Ising reservoirs as one real matrix per step on reduced Pauli components.

Feeding in an input replaces qubit 0, so that the other ``n - 1`` qubits carry the state. With
``r`` their Pauli components and ``s = (1, x, y, z)`` the input's Bloch vector the step is ``r' =
sum_k s_k A_k r``, and every feature ``sum_k s_k C_k r``. The Ising Hamiltonian conserves the parity
of the number of letters X and Y in a word, and the features have even words only.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..gates.channels import as_complex, pauli_basis, pauli_components
from ..gates.exponential import exp_i
from ..gates.matrices import pauli_matrix
from ..simulators.kernels import HIGHEST
from .engine import Engine
from .input import EVEN, LETTERS, ODD, bloch


@dataclass(frozen=True)
class AffineEngine(Engine):
    """Attributes: number of qubits, virtual nodes, kind of input, observed words, real dtype."""

    n: int
    nodes: int
    kind: str
    words: tuple[str, ...]
    dtype: Any

    def prepare(self, reservoir: Any) -> Any:
        """The step's matrices by sector, (sectors, h, k h) as a tuple, and the readout's."""
        step = exp_i(-reservoir.hamiltonian(self.dtype) * (reservoir.step_time(self.dtype)))
        maps, rows = reduced_maps(step, self.nodes, self.words, LETTERS[self.kind], self.dtype)
        sectors = [np.flatnonzero(p) for p in _parities(self.n - 1)][: self.sectors]
        matrices = []
        for own, (mine, other) in enumerate(self._sources()):
            blocks = [maps[k][sectors[own]][:, sectors[own]] for k in mine]
            blocks += [maps[k][sectors[own]][:, sectors[1 - own]] for k in other]
            matrices.append(jnp.concatenate(blocks, axis=1))
        mine, other = self._sources()[0]
        readout = [rows[k][:, sectors[0]] for k in mine]
        readout += [rows[k][:, sectors[1]] for k in other]
        return tuple(matrices), jnp.concatenate(readout, axis=1)

    @property
    def sectors(self) -> int:
        """1 where the input never leaves the even sector."""
        return 2 if any(letter in ODD for letter in LETTERS[self.kind]) else 1

    def _sources(self) -> list[tuple[list[int], list[int]]]:
        """For each sector, which input letters meet the same and which the other sector."""
        letters = LETTERS[self.kind]
        even = [k for k, c in enumerate(letters) if c in EVEN]
        odd = [k for k, c in enumerate(letters) if c in ODD]
        return [(even, odd)] * self.sectors

    def start(self, params: Any) -> Any:
        """All qubits in ``|0>``."""
        words = _zero_words(self.n - 1)
        sectors = [np.flatnonzero(p) for p in _parities(self.n - 1)][: self.sectors]
        return tuple(jnp.asarray(words[s], self.dtype) for s in sectors)

    def _products(self, state: tuple, s: Any, own: int) -> Any:
        """Input letters times components, ``(..., k h)``, that sector ``own`` is computed from."""
        mine, other = self._sources()[own]
        parts = [s[..., k, None] * state[own] for k in mine]
        parts += [s[..., k, None] * state[1 - own] for k in other]
        return jnp.concatenate(parts, axis=-1)

    def advance(self, params: Any, state: Any, u: Any, key: Any) -> tuple[Any, Any]:
        s = bloch(self.kind, u.astype(self.dtype))
        new = tuple(
            jnp.matmul(matrix, self._products(state, s, own), precision=HIGHEST)
            for own, matrix in enumerate(params[0])
        )
        return new, state

    def readout(self, params: Any, records: Any, u: Any) -> Any:
        s = bloch(self.kind, u.astype(self.dtype))
        return jnp.matmul(self._products(records, s, 0), params[1].T, precision=HIGHEST)

    def distance(self, params: Any, a: Any, b: Any) -> Any:
        # The trace norm is at most sqrt(d) times the Frobenius norm, which is |components| /
        # sqrt(d); the part of even parity is a channel's image.
        return jnp.sqrt(sum(jnp.sum((x - y) ** 2) for x, y in zip(a, b, strict=True)))


def reduced_maps(
    step: Any, nodes: int, words: tuple[str, ...], letters: str, dtype: Any
) -> tuple[list[Any], list[Any]]:
    """The matrices ``A_k`` (4**(n-1), 4**(n-1)) and ``C_k`` (nodes * words, 4**(n-1)).

    Args:
        step: unitary of one virtual node, complex (2**n, 2**n); qubit 0 takes the input.
        nodes: number of virtual nodes; features follow the node, then the word.
        words: observed Pauli words on n qubits.
        letters: the letters k of the input's Bloch vector, "I" first.
        dtype: real.
    """
    n = len(words[0])
    size = 2 ** (n - 1)
    whole, seen = heisenberg(step, nodes, words)
    rows = jax.vmap(lambda m: _components(m, dtype))(seen.reshape(-1, 2**n, 2**n))
    rows = rows.reshape(len(rows), 4, -1) / np.asarray(2**n, dtype)
    kraus = whole.reshape(2, size, 2, size)  # output and input of qubit 0 apart
    maps, features = [], []
    for letter in letters:
        sigma = jnp.asarray(pauli_matrix(letter) / 2, step.dtype)
        left = jnp.einsum("aibj,bc->acij", kraus, sigma, precision=HIGHEST)
        flat = left.reshape(4, -1).T, kraus.conj().transpose(0, 2, 1, 3).reshape(4, -1)
        outer = _mm(*flat).reshape((2,) * (4 * (n - 1)))
        maps.append(_to_components(outer, n - 1).astype(dtype))
        features.append(rows[:, "IXYZ".index(letter)])
    return maps, features


def heisenberg(step: Any, nodes: int, words: tuple[str, ...]) -> tuple[Any, Any]:
    """The unitary of all virtual nodes, and the observables taken back from each node to the
    beginning of the step, (nodes, words, 2**n, 2**n)."""
    operators = as_complex(jnp.asarray(np.stack([pauli_matrix(w) for w in words]), step.dtype))

    def back(carry: Any, _: Any) -> tuple[Any, Any]:
        power, seen = carry
        seen = _mm(_mm(step.conj().T, seen), step)
        return (_mm(step, power), seen), seen

    begin = (jnp.eye(len(step), dtype=step.dtype), operators)
    (whole, _), seen = jax.lax.scan(back, begin, None, length=nodes)
    return whole, seen


def _components(matrix: Any, dtype: Any) -> Any:
    """``tr(P M)`` for all words, qubit by qubit: real (4**n,)."""
    n = int(matrix.shape[-1]).bit_length() - 1
    if n <= 4:
        return pauli_components(matrix, dtype)
    x = matrix.reshape((2,) * (2 * n))
    x = x.transpose([a for q in range(n) for a in (q, n + q)]).reshape((4,) * n)
    table = jnp.asarray(_duals(), matrix.dtype)
    for _ in range(n):  # the first axis is turned and put last: after n turns all are in place
        x = jnp.tensordot(x, table, ((0,), (1,)), precision=HIGHEST)
    return jnp.real(x).reshape(-1).astype(dtype)


def _to_components(outer: Any, n: int) -> Any:
    """From elements ``(i, j, i', j')`` of ``rho_jj' -> rho'_ii'`` to Pauli components."""
    if n == 0:
        return jnp.real(outer).reshape(1, 1)
    rows = [x for q in range(n) for x in (q, 2 * n + q)]
    columns = [x for q in range(n) for x in (n + q, 3 * n + q)]
    x = outer.transpose(rows + columns).reshape((4,) * (2 * n))
    duals = jnp.asarray(_duals(), x.dtype)
    primal = jnp.asarray(_duals().conj().T / 2, x.dtype)
    for _ in range(n):  # as in `_components`: every turn takes the first axis and puts it last
        x = jnp.tensordot(x, duals, ((0,), (1,)), precision=HIGHEST)
    for _ in range(n):
        x = jnp.tensordot(x, primal, ((0,), (0,)), precision=HIGHEST)
    return jnp.real(x).reshape(4**n, 4**n)


def _duals() -> np.ndarray:
    """Row P, column (i, i'): ``P[i', i]``."""
    return pauli_basis(1).transpose(0, 2, 1).reshape(4, 4)


@lru_cache(maxsize=16)
def _parities(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Which words have an even, and which an odd number of letters X and Y."""
    odd = np.zeros(1, bool)
    for _ in range(n):
        odd = (odd[:, None] ^ np.array([False, True, True, False])).reshape(-1)
    return ~odd, odd


def _zero_words(n: int) -> np.ndarray:
    out = np.ones(1)
    for _ in range(n):
        out = np.kron(out, [1.0, 0.0, 0.0, 1.0])
    return out


def _mm(a: Any, b: Any) -> Any:
    return jnp.matmul(a, b, precision=HIGHEST)
