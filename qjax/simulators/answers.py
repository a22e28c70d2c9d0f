"""What is asked of a final state: amplitudes, probabilities, samples, expectation values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import UnsupportedError
from ..observables import Hermitian, Projector
from ..observables.grouping import group_commuting
from ..pauli import PauliSum
from . import protocol as ask
from .kernels import Pair, apply_matrix, complex_pair, dagger
from .sampling import draw, to_bits
from .steps.local import reorder
from .words import expectation

Answer = Callable[[Pair, Sequence[Any], Any], Any]


def answer_for(query: ask.Query, n: int) -> Answer:
    """The function of (state, query leaves, key) that answers a query."""
    if isinstance(query, ask.RunQuery):
        return lambda state, leaves, key: as_complex(state)
    if isinstance(query, ask.ExpvalQuery):
        return lambda state, leaves, key: _each(
            query.observable, leaves, lambda o: observe(state, o, n)
        )
    if isinstance(query, ask.ProbsQuery):
        return lambda state, leaves, key: marginal(probabilities(state), query.qubits, n)
    if isinstance(query, ask.AmplitudesQuery):
        index = np.array(query.indices)
        return lambda state, leaves, key: as_complex(
            (state[0][index], None if state[1] is None else state[1][index])
        )
    if isinstance(query, ask.SampleQuery):
        return lambda state, leaves, key: to_bits(
            draw(key, probabilities(state), n, query.shots), n
        )
    if isinstance(query, ask.EstimateQuery):
        return lambda state, leaves, key: _estimates(state, query, leaves, key, n)
    if isinstance(query, ask.DensityQuery):
        return lambda state, leaves, key: reduced(state, query.qubits, n)
    raise UnsupportedError(f"a statevector cannot answer {type(query).__name__}")


def qubits_seen(query: ask.Query) -> frozenset[int] | None:
    """The qubits that an expectation value looks at; None for questions about the whole state."""
    if not isinstance(query, ask.ExpvalQuery):
        return None
    blanks = [None] * query.observable.num_leaves
    observables = jax.tree.leaves(query.observable.unflatten(blanks), is_leaf=is_observable)
    return frozenset(q for o in observables for q in o.qubits)


def is_observable(x: Any) -> bool:
    """Whether ``x`` is one observable (and not a container of several)."""
    return isinstance(x, PauliSum | Hermitian | Projector)


def _each(treedef: Any, leaves: Sequence[Any], ask_one: Callable[[Any], Any]) -> Any:
    observables = jax.tree.unflatten(treedef, leaves)
    return jax.tree.map(ask_one, observables, is_leaf=is_observable)


def as_complex(state: Pair) -> Any:
    """The complex array of a pair."""
    re, im = state
    return jax.lax.complex(re, jnp.zeros_like(re) if im is None else im)


def probabilities(state: Pair) -> Any:
    """Squared magnitudes."""
    re, im = state
    return re * re if im is None else re * re + im * im


def marginal(p: Any, qubits: tuple[int, ...] | None, n: int) -> Any:
    """Probabilities of the outcomes on ``qubits``, in that order."""
    if qubits is None or qubits == tuple(range(n)):
        return p
    return _expose(p, qubits, n).sum(axis=1)


def _expose(x: Any, qubits: tuple[int, ...], n: int) -> Any:
    """``(2**n,)`` as ``(2**k, 2**(n-k))`` with the chosen qubits first."""
    rest = [q for q in range(n) if q not in qubits]
    return x.reshape((2,) * n).transpose(*qubits, *rest).reshape(2 ** len(qubits), -1)


def reduced(state: Pair, qubits: tuple[int, ...], n: int) -> Any:
    """The reduced density matrix of ``qubits``, complex ``(2**k, 2**k)``."""
    psi = _expose(as_complex(state), qubits, n)
    return jnp.matmul(psi, psi.conj().T, precision=jax.lax.Precision.HIGHEST)


def observe(state: Pair, observable: Any, n: int) -> Any:
    """One expectation value, real."""
    if isinstance(observable, PauliSum):
        return expectation(state, observable, n)
    if isinstance(observable, Projector):
        amplitude = _select(state, observable, n)
        return jnp.sum(probabilities(amplitude))
    order = tuple(sorted(range(len(observable.qubits)), key=lambda i: observable.qubits[i]))
    qubits = tuple(observable.qubits[i] for i in order)
    matrix = hermitian_pair(observable, order, state[0].dtype)
    image = apply_matrix(state, matrix, qubits, n)
    total = jnp.sum(state[0] * image[0])
    if state[1] is not None and image[1] is not None:
        total = total + jnp.sum(state[1] * image[1])
    return total


def hermitian_pair(observable: Hermitian, order: tuple[int, ...], dtype: Any) -> Pair:
    m = jnp.asarray(observable.matrix)
    re = jnp.real(m).astype(dtype)
    im = jnp.imag(m).astype(dtype) if jnp.iscomplexobj(m) else None
    return reorder((re, im), order)


def _select(state: Pair, projector: Projector, n: int) -> Pair:
    where: list[Any] = [slice(None)] * n
    for q, b in zip(projector.qubits, projector.bits, strict=True):
        where[q] = b
    return tuple(  # type: ignore[return-value]
        None if x is None else x.reshape((2,) * n)[tuple(where)] for x in state
    )


# --- finite shots --------------------------------------------------------------------------------

TO_Z = {
    "X": np.array([[1, 1], [1, -1]]) / np.sqrt(2),
    "Y": np.array([[1, -1j], [1, 1j]]) / np.sqrt(2),
}


def _estimates(
    state: Pair, query: ask.EstimateQuery, leaves: Sequence[Any], key: Any, n: int
) -> Any:
    observables = jax.tree.unflatten(query.observable, leaves)
    flat, treedef = jax.tree.flatten(observables, is_leaf=is_observable)
    keys = jax.random.split(key, max(len(flat), 1))
    pairs = [_estimate(state, o, k, query.shots, n) for o, k in zip(flat, keys, strict=False)]
    means = treedef.unflatten([m for m, _ in pairs])
    return means, treedef.unflatten([e for _, e in pairs])


def _estimate(state: Pair, observable: Any, key: Any, shots: int, n: int) -> tuple[Any, Any]:
    dtype = state[0].dtype
    if isinstance(observable, Projector):
        values = draw(
            key, marginal(probabilities(state), observable.qubits, n), len(observable.qubits), shots
        )
        target = int("".join(map(str, observable.bits)), 2)
        return mean_and_error((values == target).astype(dtype), shots)
    if isinstance(observable, Hermitian):
        k = len(observable.qubits)
        order = tuple(sorted(range(k), key=lambda i: observable.qubits[i]))
        qubits = tuple(observable.qubits[i] for i in order)
        values, vectors = jnp.linalg.eigh(as_complex(hermitian_pair(observable, order, dtype)))
        turned = apply_matrix(state, dagger(complex_pair(vectors)), qubits, n)
        index = draw(key, marginal(probabilities(turned), qubits, n), k, shots)
        return mean_and_error(values.astype(dtype)[index], shots)
    mean, variance = jnp.zeros((), dtype), jnp.zeros((), dtype)
    groups = group_commuting(observable)
    keys = jax.random.split(key, max(len(groups), 1))
    coeffs = jnp.asarray(observable.coeffs).astype(dtype)
    for (basis, members), k in zip(groups, keys, strict=False):
        turned = state
        for q, letter in basis:
            if letter in TO_Z:
                m = TO_Z[letter]
                im = jnp.asarray(m.imag, dtype) if np.iscomplexobj(m) else None
                turned = apply_matrix(turned, (jnp.asarray(m.real, dtype), im), (q,), n)
        measured = tuple(q for q, _ in basis)
        index = draw(k, marginal(probabilities(turned), measured, n), len(measured), shots)
        bits = to_bits(index, len(measured))
        place = {q: i for i, q in enumerate(measured)}
        total = jnp.zeros(shots, dtype)
        for j in members:
            columns = [place[q] for q, _ in observable.words[j]]
            parity = jnp.sum(bits[:, np.array(columns, int)], axis=1) % 2
            total = total + coeffs[j] * (1 - 2 * parity.astype(dtype))
        m, e = mean_and_error(total, shots)
        mean, variance = mean + m, variance + e * e
    return mean, jnp.sqrt(variance)


def mean_and_error(values: Any, shots: int) -> tuple[Any, Any]:
    """The mean over shots and its standard error, infinite for one shot."""
    mean = jnp.mean(values)
    if shots == 1:
        return mean, jnp.full_like(mean, jnp.inf)
    return mean, jnp.std(values, ddof=1) / np.sqrt(shots).astype(values.dtype)
