"""Bounds on what a file may ask for, so that no text can exhaust time or memory."""

from __future__ import annotations

from dataclasses import dataclass, field

from .error import QasmError


@dataclass(frozen=True)
class Limits:
    """How much a file may ask for; see `loads`.

    Args:
        characters: length of the text.
        qubits: qubits in all.
        bits: classical bits in all, those of subroutines and of promoted variables included.
        operations: operations after expansion (the turns of loops and the calls of subroutines
            cost some too), beyond 16 for every statement of the text itself.
        nesting: depth of parentheses, blocks and calls of definitions within definitions.
        while_turns: the bound given to a ``while`` loop that depends on measurements.
    """

    characters: int = 64_000_000
    qubits: int = 100_000
    bits: int = 100_000
    operations: int = 100_000
    nesting: int = 100
    while_turns: int = 1000


@dataclass
class Budget:
    """What is left of the limit on operations."""

    limits: Limits
    left: int = field(init=False)

    def __post_init__(self) -> None:
        self.left = self.limits.operations

    def spend(self, count: int, construct: str, line: int, column: int) -> None:
        """Take ``count`` operations away.

        Raises:
            QasmError: there are not that many left.
        """
        self.left -= count
        if self.left < 0:
            raise QasmError(
                f"the program expands to more than {self.limits.operations} operations",
                line=line,
                column=column,
                construct=construct,
                hint="raise the bound if the file can be trusted: "
                "loads(text, limits=Limits(operations=...))",
            )
