"""Energies of one ansatz minimised over many Hamiltonians, seeds and restarts at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import optax
from jaxtyping import Array

from ..train import descend


def backtracking(memory: int = 10) -> optax.GradientTransformationExtraArgs:
    """L-BFGS, of so many past steps, with a line search that halves as often at most."""
    search = optax.scale_by_backtracking_linesearch(max_backtracking_steps=memory)
    return optax.lbfgs(memory_size=memory, linesearch=search)


def make_update(energy: Callable[[Array, Any], Array]) -> tuple[Callable, Callable]:
    """Initial optimiser states, and one L-BFGS step, of all (Hamiltonian, seed, restart) at once.

    Args:
        energy: of parameters and a Hamiltonian, a `PauliSum` or a matrix.

    Returns:
        ``start`` from parameters with axes (Hamiltonian, seed, restart, ...) to a carry, and
        ``update`` for `Run.train`, whose data is the stacked Hamiltonians.
    """
    optimiser = backtracking()

    def one(carry: tuple, hamiltonian: Any) -> tuple[tuple, dict[str, Array]]:
        angles, state = carry

        def value_fn(w: Array) -> Array:
            return energy(w, hamiltonian)

        # Under vmap reusing the line search's last gradient would save nothing: a batched
        # condition computes both branches.
        value, gradient = jax.value_and_grad(value_fn)(angles)
        carry = descend(
            optimiser, gradient, state, angles, value=value, grad=gradient, value_fn=value_fn
        )
        return carry, {"energy": value}

    def update(carry: tuple, step: Array, hamiltonians: Any) -> tuple:
        many = jax.vmap(jax.vmap(jax.vmap(one, (0, None)), (0, None)), (0, 0))
        return many(carry, hamiltonians)

    def start(angles: Array) -> tuple[Array, Any]:
        return angles, jax.vmap(jax.vmap(jax.vmap(optimiser.init)))(angles)

    return start, update
