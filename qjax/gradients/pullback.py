"""Several expectation values of one circuit, with a reverse mode that batches well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from ..pauli import PauliSum
from ..simulators.answers import is_observable
from ..simulators.protocol import ExpvalQuery, Program, Query
from .lanes import batched
from .refuse import refuse_derivative
from .reversible import FIRST_ONLY


def are_pauli_sums(query: Query) -> bool:
    """Whether some Pauli sums are asked for, in any structure."""
    if not isinstance(query, ExpvalQuery) or query.observable.num_leaves == 0:
        return False
    blank = query.observable.unflatten([None] * query.observable.num_leaves)
    return all(isinstance(o, PauliSum) for o in jax.tree.leaves(blank, is_leaf=is_observable))


def with_pullback(n: int, single: Program, lanes: Program) -> Program:
    """A program of several numbers whose reverse mode, under `jax.vmap`, runs lanes side by side.

    Args:
        n: qubits.
        single: the program of one circuit.
        lanes: the program of many, from leaves with the batch axis last.
    """

    def values(leaves: list[Any], asked: list[Any]) -> Any:
        return single(leaves, asked, None)

    def lane_values(wide: list[Any], asked: list[Any]) -> Any:
        return lanes(wide, asked, None)

    fast_values = batched(values, values, lane_values, n)

    @jax.custom_vjp
    def outcome(leaves: list[Any], asked: list[Any]) -> Any:
        return fast_values(leaves, asked)

    def forward(leaves: Any, asked: Any) -> Any:
        leaves, asked = refuse_derivative((leaves, asked), FIRST_ONLY)
        return fast_values(leaves, asked), (leaves, asked)

    def backward(residuals: Any, slopes: Any) -> Any:
        leaves, asked = residuals
        flat, treedef = jax.tree.flatten(slopes)
        count = len(leaves)

        def pulled(both: list[Any], asked: list[Any]) -> Any:
            _, pull = jax.vjp(lambda x: values(x, asked), both[:count])
            return pull(treedef.unflatten(both[count:]))[0]

        def lane_pulled(both: list[Any], asked: list[Any]) -> Any:
            _, pull = jax.vjp(lambda x: lane_values(x, asked), both[:count])
            return [jnp.moveaxis(g, -1, 0) for g in pull(treedef.unflatten(both[count:]))[0]]

        gradient = batched(pulled, pulled, lane_pulled, n)([*leaves, *flat], asked)
        # Of coefficients that nobody differentiates, this is dropped when the whole is compiled.
        _, pull = jax.vjp(lambda x: values(leaves, x), asked)
        return gradient, pull(slopes)[0]

    outcome.defvjp(forward, backward)

    def program(leaves: Sequence[Any], query_leaves: Sequence[Any], key: Any) -> Any:
        return outcome([jnp.asarray(x) for x in leaves], [jnp.asarray(x) for x in query_leaves])

    return program
