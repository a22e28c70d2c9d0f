"""Exact answers by contracting tensor networks of what they depend on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import opt_einsum

from ...errors import CapacityError, ParameterError, UnsupportedError
from ...gates.matrices import PAULI, pauli_matrix
from ...observables import Hermitian, Projector
from ...pauli import PauliSum
from .. import protocol as ask
from ..answers import is_observable
from ..memory import available_memory
from ..mps.gates import collected, item_matrix
from ..precision import resolve_dtype
from ..protocol import Program, Query, Structure
from ..sampling import draw, to_bits
from ..steps.step import Item
from .network import (
    Network,
    Route,
    density_network,
    items_of,
    light_cone,
    routed,
    state_network,
    value_network,
)

TOGETHER = 3  # qubits of words that share one reduced density matrix
LARGEST_DENSE = 26  # qubits whose amplitudes are listed
LARGEST_SAMPLED = 22
METHODS = ("auto", "auto-hq", "greedy", "optimal", "dp", "branch-2", "random-greedy-128")


@dataclass(frozen=True)
class TensorNetwork:
    """Exact simulation of shallow circuits on many qubits, by contraction of light cones.

    An expectation value depends on the gates in the light cone of its observable only. They become
    a network of small tensors, which is contracted in a good order, found once for each structure.
    Time and memory grow with the entanglement across the cone, not with the number of qubits:
    a hundred qubits at depth four are easy, twenty at depth forty are not. Every term of an
    observable is a network of its own, so observables of few terms suit it best. Derivatives are
    exact.

    Args:
        optimize: how the order is sought: ``"auto"``, ``"auto-hq"``, ``"greedy"``, ``"optimal"``,
            ``"dp"``, ``"branch-2"``, ``"random-greedy-128"`` of opt_einsum, or ``"cotengra"``,
            which must be installed.
        dtype: ``"complex64"`` or ``"complex128"`` (default: complex128 where JAX's x64 mode is on).

    Raises:
        ParameterError: another method.

    Source: Markov and Shi, SIAM J. Comput. 38, 963 (2008); orders by Smith and Gray, JOSS 3, 753.

    Example:
        >>> import qjax as qj
        >>> layer = [[qj.RY(0.3, q) for q in range(60)], [qj.CZ(q, q + 1) for q in range(59)]]
        >>> circuit = qj.Circuit(60, [layer, layer])
        >>> round(float(qj.expval(circuit, qj.Z(30), sim=qj.TensorNetwork())), 4)
        0.833
    """

    optimize: str = "auto"
    dtype: Any = None

    def __post_init__(self) -> None:
        if self.optimize not in (*METHODS, "cotengra"):
            raise ParameterError(
                "TensorNetwork: optimize is unknown",
                expected=", ".join(map(repr, (*METHODS, "cotengra"))),
                got=repr(self.optimize),
            )
        if self.dtype is not None:
            try:
                name = np.dtype(self.dtype).name
            except TypeError:
                name = str(self.dtype)
            if name not in ("complex64", "complex128"):
                raise ParameterError(
                    "TensorNetwork: dtype is not a state's",
                    expected="complex64 or complex128",
                    got=repr(self.dtype),
                )
            object.__setattr__(self, "dtype", name)

    @property
    def random(self) -> bool:
        return False

    def resolved(self) -> TensorNetwork:
        """The same simulator with its dtype made explicit."""
        return replace(self, dtype=resolve_dtype(self.dtype, "TensorNetwork"))

    def memory(self, structure: Structure) -> float:
        """Bytes of the gates; what a contraction takes depends on what is asked."""
        _, items = items_of(structure.treedef, structure.complex_leaves)
        size = np.dtype(self.resolved().dtype).itemsize
        return float(sum(size * 4.0 ** len(item.qubits) for item in items))

    def check(self, structure: Structure, available: float) -> None:
        """Nothing can be refused before the question is known."""

    def route(self, structure: Structure, qubits: Sequence[int]) -> Route:
        """The order in which the reduced state of some qubits is contracted, and its cost."""
        _, items = items_of(structure.treedef, structure.complex_leaves)
        return routed(density_network(items, tuple(qubits)), self.optimize, np.inf)

    def compile(self, structure: Structure, query: Query) -> Program:
        """The pure function of (circuit leaves, query leaves, key) that answers the query."""
        n, items = items_of(structure.treedef, structure.complex_leaves)
        dtype = np.dtype(self.resolved().dtype)

        def program(leaves: Sequence[Any], query_leaves: Sequence[Any], key: Any) -> Any:
            whole = _Contraction(n, items, leaves, dtype, self.optimize)
            return _answer(whole, query, query_leaves, key)

        return program


class _Contraction:
    """The gates of one circuit as arrays, and networks of them contracted."""

    def __init__(
        self, n: int, items: Sequence[Item], leaves: Sequence[Any], dtype: Any, optimize: str
    ) -> None:
        self.n, self.items, self.optimize, self.dtype = n, items, optimize, dtype
        self.leaves = [jnp.asarray(x) for x in leaves]
        given = {np.dtype(x.dtype) for x in self.leaves}
        double = {np.dtype(np.float64), np.dtype(np.complex128)} & given
        self.real = np.dtype(np.float64) if double else np.finfo(dtype).dtype
        self.limit = available_memory() / 4 / dtype.itemsize
        self.arrays: dict[int, Any] = {}

    def gates(self, which: Sequence[int]) -> None:
        """The tensors of some gates; those of one kind are made together."""
        groups: dict[Any, list[int]] = {}
        for k in which:
            if k not in self.arrays:
                groups.setdefault(_kind(self.items[k]), []).append(k)
        for members in groups.values():
            first = self.items[members[0]]
            columns = tuple(
                collected([self.items[k].params[j] for k in members], self.leaves, self.real)
                for j in range(len(first.params))
            )

            def one(params: Any, item: Item = first) -> Any:
                kind = np.result_type(self.real, np.complex64)
                matrix = item_matrix(item, params, kind).astype(self.dtype)
                return matrix.reshape((2,) * (2 * len(item.qubits)))

            if columns:
                made = jax.vmap(one)(columns)
                self.arrays.update({k: made[j] for j, k in enumerate(members)})
            else:
                self.arrays.update(dict.fromkeys(members, one(())))

    def contract(self, route: Route, given: dict[str, Any] | None = None) -> Any:
        """The value of a network; ``given`` are the tensors that the query brings."""
        net = route.network
        self.gates([k for name, k in net.names if name == "gate"])
        zero = jnp.array([1, 0], self.dtype)
        operands = []
        for name, k in net.names:
            if name == "gate":
                operands.append(self.arrays[k])
            elif name == "conj":
                operands.append(jnp.conj(self.arrays[k]))
            elif name == "zero":
                operands.append(zero)
            else:
                operands.append((given or {})[name][k])
        # Every index is summed in one pairwise step; opt_einsum calls jax.numpy for it.
        with jax.default_matmul_precision("highest"):
            return opt_einsum.contract(
                route.equation, *operands, optimize=list(route.path), backend="jax"
            )

    def density(self, qubits: tuple[int, ...]) -> Any:
        """The reduced density matrix, ``(2**k, 2**k)``."""
        net = _network("density", self.items, qubits)
        k = len(qubits)
        return self.contract(self.route(net)).reshape(2**k, 2**k)

    def product(self, qubits: tuple[int, ...], operators: Sequence[Any]) -> Any:
        """The expectation value of one operator ``(2, 2)`` on every qubit."""
        net = _network("value", self.items, qubits)
        return self.contract(self.route(net), {"op": operators})

    def amplitudes(self) -> Any:
        """All of them, ``(2**n,)``."""
        if self.n > LARGEST_DENSE:
            raise CapacityError(
                f"TensorNetwork: the amplitudes of {self.n} qubits cannot be listed",
                expected=f"at most {LARGEST_DENSE} qubits",
                got=f"2**{self.n} amplitudes",
                fix="ask for qjax.amplitudes of some strings, or for qjax.expval",
            )
        return self.contract(self.route(state_network(self.n, self.items, False))).reshape(-1)

    def some(self, indices: Sequence[int]) -> Any:
        """The amplitudes of some basis states."""
        n = self.n
        bits = np.array([[i >> (n - 1 - q) & 1 for q in range(n)] for i in indices])
        vectors = jnp.asarray(np.eye(2)[bits], self.dtype)  # (k, n, 2)
        route = self.route(state_network(n, self.items, True))
        return jax.lax.map(lambda v: self.contract(route, {"bit": v}), vectors)

    def route(self, net: Network) -> Route:
        return routed(net, self.optimize, self.limit)


@lru_cache(maxsize=4096)
def _network(kind: str, items: tuple[Item, ...], qubits: tuple[int, ...]) -> Network:
    return (density_network if kind == "density" else value_network)(items, qubits)


def _kind(item: Item) -> Any:
    params = tuple(
        (getattr(p, "is_complex", None), len(getattr(p, "turn", ()))) for p in item.params
    )
    shape = (len(item.targets), len(item.controls), item.values)
    return item.name, item.static, item.inverted, shape, params, _sizes(item)


def _sizes(item: Item) -> Any:
    """Matrices of different gates are stacked only where they are of one size."""
    return len(item.qubits)


def _answer(whole: _Contraction, query: Query, leaves: Sequence[Any], key: Any) -> Any:
    if isinstance(query, ask.ExpvalQuery):
        observables = jax.tree.unflatten(query.observable, leaves)
        return jax.tree.map(lambda o: _observe(whole, o), observables, is_leaf=is_observable)
    if isinstance(query, ask.RunQuery):
        return whole.amplitudes()
    if isinstance(query, ask.AmplitudesQuery):
        return whole.some(query.indices)
    if isinstance(query, ask.DensityQuery):
        return whole.density(tuple(query.qubits))
    if isinstance(query, ask.ProbsQuery):
        qubits = query.qubits if query.qubits is not None else tuple(range(whole.n))
        if len(qubits) == whole.n:
            psi = whole.amplitudes()
            p = jnp.real(psi) ** 2 + jnp.imag(psi) ** 2
            return jnp.transpose(p.reshape((2,) * whole.n), qubits).reshape(-1)
        return jnp.real(jnp.diagonal(whole.density(tuple(qubits))))
    if isinstance(query, ask.SampleQuery) and whole.n <= LARGEST_SAMPLED:
        psi = whole.amplitudes()
        p = jnp.real(psi) ** 2 + jnp.imag(psi) ** 2
        return to_bits(draw(key, p, whole.n, query.shots), whole.n)
    raise UnsupportedError(
        f"TensorNetwork cannot answer {type(query).__name__}",
        fix="use sim=qjax.MPS(max_bond) or sim=qjax.Statevector()",
    )


def _observe(whole: _Contraction, observable: Any) -> Any:
    """One expectation value, real."""
    if isinstance(observable, PauliSum):
        return _pauli_sum(whole, observable)
    if isinstance(observable, Projector):
        operators = [jnp.asarray(np.diag(np.eye(2)[b]), whole.dtype) for b in observable.bits]
        return jnp.real(whole.product(tuple(observable.qubits), operators))
    if isinstance(observable, Hermitian):
        rho = whole.density(tuple(observable.qubits))
        return jnp.real(jnp.sum(jnp.asarray(observable.matrix).astype(rho.dtype) * rho.T))
    raise UnsupportedError(f"TensorNetwork cannot measure {observable!r:.60}")


def _pauli_sum(whole: _Contraction, observable: PauliSum) -> Any:
    """Words on few qubits share the reduced density matrix of those; others go one by one."""
    coeffs = jnp.asarray(observable.coeffs)
    total = jnp.zeros((), np.finfo(whole.dtype).dtype)
    groups: dict[tuple[int, ...], list[int]] = {}
    for k, word in enumerate(observable.words):
        groups.setdefault(tuple(q for q, _ in word), []).append(k)
    # The longest first, so that shorter words find a matrix that holds them.
    shared: dict[tuple[int, ...], list[int]] = {}
    for qubits in sorted(groups, key=len, reverse=True):
        wide = next((s for s in shared if set(qubits) <= set(s)), None)
        shared.setdefault(qubits if wide is None else wide, []).extend(groups[qubits])
    for qubits, members in shared.items():
        weights = [jnp.real(coeffs[k]).astype(total.dtype) for k in members]
        words = [dict(observable.words[k]) for k in members]
        if not qubits:
            total = total + sum(weights)
        elif len(qubits) <= TOGETHER:
            rho = whole.density(qubits)
            letters = ["".join(w.get(q, "I") for q in qubits) for w in words]
            matrices = jnp.asarray(np.stack([pauli_matrix(w) for w in letters]), whole.dtype)
            matrix = jnp.einsum("k,kab->ab", jnp.stack(weights).astype(whole.dtype), matrices)
            total = total + jnp.real(jnp.sum(matrix * rho.T))
        else:
            for weight, word in zip(weights, words, strict=True):
                operators = [jnp.asarray(PAULI[word.get(q, "I")], whole.dtype) for q in qubits]
                total = total + weight * jnp.real(whole.product(qubits, operators))
    return total


__all__ = ["TensorNetwork", "light_cone"]
