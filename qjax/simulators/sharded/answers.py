"""What is asked of a state that lies on many devices.

Every device gives its share; shares are arrays with a leading axis of one, which stand side by side
outside and are summed there. Observables, reduced states and shots are read in rounds, with
exchanges between them that bring the qubits they act on onto the devices.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ...errors import CapacityError, UnsupportedError
from ...observables import Hermitian, Projector
from ...observables.grouping import group_commuting
from ...pauli import PauliSum, word_masks
from .. import protocol as ask
from ..answers import as_complex, is_observable, marginal, observe, probabilities, reduced
from ..kernels import Pair
from ..words import apply_word, expectation
from .plan import ShardedPlan
from .shots import estimate_part, sampled_bits

Place = Sequence[int]


@dataclass(frozen=True)
class Share:
    """One part of an answer.

    Attributes:
        needs: the qubits that it needs on a device.
        owner: the number of the observable that it belongs to.
        members: which words of that observable (or of the group of words) it covers.
    """

    needs: frozenset[int]
    owner: int = 0
    members: tuple[int, ...] = ()


@dataclass(frozen=True)
class Answer:
    """How a query is answered.

    ``inside(state, bits, leaves, key)`` runs on every device; ``outside`` makes the result of what
    comes out of all of them.
    """

    inside: Callable[[Pair, Any, Sequence[Any], Any], Any]
    outside: Callable[[Any], Any]


def is_home(query: ask.Query, n: int) -> bool:
    """Whether the answer is an array over all basis states, in their order."""
    if isinstance(query, ask.ProbsQuery):
        return query.qubits is None or query.qubits == tuple(range(n))
    return isinstance(query, ask.RunQuery)


def shares_of(query: ask.Query, m: int) -> list[Share]:
    """The parts of an answer, and what each needs."""
    if isinstance(query, ask.DensityQuery):
        return [Share(_fitting(query.qubits, m, "the reduced density matrix"))]
    if not isinstance(query, ask.ExpvalQuery | ask.EstimateQuery):
        return [Share(frozenset())]
    shares = []
    for k, o in enumerate(_observables(query)):
        if isinstance(o, Projector):
            shares.append(Share(frozenset(), k))
        elif isinstance(o, Hermitian):
            shares.append(Share(_fitting(o.qubits, m, "a Hermitian observable"), k))
        elif isinstance(query, ask.EstimateQuery):
            for j, (basis, _) in enumerate(group_commuting(o)):
                turned = [q for q, letter in basis if letter in "XY"]
                shares.append(Share(_fitting(turned, m, "a group of Pauli words"), k, (j,)))
        else:
            flips = [frozenset(q for q, letter in w if letter in "XY") for w in o.words]
            needs = [f if len(f) <= m else frozenset() for f in flips]
            for need in dict.fromkeys(needs):
                members = tuple(j for j, other in enumerate(needs) if other == need)
                shares.append(Share(need, k, members))
    return shares


def _fitting(qubits: Sequence[int], m: int, what: str) -> frozenset[int]:
    if len(set(qubits)) > m:
        raise CapacityError(
            f"{what} needs more qubits than a device holds",
            expected=f"at most {m} qubits",
            got=f"{len(set(qubits))}: {tuple(qubits)}",
            fix="use fewer devices",
        )
    return frozenset(qubits)


def _observables(query: ask.ExpvalQuery | ask.EstimateQuery) -> list[Any]:
    blank = query.observable.unflatten([np.zeros(0)] * query.observable.num_leaves)
    return jax.tree.leaves(blank, is_leaf=is_observable)


def answer_for(query: ask.Query, plan: ShardedPlan, shares: Sequence[Share]) -> Answer:
    """How a query is answered."""
    place, g, m = plan.end, plan.g, plan.m
    if isinstance(query, ask.RunQuery):
        return Answer(lambda state, bits, leaves, key: as_complex(state), lambda x: x)
    if isinstance(query, ask.ProbsQuery):
        if is_home(query, plan.n):
            return Answer(lambda state, bits, leaves, key: probabilities(state), lambda x: x)
        assert query.qubits is not None
        qubits = query.qubits
        if len(qubits) > max(m, 20):
            _fitting(qubits, m, "the distribution")
        return Answer(
            lambda state, bits, leaves, key: _marginal(state, bits, qubits, place, g, m)[None], _sum
        )
    if isinstance(query, ask.AmplitudesQuery):
        return Answer(
            lambda state, bits, leaves, key: _amplitudes(state, bits, query, place, g, m)[None],
            _sum,
        )
    if isinstance(query, ask.SampleQuery):
        return Answer(
            lambda state, bits, leaves, key: sampled_bits(
                probabilities(state), bits, key, query.shots, plan.names, m
            )[None][:, :, np.array(place)],
            lambda x: jnp.sum(x, 0, dtype=jnp.uint8),
        )
    if isinstance(query, ask.DensityQuery):

        def density(state: Pair, bits: Any, leaves: Sequence[Any], key: Any) -> Any:
            state, where = _last(state, plan)
            return reduced(state, tuple(where[q] - g for q in query.qubits), m)[None]

        return Answer(density, _sum)
    if isinstance(query, ask.ExpvalQuery):
        return Answer(
            lambda *given: _expectations(*given, query, plan, shares),  # type: ignore[call-arg]
            _sums,
        )
    if isinstance(query, ask.EstimateQuery):
        return Answer(
            lambda *given: _estimates(*given, query, plan, shares),  # type: ignore[call-arg]
            _sums,
        )
    raise UnsupportedError(f"a statevector cannot answer {type(query).__name__}")


def _sum(x: Any) -> Any:
    return jnp.sum(x, axis=0)


def _sums(tree: Any) -> Any:
    return jax.tree.map(_sum, tree)


def _last(state: Pair, plan: ShardedPlan) -> tuple[Pair, Place]:
    """The state in the last round of a reading that has one part."""
    for each in plan.reading.rounds:
        if each.before is not None:
            state = each.before.apply(state, ())
    return state, plan.reading.rounds[-1].place


def _index(bits: Any, places: Sequence[int]) -> Any:
    """The number that the device's bits at these places make."""
    out = jnp.zeros((), jnp.int32)
    for p in places:
        out = 2 * out + bits[p]
    return out


