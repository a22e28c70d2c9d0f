"""Recurrent cells, quantum and hybrid, for `flax.nnx.RNN`."""

from qjax.nn.recurrent.circuits import rx_ring_circuit, side_by_side, two_ring_circuit
from qjax.nn.recurrent.lstm import GatedLSTMCell, lstm_update
from qjax.nn.recurrent.qgru import QGRUCell, QRNNCell
from qjax.nn.recurrent.qlstm import CircuitGates, LinearInQLSTMCell, QLSTMCell

__all__ = [
    "CircuitGates",
    "GatedLSTMCell",
    "LinearInQLSTMCell",
    "QGRUCell",
    "QLSTMCell",
    "QRNNCell",
    "lstm_update",
    "rx_ring_circuit",
    "side_by_side",
    "two_ring_circuit",
]
