"""Noise: channels in every notation, models of devices, mitigation.

The channels themselves are operations of circuits (`qjax.BitFlip`, `qjax.Depolarizing`, ...); the
simulators that run them are `qjax.DensityMatrix` and `qjax.Trajectories`.
"""

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

__all__ = [
    "check_channel",
    "check_choi",
    "choi_to_kraus",
    "choi_to_superoperator",
    "kraus_to_choi",
    "kraus_to_superoperator",
    "kraus_to_transfer",
    "superoperator_to_choi",
    "superoperator_to_kraus",
    "superoperator_to_transfer",
    "transfer_to_kraus",
    "transfer_to_superoperator",
]
