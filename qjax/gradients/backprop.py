"""Plain automatic differentiation through the simulation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import CapacityError
from ..simulators.memory import available_memory, size
from ..simulators.protocol import Program, Query, Simulator, Structure
from ..simulators.statevector import Statevector
from .lanes import is_pauli_sum, lanes_program, with_gradient
from .refuse import refuse_derivative
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
        if lanes is None:
            return _if_it_fits(plain, sim, structure, query)
        return with_gradient(structure.n, plain, plain, lanes, plain)


def _if_it_fits(plain: Program, sim: Statevector, structure: Structure, query: Query) -> Program:
    """The program; where its derivative cannot fit, that is refused and `Adjoint` suggested."""
    available = available_memory()
    _, need, least = sim.plan(structure, query).memory(sim.real_dtype().itemsize)
    if need <= available:
        return plain
    error = CapacityError(
        f"the gradient of a circuit of {structure.n} qubits by Backprop does not fit",
        expected=f"at most {size(available)}",
        got=f"{size(need)}: the state after every step",
        fix=f"use gradient=qjax.Adjoint(), which needs {size(least)}, in forward mode too",
    )

    def program(leaves: Sequence[Any], query_leaves: Sequence[Any], key: Any) -> Any:
        return plain(refuse_derivative(list(leaves), error), query_leaves, key)

    return program
