"""Evolution whose reverse rule undoes the steps instead of storing their states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax

from ..errors import UnsupportedError
from ..simulators.kernels import Pair
from ..simulators.statevector import run_steps
from ..simulators.steps import Step
from ..simulators.steps.order import pulled
from ..simulators.steps.record import draw, record, states_kept
from .refuse import refuse_derivative

RECORD_FROM = 2**8  # amplitudes: smaller states are sooner undone than written and read
RECORD_BYTES = 8 * 2**20  # up to here the states of a run are kept for its gradient

FIRST_ONLY = UnsupportedError(
    "Adjoint gives first derivatives only",
    fix="use gradient=qjax.Backprop() for Hessians and other second derivatives",
)


def reversible(steps: Sequence[Step], state: Pair, coefficients: list[Any]) -> Pair:
    """`run_steps` with a reverse rule that recomputes states by undoing the steps."""

    @jax.custom_vjp
    def evolve(state: Pair, coefficients: list[Any]) -> Pair:
        return run_steps(steps, state, coefficients)

    def forward(state: Pair, coefficients: list[Any]) -> Any:
        state, coefficients = refuse_derivative((state, coefficients), FIRST_ONLY)
        final = run_steps(steps, state, coefficients)
        return final, (final, coefficients)

    def backward(residuals: Any, cotangent: Pair) -> Any:
        state, coefficients = residuals
        ordered = any(step.ordered for step in steps)
        _, cotangent, gradients = pulled(steps, state, coefficients, cotangent, ordered)
        return cotangent, gradients

    evolve.defvjp(forward, backward)
    return evolve(state, coefficients)


def recorded(steps: Sequence[Step], state: Pair, coefficients: list[Any]) -> Pair:
    """`reversible`, but where undoing is slow states that fit a cache are kept instead."""
    size = sum(x.size * x.dtype.itemsize for x in state if x is not None)
    worth = state[0].size >= RECORD_FROM and any(step.slow_undo for step in steps)
    if not worth or size * states_kept(steps) > RECORD_BYTES:
        return reversible(steps, state, coefficients)

    @jax.custom_vjp
    def evolve(state: Pair, coefficients: list[Any]) -> Pair:
        return run_steps(steps, state, coefficients)

    def forward(state: Pair, coefficients: list[Any]) -> Any:
        state, coefficients = refuse_derivative((state, coefficients), FIRST_ONLY)
        state, kept = record(steps, state, coefficients)
        return state, (kept, coefficients)

    def backward(residuals: Any, cotangent: Pair) -> Any:
        kept, coefficients = residuals
        return draw(steps, kept, coefficients, cotangent)

    evolve.defvjp(forward, backward)
    return evolve(state, coefficients)
