"""Plain automatic differentiation through the simulation."""

from __future__ import annotations

from dataclasses import dataclass

from ..simulators.protocol import Program, Query, Simulator, Structure


@dataclass(frozen=True)
class Backprop:
    """JAX's own differentiation: reverse and forward mode, to any order. The default.

    Reverse mode keeps the state after every step, so memory grows with depth; `Adjoint` does not.
    """

    @property
    def random(self) -> bool:
        return False

    def program(self, sim: Simulator, structure: Structure, query: Query) -> Program:
        return sim.compile(structure, query)
