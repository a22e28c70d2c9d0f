"""Matrix product operators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import ObservableError, QubitError
from ..pauli import as_pauli_sum
from ..simulators.mps import MatrixProductState
from ..simulators.mps.expectation import LETTERS, automaton
from ..simulators.steps.step import complex_of


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class MatrixProductOperator:
    """An operator on a chain of qubits. A pytree with one leaf.

    Attributes:
        tensors: shape ``(n, w, 2, 2, w)``: left bond, row bit, column bit, right bond. The chain
            begins in bond state 0 and ends in bond state ``end``.
        end: static.

    Example:
        >>> import qjax as qj
        >>> from qjax.tensor import MatrixProductOperator
        >>> MatrixProductOperator.from_pauli_sum(qj.heisenberg(50)).tensors.shape
        (50, 5, 2, 2, 5)
    """

    tensors: Any
    end: int = 1

    @classmethod
    def from_pauli_sum(cls, observable: Any, n: int | None = None) -> MatrixProductOperator:
        """The operator of a `PauliSum`, whose coefficients may be traced.

        Words that end alike share a bond state: chains of neighbours need five, whatever their
        length; couplings of all pairs need one for every distance.

        Args:
            observable: a `PauliSum`.
            n: number of qubits (default: as many as it names).

        Raises:
            ObservableError: no words, complex coefficients or too small an ``n``.

        Source: Crosswhite and Bacon, PRA 78, 012356 (2008).
        """
        observable = as_pauli_sum(observable)
        n = int(observable.num_qubits if n is None else n)
        if not len(observable) or n < max(observable.num_qubits, 1):
            raise ObservableError(
                "from_pauli_sum: the observable does not fit the chain",
                expected=f"at least one word, on at most {n} qubits",
                got=repr(observable),
            )
        coeffs = jnp.asarray(observable.coeffs)
        if jnp.issubdtype(coeffs.dtype, jnp.complexfloating):
            raise ObservableError("from_pauli_sum: coefficients must be real", got=coeffs.dtype)
        real = observable.is_real
        dtype = coeffs.dtype if real else complex_of(coeffs.dtype)
        table = automaton(observable.words, n)
        values = jnp.where(
            table.word >= 0, coeffs.astype(dtype)[np.maximum(table.word, 0)], jnp.ones((), dtype)
        )
        values = jnp.where(table.used, values, 0)
        # i Y is real; words with an even number of Ys are real, each pair of Ys bringing -1.
        letters = LETTERS[table.letter]
        if real:
            letters, values = _real_letters(table, letters, values, observable.words)
        w = table.states
        out = jnp.zeros((n, w, w, 2, 2), dtype)
        site = np.arange(n)[:, None]
        terms = values[:, :, None, None] * jnp.asarray(letters, dtype)
        out = out.at[site, table.source, table.target].add(terms)
        return cls(out.transpose(0, 1, 3, 4, 2), table.end)

    @property
    def n(self) -> int:
        """Number of qubits."""
        return self.tensors.shape[0]

    def apply(self, state: MatrixProductState) -> MatrixProductState:
        """The image of a state, exactly: the bonds multiply. Not normalised.

        Raises:
            QubitError: another number of qubits.
        """
        if state.n != self.n:
            raise QubitError("apply: the state needs as many qubits", got=f"{self.n}, {state.n}")
        w, chi = self.tensors.shape[1], state.max_bond
        kind = np.result_type(self.tensors.dtype, state.tensors.dtype)
        # The chain ends in the bond state ``end``, a matrix product state in 0.
        order = np.arange(w)
        order[[0, self.end]] = order[[self.end, 0]]
        tensors = self.tensors.at[-1].set(self.tensors[-1][..., order])
        joined = jnp.einsum("nwabv,nlbr->nwlavr", tensors.astype(kind), state.tensors.astype(kind))
        return MatrixProductState(joined.reshape(self.n, w * chi, 2, w * chi))

    def matrix(self) -> Any:
        """The dense matrix, ``(2**n, 2**n)``: for small systems."""
        w = self.tensors.shape[1]
        out = jnp.zeros((1, 1, w), self.tensors.dtype).at[0, 0, 0].set(1)
        for t in self.tensors:
            size = out.shape[0]
            out = jnp.einsum("xyw,wabv->xaybv", out, t).reshape(2 * size, 2 * size, w)
        return out[:, :, self.end]


def _real_letters(table: Any, letters: np.ndarray, values: Any, words: Any) -> tuple[Any, Any]:
    """Y as the real ``-i Y`` times, for each word, the power of i of its Ys (at its beginning)."""
    letters = np.real(np.where((table.letter == 2)[:, :, None, None], -1j * letters, letters))
    signs = np.array([(-1.0) ** (sum(c == "Y" for _, c in word) // 2) for word in words])
    factor = np.where(table.word >= 0, signs[np.maximum(table.word, 0)], 1.0)
    return letters, values * jnp.asarray(factor, values.dtype)
