"""Operations, circuits and repeated blocks: what is computed."""

from .blocks import Layers, Repeat
from .channel import Channel
from .circuit import Circuit, as_circuit
from .constructors import Controlled, Inverse
from .dynamic import Assign, Barrier, Condition, If, Measure, Project, Reset, While
from .operations import Gate, Operation
from .param import Param

__all__ = [
    "Assign",
    "Barrier",
    "Channel",
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
    "Project",
    "Repeat",
    "Reset",
    "While",
    "as_circuit",
]
