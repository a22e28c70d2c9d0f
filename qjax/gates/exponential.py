"""Exponentials of small Hermitian matrices that stay smooth where eigenvalues meet."""

from __future__ import annotations

from math import factorial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

_SQUARINGS = {"float32": 16, "float64": 32}  # beyond these norms no digit of a phase is left
_BOUND = 0.5  # the scaled 1-norm at which a degree-15 Taylor series is exact to 1e-18


class Eigensystem(NamedTuple):
    """Eigenvalues, shape ``(..., d)``, and eigenvectors (columns), shape ``(..., d, d)``."""

    values: Array
    vectors: Array


def eigensystem(hermitian: Array) -> Eigensystem:
    """Diagonalise once what is exponentiated often.

    Pass the result to `qjax.Evolution` in place of the matrix when the same Hermitian generator
    drives many gates (every layer of a data re-uploading circuit, say). Derivatives with respect
    to the time are exact everywhere; derivatives with respect to the matrix are singular where
    eigenvalues meet, so pass the matrix itself if you need those.

    Args:
        hermitian: shape ``(..., d, d)``, real symmetric or complex Hermitian.

    Example:
        >>> import jax.numpy as jnp, qjax as qj
        >>> qj.eigensystem(jnp.diag(jnp.array([1.0, 2.0]))).values.tolist()
        [1.0, 2.0]
    """
    values, vectors = jnp.linalg.eigh(hermitian)
    return Eigensystem(values, vectors)


def exp_i(
    hermitian: Float[Array, "*b d d"] | Complex[Array, "*b d d"],
) -> Complex[Array, "*b d d"]:
    """``exp(i H)`` by scaling and squaring of ``exp(i H) - 1``.

    The number of squarings follows the norm without a branch, so the result is differentiable to
    every order, also where eigenvalues of ``H`` coincide (an eigendecomposition is not). Working
    on ``W = U - 1`` (``W <- 2 W + W W``) keeps the error near that of rounding ``H`` itself.

    Source: scaling and squaring, Higham, *Functions of Matrices* (2008), chapter 10.
    """
    dtype = np.result_type(hermitian.dtype, np.complex64)
    real = jnp.finfo(dtype).dtype
    matmul = _matmul
    a = 1j * hermitian.astype(dtype)
    norm = jax.lax.stop_gradient(jnp.max(jnp.sum(jnp.abs(a), axis=-2), axis=-1))
    exponent = jnp.ceil(jnp.log2(jnp.maximum(norm, jnp.finfo(real).tiny) / _BOUND))
    most = _SQUARINGS[np.dtype(real).name]
    squarings = jnp.clip(exponent, 0, most)
    a = a * jnp.exp2(-squarings).astype(real)[..., None, None].astype(dtype)
    # exp(a) - 1 to degree 15, by Paterson and Stockmeyer: four powers, then Horner in a**4.
    a2 = matmul(a, a)
    a3 = matmul(a2, a)
    a4 = matmul(a2, a2)
    eye = jnp.eye(a.shape[-1], dtype=dtype)

    def block(start: int) -> Array:
        c = [1 / factorial(start + k) for k in range(4)]
        head = 0 * eye if start == 0 else c[0] * eye
        return head + c[1] * a + c[2] * a2 + c[3] * a3

    w = block(12)
    for start in (8, 4, 0):
        w = block(start) + matmul(a4, w)

    def square(w: Array, k: Array) -> tuple[Array, None]:
        again = (k < squarings)[..., None, None]
        return jnp.where(again, 2 * w + matmul(w, w), w), None

    w, _ = jax.lax.scan(square, w, jnp.arange(most, dtype=real))
    return w + eye


def _matmul(a: Array, b: Array) -> Array:
    return jnp.matmul(a, b, precision=jax.lax.Precision.HIGHEST)


def evolution(h: Any, t: Array, dtype: Any) -> Array:
    """``exp(-i t H)`` for a matrix or an `Eigensystem`."""
    real = jnp.finfo(dtype).dtype
    if isinstance(h, Eigensystem):
        phase = jnp.exp(-1j * (t.astype(real) * h.values.astype(real)).astype(dtype))
        v = h.vectors.astype(dtype)
        return _matmul(v * phase[None, :], v.conj().T)
    kind = dtype if jnp.issubdtype(h.dtype, jnp.complexfloating) else real
    return exp_i(-t.astype(kind) * h.astype(kind)).astype(dtype)


def cos_sinc(square: Array) -> tuple[Array, Array]:
    """``cos(r)`` and ``sin(r) / r`` as smooth functions of ``r**2``, zero included."""
    small = square < 1e-2
    safe = jnp.where(small, 1.0, square)
    r = jnp.sqrt(safe)
    cos_series = sum((-1) ** k / factorial(2 * k) * square**k for k in range(1, 7))
    sinc_series = sum((-1) ** k / factorial(2 * k + 1) * square**k for k in range(1, 7))
    return (
        jnp.where(small, 1 + cos_series, jnp.cos(r)),
        jnp.where(small, 1 + sinc_series, jnp.sin(r) / r),
    )
