"""Tensor-network methods beside the simulator: states, operators, ground states, circuits."""

from ..simulators.mps import MatrixProductState
from .born import (
    BornMachine,
    log_probabilities,
    negative_log_likelihood,
    sample_given,
    train_born_machine,
)
from .decompose import CircuitFit, gates_to_circuit, to_circuit
from .dmrg import GroundState, dmrg
from .mpo import MatrixProductOperator
from .tebd import Evolution, tebd
from .tree import orthogonal_nodes, tree_bloch, tree_circuit

__all__ = [
    "BornMachine",
    "CircuitFit",
    "Evolution",
    "GroundState",
    "MatrixProductOperator",
    "MatrixProductState",
    "dmrg",
    "gates_to_circuit",
    "log_probabilities",
    "negative_log_likelihood",
    "orthogonal_nodes",
    "sample_given",
    "tebd",
    "to_circuit",
    "train_born_machine",
    "tree_bloch",
    "tree_circuit",
]
