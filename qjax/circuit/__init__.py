"""Operations, circuits and repeated blocks: what is computed."""

from .blocks import Layers, Repeat
from .circuit import Circuit, as_circuit
from .constructors import Controlled, Inverse
from .dynamic import Assign, Barrier, Condition, If, Measure, Reset, While
from .operations import Gate, Operation
from .param import Param

__all__ = [
    "Assign",
    "Barrier",
    "Circuit",
    "Condition",
    "Controlled",
    "Gate",
    "If",
    "Inverse",
    "Layers",
    "Measure",
    "Operation",
    "Param",
    "Repeat",
    "Reset",
    "While",
    "as_circuit",
]
