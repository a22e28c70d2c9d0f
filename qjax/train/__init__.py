"""Training that survives a kill: chunked loops and checkpoints; alignment of kernels."""

from .alignment import Aligned, align
from .checkpoint import load_checkpoint, save_checkpoint
from .loop import Trained, run_chunks
from .step import descend

__all__ = [
    "Aligned",
    "Trained",
    "align",
    "descend",
    "load_checkpoint",
    "run_chunks",
    "save_checkpoint",
]
