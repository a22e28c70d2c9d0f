"""A few qubits and the gates that make up their matrix."""

from __future__ import annotations

from dataclasses import dataclass

from .step import Item


@dataclass(frozen=True)
class Window:
    """A few ascending qubits and the gates on them, in order."""

    qubits: tuple[int, ...]
    items: tuple[Item, ...]

    @property
    def real(self) -> bool:
        return all(item.real for item in self.items)

    @property
    def product(self) -> bool:
        """Whether the matrix is a Kronecker product of one-qubit matrices."""
        return all(len(item.qubits) == 1 for item in self.items)
