"""Exact contraction of what an answer depends on, gate by gate in a good order."""

from .simulator import TensorNetwork

__all__ = ["TensorNetwork"]
