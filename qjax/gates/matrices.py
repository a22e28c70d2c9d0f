"""Gate matrices as pure functions of (params, static, dtype). Angles in radians.

The first qubit of a gate is the most significant bit of its matrix index.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, reduce
from itertools import product
from typing import Any

import jax.numpy as jnp
import numpy as np

from .exponential import Eigensystem, cos_sinc, evolution, exp_i

PAULI = {
    "I": np.eye(2, dtype=complex),
    "X": np.array([[0, 1], [1, 0]], complex),
    "Y": np.array([[0, -1j], [1j, 0]], complex),
    "Z": np.diag([1, -1]).astype(complex),
}

MatrixFunction = Callable[[tuple, Any, Any], Any]


@lru_cache(maxsize=512)
def pauli_matrix(word: str) -> np.ndarray:
    """The Kronecker product of the letters of ``word``, complex128, ``(2**k, 2**k)``."""
    return reduce(np.kron, [PAULI[c] for c in word], np.eye(1, dtype=complex))


def constant(matrix: Any) -> MatrixFunction:
    """A gate without parameters."""
    matrix = np.asarray(matrix, complex)
    return lambda params, static, dtype: jnp.asarray(matrix, dtype)


def _combine(dtype: Any, *terms: tuple[Any, np.ndarray]) -> Any:
    """``sum_k factor_k * matrix_k`` with traced factors and static matrices."""
    return sum(f.astype(dtype) * jnp.asarray(m, dtype) for f, m in terms)


def _unit(row: int, column: int, d: int) -> np.ndarray:
    out = np.zeros((d, d), complex)
    out[row, column] = 1
    return out


def _phase(angle: Any, dtype: Any) -> Any:
    return jnp.cos(angle).astype(dtype) + 1j * jnp.sin(angle).astype(dtype)


def rotation(word: str) -> MatrixFunction:
    """``exp(-i theta/2 P)`` for a fixed Pauli word."""
    p = pauli_matrix(word)
    eye = np.eye(len(p), dtype=complex)

    def matrix(params: tuple, static: Any, dtype: Any) -> Any:
        half = params[0] / 2
        return _combine(dtype, (jnp.cos(half), eye), (jnp.sin(half), -1j * p))

    return matrix


def pauli_rotation(params: tuple, word: str, dtype: Any) -> Any:
    """``exp(-i theta/2 P)`` for the word carried by the gate."""
    return rotation(word)(params, None, dtype)


def diagonal_affine(const: np.ndarray, linear: np.ndarray) -> MatrixFunction:
    """``diag(exp(i (const + linear @ params)))``."""
    fixed = exact_phases(const)

    def matrix(params: tuple, static: Any, dtype: Any) -> Any:
        if not params:
            return jnp.diag(jnp.asarray(fixed, dtype))
        angles = jnp.stack(params)
        phi = jnp.sum(jnp.asarray(linear, angles.dtype) * angles[None, :], axis=1)
        return jnp.diag(_phase(phi, dtype) * jnp.asarray(fixed, dtype))

    return matrix


def exact_phases(angles: np.ndarray) -> np.ndarray:
    """``exp(i angles)`` in complex128, exact at multiples of pi/2."""
    quarters = np.asarray(angles, float) / (np.pi / 2)
    nearest = np.round(quarters)
    exact = np.array([1, 1j, -1, -1j])[nearest.astype(int) % 4]
    return np.where(np.abs(quarters - nearest) < 1e-15, exact, np.exp(1j * np.asarray(angles)))


def permutation_matrix(perm: tuple[int, ...]) -> np.ndarray:
    """The matrix that sends basis state ``j`` to ``perm[j]``."""
    out = np.zeros((len(perm), len(perm)), complex)
    out[list(perm), np.arange(len(perm))] = 1
    return out


def u3(params: tuple, static: Any, dtype: Any) -> Any:
    """``[[cos, -e^{i lam} sin], [e^{i phi} sin, e^{i(phi+lam)} cos]]`` of ``theta/2``."""
    theta, phi, lam = params
    c, s = jnp.cos(theta / 2).astype(dtype), jnp.sin(theta / 2).astype(dtype)
    ep, el = _phase(phi, dtype), _phase(lam, dtype)
    return _combine(
        dtype,
        (c, _unit(0, 0, 2)),
        (-el * s, _unit(0, 1, 2)),
        (ep * s, _unit(1, 0, 2)),
        (ep * el * c, _unit(1, 1, 2)),
    )


def u2(params: tuple, static: Any, dtype: Any) -> Any:
    """``U3(pi/2, phi, lam)``."""
    phi, lam = params
    return u3((jnp.full_like(phi, np.pi / 2), phi, lam), static, dtype)


def u3_phase(params: tuple, static: Any, dtype: Any) -> Any:
    """``e^{i gamma} U3(theta, phi, lam)``: the target of a CU gate."""
    return _phase(params[3], dtype) * u3(params[:3], static, dtype)


def fsim(params: tuple, static: Any, dtype: Any) -> Any:
    """Excitation exchange by ``theta``, controlled phase ``-phi``."""
    theta, phi = params
    c, s = jnp.cos(theta), jnp.sin(theta)
    inner = _unit(1, 1, 4) + _unit(2, 2, 4)
    swap = -1j * (_unit(1, 2, 4) + _unit(2, 1, 4))
    one = jnp.ones_like(c)
    return _combine(
        dtype,
        (one, _unit(0, 0, 4)),
        (c, inner),
        (s, swap),
        (_phase(-phi, dtype), _unit(3, 3, 4)),
    )


def xx_plus_yy(params: tuple, static: Any, dtype: Any) -> Any:
    """``exp(-i theta/4 (XX + YY))`` dressed by ``RZ(-+beta)`` on the first qubit."""
    theta, beta = params
    c, s = jnp.cos(theta / 2), jnp.sin(theta / 2).astype(dtype)
    outer = _unit(0, 0, 4) + _unit(3, 3, 4)
    inner = _unit(1, 1, 4) + _unit(2, 2, 4)
    return _combine(
        dtype,
        (jnp.ones_like(c), outer),
        (c, inner),
        (-1j * s * _phase(beta, dtype), _unit(1, 2, 4)),
        (-1j * s * _phase(-beta, dtype), _unit(2, 1, 4)),
    )


PAULI_WORDS_2 = tuple(a + b for a, b in product("IXYZ", repeat=2))[1:]
"""The 15 two-qubit Pauli words in the order of the parameters of SU4."""

_SU2_BASIS = np.stack([PAULI[c] for c in "XYZ"])
_SU4_BASIS = np.stack([pauli_matrix(w) for w in PAULI_WORDS_2])


def su2(params: tuple, static: Any, dtype: Any) -> Any:
    """``exp(i (a X + b Y + c Z))`` in closed form."""
    v = params[0]
    c, sinc = cos_sinc(jnp.sum(v * v))
    generator = jnp.tensordot(v.astype(dtype), jnp.asarray(_SU2_BASIS, dtype), 1)
    return c.astype(dtype) * jnp.eye(2, dtype=dtype) + 1j * sinc.astype(dtype) * generator


def su4(params: tuple, static: Any, dtype: Any) -> Any:
    """``exp(i sum_k theta_k P_k)`` over `PAULI_WORDS_2`."""
    v = params[0].astype(dtype)
    return exp_i(jnp.tensordot(v, jnp.asarray(_SU4_BASIS, dtype), 1))


def unitary(params: tuple, static: Any, dtype: Any) -> Any:
    """The matrix that the gate carries."""
    return params[0].astype(dtype)


def diagonal(params: tuple, static: Any, dtype: Any) -> Any:
    """``diag(exp(i phases))``."""
    return jnp.diag(_phase(params[0], dtype))


def permutation(params: tuple, perm: tuple[int, ...], dtype: Any) -> Any:
    """The permutation matrix that the gate carries."""
    return jnp.asarray(permutation_matrix(perm), dtype)


def evolve(params: tuple, static: Any, dtype: Any) -> Any:
    """``exp(-i t H)``; H as a matrix, or as eigenvalues and eigenvectors."""
    *h, t = params
    return evolution(Eigensystem(*h) if len(h) == 2 else h[0], t, dtype)
