"""Fast-weight programmers: networks that write the weights of a circuit, step by step."""

from qjax.nn.fast_weights.circuit import FastCircuit, brickwork_ry
from qjax.nn.fast_weights.fast_qkan import FastQKAN
from qjax.nn.fast_weights.programmer import FastWeightProgrammer
from qjax.nn.fast_weights.recurrence import Entries, fast_weights, next_weights
from qjax.nn.fast_weights.updates import (
    Additive,
    Bounded,
    Factors,
    Gated,
    SelfModulated,
    Update,
)

__all__ = [
    "Additive",
    "Bounded",
    "Entries",
    "Factors",
    "FastCircuit",
    "FastQKAN",
    "FastWeightProgrammer",
    "Gated",
    "SelfModulated",
    "Update",
    "brickwork_ry",
    "fast_weights",
    "next_weights",
]
