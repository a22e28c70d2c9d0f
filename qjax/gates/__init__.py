"""Gate matrices and the table that describes each gate once."""

from .exponential import Eigensystem, eigensystem, exp_i
from .table import TABLE, GateSpec

__all__ = ["TABLE", "Eigensystem", "GateSpec", "eigensystem", "exp_i"]
