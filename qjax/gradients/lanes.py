"""Expectation values that find their gradient along with their value, and batch well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_batching import custom_vmap
from jax.custom_derivatives import SymbolicZero

from ..pauli import PauliSum
from ..simulators.protocol import ExpvalQuery, Program, Query, Structure
from ..simulators.statevector import Evolve, Statevector

LANE_QUBITS = 10  # up to here a vmapped circuit runs with its batch axis last
LANES = 8  # and from this many lanes on
CHUNK = 2**14  # numbers in an array that stays in a core's cache


def is_pauli_sum(query: Query) -> bool:
    """Whether one Pauli sum is asked for: one number comes out."""
    if not isinstance(query, ExpvalQuery):
        return False
    treedef = query.observable
    return treedef.num_leaves == 1 and isinstance(treedef.unflatten([None]), PauliSum)


def lanes_program(
    sim: Statevector, structure: Structure, query: Query, evolve: Evolve
) -> Program | None:
    """The program for many circuits at once; None where one after the other is as good."""
    small = structure.n <= LANE_QUBITS and structure.treedef.num_leaves > 0
    if not small or "table" in sim.plan(structure, query).kinds():
        return None
    return sim.compile_lanes(structure, query, evolve)


def with_gradient(
    n: int, single: Program, several: Program, lanes: Program | None, exact: Program
) -> Program:
    """A scalar program whose derivative costs one gradient, in either mode.

    Whoever differentiates asks for the whole gradient anyway, so value and gradient are found in
    one go, and plain `jax.vmap` of the user's function reaches the batching rule below.

    Args:
        n: qubits.
        single: the program of one circuit.
        several: what `jax.vmap` makes into a program of many circuits.
        lanes: the same from leaves with the batch axis last, where that is better.
        exact: a program that can be differentiated any number of times, for second derivatives.
    """

    def value(leaves: list[Any], asked: list[Any]) -> Any:
        return single(leaves, asked, None)

    def both(leaves: list[Any], asked: list[Any]) -> Any:
        return jax.value_and_grad(value)(leaves, asked)

    def several_value(leaves: list[Any], asked: list[Any]) -> Any:
        return several(leaves, asked, None)

    def several_both(leaves: list[Any], asked: list[Any]) -> Any:
        return jax.value_and_grad(several_value)(leaves, asked)

    def lane_value(wide: list[Any], asked: list[Any]) -> Any:
        assert lanes is not None
        return lanes(wide, asked, None)

    def lane_both(wide: list[Any], asked: list[Any]) -> Any:
        def total(wide: list[Any]) -> Any:
            values = lane_value(wide, asked)
            return jnp.sum(values), values

        (_, values), gradient = jax.value_and_grad(total, has_aux=True)(wide)
        return values, [jnp.moveaxis(g, -1, 0) for g in gradient]

    chunked = lanes is not None
    fast_value = batched(value, several_value, lane_value if chunked else None, n)
    fast_both = batched(both, several_both, lane_both if chunked else None, n)

    @jax.custom_jvp
    def first_order(leaves: list[Any], asked: list[Any]) -> Any:
        return fast_both(leaves, asked)

    @first_order.defjvp
    def _(primals: Any, tangents: Any) -> Any:
        slope = jax.value_and_grad(lambda leaves, asked: exact(leaves, asked, None))
        return jax.jvp(slope, primals, tangents)

    @jax.custom_jvp
    def outcome(leaves: list[Any], asked: list[Any]) -> Any:
        return fast_value(leaves, asked)

    @partial(outcome.defjvp, symbolic_zeros=True)
    def _(primals: Any, tangents: Any) -> Any:
        leaves, asked = primals
        if all(map(_is_zero, tangents[1])):
            out, gradient = first_order(leaves, asked)
        else:
            slope = jax.value_and_grad(lambda leaves, asked: exact(leaves, asked, None), (0, 1))
            out, (first, second) = slope(leaves, asked)
            gradient = [*first, *second]
        moved = [*tangents[0], *tangents[1]][: len(gradient)]
        return out, _inner_product(gradient, moved, out)

    def program(leaves: Sequence[Any], query_leaves: Sequence[Any], key: Any) -> Any:
        return outcome([jnp.asarray(x) for x in leaves], [jnp.asarray(x) for x in query_leaves])

    return program


def batched(
    function: Callable[..., Any],
    several: Callable[..., Any],
    wide: Callable[..., Any] | None,
    n: int,
) -> Any:
    """``function`` with a batching rule: ``wide``, some lanes at a time, or `jax.vmap(several)`."""
    ruled = custom_vmap(function)

    @ruled.def_vmap
    def rule(size: int, is_batched: Any, leaves: list[Any], asked: list[Any]) -> Any:
        marks, asked_marks = is_batched
        if wide is None or size < LANES or any(asked_marks):
            axes = jax.tree.map(lambda m: 0 if m else None, (marks, asked_marks))
            out = jax.vmap(several, axes, axis_size=size)(leaves, asked)
        else:
            last = [
                jnp.moveaxis(x, 0, -1) if m else jnp.broadcast_to(x[..., None], (*x.shape, size))
                for x, m in zip(leaves, marks, strict=True)
            ]
            out = _in_chunks(wide, last, asked, max(32, CHUNK >> n))
        return out, jax.tree.map(lambda _: True, out)

    return ruled


def _in_chunks(run: Any, wide: list[Any], asked: list[Any], width: int) -> Any:
    """``run`` of ``(..., lanes)``, some lanes at a time; what it returns has lanes in front."""
    size = wide[0].shape[-1]
    count = max(1, round(size / width))
    if count == 1:
        return run(wide, asked)
    each = -(-size // count)
    padding = count * each - size

    def split(x: Any) -> Any:
        rows = [(0, 0)] * (x.ndim - 1)
        x = jnp.pad(x, [*rows, (0, padding)], mode="edge")
        return jnp.moveaxis(x.reshape(*x.shape[:-1], count, each), -2, 0)

    out = jax.lax.map(lambda part: run(part, asked), [split(x) for x in wide])
    return jax.tree.map(lambda x: x.reshape(count * each, *x.shape[2:])[:size], out)


def _inner_product(gradient: list[Any], tangents: list[Any], like: Any) -> Any:
    """The derivative along the tangents. Scalars in one go: each by itself would, in reverse mode,
    compile to a kernel of its own."""
    total = jnp.zeros_like(like)
    scalars: dict[Any, list[tuple[Any, Any]]] = {}
    for g, t in zip(gradient, tangents, strict=True):
        if _is_zero(t):
            continue
        if jnp.ndim(g) == 0:
            scalars.setdefault((g.dtype, t.dtype), []).append((g, t))
        else:
            total += jnp.sum(g * t).real.astype(total.dtype)
    for pairs in scalars.values():
        g, t = (jnp.stack(x) for x in zip(*pairs, strict=True))
        total += jnp.sum(g * t).real.astype(total.dtype)
    return total


def _is_zero(tangent: Any) -> bool:
    return isinstance(tangent, SymbolicZero)
