"""Named placeholders for parameters without a value: for drawing and for writing circuits out."""

from __future__ import annotations

import numbers
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Param:
    """A scalar parameter known by name only: ``scale * name + shift``, in radians.

    Ordinary qjax angles are JAX values; a `Param` stands in where a circuit is drawn or written
    before its values are known. `Circuit.bind` puts the values in.

    Args:
        name: an identifier.
        scale: what the value is multiplied with.
        shift: what is added to it.

    Example:
        >>> import qjax as qj
        >>> t = qj.Param("t")
        >>> circuit = qj.Circuit(1, [qj.RX(2 * t, 0)])
        >>> circuit.bind(t=0.25)
        Circuit(1, [RX(0.5, 0)])
    """

    name: str
    scale: float = 1.0
    shift: float = 0.0

    def __neg__(self) -> Param:
        return self * -1.0

    def __mul__(self, factor: Any) -> Param:
        if not isinstance(factor, numbers.Real):
            return NotImplemented
        return replace(self, scale=self.scale * float(factor), shift=self.shift * float(factor))

    __rmul__ = __mul__

    def __truediv__(self, divisor: Any) -> Param:
        return self * (1 / divisor)

    def __add__(self, other: Any) -> Param:
        if not isinstance(other, numbers.Real):
            return NotImplemented
        return replace(self, shift=self.shift + float(other))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Param:
        return self + (-other)

    def __rsub__(self, other: Any) -> Param:
        return -self + other

    def value(self, of_name: Any) -> Any:
        """The parameter's value when ``name`` has the value ``of_name``."""
        return self.scale * of_name + self.shift

    def __str__(self) -> str:
        text = self.name if self.scale == 1 else f"{self.scale!r}*{self.name}"
        if self.scale == -1:
            text = f"-{self.name}"
        return text if self.shift == 0 else f"{text} + {self.shift!r}"

    __repr__ = __str__
