"""What a gradient method is: it turns a simulator and a question into a differentiable program."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from ..simulators.protocol import Program, Query, Simulator, Structure


@runtime_checkable
class Gradient(Protocol):
    """Frozen, hashable, without leaves. ``random`` says whether the program needs a key."""

    @property
    def random(self) -> bool: ...

    def program(self, sim: Simulator, structure: Structure, query: Query) -> Program: ...
