"""How a circuit is simulated: small frozen objects behind one protocol."""

from .contraction import TensorNetwork
from .density import DensityMatrix, MixedPlan
from .mps import MPS, MatrixProductState
from .plan import Plan
from .protocol import Program, Query, Simulator, Structure
from .sharded import Sharded, ShardedPlan, device_mesh, spread
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
    "Sharded",
    "ShardedPlan",
    "Simulator",
    "Statevector",
    "Structure",
    "TensorNetwork",
    "Trajectories",
    "device_mesh",
    "spread",
]
