"""An order of what could be computed in any, so that no state is kept longer than it has to be.

A compiler is free to put off the gradients of all steps until the last step is undone, and then
keeps the states and cotangents of all of them; likewise the images of a state under the terms of
an observable. XLA drops `jax.lax.optimization_barrier` before it schedules a program for a CPU, so
only data hold it back: each step waits for a number that comes out of the one before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from ..kernels import Pair
from .step import Step


def after(values: Any, earlier: Any) -> Any:
    """``values``, of which nothing can be used before all arrays of ``earlier`` are there.

    An amount that is 0 whatever ``earlier`` holds (NaN apart) is added to each of them.
    """
    leaves = jax.tree.leaves(jax.lax.stop_gradient(earlier))
    if not leaves:
        return values
    parts = [jnp.minimum(jnp.abs(x.reshape(-1)[0]), 0) for x in leaves]
    zero = sum(parts[1:], parts[0])
    return jax.tree.map(lambda x: x + zero.astype(x.dtype), values)


def pulled(
    steps: Sequence[Step], state: Pair, coefficients: Sequence[Any], cotangent: Pair, ordered: bool
) -> tuple[Pair, Pair, list[Any]]:
    """From after all steps to before them: the state, its cotangent, the coefficients' ones.

    Args:
        ordered: whether every gradient has to be there before the step before is undone.
    """
    gradients: list[Any] = []
    earlier: Any = ()
    for step, c in zip(reversed(steps), reversed(coefficients), strict=True):
        own = after(c, earlier) if ordered else c
        state, cotangent, gradient = step.pull(state, own, cotangent)
        gradients.append(gradient)
        earlier = gradient if jax.tree.leaves(gradient) else earlier
    return state, cotangent, gradients[::-1]
