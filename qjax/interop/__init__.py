"""Circuits to and from other packages. Each is imported only when a conversion asks for it."""

from .pennylane_tape import from_pennylane
from .qiskit_in import from_qiskit
from .qiskit_out import to_qiskit
from .qiskit_transpile import Transpiled, transpile

__all__ = ["Transpiled", "from_pennylane", "from_qiskit", "to_qiskit", "transpile"]
