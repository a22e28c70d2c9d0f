"""Circuits and tensor networks as layers: one base, `QuantumLayer`, and thin layers on it."""

from qjax.nn.hybrid.adapter import MPO, Frozen, LoRA, TensorAdapter, TeRA
from qjax.nn.hybrid.attention import DoublyStochasticAttention
from qjax.nn.hybrid.entanglement import entanglement_profile, profile_bound
from qjax.nn.hybrid.farhi_neven import FarhiNeven, readout_circuit, readout_value
from qjax.nn.hybrid.layer import QuantumLayer, count_parameters, quantum_layer
from qjax.nn.hybrid.mpo_dense import MPODense, mpo_apply, mpo_from_matrix, mpo_to_matrix
from qjax.nn.hybrid.parallel import ParallelCircuits
from qjax.nn.hybrid.qcnn import QCNN
from qjax.nn.hybrid.quanvolution import FlippedQuanv, Quanvolution, flipped_kernel
from qjax.nn.hybrid.readout import Expectations, Probabilities
from qjax.nn.hybrid.reuploading import Reuploading, ReuploadingLinear
from qjax.nn.hybrid.stochastic import (
    CircuitStochastic,
    QRStochastic,
    Sinkhorn,
    Softmax,
    stochastic_error,
)
from qjax.nn.hybrid.visual_field import VisualField

__all__ = [
    "MPO",
    "QCNN",
    "CircuitStochastic",
    "DoublyStochasticAttention",
    "Expectations",
    "FarhiNeven",
    "FlippedQuanv",
    "Frozen",
    "LoRA",
    "MPODense",
    "ParallelCircuits",
    "Probabilities",
    "QRStochastic",
    "QuantumLayer",
    "Quanvolution",
    "Reuploading",
    "ReuploadingLinear",
    "Sinkhorn",
    "Softmax",
    "TeRA",
    "TensorAdapter",
    "VisualField",
    "count_parameters",
    "entanglement_profile",
    "flipped_kernel",
    "mpo_apply",
    "mpo_from_matrix",
    "mpo_to_matrix",
    "profile_bound",
    "quantum_layer",
    "readout_circuit",
    "readout_value",
    "stochastic_error",
]
