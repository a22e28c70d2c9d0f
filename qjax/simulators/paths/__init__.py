"""Expectation values of shallow circuits as short sums of products of cosines and sines."""

from .expansion import Paths, expand
from .simulator import PauliPaths, few_paths

__all__ = ["Paths", "PauliPaths", "expand", "few_paths"]
