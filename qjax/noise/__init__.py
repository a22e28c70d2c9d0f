"""Noise: channels in every notation, models of devices, mitigation.

The channels themselves are operations of circuits (`qjax.BitFlip`, `qjax.Depolarizing`, ...); the
simulators that run them are `qjax.DensityMatrix` and `qjax.Trajectories`.
"""

from .aer import from_aer
from .conversions import (
    check_channel,
    check_choi,
    choi_to_kraus,
    choi_to_superoperator,
    kraus_to_choi,
    kraus_to_superoperator,
    kraus_to_transfer,
    superoperator_to_choi,
    superoperator_to_kraus,
    superoperator_to_transfer,
    transfer_to_kraus,
    transfer_to_superoperator,
)
from .device import Device, devices, load_device
from .extrapolation import Exponential, Extrapolation, Linear, Polynomial, Richardson, zne
from .fold import fold, fold_gates
from .insert import insert
from .model import NoiseModel, OverRotation, Rule
from .network import Network
from .readout import confusion_matrix, correct_readout, nearest_probabilities

__all__ = [
    "Device",
    "Exponential",
    "Extrapolation",
    "Linear",
    "Network",
    "NoiseModel",
    "OverRotation",
    "Polynomial",
    "Richardson",
    "Rule",
    "check_channel",
    "check_choi",
    "choi_to_kraus",
    "choi_to_superoperator",
    "confusion_matrix",
    "correct_readout",
    "devices",
    "fold",
    "fold_gates",
    "from_aer",
    "insert",
    "kraus_to_choi",
    "kraus_to_superoperator",
    "kraus_to_transfer",
    "load_device",
    "nearest_probabilities",
    "superoperator_to_choi",
    "superoperator_to_kraus",
    "superoperator_to_transfer",
    "transfer_to_kraus",
    "transfer_to_superoperator",
    "zne",
]
