"""Tensor-network methods beside the simulator: states, operators, ground states, circuits."""

from ..simulators.mps import MatrixProductState

__all__ = ["MatrixProductState"]
