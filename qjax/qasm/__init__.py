"""OpenQASM 2 and 3, in and out."""

from .api import DIALECTS, dump, dumps, sidecar
from .error import QasmError
from .limits import Limits
from .reader import load, loads

__all__ = ["DIALECTS", "Limits", "QasmError", "dump", "dumps", "load", "loads", "sidecar"]
