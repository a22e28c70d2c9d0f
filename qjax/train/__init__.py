"""Training that survives a kill: chunked loops and checkpoints."""

from .checkpoint import load_checkpoint, save_checkpoint
from .loop import Trained, run_chunks
from .step import descend

__all__ = ["Trained", "descend", "load_checkpoint", "run_chunks", "save_checkpoint"]
