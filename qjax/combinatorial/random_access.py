"""Quantum random-access optimisation: up to three variables in one qubit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..errors import DataError
from ..pauli import PauliSum, Word
from .problem import BinaryProblem

LETTERS = {1: "Z", 2: "XZ", 3: "XYZ"}


@dataclass(frozen=True)
class RandomAccess:
    """A problem whose variables are Pauli words on fewer qubits.

    Attributes:
        problem: what is solved.
        n: qubits.
        words: one word of one letter for each variable, ``((qubit, letter),)``.
        hamiltonian: the relaxed objective; on the product states that encode bit strings it is
            their objective, so its lowest eigenvalue is a lower bound.
    """

    problem: BinaryProblem
    n: int
    words: tuple[Word, ...]
    hamiltonian: PauliSum

    def round_signs(self, values: Any) -> np.ndarray:
        """Bits from the expectation values of the words, ``(..., variables)``: 1 where negative."""
        return (np.asarray(values) < 0).astype(np.uint8)

    def round_magic(self, state: Array, key: Array, shots: int) -> np.ndarray:
        """Bits from measuring every qubit in one of four bases drawn at random.

        The bases are the pairs of opposite corners of the cube that the eight encoding states form,
        so each outcome sets all three variables of its qubit.

        Args:
            state: amplitudes, ``(2**n,)``.
            key: a PRNG key.
            shots: how many bit strings.

        Returns:
            uint8, ``(shots, variables)``.

        Source: Fuller et al., arXiv:2111.03167 (magic-state rounding).
        """
        corners = np.array([[1, 1, 1], [1, 1, -1], [1, -1, 1], [1, -1, -1]])
        vectors = np.stack([_basis(c / np.sqrt(3)) for c in corners])  # (4, 2, 2)
        which_key, shot_key = jax.random.split(key)
        which = jax.random.randint(which_key, (shots, self.n), 0, 4)
        matrices = jnp.asarray(vectors.conj().swapaxes(1, 2), state.dtype)

        def one(choice: Array, key: Array) -> Array:
            turned = state
            for q in range(self.n):
                turned = jnp.matmul(
                    turned.reshape(2, -1).T, matrices[choice[q]].T, precision="highest"
                ).reshape(-1)
            return jax.random.categorical(key, jnp.log(jnp.abs(turned) ** 2))

        index = np.asarray(jax.vmap(one)(which, jax.random.split(shot_key, shots)))
        outcomes = (index[:, None] >> np.arange(self.n - 1, -1, -1)) & 1
        spins = corners[np.asarray(which)] * (1 - 2 * outcomes)[:, :, None]  # (shots, n, 3)
        columns = [spins[:, w[0][0], "XYZ".index(w[0][1])] for w in self.words]
        return ((1 - np.stack(columns, 1)) // 2).astype(np.uint8)

    def encode(self, bits: Any) -> list[np.ndarray]:
        """The one-qubit density matrices, ``(2, 2)`` each, whose product encodes bits."""
        paulis = {
            "X": np.array([[0, 1], [1, 0]], complex),
            "Y": np.array([[0, -1j], [1j, 0]]),
            "Z": np.diag([1.0 + 0j, -1]),
        }
        out = [np.eye(2, dtype=complex) / 2 for _ in range(self.n)]
        share = np.bincount([w[0][0] for w in self.words], minlength=self.n)
        for bit, (((q, letter),)) in zip(bits, self.words, strict=True):
            out[q] = out[q] + (1 - 2 * int(bit)) * paulis[letter] / (2 * np.sqrt(share[q]))
        return out


def random_access(problem: BinaryProblem, per_qubit: int = 3) -> RandomAccess:
    """Variables that do not meet in the objective share qubits, up to three in one.

    Args:
        problem: unconstrained.
        per_qubit: 1, 2 or 3.

    Raises:
        DataError: a constrained problem, another number per qubit.

    Source: Fuller et al., arXiv:2111.03167, for any quadratic objective; the sharing is by greedy
    colouring.

    Example:
        >>> from qjax.combinatorial import maxcut_problem, random_access
        >>> random_access(maxcut_problem([(k, (k + 1) % 6) for k in range(6)])).n
        2
    """
    if problem.constrained:
        raise DataError("random_access: the problem has constraints", fix="use with_penalties")
    if per_qubit not in LETTERS:
        raise DataError("random_access: per_qubit must be 1, 2 or 3", got=per_qubit)
    J, h, constant = problem.ising()
    meets = (J + J.T) != 0
    colours: list[list[int]] = []
    for v in np.argsort(-meets.sum(1), kind="stable").tolist():
        for members in colours:
            if not meets[v, members].any():
                members.append(v)
                break
        else:
            colours.append([v])
    words: dict[int, Word] = {}
    share: dict[int, int] = {}
    n = 0
    for members in colours:
        for first in range(0, len(members), per_qubit):
            group = members[first : first + per_qubit]
            for v, letter in zip(group, LETTERS[len(group)], strict=True):
                words[v], share[v] = ((n, letter),), len(group)
            n += 1
    terms: list[Word] = [()]
    coeffs: list[Any] = [constant]
    for i, j in zip(*np.nonzero(J), strict=True):
        terms.append((*words[int(i)], *words[int(j)]))
        coeffs.append(J[i, j] * np.sqrt(share[int(i)] * share[int(j)]))
    for i in np.flatnonzero(h).tolist():
        terms.append(words[i])
        coeffs.append(h[i] * np.sqrt(share[i]))
    ordered = tuple(words[v] for v in range(problem.n))
    return RandomAccess(problem, n, ordered, PauliSum(terms, np.array(coeffs)))


def _basis(axis: np.ndarray) -> np.ndarray:
    """Columns: the eigenvectors of +1 and -1 of ``axis . (X, Y, Z)``."""
    x, y, z = axis
    _, vectors = np.linalg.eigh(np.array([[z, x - 1j * y], [x + 1j * y, -z]]))
    return vectors[:, ::-1]
