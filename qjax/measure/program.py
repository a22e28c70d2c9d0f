"""From a verb to a compiled program: structure, checks, one jitted entry point."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from ..circuit import Circuit, Param, as_circuit
from ..errors import ParameterError, UnsupportedError
from ..gradients import Backprop, Gradient, refuse_derivative
from ..simulators import Simulator, Statevector, Structure
from ..simulators import protocol as ask
from ..simulators.memory import available_memory, short_of_maps
from ..simulators.plan import complex_leaves
from .checks import as_key

DEFAULT_SIM = Statevector()
DEFAULT_GRADIENT = Backprop()

CHECKED_EVERY = 8
"""New programs between two looks at the memory maps (a program of many gates takes some 500)."""


def structure_of(circuit: Circuit) -> tuple[Structure, list[Any]]:
    leaves, treedef = jax.tree.flatten(circuit)
    for leaf in leaves:
        if isinstance(leaf, Param):
            raise ParameterError(
                f"the parameter {leaf.name!r} has no value",
                expected="numbers or JAX arrays in every gate",
                fix=f"put values in with circuit.bind({leaf.name}=...)",
            )
    return Structure(treedef, circuit.n, circuit.bits, complex_leaves(leaves)), leaves


def answer(
    circuit: Any,
    verb: str,
    sim: Simulator,
    query: ask.Query,
    query_leaves: list[Any] | None = None,
    gradient: Gradient = DEFAULT_GRADIENT,
    key: Array | None = None,
) -> Any:
    circuit = as_circuit(circuit, verb)
    if isinstance(sim, type) or not isinstance(sim, Simulator):
        raise UnsupportedError(
            f"{verb}: sim must be a simulator",
            expected="an object such as qjax.Statevector()",
            got=repr(sim),
            fix="call it: Statevector()" if isinstance(sim, type) else None,
        )
    if isinstance(gradient, type) or not isinstance(gradient, Gradient):
        raise UnsupportedError(
            f"{verb}: gradient must be a gradient method",
            expected="an object such as qjax.Backprop() or qjax.Adjoint()",
            got=repr(gradient),
            fix="call it: Adjoint()" if isinstance(gradient, type) else None,
        )
    structure, leaves = structure_of(circuit)
    sim = sim.resolved()
    sim.check(structure, available_memory())
    needs_key = sim.random or gradient.random
    if needs_key or key is not None:
        key = as_key(key, verb, needs_key)
    forget_when_full()
    return _execute(sim, gradient, structure, query, leaves, query_leaves or [], key)


_new_programs = 0


def forget_when_full() -> None:
    """Drop the verbs' compiled programs before the process runs out of memory maps.

    XLA aborts the process there: after some 150 structures with gradients, on a Linux machine
    with the usual limit. What is dropped compiles again, or comes from the persistent cache.
    """
    global _new_programs
    if _new_programs < CHECKED_EVERY:
        return
    _new_programs = 0
    if short_of_maps():
        _execute.clear_cache()  # pyright: ignore[reportAttributeAccessIssue]


@partial(jax.jit, static_argnums=(0, 1, 2, 3))
def _execute(
    sim: Simulator,
    gradient: Gradient,
    structure: Structure,
    query: ask.Query,
    leaves: list[Any],
    query_leaves: list[Any],
    key: Array | None,
) -> Any:
    global _new_programs
    _new_programs += 1  # runs when a program is traced, not when it is called
    return gradient.program(sim, structure, query)(leaves, query_leaves, key)


def guarded(circuit: Circuit, verb: str, fix: str) -> Circuit:
    """The circuit, with an error where somebody differentiates it."""
    leaves, treedef = jax.tree.flatten(circuit)
    if any(isinstance(x, Param) for x in leaves):
        return circuit
    return treedef.unflatten(refused(leaves, verb, fix))


def refused(leaves: list[Any], verb: str, fix: str) -> list[Any]:
    """The arrays, with an error where somebody differentiates them."""
    why = (
        f"{verb} cannot be differentiated: its result is random and piecewise constant, so "
        "automatic differentiation would return 0"
    )
    return refuse_derivative([jnp.asarray(x) for x in leaves], UnsupportedError(why, fix=fix))
