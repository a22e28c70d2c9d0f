"""What finite shots give beside samples: counts, and gradients as hardware finds them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jax.core import Tracer
from jaxtyping import Array

from ..circuit import Circuit
from ..errors import UnsupportedError
from ..gradients import SPSA, Gradient, ParameterShift
from ..simulators import Program, Query, Simulator, Structure
from ..simulators import protocol as ask
from .program import DEFAULT_SIM, answer


@dataclass(frozen=True)
class FiniteShots:
    """A simulator whose expectation values are means over shots."""

    sim: Simulator
    shots: int

    @property
    def random(self) -> bool:
        return True

    def resolved(self) -> FiniteShots:
        return FiniteShots(self.sim.resolved(), self.shots)

    def check(self, structure: Structure, available: float) -> None:
        self.sim.check(structure, available)

    def memory(self, structure: Structure) -> float:
        return self.sim.memory(structure)

    def compile(self, structure: Structure, query: Query) -> Program:
        assert isinstance(query, ask.ExpvalQuery)
        inner = self.sim.compile(structure, ask.EstimateQuery(query.observable, self.shots))

        def program(leaves: Sequence[Any], query_leaves: Sequence[Any], key: Any) -> Any:
            return inner(leaves, query_leaves, key)[0]

        return program


def estimate_with_gradient(
    circuit: Circuit,
    query: ask.EstimateQuery,
    key: Array,
    sim: Simulator,
    gradient: Gradient,
    leaves: list[Any],
) -> tuple[Any, Any]:
    """Mean (differentiable by shifted circuits with shots of their own) and standard error."""
    if not isinstance(gradient, ParameterShift | SPSA):
        raise UnsupportedError(
            f"estimate: {type(gradient).__name__} cannot differentiate through shots: their "
            "outcomes are discrete",
            expected="gradient=qjax.ParameterShift() or gradient=qjax.SPSA()",
            fix="for exact derivatives use qjax.expval",
        )
    expval = ask.ExpvalQuery(query.observable)
    mean = answer(circuit, "estimate", FiniteShots(sim, query.shots), expval, leaves, gradient, key)
    still, fixed = jax.lax.stop_gradient((circuit, leaves))
    _, error = answer(still, "estimate", sim, query, fixed, key=jax.random.fold_in(key, 1))
    return mean, error


def counts(
    circuit: Circuit,
    key: Array,
    shots: int,
    *,
    sim: Simulator = DEFAULT_SIM,
    bits: Iterable[int] | int | None = None,
) -> dict[str, int]:
    """How often each outcome occurred, the most frequent first.

    Args:
        circuit: what is run.
        key: a PRNG key.
        shots: how many outcomes, positive.
        sim: how it is simulated.
        bits: classical bits that are read in place of the qubits.

    Returns:
        ``{bitstring: count}``, qubit 0 (or the first of ``bits``) first; outcomes that did not
        occur are left out.

    Raises:
        UnsupportedError: under `jax.jit` or `jax.vmap`, where the outcomes are not known.

    Example:
        >>> import jax, qjax as qj
        >>> qj.counts(qj.Circuit(2, [qj.X(1)]), jax.random.key(0), 100)
        {'01': 100}
    """
    from .verbs import sample

    drawn = sample(circuit, key, shots, sim=sim, bits=bits)
    if isinstance(drawn, Tracer):
        raise UnsupportedError(
            "counts: outcomes are not known inside jax.jit or jax.vmap",
            fix="use qjax.sample there and count its result",
        )
    outcomes, numbers = np.unique(np.asarray(drawn), axis=0, return_counts=True)
    order = np.argsort(-numbers, kind="stable")
    return {"".join(map(str, outcomes[k].tolist())): int(numbers[k]) for k in order}
