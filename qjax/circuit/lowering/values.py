"""Arithmetic on angles that are numbers, traced values or placeholders."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..operations import is_concrete
from ..param import Param


def known(value: Any) -> bool:
    """Whether an angle is a number now."""
    return isinstance(value, int | float) or is_concrete(value)


def number(value: Any) -> Any:
    """A known angle as a Python float; anything else as it is."""
    return float(np.asarray(value)) if known(value) else value


def add(a: Any, b: Any) -> Any:
    """``a + b``; None where they are placeholders of different names, or one is traced."""
    a, b = number(a), number(b)
    if isinstance(a, Param) and isinstance(b, Param):
        if a.name != b.name:
            return None
        return Param(a.name, a.scale + b.scale, a.shift + b.shift)
    if isinstance(a, Param) or isinstance(b, Param):
        both = (a, b) if isinstance(a, Param) else (b, a)
        return both[0] + both[1] if isinstance(both[1], float) else None
    return a + b
