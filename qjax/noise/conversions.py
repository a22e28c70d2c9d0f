"""One channel in four notations: Kraus operators, Choi, superoperator and Pauli transfer matrix.

Conventions: a density matrix is flattened row by row, so the superoperator is the sum of
``kron(K, conj(K))``; the Choi matrix is the sum of ``k k^dagger`` with ``k`` the flattened K, its
trace is ``2**k`` and its partial trace over the output is the identity (transposed); the transfer
matrix is ``tr(P_i E(P_j)) / 2**k`` with the words II, IX, ..., ZZ in order.

Source: Greenbaum, arXiv:1509.02921, section 2; Wood, Biamonte and Cory, arXiv:1111.6950.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Complex, Float

from ..errors import MatrixError, ParameterError
from ..gates.channels import as_complex, kraus_transfer, pauli_basis

HIGHEST = jax.lax.Precision.HIGHEST


def _stack(operators: Any, name: str) -> Any:
    x = jnp.asarray(operators)
    if x.ndim != 3 or x.shape[1] != x.shape[2] or x.shape[1] & (x.shape[1] - 1) or x.shape[1] < 2:
        raise ParameterError(
            f"{name}: operators has the wrong shape",
            expected="(terms, 2**k, 2**k)",
            got=x.shape,
            fix="stack the operators along a leading axis, also a single one",
        )
    return as_complex(x)


def _square(matrix: Any, name: str) -> tuple[Any, int]:
    x = jnp.asarray(matrix)
    k = max(int(x.shape[0]).bit_length() - 1, 0) // 2 if x.ndim == 2 else 0
    if x.ndim != 2 or x.shape != (4**k, 4**k) or k < 1:
        raise ParameterError(f"{name} has the wrong shape", expected="(4**k, 4**k)", got=x.shape)
    return x, k


def kraus_to_superoperator(operators: Any) -> Complex[Array, "d d"]:
    """The matrix on flattened density matrices, ``(4**k, 4**k)``.

    Args:
        operators: Kraus operators, ``(terms, 2**k, 2**k)``.

    Example:
        >>> import qjax as qj
        >>> from qjax.noise import kraus_to_superoperator
        >>> kraus_to_superoperator(qj.PhaseFlip(0.5, 0).kraus()).real.diagonal().round(3).tolist()
        [1.0, 0.0, 0.0, 1.0]
    """
    k = _stack(operators, "kraus_to_superoperator")
    d = k.shape[1]
    out = jnp.einsum("mab,mcd->acbd", k, k.conj(), precision=HIGHEST)
    return out.reshape(d * d, d * d)


def kraus_to_choi(operators: Any) -> Complex[Array, "d d"]:
    """The Choi matrix, ``(4**k, 4**k)``, Hermitian and positive, of trace ``2**k``."""
    k = _stack(operators, "kraus_to_choi")
    flat = k.reshape(k.shape[0], -1)
    return jnp.matmul(flat.T, flat.conj(), precision=HIGHEST)


def kraus_to_transfer(operators: Any) -> Float[Array, "d d"]:
    """The Pauli transfer matrix, real ``(4**k, 4**k)``."""
    k = _stack(operators, "kraus_to_transfer")
    return kraus_transfer(k, jnp.real(k).dtype)


def superoperator_to_choi(matrix: Any) -> Complex[Array, "d d"]:
    """Reshuffles a superoperator into the Choi matrix; its own inverse."""
    x, k = _square(matrix, "superoperator_to_choi: matrix")
    d = 2**k
    return as_complex(x.reshape(d, d, d, d).transpose(0, 2, 1, 3).reshape(d * d, d * d))


choi_to_superoperator = superoperator_to_choi


def choi_to_kraus(choi: Any) -> Complex[Array, "m d d"]:
    """Kraus operators, ``(4**k, 2**k, 2**k)``; those of eigenvalue 0 are zero.

    Raises:
        MatrixError: a concrete matrix that is not Hermitian or not positive.
    """
    x, k = _square(choi, "choi_to_kraus: choi")
    if not isinstance(x, Tracer):
        _check_positive(np.asarray(x), "choi_to_kraus: choi")
    values, vectors = jnp.linalg.eigh(as_complex(x))
    scaled = vectors * as_complex(jnp.sqrt(jnp.maximum(values, 0)))[None, :]
    return scaled.T.reshape(4**k, 2**k, 2**k)


def transfer_to_superoperator(transfer: Any) -> Complex[Array, "d d"]:
    """The superoperator of a Pauli transfer matrix."""
    x, k = _square(transfer, "transfer_to_superoperator: transfer")
    flat = jnp.asarray(pauli_basis(k).reshape(4**k, 4**k))
    x = as_complex(x)
    flat = flat.astype(x.dtype)
    out = jnp.matmul(jnp.matmul(flat.T, x, precision=HIGHEST), flat.conj(), precision=HIGHEST)
    return out / np.asarray(2**k, out.dtype)


def superoperator_to_transfer(matrix: Any) -> Float[Array, "d d"]:
    """The Pauli transfer matrix of a superoperator."""
    x, k = _square(matrix, "superoperator_to_transfer: matrix")
    x = as_complex(x)
    flat = jnp.asarray(pauli_basis(k).reshape(4**k, 4**k)).astype(x.dtype)
    out = jnp.matmul(jnp.matmul(flat.conj(), x, precision=HIGHEST), flat.T, precision=HIGHEST)
    return jnp.real(out) / np.asarray(2**k, jnp.real(out).dtype)


def superoperator_to_kraus(matrix: Any) -> Complex[Array, "m d d"]:
    """Kraus operators of a superoperator."""
    return choi_to_kraus(superoperator_to_choi(matrix))


def transfer_to_kraus(transfer: Any) -> Complex[Array, "m d d"]:
    """Kraus operators of a Pauli transfer matrix."""
    return superoperator_to_kraus(transfer_to_superoperator(transfer))


def check_channel(operators: Any) -> None:
    """Raise where concrete Kraus operators do not preserve the trace (complete positivity they
    have by their form); for a Choi matrix see `check_choi`.

    Raises:
        MatrixError: the message tells the largest deviation.
    """
    from ..circuit.channels import check_trace_preserving

    check_trace_preserving(_stack(operators, "check_channel"), "check_channel: operators")


def check_choi(choi: Any) -> None:
    """Raise where a concrete Choi matrix is not that of a channel.

    Raises:
        MatrixError: not Hermitian or not positive (the map is not completely positive), or not
            trace preserving.

    Example:
        >>> import numpy as np
        >>> from qjax.noise import check_choi
        >>> transpose = np.eye(4)[[0, 2, 1, 3]]
        >>> check_choi(transpose)
        Traceback (most recent call last):
        qjax.errors.MatrixError: check_choi: choi is not that of a completely positive map
          expected: eigenvalues of at least 0
          got:      -1.00e+00
          fix:      project it: clip the negative eigenvalues
    """
    x, k = _square(choi, "check_choi: choi")
    a = np.asarray(x)
    _check_positive(a, "check_choi: choi")
    d = 2**k
    kept = np.einsum("abac->bc", a.reshape(d, d, d, d))
    error = float(np.max(np.abs(kept - np.eye(d))))
    if error > 1e-6:
        raise MatrixError(
            "check_choi: choi is not that of a trace-preserving map",
            expected="a partial trace over the output that is the identity",
            got=f"largest deviation {error:.2e}",
            fix="check that it is the Choi matrix of trace 2**k, in the convention of qjax.noise",
        )


def _check_positive(a: np.ndarray, name: str) -> None:
    if np.max(np.abs(a - a.conj().T)) > 1e-6:
        raise MatrixError(
            f"{name} is not Hermitian",
            got=f"largest difference {np.max(np.abs(a - a.conj().T)):.2e}",
            fix="reshuffle a superoperator with superoperator_to_choi first",
        )
    smallest = float(np.min(np.linalg.eigvalsh(a)))
    if smallest < -1e-6:
        raise MatrixError(
            f"{name} is not that of a completely positive map",
            expected="eigenvalues of at least 0",
            got=f"{smallest:.2e}",
            fix="project it: clip the negative eigenvalues",
        )
