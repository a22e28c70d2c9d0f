"""Observables as Pauli words with weights, which is what backends measure."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import UnsupportedError
from ..gates.matrices import pauli_matrix
from ..observables import Hermitian, Projector
from ..pauli import PauliSum

_LARGEST = 5  # qubits of a Hermitian matrix or a projector
Weights = Callable[[Any], Any]


class Words:
    """The distinct Pauli words of some observables, without the identity.

    Attributes:
        words: strings with one letter per qubit.
    """

    def __init__(self, treedef: Any, leaves: list[Any], n: int) -> None:
        self.n, self.treedef = n, treedef
        self._place: dict[str, int] = {}
        observables = jax.tree.unflatten(treedef, leaves)
        flat, self.outer = jax.tree.flatten(observables, is_leaf=_is_observable)
        self.parts = [self._part(o) for o in flat]
        self.words = tuple(self._place)

    def _part(self, observable: Any) -> tuple[list[int], Weights]:
        """Places of the words (-1: the identity), and the weights from the observable."""
        if isinstance(observable, PauliSum):
            places = [self._put(word) for word in observable.words]
            return places, lambda o: jnp.asarray(o.coeffs)
        qubits = observable.qubits
        if len(qubits) > _LARGEST:
            raise UnsupportedError(
                f"Device: {type(observable).__name__} on {len(qubits)} qubits",
                expected=f"at most {_LARGEST} qubits",
                fix="write it as a sum of Pauli words",
            )
        if isinstance(observable, Projector):
            signs = np.array(observable.bits)
            subsets = list(product((0, 1), repeat=len(qubits)))
            letters = ["".join("IZ"[s] for s in subset) for subset in subsets]
            fixed = np.array([(-1.0) ** (signs @ np.array(s, int)) for s in subsets])
            weights = fixed / len(subsets)
            return [self._put(_pairs(w, qubits)) for w in letters], lambda o: jnp.asarray(weights)
        assert isinstance(observable, Hermitian)
        letters = ["".join(w) for w in product("IXYZ", repeat=len(qubits))]
        stack = np.stack([pauli_matrix(w).conj() for w in letters]) / 2 ** len(qubits)

        def traces(o: Any) -> Any:
            m = jnp.asarray(o.matrix)
            kind = jnp.real(m).dtype
            real = jnp.tensordot(jnp.asarray(stack.real, kind), jnp.real(m), 2)
            if not jnp.iscomplexobj(m):
                return real
            return real - jnp.tensordot(jnp.asarray(stack.imag, kind), jnp.imag(m), 2)

        return [self._put(_pairs(w, qubits)) for w in letters], traces

    def _put(self, word: Any) -> int:
        text = ["I"] * self.n
        for q, letter in word:
            text[q] = letter
        if not word:
            return -1
        return self._place.setdefault("".join(text), len(self._place))

    def combine(self, leaves: list[Any], values: Any) -> Any:
        """Weighted sums of the words' values ``(W,)``, in the structure of the observables."""
        padded = jnp.concatenate([values, jnp.ones((1,), values.dtype)])  # -1 is the identity
        return self._each(leaves, lambda weights, places: jnp.sum(weights * padded[places]), values)

    def errors(self, leaves: list[Any], found: Any) -> Any:
        """Standard errors of the weighted sums: from the words' errors ``(1, W)`` where each has
        shots of its own, else from errors and covariances ``(1 + W, W)``."""
        table = jnp.pad(found[1:] if len(found) > 1 else found, ((0, 0), (0, 1)))
        if len(found) > 1:
            table = jnp.pad(table, ((0, 1), (0, 0)))

        def one(weights: Any, places: Any) -> Any:
            if len(found) == 1:
                return jnp.sqrt(jnp.sum((weights * table[0, places]) ** 2))
            variance = weights @ table[places][:, places] @ weights
            return jnp.sqrt(jnp.maximum(variance, 0))  # rounding may leave less than nothing

        return self._each(leaves, one, found)

    def _each(self, leaves: list[Any], one: Callable[[Any, Any], Any], like: Any) -> Any:
        flat = jax.tree.leaves(jax.tree.unflatten(self.treedef, leaves), is_leaf=_is_observable)
        return self.outer.unflatten(
            one(weigh(observable).astype(like.dtype), np.array(places, int))
            for observable, (places, weigh) in zip(flat, self.parts, strict=True)
        )


def _pairs(letters: str, qubits: Any) -> list[tuple[int, str]]:
    return [(q, c) for q, c in zip(qubits, letters, strict=True) if c != "I"]


def _is_observable(x: Any) -> bool:
    return isinstance(x, PauliSum | Hermitian | Projector)
