"""The projector on a computational basis state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import jax
from jax import core

from ..circuit.operations import as_qubits, check_distinct
from ..errors import ObservableError


@jax.tree_util.register_pytree_node_class
class Projector:
    """``|bits><bits|`` on some qubits; its expectation value is the probability of those bits.

    A pytree without leaves: bits and qubits are structure.

    Args:
        bits: such as ``"010"`` or ``(0, 1, 0)``.
        qubits: one per bit (default: qubits 0, 1, 2, ...).

    Raises:
        ObservableError: bits other than 0 and 1, none at all, or not one qubit per bit.
        QubitError: a qubit that is negative, repeated or not an integer.

    Example:
        >>> import qjax as qj
        >>> qj.Projector("010"), qj.Projector("1", 4)
        (Projector('010', 0, 1, 2), Projector('1', 4))
    """

    __slots__ = ("bits", "qubits")
    __array_ufunc__ = None
    bits: tuple[int, ...]
    qubits: tuple[int, ...]

    def __init__(self, bits: Any, qubits: Any = None) -> None:
        if isinstance(bits, core.Tracer):
            raise ObservableError(
                "Projector: bits must be known when the function is traced",
                fix="bits are structure; for probabilities of many bit strings use qjax.probs",
            )
        try:
            items = tuple(bits)
            known = all(b in ("0", "1") or int(b) in (0, 1) for b in items)
        except (TypeError, ValueError):
            items, known = (), False
        if not items or not known:
            raise ObservableError(
                "Projector: bits must be zeros and ones",
                expected="such as '010' or (0, 1, 0)",
                got=repr(bits),
            )
        places = as_qubits(range(len(items)) if qubits is None else qubits, "Projector: ")
        check_distinct(places, "Projector: ")
        if len(places) != len(items):
            raise ObservableError(
                "Projector needs one qubit per bit",
                expected=f"{len(items)} qubit(s)",
                got=f"{len(places)}: {places}",
            )
        self.bits, self.qubits = tuple(int(b) for b in items), places

    def tree_flatten(self):
        return (), (self.bits, self.qubits)

    @classmethod
    def tree_unflatten(cls, aux, children):
        self = object.__new__(cls)
        self.bits, self.qubits = aux
        return self

    @property
    def num_qubits(self) -> int:
        """One more than the largest qubit index named."""
        return 1 + max(self.qubits)

    def map_qubits(self, mapping: Mapping[int, int] | Iterable[int]) -> Projector:
        """The projector with qubit ``q`` renamed ``mapping[q]``."""
        table = dict(mapping) if isinstance(mapping, Mapping) else dict(enumerate(mapping))
        return Projector(self.bits, [table.get(q, q) for q in self.qubits])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Projector):
            return NotImplemented
        return (self.bits, self.qubits) == (other.bits, other.qubits)

    def __hash__(self) -> int:
        return hash((Projector, self.bits, self.qubits))

    def __repr__(self) -> str:
        return f"Projector({''.join(map(str, self.bits))!r}, {', '.join(map(str, self.qubits))})"
