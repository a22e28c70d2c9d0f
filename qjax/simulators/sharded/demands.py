"""What an operation demands of where qubits lie: which must be on the device, which need not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax

from ...circuit import Barrier, Gate, Layers, Operation, Repeat
from ...errors import UnsupportedError
from ..repetition import Turns
from ..steps import Item, Leaf
from ..steps.phase import diagonal_form


@dataclass(frozen=True)
class Demand:
    """One operation as the planner of exchanges sees it.

    Attributes:
        payload: the operation itself.
        needs: qubits that must lie on the device.
        general: qubits on which it does more than phases; nothing else commutes with it there.
        diagonal: qubits that only control it or turn its phase.
        swapped: the two qubits of a SWAP, which only renames them.
    """

    payload: Any
    needs: frozenset[int]
    general: frozenset[int]
    diagonal: frozenset[int]
    swapped: tuple[int, int] | None = None

    @property
    def qubits(self) -> frozenset[int]:
        return self.general | self.diagonal


def as_item(gate: Gate) -> Item:
    """A gate with the controls of its name among its controls, as the planner's item."""
    gate = gate.resolve()
    params = tuple(p if isinstance(p, Leaf) else float(p) for p in gate.params)
    return Item(
        gate.name, params, gate.targets, gate.controls, gate.values, gate.static, gate.inverted
    )


def is_diagonal(item: Item) -> bool:
    """Whether the item only turns phases."""
    return item.name in ("Diagonal", "GlobalPhase", "I") or diagonal_form(item) is not None


def demand_of(gate: Gate) -> Demand:
    """What a gate demands."""
    item = as_item(gate)
    everything = frozenset(item.qubits)
    if is_diagonal(item):
        return Demand(gate, frozenset(), frozenset(), everything)
    if item.name == "SWAP" and not item.controls:
        a, b = item.targets
        return Demand(gate, frozenset(), everything, frozenset(), (a, b))
    needs = frozenset(item.targets)
    if item.name == "PauliRotation":
        pairs = zip(item.targets, item.static, strict=True)
        needs = frozenset(q for q, letter in pairs if letter in "XY")
    return Demand(gate, needs, needs, everything - needs)


def check_operations(ops: Sequence[Operation | Turns]) -> None:
    """Refuse what cannot run on a pure state.

    Raises:
        UnsupportedError: a channel, a measurement, a branch.
    """
    for op in ops:
        if isinstance(op, Layers | Repeat | Turns):
            check_operations(op.ops)
        elif not isinstance(op, Gate | Barrier):
            raise UnsupportedError(
                f"{op!r:.60} cannot run on a pure statevector",
                fix="use sim=qjax.Trajectories(n) or sim=qjax.DensityMatrix(), spread over the "
                "devices with qjax.spread",
            )


def widest(ops: Sequence[Operation | Turns]) -> tuple[int, Any]:
    """The largest number of qubits that one gate needs on a device, and that gate."""
    best: tuple[int, Any] = (0, None)
    for op in ops:
        if isinstance(op, Layers | Repeat | Turns):
            found = widest(op.ops)
        elif isinstance(op, Gate) and op.name != "StatePrep":
            found = (len(demand_of(op).needs), op)
        else:
            continue
        if found[0] > best[0]:
            best = found
    return best


def gate_count(ops: Sequence[Operation | Turns]) -> int:
    """How many gates run, repeated blocks counted in full."""
    total = 0
    for op in ops:
        if isinstance(op, Layers | Repeat | Turns):
            total += op.length * gate_count(op.ops)
        elif isinstance(op, Gate):
            total += 1
    return total


def leaf_list(tree: Any) -> list[Leaf]:
    """The leaves of operations whose parameters are numbers of leaves."""
    return jax.tree.leaves(tree, is_leaf=lambda x: isinstance(x, Leaf))
