"""Recurrent cells, quantum and hybrid, for `flax.nnx.RNN`."""

from qjax.nn.recurrent.circuits import (
    EncodedCircuit,
    arctan_rotations,
    rx_ring_circuit,
    rx_ring_layers,
    rx_rotation,
    two_ring_circuit,
    two_ring_layers,
)
from qjax.nn.recurrent.folding import FoldedCircuit, fold, folded, side_by_side
from qjax.nn.recurrent.lstm import GatedLSTMCell, lstm_update
from qjax.nn.recurrent.qgru import QGRUCell, QRNNCell
from qjax.nn.recurrent.qlstm import CircuitGates, LinearInQLSTMCell, QLSTMCell

__all__ = [
    "CircuitGates",
    "EncodedCircuit",
    "FoldedCircuit",
    "GatedLSTMCell",
    "LinearInQLSTMCell",
    "QGRUCell",
    "QLSTMCell",
    "QRNNCell",
    "arctan_rotations",
    "fold",
    "folded",
    "lstm_update",
    "rx_ring_circuit",
    "rx_ring_layers",
    "rx_rotation",
    "side_by_side",
    "two_ring_circuit",
    "two_ring_layers",
]
