"""Circuits and states to and from other packages, each imported only when a conversion asks."""

from .pennylane_tape import from_pennylane
from .qiskit_in import from_qiskit
from .qiskit_out import to_qiskit
from .qiskit_transpile import Transpiled, transpile
from .quimb_objects import from_quimb, to_quimb
from .tensornetwork_objects import Network, from_tensornetwork, to_tensornetwork

__all__ = [
    "Network",
    "Transpiled",
    "from_pennylane",
    "from_qiskit",
    "from_quimb",
    "from_tensornetwork",
    "to_qiskit",
    "to_quimb",
    "to_tensornetwork",
    "transpile",
]
