"""The few kinds of big step that a plan consists of. Each knows how to prepare, apply and undo."""

from .evolution import BasisStep, SpectrumStep, evolution_steps
from .local import LocalStep
from .loop import LoopStep
from .pauli import PauliStep
from .permutation import PermutationStep
from .phase import PhaseStep
from .rotation import RotationStep
from .step import Item, Leaf, Step
from .subspace import SubspaceStep
from .table import TableStep
from .window import Window

__all__ = [
    "BasisStep",
    "Item",
    "Leaf",
    "LocalStep",
    "LoopStep",
    "PauliStep",
    "PermutationStep",
    "PhaseStep",
    "RotationStep",
    "SpectrumStep",
    "Step",
    "SubspaceStep",
    "TableStep",
    "Window",
    "evolution_steps",
]
