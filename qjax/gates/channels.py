"""The channel table: one entry describes a kind of noise once, as `table` does for gates.

A channel is described twice: by its Pauli transfer matrix, which is smooth in every strength down
to zero, and by Kraus operators, of which trajectories pick one at random. Simulators, conversions
and drawing read this table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .matrices import pauli_matrix

HIGHEST = jax.lax.Precision.HIGHEST

Function = Callable[[tuple, Any], Any]  # (params, real dtype) -> array


@dataclass(frozen=True, eq=False)
class ChannelSpec:
    """What qjax knows of one kind of channel.

    Attributes:
        name: the qjax name, as in ``qj.BitFlip``.
        param_names: names of the parameters.
        transfer: ``(params, dtype) -> (4**k, 4**k)`` real, the Pauli transfer matrix.
        weighted: ``(params, dtype) -> (weights (terms,), operators (terms, 2**k, 2**k))``, real and
            complex: Kraus operators are roots of weights times operators. What vanishes with a
            strength is in the weights, which are smooth there.
        mixture: ``(params, dtype) -> (4**k,)`` probabilities of the Pauli words II..I to ZZ..Z, for
            channels that are random Paulis; None for others.
        diagonal: ``(params, dtype) -> (4**k,)``, the transfer matrix of those; None for others.
        probabilities: which parameters are probabilities.
    """

    name: str
    param_names: tuple[str, ...]
    transfer: Function
    weighted: Callable[[tuple, Any], tuple[Any, Any]]
    mixture: Function | None = None
    diagonal: Function | None = None
    probabilities: tuple[str, ...] = ()

    def kraus(self, params: tuple, dtype: Any) -> Any:
        """Kraus operators, complex ``(terms, 2**k, 2**k)``."""
        weights, operators = self.weighted(params, dtype)
        return root(weights)[:, None, None].astype(operators.dtype) * operators


CHANNELS: dict[str, ChannelSpec] = {}


@lru_cache(maxsize=8)
def pauli_words(k: int) -> tuple[str, ...]:
    """The words on k qubits in order: II, IX, IY, IZ, XI, ..., ZZ."""
    return tuple("".join(w) for w in product("IXYZ", repeat=k))


@lru_cache(maxsize=8)
def pauli_basis(k: int) -> np.ndarray:
    """The matrices of `pauli_words`, complex ``(4**k, 2**k, 2**k)``."""
    return np.stack([pauli_matrix(w) for w in pauli_words(k)])


@lru_cache(maxsize=8)
def commutation_signs(k: int) -> np.ndarray:
    """+1 where two words commute, -1 where they do not; ``(4**k, 4**k)``."""
    one = np.array([[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]], float)
    out = np.ones((1, 1))
    for _ in range(k):
        out = np.kron(out, one)
    return out


def root(x: Any) -> Any:
    """The square root, with slope 0 (not infinity) at 0: where ``x`` vanishes for every value of
    the parameters, its product with a zero tangent must not be NaN."""
    positive = x > 0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, x, 1)), 0)


def as_complex(x: Any) -> Any:
    """A real or complex array as a complex one of the same precision."""
    return x.astype(np.result_type(x.dtype, np.complex64))


def qubits_of(matrix: Any) -> int:
    """The number of qubits of a ``(..., 2**k, 2**k)`` matrix."""
    return int(matrix.shape[-1]).bit_length() - 1


def kraus_transfer(operators: Any, dtype: Any) -> Any:
    """The Pauli transfer matrix ``R[i, j] = tr(P_i sum_m K_m P_j K_m^dagger) / 2**k``, real.

    Source: Greenbaum, arXiv:1509.02921, equation (2.12).
    """
    operators = as_complex(operators)
    k = qubits_of(operators)
    d = 2**k
    basis = jnp.asarray(pauli_basis(k), operators.dtype)
    moved = jnp.einsum("mab,jbc->mjac", operators, basis, precision=HIGHEST)
    image = jnp.einsum("mjac,mdc->jad", moved, operators.conj(), precision=HIGHEST)
    flat = basis.transpose(0, 2, 1).reshape(d * d, d * d)
    out = jnp.matmul(flat, image.reshape(d * d, d * d).T, precision=HIGHEST)
    return jnp.real(out).astype(dtype) / np.asarray(d, dtype)


def _paulis(
    name: str, param_names: tuple[str, ...], weights: Function, probabilities: tuple[str, ...]
) -> None:
    """A channel of random Paulis; ``weights`` gives the probabilities of all words but I..I."""

    def mixture(params: tuple, dtype: Any) -> Any:
        others = weights(params, dtype)
        return jnp.concatenate([1 - jnp.sum(others, keepdims=True), others])

    def diagonal(params: tuple, dtype: Any) -> Any:
        # 1 - 2 (probability of the words that do not commute): exact where all strengths are 0.
        others = weights(params, dtype)
        k = int(others.shape[0] + 1).bit_length() // 2
        against = jnp.asarray((1 - commutation_signs(k))[:, 1:], dtype)
        # A sum, not a matrix product: its overhead is more than the work.
        return 1 - jnp.sum(against * others[None, :], axis=1)

    def transfer(params: tuple, dtype: Any) -> Any:
        return jnp.diag(diagonal(params, dtype))

    def weighted(params: tuple, dtype: Any) -> tuple[Any, Any]:
        p = mixture(params, dtype)
        k = int(p.shape[0]).bit_length() // 2
        return p, jnp.asarray(pauli_basis(k), np.result_type(dtype, np.complex64))

    CHANNELS[name] = ChannelSpec(
        name, param_names, transfer, weighted, mixture, diagonal, probabilities
    )


def _one_word(word: int) -> Function:
    return lambda params, dtype: jnp.zeros(3, dtype).at[word].set(params[0])


def _uniform(k: int) -> Function:
    count = 4**k - 1
    return lambda params, dtype: jnp.broadcast_to(params[0] / count, (count,)).astype(dtype)


_paulis("BitFlip", ("p",), _one_word(0), ("p",))
_paulis("BitPhaseFlip", ("p",), _one_word(1), ("p",))
_paulis("PhaseFlip", ("p",), _one_word(2), ("p",))
_paulis("Depolarizing", ("p",), _uniform(1), ("p",))
_paulis("Depolarizing2", ("p",), _uniform(2), ("p",))
_paulis(
    "PauliChannel",
    ("probabilities",),
    lambda params, dtype: params[0].astype(dtype),
    ("probabilities",),
)


def _matrix(rows: list[list[Any]], dtype: Any) -> Any:
    """A matrix of traced scalars and numbers."""
    return jnp.stack([jnp.stack([jnp.asarray(x, dtype) for x in row]) for row in rows])


def _relaxation(gain: Any, loss: Any, coherence: Any, dtype: Any) -> Any:
    """The transfer matrix with populations moving at the given probabilities 0->1 and 1->0."""
    zero, one = jnp.zeros((), dtype), jnp.ones((), dtype)
    return _matrix(
        [
            [one, zero, zero, zero],
            [zero, coherence, zero, zero],
            [zero, zero, coherence, zero],
            [loss - gain, zero, zero, 1 - gain - loss],
        ],
        dtype,
    )


def _terms(parts: list[tuple[Any, list[list[Any]]]], dtype: Any) -> tuple[Any, Any]:
    """Weights and operators of a list of them."""
    weights = jnp.stack([jnp.asarray(w, dtype) for w, _ in parts])
    return weights, as_complex(jnp.stack([_matrix(rows, dtype) for _, rows in parts]))


def _damping_terms(gamma: Any, excited: Any, dtype: Any) -> tuple[Any, Any]:
    down, up, kept = 1 - excited, excited, root(1 - gamma)
    parts = [
        (down, [[1, 0], [0, kept]]),
        (down * gamma, [[0, 1], [0, 0]]),
        (up, [[kept, 0], [0, 1]]),
        (up * gamma, [[0, 0], [1, 0]]),
    ]
    return _terms(parts, dtype)


def _dephasing_terms(lam: Any, dtype: Any) -> tuple[Any, Any]:
    parts = [(1, [[1, 0], [0, root(1 - lam)]]), (lam, [[0, 0], [0, 1]])]
    return _terms(parts, dtype)


def _zero_temperature(gamma: Any, dtype: Any) -> tuple[Any, Any]:
    weights, operators = _damping_terms(gamma, jnp.zeros((), dtype), dtype)
    return weights[:2], operators[:2]


def _add(name: str, names: tuple[str, ...], transfer: Any, weighted: Any, chances: Any) -> None:
    CHANNELS[name] = ChannelSpec(
        name,
        names,
        lambda params, dtype: transfer(*params, dtype),
        lambda params, dtype: weighted(*params, dtype),
        None,
        None,
        chances,
    )


_add(
    "AmplitudeDamping",
    ("gamma",),
    lambda g, dtype: _relaxation(0, g, root(1 - g), dtype),
    _zero_temperature,
    ("gamma",),
)
_add(
    "GeneralizedAmplitudeDamping",
    ("gamma", "excited"),
    lambda g, e, dtype: _relaxation(e * g, (1 - e) * g, root(1 - g), dtype),
    _damping_terms,
    ("gamma", "excited"),
)
_add(
    "PhaseDamping",
    ("lam",),
    lambda lam, dtype: _relaxation(0, 0, root(1 - lam), dtype),
    _dephasing_terms,
    ("lam",),
)


def _thermal(t1: Any, t2: Any, time: Any, excited: Any, dtype: Any) -> Any:
    decay = -jnp.expm1(-time / t1)
    return _relaxation(excited * decay, (1 - excited) * decay, jnp.exp(-time / t2), dtype)


def _thermal_terms(t1: Any, t2: Any, time: Any, excited: Any, dtype: Any) -> tuple[Any, Any]:
    w, damping = _damping_terms(-jnp.expm1(-time / t1), excited, dtype)
    pure = -jnp.expm1(time / t1 - 2 * time / t2)
    # Not jnp.maximum, which halves the slope where both are 0.
    v, dephasing = _dephasing_terms(jnp.where(pure < 0, 0, pure), dtype)
    both = jnp.einsum("mab,nbc->mnac", dephasing, damping, precision=HIGHEST)
    return (v[:, None] * w[None, :]).reshape(-1), both.reshape(-1, 2, 2)


_add("ThermalRelaxation", ("t1", "t2", "time", "excited"), _thermal, _thermal_terms, ("excited",))


def _readout_terms(a: Any, b: Any, dtype: Any) -> tuple[Any, Any]:
    parts = [
        (1 - a, [[1, 0], [0, 0]]),
        (a, [[0, 0], [1, 0]]),
        (1 - b, [[0, 0], [0, 1]]),
        (b, [[0, 1], [0, 0]]),
    ]
    return _terms(parts, dtype)


_add(
    "ReadoutError",
    ("zero_as_one", "one_as_zero"),
    lambda a, b, dtype: _relaxation(a, b, 0, dtype),
    _readout_terms,
    ("zero_as_one", "one_as_zero"),
)


def _prepared(rho: Any, dtype: Any) -> Any:
    column = pauli_components(rho, dtype)
    return jnp.zeros((column.shape[0],) * 2, dtype).at[:, 0].set(column)


def pauli_components(rho: Any, dtype: Any) -> Any:
    """``tr(P rho)`` for every word P, real ``(4**k,)``."""
    rho = as_complex(rho)
    basis = pauli_basis(qubits_of(rho))
    flat = jnp.asarray(basis.transpose(0, 2, 1).reshape(len(basis), -1), rho.dtype)
    return jnp.real(jnp.matmul(flat, rho.reshape(-1), precision=HIGHEST)).astype(dtype)


def _prepared_terms(rho: Any, dtype: Any) -> tuple[Any, Any]:
    values, vectors = jnp.linalg.eigh(as_complex(rho))
    d = rho.shape[-1]
    eye = jnp.eye(d, dtype=vectors.dtype)
    operators = vectors.T[:, None, :, None] * eye[None, :, None, :]
    return jnp.repeat(jnp.maximum(values, 0), d), operators.reshape(d * d, d, d)


def _given_terms(operators: Any, dtype: Any) -> tuple[Any, Any]:
    return jnp.ones(operators.shape[0], dtype), as_complex(operators)


_add("Prepare", ("rho",), _prepared, _prepared_terms, ())
_add(
    "KrausChannel",
    ("operators",),
    kraus_transfer,
    _given_terms,
    (),
)
