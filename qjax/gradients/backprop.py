"""Plain automatic differentiation through the simulation."""

from __future__ import annotations

from dataclasses import dataclass

from ..simulators.protocol import Program, Query, Simulator, Structure
from ..simulators.statevector import Statevector
from .lanes import is_pauli_sum, lanes_program, with_gradient
from .reversible import reversible


@dataclass(frozen=True)
class Backprop:
    """JAX's own differentiation: reverse and forward mode, to any order. The default.

    Reverse mode keeps the state after every step, so memory grows with depth; `Adjoint` does not.
    Under `jax.vmap` small circuits run side by side, which needs no such memory.
    """

    @property
    def random(self) -> bool:
        return False

    def program(self, sim: Simulator, structure: Structure, query: Query) -> Program:
        plain = sim.compile(structure, query)
        if not isinstance(sim, Statevector) or not is_pauli_sum(query):
            return plain
        lanes = lanes_program(sim, structure, query, reversible)
        return plain if lanes is None else with_gradient(structure.n, plain, lanes, plain)
