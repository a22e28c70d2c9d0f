"""Reverse mode that runs the circuit backwards instead of storing it."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import ParameterError, UnsupportedError
from ..simulators.mps import MPS
from ..simulators.protocol import ExpvalQuery, Program, Query, Simulator, Structure
from ..simulators.sharded import Sharded
from ..simulators.statevector import Statevector
from .lanes import is_pauli_sum, lanes_program, with_gradient
from .pullback import are_pauli_sums, with_pullback
from .reversible import recorded, reversible


@dataclass(frozen=True)
class Adjoint:
    """Reverse mode that runs the circuit backwards, for unitary circuits.

    On a statevector memory is independent of depth: the backward pass undoes step after step on
    the state while it carries the cotangent along (a few states that fit a processor's cache, 8
    MiB in all, are kept instead); the cost is that of three to four runs, whatever the number of
    parameters. Of one `PauliSum` it gives derivatives in either mode and of
    any order (second ones as `Backprop` does); of anything else first derivatives in reverse mode.

    On `MPS`, for Pauli sums after a brickwork, the cotangent is a second matrix product state.
    Where the circuit's state is not truncated the gradient is exact as soon as ``bond`` holds that
    cotangent, also at layers that are the identity, where `Backprop` needs bonds four times the
    state's rank. Where it is truncated, `Backprop` differentiates the truncated function; this is
    an approximation of the exact gradient. First derivatives, in reverse mode.

    Args:
        bond: bond dimension of the cotangent on matrix product states (default: twice that of the
            state). For exactness at identity layers: the state's rank times that of the
            observable as an operator, five for chains of neighbours.

    Source: Jones and Gacon, arXiv:2009.02823, at the granularity of fused steps.
    """

    bond: int | None = None

    def __post_init__(self) -> None:
        if self.bond is not None and (not isinstance(self.bond, int) or self.bond < 1):
            raise ParameterError(
                "Adjoint: bond must be a positive integer", expected="1, 2, ...", got=self.bond
            )

    @property
    def random(self) -> bool:
        return False

    def program(self, sim: Simulator, structure: Structure, query: Query) -> Program:
        if isinstance(sim, Sharded):
            return sim.compile(structure, query, evolve=reversible)
        if isinstance(sim, MPS) and are_pauli_sums(query):
            assert isinstance(query, ExpvalQuery)
            return sim.adjoint(structure, query, self.bond)
        if not isinstance(sim, Statevector):
            raise UnsupportedError(
                f"Adjoint needs a statevector, not {type(sim).__name__}",
                expected="sim=qjax.Statevector(), or Pauli sums on qjax.MPS",
                fix="use gradient=qjax.Backprop()",
            )
        single = sim.compile(structure, query, evolve=reversible)
        if not are_pauli_sums(query):
            return single
        lanes = lanes_program(sim, structure, query, reversible)
        if not is_pauli_sum(query):
            return single if lanes is None else with_pullback(structure.n, single, lanes)
        alone = sim.compile(structure, query, evolve=recorded)
        return with_gradient(structure.n, alone, single, lanes, sim.compile(structure, query))
