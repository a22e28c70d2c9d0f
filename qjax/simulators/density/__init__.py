"""Mixed states as real vectors of Pauli expectation values, and channels as real matrices."""

from .plan import MixedPlan
from .simulator import DensityMatrix

__all__ = ["DensityMatrix", "MixedPlan"]
