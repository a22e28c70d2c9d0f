"""Quantum variational activation functions: QKAN layers as pure functions and as Flax modules."""

from qjax.nn.qkan.activation import daruan
from qjax.nn.qkan.ansatz import ANSATZE, Ansatz, Rotation
from qjax.nn.qkan.circuit_ansatz import CircuitAnsatz
from qjax.nn.qkan.circuits import edge_circuit, packed_layer
from qjax.nn.qkan.fourier import Fourier
from qjax.nn.qkan.layer import qkan_layer
from qjax.nn.qkan.methods import Dense, Grouped, Scan
from qjax.nn.qkan.parameters import QKANParams, init_qkan, spread_frequencies

__all__ = [
    "ANSATZE",
    "Ansatz",
    "CircuitAnsatz",
    "Dense",
    "Fourier",
    "Grouped",
    "QKANParams",
    "Rotation",
    "Scan",
    "daruan",
    "edge_circuit",
    "init_qkan",
    "packed_layer",
    "qkan_layer",
    "spread_frequencies",
]
