"""A simulator of expectation values that keeps no state: it adds up the paths of Pauli words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ...circuit import Circuit
from ...errors import UnsupportedError
from ...observables import Hermitian, Projector
from ...pauli import PauliSum, Word, as_pauli_sum
from ..answers import is_observable
from ..density.blocks import value_of
from ..kernels import HIGHEST
from ..plan import complex_leaves
from ..precision import check_dtype, real_dtype, resolve_dtype
from ..protocol import ExpvalQuery, Program, Query, Structure
from .expansion import Paths, expand

LIMIT = 4096  # words that one word may become
WORTH = 2  # factors per amplitude up to which paths are faster than the state


@dataclass(frozen=True)
class PauliPaths:
    """Exact expectation values of shallow circuits, as sums of products of cosines and sines.

    Every word of the observables is followed back through the circuit when its structure is first
    seen; what remains for each call is a polynomial of the waves of the angles. Differentiable in
    both modes and to any order. The time does not depend on the number of qubits, but it grows
    exponentially with the number of rotations that a word meets.

    Args:
        dtype: ``"complex64"`` or ``"complex128"``, as for `Statevector`; values are real.
        limit: the largest number of words that one word may become.

    Raises:
        ParameterError: another dtype.
        UnsupportedError: (from the verbs) another question than expectation values of Pauli sums,
            gates of several angles, channels, loops, or too many paths.

    Source: Rall, Liang, Cook, Kretschmer, arXiv:1901.09070.

    Example:
        >>> import qjax as qj
        >>> from qjax.simulators.paths import PauliPaths
        >>> circuit = qj.Circuit(2, [qj.RY(0.3, 0), qj.CNOT(0, 1), qj.RY(0.2, 1)])
        >>> round(float(qj.expval(circuit, qj.Z(1), sim=PauliPaths())), 4)
        0.9363
    """

    dtype: Any = None
    limit: int = LIMIT

    def __post_init__(self) -> None:
        object.__setattr__(self, "dtype", check_dtype(self.dtype, "PauliPaths"))

    @property
    def random(self) -> bool:
        return False

    def resolved(self) -> PauliPaths:
        """The same simulator with its dtype made explicit."""
        return PauliPaths(resolve_dtype(self.dtype, "PauliPaths"), self.limit)

    def memory(self, structure: Structure) -> float:
        """Bytes of the factors of all paths, at most."""
        return 8.0 * self.limit * structure.treedef.num_leaves

    def check(self, structure: Structure, available: float) -> None:
        """Nothing is refused for its size."""

    def compile(self, structure: Structure, query: Query) -> Program:
        """The pure function of (circuit leaves, query leaves, key) that answers the query."""
        words = _words(query.observable) if isinstance(query, ExpvalQuery) else None
        if words is None or not isinstance(query, ExpvalQuery):
            raise UnsupportedError(
                f"PauliPaths cannot answer {type(query).__name__}",
                expected="qjax.expval of Pauli sums",
                fix="use sim=qjax.Statevector()",
            )
        paths = expand(structure.treedef, structure.complex_leaves, words, self.limit)
        if paths is None:
            raise UnsupportedError(
                "PauliPaths: the circuit has no short sum of paths",
                expected=f"gates of at most one angle and at most {self.limit} words at any gate",
                fix="use sim=qjax.Statevector()",
            )
        dtype = real_dtype(self.dtype, "PauliPaths")
        place = {word: k for k, word in enumerate(words)}

        def program(leaves: Sequence[Any], query_leaves: Sequence[Any], key: Any) -> Any:
            values = evaluate(paths, leaves, dtype)

            def one(observable: PauliSum) -> Any:
                some = np.array([place[word] for word in observable.words], int)
                coeffs = jnp.asarray(observable.coeffs).astype(dtype)
                return jnp.dot(values[some], coeffs, precision=HIGHEST)

            observables = jax.tree.unflatten(query.observable, query_leaves)
            return jax.tree.map(one, observables, is_leaf=is_observable)

        return program


def evaluate(paths: Paths, leaves: Sequence[Any], dtype: Any) -> Any:
    """The expectation values of all words, real, shape (W,)."""
    weights = jnp.asarray(paths.weights, dtype)
    spread = paths.spread
    if spread is None:
        return jnp.sum(weights, axis=1)
    angles = jnp.stack([value_of(p, leaves, dtype) for p in paths.angles])
    phases = angles[:, None] * jnp.asarray(paths.frequencies, dtype)
    one = jnp.ones((len(angles), 1), dtype)
    waves = jnp.concatenate([one, jnp.cos(phases), jnp.sin(phases)], axis=1)
    products = spread.product(waves[:, : int(paths.index.max()) + 1])
    return jnp.matmul(weights, products, precision=HIGHEST)


def few_paths(circuit: Circuit, observable: Any) -> bool:
    """Whether `PauliPaths` finds expectation values faster than a statevector would."""
    found = jax.tree.leaves(observable, is_leaf=lambda o: is_observable(o) or hasattr(o, "qubits"))
    if any(isinstance(o, Hermitian | Projector) for o in found):
        return False
    words = _distinct(as_pauli_sum(o) for o in found)
    leaves, structure = jax.tree.flatten(circuit)
    size = WORTH * 2**circuit.n
    paths = expand(structure, complex_leaves(leaves), words, min(LIMIT, size))
    return paths is not None and paths.cost <= size


def _words(observable: Any) -> tuple[Word, ...] | None:
    """All words of the Pauli sums of a treedef; None where there are other observables."""
    blanks = [None] * observable.num_leaves
    observables = jax.tree.leaves(observable.unflatten(blanks), is_leaf=is_observable)
    if not all(isinstance(o, PauliSum) for o in observables):
        return None
    return _distinct(observables)


def _distinct(sums: Iterable[PauliSum]) -> tuple[Word, ...]:
    return tuple(dict.fromkeys(word for one in sums for word in one.words))
