"""Reverse mode that runs the circuit backwards instead of storing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_batching import custom_vmap
from jax.custom_derivatives import SymbolicZero

from ..errors import UnsupportedError
from ..pauli import PauliSum
from ..simulators.kernels import Pair
from ..simulators.protocol import ExpvalQuery, Program, Query, Simulator, Structure
from ..simulators.statevector import Statevector, run_steps
from ..simulators.steps import Step
from .refuse import refuse_derivative


@dataclass(frozen=True)
class Adjoint:
    """Reverse mode in memory independent of depth, for unitary circuits on a statevector.

    The backward pass undoes step after step on the state while it carries the cotangent along;
    the cost is that of three to four runs, whatever the number of parameters. First derivatives
    only, in forward mode those of one `PauliSum`: for all others use `Backprop`.

    Source: Jones and Gacon, arXiv:2009.02823, at the granularity of fused steps.
    """

    @property
    def random(self) -> bool:
        return False

    def program(self, sim: Simulator, structure: Structure, query: Query) -> Program:
        if not isinstance(sim, Statevector):
            raise UnsupportedError(
                f"Adjoint needs a statevector, not {type(sim).__name__}",
                expected="sim=qjax.Statevector()",
                fix="use gradient=qjax.Backprop()",
            )
        single = sim.compile(structure, query, evolve=reversible)
        if not (isinstance(query, ExpvalQuery) and is_pauli_sum(query.observable)):
            return single
        lanes = None
        small = structure.n <= LANE_QUBITS and structure.treedef.num_leaves > 0
        if small and "table" not in sim.plan(structure, query).kinds():
            lanes = sim.compile_lanes(structure, query, evolve=reversible)
        return _value_with_gradient(structure.n, single, lanes)


LANE_QUBITS = 10  # up to here a vmapped circuit runs with its batch axis last
LANES = 8  # and from this many lanes on
CHUNK = 2**14  # numbers in an array that stays in a core's cache


def is_pauli_sum(treedef: Any) -> bool:
    """Whether the observables are one Pauli sum: one number comes out."""
    return treedef.num_leaves == 1 and isinstance(treedef.unflatten([None]), PauliSum)


def _value_with_gradient(n: int, single: Program, lanes: Program | None) -> Program:
    """A scalar program that finds its gradient along with its value, and batches well.

    Reverse mode asks for the gradient anyway, so the forward pass computes both in one go; plain
    `jax.vmap` of the user's function reaches the batching rule below.
    """

    def value(leaves: list[Any], asked: list[Any]) -> Any:
        return single(leaves, asked, None)

    def both(leaves: list[Any], asked: list[Any]) -> Any:
        return jax.value_and_grad(value)(leaves, asked)

    def in_lanes(function: Any, run: Any) -> Any:
        batched = custom_vmap(function)

        @batched.def_vmap
        def rule(size: int, is_batched: Any, leaves: list[Any], asked: list[Any]) -> Any:
            marks, asked_marks = is_batched
            if lanes is None or size < LANES or any(asked_marks):
                axes = jax.tree.map(lambda m: 0 if m else None, (marks, asked_marks))
                out = jax.vmap(function, axes)(leaves, asked)
            else:
                wide = [
                    jnp.moveaxis(x, 0, -1)
                    if m
                    else jnp.broadcast_to(x[..., None], (*x.shape, size))
                    for x, m in zip(leaves, marks, strict=True)
                ]
                out = _in_chunks(run, wide, asked, max(32, CHUNK >> n))
            return out, jax.tree.map(lambda _: True, out)

        return batched

    def lane_values(wide: list[Any], asked: list[Any]) -> Any:
        assert lanes is not None
        return lanes(wide, asked, None)

    def lane_both(wide: list[Any], asked: list[Any]) -> Any:
        def total(wide: list[Any]) -> Any:
            values = lane_values(wide, asked)
            return jnp.sum(values), values

        (_, values), gradient = jax.value_and_grad(total, has_aux=True)(wide)
        return values, [jnp.moveaxis(g, -1, 0) for g in gradient]

    fast_value, fast_both = in_lanes(value, lane_values), in_lanes(both, lane_both)

    @jax.custom_jvp
    def outcome(leaves: list[Any], asked: list[Any]) -> Any:
        return fast_value(leaves, asked)

    @partial(outcome.defjvp, symbolic_zeros=True)
    def _(primals: Any, tangents: Any) -> Any:
        leaves, asked = primals
        leaves = _once(leaves)
        if all(map(_is_zero, tangents[1])):
            out, gradient = fast_both(leaves, asked)
        else:
            out, (first, second) = jax.value_and_grad(value, (0, 1))(leaves, _once(asked))
            gradient = [*first, *second]
        moved = [*tangents[0], *tangents[1]][: len(gradient)]
        return out, _inner_product(gradient, moved, out)

    def program(leaves: Sequence[Any], query_leaves: Sequence[Any], key: Any) -> Any:
        return outcome([jnp.asarray(x) for x in leaves], [jnp.asarray(x) for x in query_leaves])

    return program


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


def _is_zero(tangent: Any) -> bool:
    return isinstance(tangent, SymbolicZero)


def _once(leaves: Any) -> Any:
    """``leaves``, in a place where they have been differentiated once already."""
    return refuse_derivative(
        leaves,
        "Adjoint gives first derivatives only",
        "use gradient=qjax.Backprop() for Hessians and other second derivatives",
    )


def reversible(steps: Sequence[Step], state: Pair, coefficients: list[Any]) -> Pair:
    """`run_steps` with a reverse rule that recomputes states by undoing the steps."""

    @jax.custom_vjp
    def evolve(state: Pair, coefficients: list[Any]) -> Pair:
        return run_steps(steps, state, coefficients)

    def forward(state: Pair, coefficients: list[Any]) -> Any:
        state, coefficients = _once((state, coefficients))
        final = run_steps(steps, state, coefficients)
        return final, (final, coefficients)

    def backward(residuals: Any, cotangent: Pair) -> Any:
        state, coefficients = residuals
        gradients = []
        for step, c in zip(reversed(steps), reversed(coefficients), strict=True):
            state, cotangent, gradient = step.pull(state, c, cotangent)
            gradients.append(gradient)
        return cotangent, gradients[::-1]

    evolve.defvjp(forward, backward)
    return evolve(state, coefficients)