def _marginal(state: Pair, bits: Any, qubits: Sequence[int], place: Place, g: int, m: int) -> Any:
    outer = [q for q in qubits if place[q] < g]
    inner = [q for q in qubits if place[q] >= g]
    p = probabilities(state)
    p = marginal(p, tuple(place[q] - g for q in inner), m) if inner else jnp.sum(p)[None]
    mine = _index(bits, [place[q] for q in outer]) == jnp.arange(2 ** len(outer), dtype=jnp.int32)
    grid = jnp.where(mine[:, None], p[None], jnp.zeros((), p.dtype))
    order = [*outer, *inner]
    axes = [order.index(q) for q in qubits]
    return grid.reshape((2,) * len(qubits)).transpose(axes).reshape(-1)


def _amplitudes(
    state: Pair, bits: Any, query: ask.AmplitudesQuery, place: Place, g: int, m: int
) -> Any:
    n = g + m
    spread = [[j >> (n - 1 - q) & 1 for q in np.argsort(place).tolist()] for j in query.indices]
    split = [(_number(row[:g]), _number(row[g:])) for row in spread]
    device = np.array([d for d, _ in split], np.int32)
    local = np.array([k for _, k in split], np.int32)
    mine = _index(bits, range(g)) == device
    values = as_complex((state[0][local], None if state[1] is None else state[1][local]))
    return jnp.where(mine, values, jnp.zeros((), values.dtype))


def _number(bits: Sequence[int]) -> int:
    return int("".join(map(str, bits)) or "0", 2)


# --- observables ---------------------------------------------------------------------------------


def _expectations(
    state: Pair,
    bits: Any,
    leaves: Sequence[Any],
    key: Any,
    query: ask.ExpvalQuery,
    plan: ShardedPlan,
    shares: Sequence[Share],
) -> Any:
    observables = jax.tree.unflatten(query.observable, leaves)
    flat, treedef = jax.tree.flatten(observables, is_leaf=is_observable)
    totals: list[Any] = [jnp.zeros((), state[0].dtype) for _ in flat]
    for each in plan.reading.rounds:
        if each.before is not None:
            state = each.before.apply(state, ())
        held: dict[int, list[int]] = {}
        for number in each.parts:
            held.setdefault(shares[number].owner, []).extend(shares[number].members)
        for owner, members in held.items():
            value = _expectation(state, bits, flat[owner], sorted(members), each.place, plan)
            totals[owner] = totals[owner] + value
    return treedef.unflatten([x[None] for x in totals])


