"""What is asked of a mixed state, answered from its Pauli components."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ...errors import UnsupportedError
from ...gates.channels import as_complex, pauli_components
from ...observables import Hermitian, Projector
from ...observables.grouping import group_commuting
from ...pauli import PauliSum, Word
from .. import protocol as ask
from ..answers import is_observable, mean_and_error
from ..kernels import HIGHEST
from ..sampling import draw, to_bits
from .basis import keep, populations, to_matrix

Answer = Callable[[Any, Sequence[Any], Any], Any]


def answer_for(query: ask.Query, n: int, bits: int) -> Answer:
    """The function of (table ``(4**n, 2**bits)``, query leaves, key) that answers a query."""
    if isinstance(query, ask.RunQuery):
        return lambda x, leaves, key: to_matrix(_all(x), n)
    if isinstance(query, ask.NormQuery):
        return lambda x, leaves, key: jnp.sum(x[0])
    if isinstance(query, ask.ExpvalQuery):
        return lambda x, leaves, key: jax.tree.map(
            lambda o: observe(_all(x), o, n),
            jax.tree.unflatten(query.observable, leaves),
            is_leaf=is_observable,
        )
    if isinstance(query, ask.ProbsQuery):
        return lambda x, leaves, key: outcomes(x, query, n, bits)
    if isinstance(query, ask.SampleQuery):
        asked = ask.ProbsQuery(None, query.bits)
        count = n if query.bits is None else len(query.bits)

        def sampled(x: Any, leaves: Sequence[Any], key: Any) -> Any:
            return to_bits(
                draw(key, _valid(outcomes(x, asked, n, bits)), count, query.shots), count
            )

        return sampled
    if isinstance(query, ask.EstimateQuery):
        return lambda x, leaves, key: _estimates(_all(x), query, leaves, key, n)
    if isinstance(query, ask.DensityQuery):
        some = query.qubits
        return lambda x, leaves, key: to_matrix(keep(_all(x), some, n), len(some))
    raise UnsupportedError(
        f"a density matrix cannot answer {type(query).__name__}",
        fix="amplitudes belong to pure states: ask for qjax.probs or qjax.run",
    )


def _all(x: Any) -> Any:
    """The state whatever the record says."""
    if x.shape[1] == 1:
        return x[:, 0]
    return jnp.matmul(x, jnp.ones(x.shape[1], x.dtype), precision=HIGHEST)


def _valid(p: Any) -> Any:
    """Probabilities without the negative zeros of rounding."""
    return jnp.maximum(p, 0)


def outcomes(x: Any, query: ask.ProbsQuery, n: int, bits: int) -> Any:
    """Probabilities of the outcomes on qubits, or of the record on classical bits."""
    if query.bits is not None:
        record = x[0].reshape((2,) * bits)
        rest = tuple(b for b in range(bits) if b not in query.bits)
        ascending = sorted(query.bits)
        order = [ascending.index(b) for b in query.bits]
        return jnp.sum(record, axis=rest).transpose(order).reshape(-1)
    some = tuple(range(n)) if query.qubits is None else query.qubits
    return populations(keep(_all(x), some, n), len(some))


def word_index(word: Word, n: int) -> int:
    """Where the expectation value of a word stands."""
    return sum("IXYZ".index(letter) * 4 ** (n - 1 - q) for q, letter in word)


def observe(r: Any, observable: Any, n: int) -> Any:
    """One expectation value, real."""
    if isinstance(observable, PauliSum):
        index = np.array([word_index(w, n) for w in observable.words], int)
        coeffs = jnp.asarray(observable.coeffs).astype(r.dtype)
        return jnp.dot(r[index], coeffs, precision=HIGHEST)
    some = tuple(observable.qubits)
    part = keep(r, some, n)
    if isinstance(observable, Projector):
        target = int("".join(map(str, observable.bits)), 2)
        return populations(part, len(some))[target]
    dual = pauli_components(jnp.asarray(observable.matrix), r.dtype)
    return jnp.dot(part, dual, precision=HIGHEST) / np.asarray(2 ** len(some), r.dtype)


# --- finite shots --------------------------------------------------------------------------------


def _estimates(r: Any, query: ask.EstimateQuery, leaves: Sequence[Any], key: Any, n: int) -> Any:
    observables = jax.tree.unflatten(query.observable, leaves)
    flat, treedef = jax.tree.flatten(observables, is_leaf=is_observable)
    keys = jax.random.split(key, max(len(flat), 1))
    pairs = [_estimate(r, o, k, query.shots, n) for o, k in zip(flat, keys, strict=False)]
    return tuple(treedef.unflatten([p[i] for p in pairs]) for i in (0, 1))


def _estimate(r: Any, observable: Any, key: Any, shots: int, n: int) -> tuple[Any, Any]:
    if isinstance(observable, Projector):
        some = tuple(observable.qubits)
        p = _valid(populations(keep(r, some, n), len(some)))
        target = int("".join(map(str, observable.bits)), 2)
        hits = draw(key, p, len(some), shots) == target
        return mean_and_error(hits.astype(r.dtype), shots)
    if isinstance(observable, Hermitian):
        some = tuple(observable.qubits)
        rho = to_matrix(keep(r, some, n), len(some))
        values, vectors = jnp.linalg.eigh(as_complex(jnp.asarray(observable.matrix)))
        vectors = vectors.astype(rho.dtype)
        moved = jnp.matmul(rho, vectors, precision=HIGHEST)
        p = _valid(jnp.real(jnp.sum(vectors.conj() * moved, axis=0)))
        return mean_and_error(values.astype(r.dtype)[draw(key, p, len(some), shots)], shots)
    groups = group_commuting(observable)
    keys = jax.random.split(key, max(len(groups), 1))
    coeffs = jnp.asarray(observable.coeffs).astype(r.dtype)
    mean, variance = jnp.zeros((), r.dtype), jnp.zeros((), r.dtype)
    for (basis, members), k in zip(groups, keys, strict=False):
        measured = tuple(q for q, _ in basis)
        index = draw(k, _valid(_in_basis(r, basis, n)), len(measured), shots)
        signs = 1 - 2 * to_bits(index, len(measured)).astype(r.dtype)
        place = {q: i for i, q in enumerate(measured)}
        total = jnp.zeros(shots, r.dtype)
        for j in members:
            columns = np.array([place[q] for q, _ in observable.words[j]], int)
            total = total + coeffs[j] * jnp.prod(signs[:, columns], axis=1)
        m, e = mean_and_error(total, shots)
        mean, variance = mean + m, variance + e * e
    return mean, jnp.sqrt(variance)


def _in_basis(r: Any, basis: Word, n: int) -> Any:
    """Probabilities of measuring each named qubit in the basis of its letter."""
    letters = dict(basis)
    where = tuple(np.array([0, "IXYZ".index(letters[q])]) if q in letters else 0 for q in range(n))
    words = r.reshape((4,) * n)
    for axis in reversed(range(n)):
        words = jnp.take(words, where[axis], axis=axis)
    k = len(basis)
    spread = jnp.zeros((4,) * k, r.dtype).at[(slice(None, None, 3),) * k].set(words)
    return populations(spread.reshape(-1), k)
