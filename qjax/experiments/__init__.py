"""Published results, reproduced end to end: one module per paper, run by ``qjax run NAME``."""

from .frame import Experiment, Run, execute
from .registry import find, names
from .run_folder import RunFolder
from .settings import Settings, override
from .table import Row

__all__ = [
    "Experiment",
    "Row",
    "Run",
    "RunFolder",
    "Settings",
    "execute",
    "find",
    "names",
    "override",
]
