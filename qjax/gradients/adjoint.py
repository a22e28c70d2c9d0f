"""Reverse mode that runs the circuit backwards instead of storing it."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import UnsupportedError
from ..simulators.protocol import Program, Query, Simulator, Structure
from ..simulators.sharded import Sharded
from ..simulators.statevector import Statevector
from .lanes import is_pauli_sum, lanes_program, with_gradient
from .pullback import are_pauli_sums, with_pullback
from .reversible import reversible


@dataclass(frozen=True)
class Adjoint:
    """Reverse mode in memory independent of depth, for unitary circuits on a statevector.

    The backward pass undoes step after step on the state while it carries the cotangent along;
    the cost is that of three to four runs, whatever the number of parameters. Of one `PauliSum`
    it gives derivatives in either mode and of any order (second ones as `Backprop` does); of
    anything else first derivatives in reverse mode.

    Source: Jones and Gacon, arXiv:2009.02823, at the granularity of fused steps.
    """

    @property
    def random(self) -> bool:
        return False

    def program(self, sim: Simulator, structure: Structure, query: Query) -> Program:
        if isinstance(sim, Sharded):
            return sim.compile(structure, query, evolve=reversible)
        if not isinstance(sim, Statevector):
            raise UnsupportedError(
                f"Adjoint needs a statevector, not {type(sim).__name__}",
                expected="sim=qjax.Statevector()",
                fix="use gradient=qjax.Backprop()",
            )
        single = sim.compile(structure, query, evolve=reversible)
        if not are_pauli_sums(query):
            return single
        lanes = lanes_program(sim, structure, query, reversible)
        if not is_pauli_sum(query):
            return single if lanes is None else with_pullback(structure.n, single, lanes)
        return with_gradient(structure.n, single, lanes, sim.compile(structure, query))
