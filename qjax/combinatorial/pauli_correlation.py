"""Pauli-correlation encoding: many variables as signs of correlations on few qubits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import comb
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..circuit import Circuit
from ..errors import DataError
from ..measure import run
from ..simulators import Statevector
from .problem import BinaryProblem


@dataclass(frozen=True)
class PauliCorrelations:
    """Which word stands for which variable: all of ``order`` equal letters, X, Y and Z in turn.

    Args:
        n: qubits.
        order: letters in a word.

    Example:
        >>> from qjax.combinatorial import PauliCorrelations
        >>> PauliCorrelations(n=9, order=2).capacity
        108
    """

    n: int
    order: int

    def __post_init__(self) -> None:
        if not 1 <= self.order <= self.n:
            raise DataError("PauliCorrelations: order must be between 1 and n", got=self.order)

    @property
    def capacity(self) -> int:
        """How many variables there is room for: ``3 * binomial(n, order)``."""
        return 3 * comb(self.n, self.order)

    def qubits(self) -> list[tuple[int, ...]]:
        """The qubits of the words of one letter."""
        return list(combinations(range(self.n), self.order))


def pauli_correlations(
    circuit: Circuit, encoding: PauliCorrelations, *, sim: Statevector | None = None
) -> Float[Array, " capacity"]:
    """Expectation values of all words: three measurement settings, one matrix product for each.

    Args:
        circuit: on ``encoding.n`` qubits.
        encoding: which words.
        sim: a `Statevector`.

    Returns:
        Real, between -1 and 1: first the words of X, then those of Y, then of Z.

    Source: Sciorilli et al., arXiv:2401.09421.

    Example:
        >>> import qjax as qj
        >>> from qjax.combinatorial import PauliCorrelations, pauli_correlations
        >>> bell = qj.Circuit(2, [qj.H(0), qj.CNOT(0, 1)])
        >>> pauli_correlations(bell, PauliCorrelations(2, 2)).round(3).tolist()
        [1.0, -1.0, 1.0]
    """
    if circuit.n != encoding.n:
        raise DataError(
            "pauli_correlations: the circuit has another number of qubits",
            expected=encoding.n,
            got=circuit.n,
        )
    state = run(circuit, sim=Statevector() if sim is None else sim)
    signs = jnp.asarray(_signs(encoding), state.real.dtype)
    out = []
    for letter in "XYZ":
        turned = state
        if letter != "Z":
            into = np.array([[1, 1], [1, -1]]) / np.sqrt(2)
            matrix = into if letter == "X" else into @ np.diag([1, -1j])
            for _ in range(encoding.n):  # each turn brings the next qubit to the front
                pair = jnp.asarray(matrix, state.dtype)
                turned = jnp.matmul(turned.reshape(2, -1).T, pair.T, precision="highest")
                turned = turned.reshape(-1)
        out.append(jnp.matmul(signs, jnp.abs(turned) ** 2, precision="highest"))
    return jnp.concatenate(out)


def relaxed_cut_loss(
    problem: BinaryProblem, correlations: Array, encoding: PauliCorrelations, balance: float = 0.5
) -> Float[Array, ""]:
    """The objective with ``tanh(a * correlation)`` in the place of spins, and a pull to the middle.

    Args:
        problem: quadratic and unconstrained, on at most as many bits as the encoding holds.
        correlations: of `pauli_correlations`; the first ``problem.n`` are used.
        encoding: gives the scale ``a = 1.5 n**(order // 2)``.
        balance: weight of the mean square of the relaxed spins, in units of the problem's size.

    Source: Sciorilli et al., arXiv:2401.09421.
    """
    if problem.n > encoding.capacity:
        raise DataError(
            "relaxed_cut_loss: more variables than words", expected=encoding.capacity, got=problem.n
        )
    J, h, _ = problem.ising()
    dtype = correlations.dtype
    soft = jnp.tanh(1.5 * encoding.n ** (encoding.order // 2) * correlations[: problem.n])
    size = float(np.abs(J).sum() + np.abs(h).sum())
    pair = jnp.sum(soft * jnp.matmul(jnp.asarray(J, dtype), soft, precision="highest"))
    single = jnp.sum(jnp.asarray(h, dtype) * soft)
    return pair + single + balance * size * jnp.mean(soft**2) ** 2


def signs_to_bits(correlations: Any, n: int) -> np.ndarray:
    """Bits ``(..., n)``: 1 where the correlation is negative."""
    return (np.asarray(correlations)[..., :n] < 0).astype(np.uint8)


def flip_descent(problem: BinaryProblem, bits: np.ndarray) -> np.ndarray:
    """Flip the one bit that helps most until none does; no constraints are looked at."""
    J, h, _ = problem.ising()
    both = J + J.T
    spins = 1.0 - 2.0 * bits
    while True:
        change = -2 * spins * (both @ spins + h)
        k = int(np.argmin(change))
        if change[k] > -1e-12:
            return ((1 - spins) / 2).astype(np.uint8)
        spins[k] *= -1


@lru_cache
def _signs(encoding: PauliCorrelations) -> np.ndarray:
    index = np.arange(2**encoding.n)
    bits = (index[None] >> np.arange(encoding.n - 1, -1, -1)[:, None]) & 1
    return np.stack([1.0 - 2.0 * (bits[list(q)].sum(0) % 2) for q in encoding.qubits()])
