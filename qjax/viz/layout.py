"""Where each operation of a circuit stands in a drawing, and what is written in it.

Both drawings, text and figure, read this; nothing here knows about characters or ink.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import jax
import numpy as np

from ..circuit import Circuit, Gate, Layers, Param
from ..circuit.operations import is_concrete

_SYMMETRIC = frozenset({"SWAP", "ISWAP", "RXX", "RYY", "RZZ", "fSim"})
_ARRAYS = frozenset({"hamiltonian", "matrix", "params", "phases", "vector"})
_SHORT = {"Sdg": "S†", "Tdg": "T†", "SXdg": "SX†", "U3Phase": "U"}


@dataclass(frozen=True)
class Cell:
    """What stands on one wire: a box with text, or a symbol."""

    kind: Literal["box", "control", "open", "not", "swap"]
    text: str = ""


@dataclass(frozen=True)
class Element:
    """One gate: its cells by wire, joined by a vertical line."""

    cells: dict[int, Cell]

    @property
    def top(self) -> int:
        return min(self.cells)

    @property
    def bottom(self) -> int:
        return max(self.cells)


@dataclass(frozen=True)
class Frame:
    """A repeated block: a frame with a label around columns of its own."""

    label: str
    top: int
    bottom: int
    columns: list[list[Item]]


Item = Element | Frame


@dataclass(frozen=True)
class Picture:
    """A laid out circuit: columns from left to right, and phases that stand on no wire."""

    n: int
    columns: list[list[Item]]
    phases: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Varies:
    """A parameter that is different in every layer of a block."""

    ndim: int


def lay_out(circuit: Circuit, digits: int, unroll: bool) -> Picture:
    """The columns of ``circuit``: each operation as far left as its wires allow."""
    phases: list[str] = []
    ops = circuit.gates() if unroll else circuit.ops
    return Picture(circuit.n, _columns(ops, digits, phases, ""), phases)


def _columns(ops: Iterable[Any], digits: int, phases: list[str], times: str) -> list[list[Item]]:
    columns: list[list[Item]] = []
    level: dict[int, int] = {}
    for op in ops:
        item = _item(op, digits, phases, times)
        if item is None:
            continue
        wires = range(item.top, item.bottom + 1)
        place = max(level.get(q, 0) for q in wires)
        level.update(dict.fromkeys(wires, place + 1))
        if place == len(columns):
            columns.append([])
        columns[place].append(item)
    return columns


def _item(op: Any, digits: int, phases: list[str], times: str) -> Item | None:
    if isinstance(op, Gate):
        if op.qubits:
            return _gate(op.resolve(), digits)
        phases.append(_show(op.params[0], digits) + times)
        return None
    qubits = op.qubits
    inner = getattr(op, "ops", None)
    if inner is None:  # an operation that is not a gate of the table
        label = getattr(op, "name", type(op).__name__) + _arguments(
            getattr(op, "params", ()), (), digits
        )
        return Element(_boxes(label, label, qubits, indexed=False))
    length = getattr(op, "length", None)
    label = type(op).__name__ if length is None else f"x{length}"
    if isinstance(op, Layers):
        if op.reverse and any(op.stacked):
            label += ", last first"
        leaves, treedef = jax.tree.flatten(op.ops, is_leaf=_is_varying)
        inner = treedef.unflatten(
            [
                _Varies(np.ndim(x) - 1 if not _is_varying(x) else x.ndim - 1) if s else x
                for x, s in zip(leaves, op.stacked, strict=True)
            ]
        )
    columns = _columns(inner, digits, phases, f"{times} ({label})")
    if not qubits:
        return None
    return Frame(label, min(qubits), max(qubits), columns)


def _is_varying(leaf: Any) -> bool:
    return isinstance(leaf, _Varies)


def _gate(gate: Gate, digits: int) -> Element:
    cells = {
        q: Cell("control" if v else "open") for q, v in zip(gate.controls, gate.values, strict=True)
    }
    if gate.name == "X" and gate.controls:
        return Element({**cells, gate.targets[0]: Cell("not")})
    if gate.name == "Z" and gate.controls:
        return Element({**cells, gate.targets[0]: Cell("control")})
    if gate.name == "SWAP":
        return Element({**cells, **dict.fromkeys(gate.targets, Cell("swap"))})
    arguments = _arguments(gate.params, gate.spec.param_names, digits)
    if gate.name == "GlobalPhase":  # under controls only: it acts on the last of them
        q, v = gate.controls[-1], gate.values[-1]
        return Element({**cells, q: Cell("box", ("●" if v else "○") + "phase" + arguments)})
    name = _SHORT.get(gate.name, gate.name) + ("†" if gate.inverted else "")
    letters = gate.static if gate.name == "PauliRotation" else None
    if letters is not None:
        name = "R" + letters
    indexed = len(gate.targets) > 1 and gate.name not in _SYMMETRIC
    cells |= _boxes(name + arguments, name, gate.targets, indexed, letters)
    return Element(cells)


def _boxes(
    first: str, rest: str, qubits: tuple[int, ...], indexed: bool, letters: str | None = None
) -> dict[int, Cell]:
    """One box per qubit; the arguments stand in the upper one only."""
    top = min(qubits)
    return {
        q: Cell("box", (f"{letters[k] if letters else k}:" if indexed else "") + text)
        for k, q in enumerate(qubits)
        for text in [first if q == top else rest]
    }


def _arguments(params: tuple, names: tuple[str, ...], digits: int) -> str:
    """The scalar parameters in brackets; matrices and vectors have no room in a box."""
    arrays = names[: len(params)]
    if len(params) > len(names) > 0:  # Evolution with an eigensystem has one more
        arrays = (names[0],) * (len(params) - len(names)) + names
    shown = [
        _show(p, digits)
        for k, p in enumerate(params)
        if not (k < len(arrays) and arrays[k] in _ARRAYS)
    ]
    return f"({','.join(shown)})" if shown else ""


def _show(value: Any, digits: int) -> str:
    if isinstance(value, Param):
        text = value.name
        if value.scale != 1:
            text = f"-{text}" if value.scale == -1 else f"{value.scale:.{digits}g}*{text}"
        return text if value.shift == 0 else f"{text}{value.shift:+.{digits}g}"
    if _is_varying(value):
        return "…"
    if isinstance(value, int | float):
        return f"{value:.{digits}g}"
    if not is_concrete(value):
        return "?"
    if value.shape != ():  # a batch of circuits
        return "…"
    return f"{float(value):.{digits}g}"
