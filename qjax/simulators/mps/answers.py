"""What is asked of a matrix product state: the same questions as of a statevector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ...errors import CapacityError, UnsupportedError
from ...observables import Hermitian, Projector
from ...observables.grouping import group_commuting
from ...pauli import PauliSum
from .. import protocol as ask
from ..answers import is_observable
from ..sampling import draw
from . import state as mps
from .expectation import expectation

LARGEST_DENSE = 26  # qubits whose amplitudes are listed
LARGEST_PART = 12  # qubits whose joint probabilities are listed


class Final(NamedTuple):
    """The end of a run.

    Attributes:
        tensors: ``(n, chi, 2, chi)``.
        site: the site of each qubit.
        kept: the share of weight kept by every truncation.
    """

    tensors: Any
    site: tuple[int, ...]
    kept: Any


def answer(final: Final, query: ask.Query, leaves: Sequence[Any], key: Any) -> Any:
    """The answer to a query."""
    tensors, site = final.tensors, final.site
    n = len(site)
    if isinstance(query, ask.RunQuery):
        return _in_order(_normalised(_dense(tensors)), site)
    if isinstance(query, ask.ExpvalQuery):
        observables = jax.tree.unflatten(query.observable, leaves)
        return jax.tree.map(lambda o: observe(final, o), observables, is_leaf=is_observable)
    if isinstance(query, ask.ProbsQuery):
        qubits = query.qubits if query.qubits is not None else tuple(range(n))
        if len(qubits) == n:
            psi = _in_order(_normalised(_dense(tensors)), site)
            p = jnp.real(psi) ** 2 + jnp.imag(psi) ** 2
            return jnp.transpose(p.reshape((2,) * n), qubits).reshape(-1)
        p = _part(final, qubits, diagonal=True)
        return p / jnp.sum(p)
    if isinstance(query, ask.AmplitudesQuery):
        bits = np.array([[i >> (n - 1 - q) & 1 for q in range(n)] for i in query.indices], np.uint8)
        norm = jnp.sqrt(mps.norm_squared(tensors))
        return mps.amplitudes(tensors, _by_site(bits, site)) / norm.astype(tensors.dtype)
    if isinstance(query, ask.SampleQuery):
        return mps.sample(tensors, key, query.shots)[:, np.array(site)]
    if isinstance(query, ask.EstimateQuery):
        return _estimates(final, query, leaves, key)
    if isinstance(query, ask.DensityQuery):
        rho = _part(final, query.qubits)
        return rho / jnp.trace(rho)
    raise UnsupportedError(f"MPS cannot answer {type(query).__name__}")


def observe(final: Final, observable: Any) -> Any:
    """One expectation value, real."""
    if isinstance(observable, PauliSum):
        return expectation(final.tensors, _words(observable, final.site), observable.coeffs)
    if isinstance(observable, Projector):
        return _project(final, observable)
    rho = _part(final, observable.qubits)
    matrix = jnp.asarray(observable.matrix).astype(rho.dtype)
    return jnp.real(jnp.sum(matrix * rho.T) / jnp.trace(rho))


def _words(observable: PauliSum, site: tuple[int, ...]) -> tuple[Any, ...]:
    return tuple(tuple(sorted((site[q], c) for q, c in word)) for word in observable.words)


def _project(final: Final, projector: Projector) -> Any:
    """The weight of the part with the given bits."""
    tensors = final.tensors
    keep = np.ones((tensors.shape[0], 2))
    for q, b in zip(projector.qubits, projector.bits, strict=True):
        keep[final.site[q], 1 - b] = 0
    part = tensors * jnp.asarray(keep, tensors.dtype)[:, None, :, None]
    return mps.norm_squared(part) / mps.norm_squared(tensors)


def _part(final: Final, qubits: tuple[int, ...], diagonal: bool = False) -> Any:
    """The density matrix (or its diagonal) of qubits in their order, not normalised."""
    k = len(qubits)
    if k > LARGEST_PART:
        raise CapacityError(
            f"MPS: the joint state of {k} qubits is too large to be listed",
            expected=f"at most {LARGEST_PART} of {len(final.site)} qubits, or all of at most "
            f"{LARGEST_DENSE}",
            got=f"2**{k} outcomes",
            fix="ask for fewer qubits, or draw from it with qjax.sample",
        )
    sites = [final.site[q] for q in qubits]
    rho = mps.reduced(final.tensors, tuple(sorted(sites)), diagonal)
    order = tuple(sorted(sites).index(s) for s in sites)
    axes = order if diagonal else (*order, *(k + j for j in order))
    return jnp.transpose(rho.reshape((2,) * len(axes)), axes).reshape(rho.shape)


def _dense(tensors: Any) -> Any:
    n = tensors.shape[0]
    if n > LARGEST_DENSE:
        raise CapacityError(
            f"MPS: the amplitudes of {n} qubits cannot be listed",
            expected=f"at most {LARGEST_DENSE} qubits",
            got=f"2**{n} amplitudes",
            fix="ask for what you need: qjax.expval, amplitudes, sample, or probs of some qubits",
        )
    return mps.dense(tensors)


def _normalised(psi: Any) -> Any:
    return psi / jnp.sqrt(jnp.sum(jnp.real(psi) ** 2 + jnp.imag(psi) ** 2)).astype(psi.dtype)


def _in_order(psi: Any, site: tuple[int, ...]) -> Any:
    if site == tuple(range(len(site))):
        return psi
    return jnp.transpose(psi.reshape((2,) * len(site)), site).reshape(-1)


def _by_site(bits: np.ndarray, site: tuple[int, ...]) -> np.ndarray:
    out = np.empty_like(bits)
    out[:, np.array(site)] = bits
    return out


# --- finite shots --------------------------------------------------------------------------------


def _estimates(final: Final, query: ask.EstimateQuery, leaves: Sequence[Any], key: Any) -> Any:
    observables = jax.tree.unflatten(query.observable, leaves)
    flat, treedef = jax.tree.flatten(observables, is_leaf=is_observable)
    keys = jax.random.split(key, max(len(flat), 1))
    pairs = [_estimate(final, o, k, query.shots) for o, k in zip(flat, keys, strict=False)]
    return treedef.unflatten([m for m, _ in pairs]), treedef.unflatten([e for _, e in pairs])


_TO_Z = {
    "X": np.array([[1, 1], [1, -1]]) / np.sqrt(2),
    "Y": np.array([[1, -1j], [1, 1j]]) / np.sqrt(2),
}


def _estimate(final: Final, observable: Any, key: Any, shots: int) -> tuple[Any, Any]:
    real = jnp.finfo(final.tensors.dtype).dtype
    if isinstance(observable, Projector):
        bits = mps.sample(final.tensors, key, shots)
        where = np.array([final.site[q] for q in observable.qubits])
        hit = jnp.all(bits[:, where] == jnp.asarray(observable.bits, jnp.uint8)[None], axis=1)
        return _mean_and_error(hit.astype(real), shots)
    if isinstance(observable, Hermitian):
        rho = _part(final, observable.qubits)
        values, vectors = jnp.linalg.eigh(jnp.asarray(observable.matrix).astype(rho.dtype))
        p = jnp.real(jnp.sum(jnp.conj(vectors) * (rho @ vectors), axis=0))
        index = draw(key, jnp.maximum(p, 0), len(observable.qubits), shots)
        return _mean_and_error(values.astype(real)[index], shots)
    mean, variance = jnp.zeros((), real), jnp.zeros((), real)
    groups = group_commuting(observable)
    coeffs = jnp.asarray(observable.coeffs).astype(real)
    for (basis, members), k in zip(
        groups, jax.random.split(key, max(len(groups), 1)), strict=False
    ):
        turns = np.tile(np.eye(2, dtype=complex), (len(final.site), 1, 1))
        for q, letter in basis:
            if letter in _TO_Z:
                turns[final.site[q]] = _TO_Z[letter]
        turned = jnp.einsum(
            "nab,nlbr->nlar", jnp.asarray(turns, final.tensors.dtype), final.tensors
        )
        bits = mps.sample(turned, k, shots)
        total = jnp.zeros(shots, real)
        for j in members:
            columns = np.array([final.site[q] for q, _ in observable.words[j]], int)
            parity = jnp.sum(bits[:, columns].astype(jnp.int32), axis=1) % 2
            total = total + coeffs[j] * (1 - 2 * parity).astype(real)
        m, e = _mean_and_error(total, shots)
        mean, variance = mean + m, variance + e * e
    return mean, jnp.sqrt(variance)


def _mean_and_error(values: Any, shots: int) -> tuple[Any, Any]:
    mean = jnp.mean(values)
    if shots == 1:
        return mean, jnp.full_like(mean, jnp.inf)
    return mean, jnp.std(values, ddof=1) / np.sqrt(shots).astype(values.dtype)
