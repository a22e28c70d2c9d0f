"""Reverse mode that runs the circuit backwards instead of storing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax

from ..errors import UnsupportedError
from ..simulators.kernels import Pair
from ..simulators.protocol import Program, Query, RunQuery, Simulator, Structure
from ..simulators.statevector import Statevector, run_steps
from ..simulators.steps import Step


@dataclass(frozen=True)
class Adjoint:
    """Reverse mode in memory independent of depth, for unitary circuits on a statevector.

    The backward pass undoes step after step on the state while it carries the cotangent along;
    the cost is that of three to four runs, whatever the number of parameters. First derivatives
    in reverse mode only: for forward mode and Hessians use `Backprop`.

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
        return sim.compile(structure, query, evolve=reversible)


def reversible(steps: Sequence[Step], state: Pair, coefficients: list[Any]) -> Pair:
    """`run_steps` with a reverse rule that recomputes states by undoing the steps."""

    @jax.custom_vjp
    def evolve(state: Pair, coefficients: list[Any]) -> Pair:
        return run_steps(steps, state, coefficients)

    def forward(state: Pair, coefficients: list[Any]) -> Any:
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


__all__ = ["Adjoint", "RunQuery", "reversible"]