def _expectation(
    state: Pair, bits: Any, observable: Any, members: list[int], place: Place, plan: ShardedPlan
) -> Any:
    g, m = plan.g, plan.m
    if isinstance(observable, Projector):
        return projected(state, bits, observable, place, g, m)
    if isinstance(observable, Hermitian):
        moved = Hermitian.__new__(Hermitian)
        moved.matrix, moved.qubits = (
            observable.matrix,
            tuple(place[q] - g for q in observable.qubits),
        )
        return observe(state, moved, m)
    dtype = state[0].dtype
    coeffs = jnp.asarray(observable.coeffs).astype(dtype)
    words, weights = [], []
    total = jnp.zeros((), dtype)
    for k in members:
        word = [(place[q], letter) for q, letter in observable.words[k]]
        if any(p < g and letter in "XY" for p, letter in word):
            total = total + coeffs[k] * _across(state, bits, word, plan)
            continue
        sign = jnp.ones((), dtype)
        for p, _ in word:
            if p < g:
                sign = sign * (1 - 2 * bits[p]).astype(dtype)
        words.append(tuple(sorted((p - g, letter) for p, letter in word if p >= g)))
        weights.append(coeffs[k] * sign)
    if words:
        local = PauliSum.tree_unflatten(tuple(words), (jnp.stack(weights),))
        total = total + expectation(state, local, m, plan.local.layout.ordered)
    return total


def _across(state: Pair, bits: Any, word: list[tuple[int, str]], plan: ShardedPlan) -> Any:
    """A word that flips more qubits than a device holds: with the state of another device."""
    g, m = plan.g, plan.m
    flips, signs, y = word_masks(tuple(sorted(word)), plan.n)
    jump = flips >> m
    pairs = [(d, d ^ jump) for d in range(2**g)]
    other = tuple(None if x is None else jax.lax.ppermute(x, plan.names, pairs) for x in state)
    image = apply_word(other, flips & (2**m - 1), signs & (2**m - 1), y, m)  # type: ignore[arg-type]
    total = jnp.sum(state[0] * image[0])
    if state[1] is not None and image[1] is not None:
        total = total + jnp.sum(state[1] * image[1])
    for p, letter in word:
        if p < g and letter in "YZ":
            total = total * (1 - 2 * (bits[p] ^ (1 if letter == "Y" else 0))).astype(total.dtype)
    return total


def projected(state: Pair, bits: Any, o: Projector, place: Place, g: int, m: int) -> Any:
    """The share of a device in the probability of the projector's bits."""
    pairs = [(place[q], b) for q, b in zip(o.qubits, o.bits, strict=True)]
    where: list[Any] = [slice(None)] * m
    on = jnp.ones((), bool)
    for p, b in pairs:
        if p < g:
            on = on & (bits[p] == b)
        else:
            where[p - g] = b
    p = probabilities(state).reshape((2,) * m)[tuple(where)]
    return jnp.where(on, jnp.sum(p), jnp.zeros((), p.dtype))


def _estimates(
    state: Pair,
    bits: Any,
    leaves: Sequence[Any],
    key: Any,
    query: ask.EstimateQuery,
    plan: ShardedPlan,
    shares: Sequence[Share],
) -> Any:
    observables = jax.tree.unflatten(query.observable, leaves)
    flat, treedef = jax.tree.flatten(observables, is_leaf=is_observable)
    dtype = state[0].dtype
    means = [jnp.zeros((), dtype) for _ in flat]
    variances = [jnp.zeros((), dtype) for _ in flat]
    keys = jax.random.split(key, max(len(shares), 1))
    for each in plan.reading.rounds:
        if each.before is not None:
            state = each.before.apply(state, ())
        for number in each.parts:
            owner = shares[number].owner
            mean, error = estimate_part(
                state, bits, flat[owner], shares[number].members, keys[number], query.shots,
                each.place, plan.names, plan.m,
            )  # fmt: skip
            means[owner] = means[owner] + mean
            variances[owner] = variances[owner] + error * error
    first = _index(bits, range(plan.g)) == 0  # all devices know the result; one of them gives it

    def given(x: Any) -> Any:
        return jnp.where(first, x, jnp.zeros_like(x))[None]

    errors = [jnp.sqrt(v) for v in variances]
    return treedef.unflatten([given(x) for x in means]), treedef.unflatten(
        [given(x) for x in errors]
    )
