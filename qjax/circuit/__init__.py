"""Operations, circuits and repeated blocks: what is computed."""

from .blocks import Layers, Repeat
from .circuit import Circuit, as_circuit
from .constructors import Controlled, Inverse
from .operations import Gate, Operation
from .param import Param

__all__ = [
    "Circuit",
    "Controlled",
    "Gate",
    "Inverse",
    "Layers",
    "Operation",
    "Param",
    "Repeat",
    "as_circuit",
]
