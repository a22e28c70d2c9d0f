"""Numbers as text that gives the same bits back, and expressions of named inputs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jax.core import Tracer

from ..circuit import Param
from .error import QasmError


def literal(value: float) -> str:
    """The shortest decimal that reads back as exactly this double, valid in every version.

    Example:
        >>> from qjax.qasm.numbers import literal
        >>> literal(0.1), literal(-1e-05), literal(2.0)
        ('0.1', '-1.0e-05', '2.0')
    """
    if not math.isfinite(value):
        raise QasmError("a number must be finite to be written", got=value)
    text = repr(float(value))
    if "e" in text and "." not in text:  # OpenQASM 2 wants a point in every real number
        mantissa, exponent = text.split("e")
        text = f"{mantissa}.0e{exponent}"
    return text


def number(value: Any, where: str) -> float:
    """A scalar parameter as a float.

    Raises:
        QasmError: a traced value, an array, or a number that is not finite.
    """
    if isinstance(value, Tracer):
        raise QasmError(
            f"{where}: a traced value cannot be written",
            hint="write the circuit outside jit, grad and vmap",
        )
    if np.shape(value) != ():
        raise QasmError(
            f"{where}: a parameter must be one number",
            got=f"shape {np.shape(value)}",
            hint="write each member of a batch of circuits by itself",
        )
    out = float(np.asarray(value))
    if not math.isfinite(out):
        raise QasmError(f"{where}: a parameter must be finite to be written", got=out)
    return out


def angle(value: Any, where: str, names: dict[str, str]) -> str:
    """A parameter as text: a decimal, or an affine expression of an input.

    Args:
        value: a number, or a `Param`.
        where: the gate, for errors.
        names: the name in the file of each placeholder.
    """
    if not isinstance(value, Param):
        return literal(number(value, where))
    name = names[value.name]
    text = name if value.scale == 1 else f"{literal(value.scale)}*{name}"
    if value.scale == -1:
        text = f"-{name}"
    if value.shift == 0:
        return text
    sign = "-" if value.shift < 0 else "+"
    return f"{text} {sign} {literal(abs(value.shift))}"
