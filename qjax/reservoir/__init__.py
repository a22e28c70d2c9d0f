"""Quantum reservoirs: features with memory from a series, and the readouts that are fitted to them.

A reservoir is a pytree of its physical parameters; ``reservoir.features(u)`` gives an array (time,
features) that any ridge regression takes, and everything from parameters to readout is
differentiable.
"""

from .capacity import (
    Capacities,
    information_processing_capacity,
    memory_capacity,
    parity_capacity,
)
from .circuits import GateReservoir, NoiseInducedReservoir
from .echo import convergence_rate, echo_state_index
from .execution import Affine, Eigenbasis, Fading, Kraus
from .forecast import forecast
from .frozen import FrozenCell
from .input import bloch
from .ising import IsingReservoir
from .onion import Multiplex, Onion
from .readout import (
    Gram,
    Path,
    Readout,
    gram,
    gram_path,
    polynomial,
    ridge,
    ridge_from_gram,
    ridge_path,
    series_gram,
)
from .restarted import ExtremeLearning, FeedbackReservoir
from .spectrum import memory_time, second_eigenvalue, spectrum, superoperator

__all__ = [
    "Affine",
    "Capacities",
    "Eigenbasis",
    "ExtremeLearning",
    "Fading",
    "FeedbackReservoir",
    "FrozenCell",
    "GateReservoir",
    "Gram",
    "IsingReservoir",
    "Kraus",
    "Multiplex",
    "NoiseInducedReservoir",
    "Onion",
    "Path",
    "Readout",
    "bloch",
    "convergence_rate",
    "echo_state_index",
    "forecast",
    "gram",
    "gram_path",
    "information_processing_capacity",
    "memory_capacity",
    "memory_time",
    "parity_capacity",
    "polynomial",
    "ridge",
    "ridge_from_gram",
    "ridge_path",
    "second_eigenvalue",
    "series_gram",
    "spectrum",
    "superoperator",
]
