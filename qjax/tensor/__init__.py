"""Tensor-network methods beside the simulator: states, operators, ground states, circuits."""

from ..simulators.mps import MatrixProductState
from .decompose import CircuitFit, gates_to_circuit, to_circuit
from .dmrg import GroundState, dmrg
from .mpo import MatrixProductOperator

__all__ = [
    "CircuitFit",
    "GroundState",
    "MatrixProductOperator",
    "MatrixProductState",
    "dmrg",
    "gates_to_circuit",
    "to_circuit",
]
