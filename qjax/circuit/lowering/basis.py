"""The gate sets that circuits are lowered to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ...errors import CircuitError


@dataclass(frozen=True)
class Basis:
    """A gate set: one-qubit gates, and one gate that entangles two qubits.

    Attributes:
        names: the gates under their OpenQASM names.
        one: how a one-qubit unitary is written: "zsx" (RZ SX RZ SX RZ), "zyz" (RZ RY RZ) or "u".
        entangler: the qjax name of the two-qubit gate.
    """

    names: frozenset[str]
    one: str
    entangler: str

    @property
    def gates(self) -> frozenset[str]:
        """The qjax names of the gates."""
        return frozenset(_QJAX_NAMES[n] for n in self.names)


_QJAX_NAMES = {
    **{n: n.upper() for n in ("rx", "ry", "rz", "sx", "x", "cz", "cx", "ecr")},
    "u": "U3",
}
BASES = (
    Basis(frozenset(["rz", "sx", "x", "cz"]), "zsx", "CZ"),
    Basis(frozenset(["rz", "sx", "x", "ecr"]), "zsx", "ECR"),
    Basis(frozenset(["rx", "ry", "rz", "cx"]), "zyz", "CX"),
    Basis(frozenset(["u", "cx"]), "u", "CX"),
)


def as_basis(value: Any) -> Basis:
    """A basis from its gates' names: ``{"rz", "sx", "x", "cz"}`` or ``"rz,sx,x,cz"``.

    Raises:
        CircuitError: no such basis.

    Example:
        >>> from qjax.circuit.lowering import as_basis
        >>> as_basis("u, cx").entangler
        'CX'
    """
    if isinstance(value, Basis):
        return value
    items: Any = value.replace(",", " ").split() if isinstance(value, str) else value
    if isinstance(items, Iterable):
        names = frozenset(str(n).lower() for n in items)
        for basis in BASES:
            if basis.names == names:
                return basis
    raise CircuitError(
        "decompose: there is no such basis",
        expected=" or ".join("{" + ", ".join(sorted(b.names)) + "}" for b in BASES),
        got=repr(value),
    )
