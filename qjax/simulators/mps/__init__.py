"""Matrix product states: the simulator, and contractions of the states themselves."""

from .network import MatrixProductState
from .simulator import MPS, Report, ReportQuery, StateQuery

__all__ = ["MPS", "MatrixProductState", "Report", "ReportQuery", "StateQuery"]
