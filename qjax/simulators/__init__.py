"""How a circuit is simulated: small frozen objects behind one protocol."""

from .density import DensityMatrix, MixedPlan
from .mps import MPS, MatrixProductState
from .plan import Plan
from .protocol import Program, Query, Simulator, Structure
from .statevector import Statevector
from .trajectories import Trajectories

__all__ = [
    "MPS",
    "DensityMatrix",
    "MatrixProductState",
    "MixedPlan",
    "Plan",
    "Program",
    "Query",
    "Simulator",
    "Statevector",
    "Structure",
    "Trajectories",
]
