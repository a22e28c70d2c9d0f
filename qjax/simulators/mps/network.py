"""A matrix product state as an object: what tensor-network methods hand to each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ...errors import DataError, ObservableError, QubitError
from ...pauli import as_pauli_sum
from ..steps.step import complex_of
from . import state as mps
from .basis import mm
from .expectation import expectation


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class MatrixProductState:
    """A state of a chain of qubits. A pytree with one leaf.

    Attributes:
        tensors: complex or real, shape ``(n, chi, 2, chi)``: left bond, bit, right bond. At the
            ends only the first entry of the outer bond is in use; smaller bonds are padded with
            zeros. Neither the norm nor the gauge is fixed; the methods divide by the norm.

    Example:
        >>> import jax.numpy as jnp
        >>> from qjax.tensor import MatrixProductState
        >>> ghz = MatrixProductState.from_dense(jnp.array([1.0, 0, 0, 0, 0, 0, 0, 1.0]), 2)
        >>> [round(float(s), 4) for s in ghz.entropies()]
        [0.6931, 0.6931]
    """

    tensors: Any

    @classmethod
    def from_dense(cls, vector: Any, max_bond: int, cutoff: float = 0.0) -> MatrixProductState:
        """The best state of bond at most ``max_bond`` by successive truncations (TT-SVD).

        Args:
            vector: amplitudes, shape ``(2**n,)``, real or complex.
            max_bond: largest bond dimension.
            cutoff: share of the weight below which a Schmidt value is discarded as well.

        Raises:
            DataError: not a vector of a power of two entries.

        Source: Oseledets, SIAM J. Sci. Comput. 33, 2295 (2011).
        """
        vector = jnp.asarray(vector)
        size = vector.shape[0] if vector.ndim == 1 else 0
        if size < 2 or size & (size - 1):
            raise DataError(
                "from_dense: vector must hold amplitudes",
                expected="shape (2**n,) with n of at least 1",
                got=f"shape {vector.shape}",
            )
        n = size.bit_length() - 1
        return cls(mps.from_dense(vector, min(max_bond, 2 ** (n // 2)), cutoff))

    @classmethod
    def from_tensors(cls, tensors: Iterable[Any]) -> MatrixProductState:
        """From site tensors ``(left, 2, right)``, the outer bonds of dimension 1.

        Raises:
            DataError: bonds that do not match.
        """
        sites = [jnp.asarray(t) for t in tensors]
        shapes = [t.shape for t in sites]
        right = [1] + [s[-1] for s in shapes]
        fits = all(
            len(s) == 3 and s[1] == 2 and s[0] == r for s, r in zip(shapes, right, strict=False)
        )
        if not sites or not fits or right[-1] != 1:
            raise DataError(
                "from_tensors: bonds must match",
                expected="shapes (1, 2, a), (a, 2, b), ..., (z, 2, 1)",
                got=shapes,
            )
        chi = max(right)
        kind = np.result_type(*(t.dtype for t in sites))
        padded = [
            jnp.pad(t, ((0, chi - t.shape[0]), (0, 0), (0, chi - t.shape[2]))).astype(kind)
            for t in sites
        ]
        return cls(jnp.stack(padded))

    @property
    def n(self) -> int:
        """Number of qubits."""
        return self.tensors.shape[0]

    @property
    def max_bond(self) -> int:
        """The dimension that the bonds have room for."""
        return self.tensors.shape[1]

    def normalised(self) -> MatrixProductState:
        """The same state, right-canonical and of norm one. No derivative."""
        return MatrixProductState(mps.canonical(self.tensors))

    def norm(self) -> Any:
        """``sqrt(<psi|psi>)``."""
        return jnp.sqrt(mps.norm_squared(self.tensors))

    def overlap(self, other: MatrixProductState) -> Any:
        """``<self|other>`` of the normalised states.

        Raises:
            QubitError: another number of qubits.
        """
        if other.n != self.n:
            raise QubitError("overlap: the states need as many qubits", got=f"{self.n}, {other.n}")
        kind = np.result_type(self.tensors.dtype, other.tensors.dtype)
        a, b = self.tensors.astype(kind), other.tensors.astype(kind)
        norm = jnp.sqrt(mps.norm_squared(a) * mps.norm_squared(b))
        return mps.overlap(a, b) / norm.astype(kind)

    def fidelity(self, other: MatrixProductState) -> Any:
        """``|<self|other>|^2``."""
        value = self.overlap(other)
        return jnp.real(value) ** 2 + jnp.imag(value) ** 2

    def expval(self, observable: Any) -> Any:
        """The expectation value of a `PauliSum`.

        Raises:
            ObservableError: it acts on qubits that the state lacks.
        """
        observable = as_pauli_sum(observable)
        if observable.num_qubits > self.n:
            raise ObservableError(
                "expval: the observable acts on a qubit that the state lacks",
                expected=f"qubits 0 to {self.n - 1}",
                got=repr(observable),
            )
        kind = complex_of(jnp.finfo(self.tensors.dtype).dtype)
        return expectation(self.tensors.astype(kind), observable.words, observable.coeffs)

    def amplitudes(self, bits: Any) -> Any:
        """Amplitudes of bit strings ``(k, n)`` of the normalised state, ``(k,)``."""
        return mps.amplitudes(self.tensors, bits) / self.norm().astype(self.tensors.dtype)

    def sample(self, key: Any, shots: int) -> Any:
        """Independent outcomes, exactly distributed, uint8 ``(shots, n)``."""
        return mps.sample(self.tensors, key, shots)

    def dense(self) -> Any:
        """All amplitudes, ``(2**n,)``, normalised."""
        psi = mps.dense(self.tensors)
        return psi / jnp.linalg.norm(psi).astype(psi.dtype)

    def schmidt_values(self) -> Any:
        """Across every bond, descending, ``(n - 1, chi)``."""
        return mps.schmidt_values(self.tensors)

    def entropies(self) -> Any:
        """Entanglement entropy across every bond, in nats, ``(n - 1,)``."""
        p = self.schmidt_values() ** 2
        safe = jnp.where(p > 0, p, 1)
        return -jnp.sum(p * jnp.log(safe), axis=1)

    def bond_dimensions(self) -> Any:
        """How many Schmidt values of each bond are above rounding, ``(n - 1,)``."""
        values = self.schmidt_values()
        return jnp.sum(values > 100 * jnp.finfo(values.dtype).eps, axis=1)

    def truncated(self, max_bond: int) -> MatrixProductState:
        """The state with every bond cut to its ``max_bond`` largest Schmidt values."""
        chi = self.max_bond
        centre, out = mps.canonical(self.tensors), []

        def one(carried: Any, a: Any) -> tuple[Any, Any]:
            u, s, v = jnp.linalg.svd(carried.reshape(2 * chi, chi), full_matrices=False)
            s = jnp.where(np.arange(chi) < max_bond, s, 0)
            rest = s.astype(a.dtype)[:, None] * v
            return mm(rest, a.reshape(chi, 2 * chi)).reshape(chi, 2, chi), u.reshape(chi, 2, chi)

        last, out = jax.lax.scan(one, centre[0], centre[1:])
        tensors = jnp.concatenate([out, last[None]])
        small = min(max_bond, chi)
        return MatrixProductState(tensors[:, :small, :, :small])
