"""What a quantum layer asks of its circuit, as static and hashable values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

import qjax as qj
from qjax.errors import ObservableError


class Expectations:
    """Expectation values of fixed observables. Equal observables make equal readouts.

    Args:
        observables: one or several, with concrete coefficients.

    Raises:
        ObservableError: no observables, or traced coefficients.

    Example:
        >>> Expectations([qj.Z(0), qj.X(1)]) == Expectations([qj.Z(0), qj.X(1)])
        True
    """

    def __init__(self, observables: Sequence[Any]) -> None:
        leaves, self._treedef = jax.tree.flatten(list(observables))
        if not len(observables) or any(isinstance(leaf, Tracer) for leaf in leaves):
            raise ObservableError(
                "observables: one or several with known coefficients are needed",
                got=list(observables),
                fix="for observables that depend on the input pass a function of it",
            )
        self._leaves = tuple(np.asarray(leaf) for leaf in leaves)
        content = tuple((a.dtype.str, a.shape, a.tobytes()) for a in self._leaves)
        self._key = (self._treedef, content)

    @property
    def observables(self) -> list[Any]:
        """The observables, in order."""
        return jax.tree.unflatten(self._treedef, self._leaves)

    def __call__(self, circuit: qj.Circuit, sim: Any, gradient: Any) -> jax.Array:
        """Values, shape (number of observables,)."""
        return jnp.stack(qj.expval(circuit, self.observables, sim=sim, gradient=gradient))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expectations) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


@dataclass(frozen=True)
class Probabilities:
    """Probabilities of the outcomes of some qubits; of all if none are named.

    Args:
        qubits: in the order of the bits of the outcome.
        outcomes: how many of the outcomes, from the first; all if not given.

    Example:
        >>> Probabilities((1,))(qj.Circuit(2, [qj.X(1)]), qj.Statevector(), qj.Backprop()).tolist()
        [0.0, 1.0]
    """

    qubits: tuple[int, ...] | None = None
    outcomes: int | None = None

    def __call__(self, circuit: qj.Circuit, sim: Any, gradient: Any) -> jax.Array:
        """Values, shape (outcomes,). Always differentiated through the simulation."""
        del gradient
        return qj.probs(circuit, self.qubits, sim=sim)[: self.outcomes]
