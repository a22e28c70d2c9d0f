"""Work that survives a kill: `fit`, `sweep`, checkpoints, chunked loops; alignment of kernels."""

from .alignment import Aligned, align
from .checkpoint import load_checkpoint, save_checkpoint
from .design import Grid, LogUniform, Random, Uniform
from .fit import Fitted, Report, fit
from .loop import Trained, run_chunks
from .sharded import load_sharded, save_sharded
from .step import descend
from .sweep import sweep
from .swept import Swept

__all__ = [
    "Aligned",
    "Fitted",
    "Grid",
    "LogUniform",
    "Random",
    "Report",
    "Swept",
    "Trained",
    "Uniform",
    "align",
    "descend",
    "fit",
    "load_checkpoint",
    "load_sharded",
    "run_chunks",
    "save_checkpoint",
    "save_sharded",
    "sweep",
]
