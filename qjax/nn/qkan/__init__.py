"""Quantum variational activation functions: QKAN layers as pure functions and as Flax modules."""

from qjax.nn.qkan.activation import daruan
from qjax.nn.qkan.ansatz import ANSATZE, Ansatz, Rotation
from qjax.nn.qkan.attribution import Attribution, attribution, edge_values
from qjax.nn.qkan.circuit_ansatz import CircuitAnsatz
from qjax.nn.qkan.circuits import edge_circuit, packed_layer
from qjax.nn.qkan.extend import extend, extend_params
from qjax.nn.qkan.fourier import Fourier
from qjax.nn.qkan.fourierkan import FourierKANLayer, to_fourierkan
from qjax.nn.qkan.layer import qkan_layer
from qjax.nn.qkan.lstm import HQKANLSTMCell, QKANLSTMCell
from qjax.nn.qkan.methods import Dense, Grouped, Scan
from qjax.nn.qkan.modules import DARUAN, HQKAN, QKAN, QKANLayer
from qjax.nn.qkan.parameters import QKANParams, init_qkan, spread_frequencies
from qjax.nn.qkan.plot import plot
from qjax.nn.qkan.prune import prune, remove_edge, remove_node
from qjax.nn.qkan.regularise import regularisation
from qjax.nn.qkan.spectrum import Spectrum, fourier_coefficients, spectrum
from qjax.nn.qkan.symbolic import Suggestion, suggest, suggest_edge
from qjax.nn.qkan.torch_import import from_qkan_state_dict
from qjax.nn.qkan.training import minimise

__all__ = [
    "ANSATZE",
    "DARUAN",
    "HQKAN",
    "QKAN",
    "Ansatz",
    "Attribution",
    "CircuitAnsatz",
    "Dense",
    "Fourier",
    "FourierKANLayer",
    "Grouped",
    "HQKANLSTMCell",
    "QKANLSTMCell",
    "QKANLayer",
    "QKANParams",
    "Rotation",
    "Scan",
    "Spectrum",
    "Suggestion",
    "attribution",
    "daruan",
    "edge_circuit",
    "edge_values",
    "extend",
    "extend_params",
    "fourier_coefficients",
    "from_qkan_state_dict",
    "init_qkan",
    "minimise",
    "packed_layer",
    "plot",
    "prune",
    "qkan_layer",
    "regularisation",
    "remove_edge",
    "remove_node",
    "spectrum",
    "spread_frequencies",
    "suggest",
    "suggest_edge",
    "to_fourierkan",
]
