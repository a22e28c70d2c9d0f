"""OpenQASM 2 and 3, in and out."""

from .api import DIALECTS, dump, dumps, sidecar
from .error import QasmError

__all__ = ["DIALECTS", "QasmError", "dump", "dumps", "sidecar"]
