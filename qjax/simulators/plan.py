"""The planner: from a circuit's structure to a few big steps, at trace time, cached.

NumPy only; no parameter value is looked at. What it does with a list of gates:

1. every one-qubit gate that can be is taken apart into phases and a real rotation;
2. every diagonal gate joins the nearest earlier phase step that it can reach by commuting, every
   X, CNOT, SWAP the nearest permutation, every other small gate the nearest step of matrices;
3. the matrices of one step are laid out as windows: the leading and the trailing qubits as one
   matrix product each, what lies between as pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import numpy as np

from ..circuit import Barrier, Circuit, Gate, Layers, Operation, Repeat
from ..errors import UnsupportedError
from .kernels import HIGHEST, Precision, partition
from .repetition import Turns, find_repetition
from .steps import (
    Item,
    Leaf,
    LocalStep,
    LoopStep,
    PauliStep,
    PermutationStep,
    PhaseStep,
    RotationStep,
    Step,
    SubspaceStep,
    TableStep,
    Window,
    evolution_steps,
)
from .steps.pauli import joins
from .steps.pauli_table import as_table
from .steps.permutation import TABLE_QUBITS, is_affine, permutation_form
from .steps.phase import diagonal_form
from .steps.turns import as_turns

Group = tuple[frozenset[int], list[Item]]  # gates that make up one matrix, and their qubits

LARGEST_PROGRAM = 40  # steps and matrices; what is longer compiles as a loop over a table
TABLE_WIDTHS = ((8, 2), (12, 3))  # registers up to so many qubits, qubits of a table's matrices
LARGEST_TABLE_WIDTH = 4  # beyond
LARGEST_BLOCK = 5  # qubits of the largest gate that becomes a matrix with its controls


@dataclass(frozen=True)
class Layout:
    """How a plan lays out its steps.

    Attributes:
        cell: the register is cut into cells of at most this many qubits; matrices within a cell
            become one. 2 means pairs of any two qubits, which suits a batch axis that runs last.
        whole: whether phases are held as one vector over all amplitudes.
        precision: of the products of matrices with the state.
        ordered: whether states are so large that memory and passes count for more than the time to
            compile: a reverse pass makes the gradient of each matrix before it goes on, and no
            steps are put into a table.
    """

    cell: int
    whole: bool
    precision: Precision = HIGHEST
    ordered: bool = False


def layout_for(n: int, batch_last: bool = False, precision: Precision = HIGHEST) -> Layout:
    """The layout that measures best for a state of ``n`` qubits."""
    if batch_last:
        return Layout(2, False, precision)
    return Layout(5, n <= 10, precision)


@dataclass(frozen=True, eq=False)
class Plan:
    """The steps of a circuit. Printable: `str(plan)` lists them with their cost."""

    n: int
    steps: tuple[Step, ...]
    preparations: tuple[Item, ...]
    layout: Layout

    @property
    def real(self) -> bool:
        """Whether the state stays real throughout."""
        return all(s.real for s in self.steps) and all(p.real for p in self.preparations)

    def cost(self) -> tuple[float, float]:
        """(flops, passes over the state) of one run."""
        costs = [step.cost() for step in self.steps]
        return sum(c[0] for c in costs), sum(c[1] for c in costs)

    def memory(self, itemsize: int) -> tuple[float, float, float]:
        """Bytes of a run, of a gradient by `Backprop` and of one by `Adjoint`.

        Args:
            itemsize: bytes of a real number of the state.
        """
        state = itemsize * 2.0**self.n * (1 if self.real else 2)
        return 3 * state, (3 + self.cost()[1]) * state, 9 * state

    def num_steps(self) -> int:
        """How many steps are compiled (the body of a loop counts once)."""
        return sum(1 for _ in _walk(self.steps))

    def kinds(self) -> set[str]:
        """The kinds of step that occur."""
        return {step.kind for step in _walk(self.steps)}

    def __str__(self) -> str:
        flops, passes = self.cost()
        head = f"{self.n} qubits, {self.num_steps()} compiled steps, "
        head += f"{flops:.3g} flops, {passes:.0f} passes over the state"
        lines = [head]
        for item in self.preparations:
            lines.append(f"  state preparation on {item.targets}")
        lines += _lines(self.steps, 1)
        return "\n".join(lines)


def _walk(steps: Sequence[Step]) -> Any:
    for step in steps:
        yield step
        if isinstance(step, LoopStep):
            yield from _walk(step.body)


def _lines(steps: Sequence[Step], depth: int) -> list[str]:
    out = []
    for step in steps:
        out.append("  " * depth + step.describe())
        if isinstance(step, LoopStep):
            out += _lines(step.body, depth + 1)
    return out


@lru_cache(maxsize=512)
def make_plan(
    structure: Any,
    complex_leaves: tuple[bool, ...],
    batch_last: bool = False,
    seen: frozenset[int] | None = None,
    precision: Precision = HIGHEST,
) -> Plan:
    """The plan of a circuit's structure (its treedef), given which of its leaves are complex.

    With ``seen``, the qubits that an observable acts on, what cannot reach them is left out.
    ``precision`` is that of products of matrices with the state.
    """
    leaves = [Leaf(k, c) for k, c in enumerate(complex_leaves)]
    circuit: Circuit = jax.tree.unflatten(structure, leaves)
    layout = layout_for(circuit.n, batch_last, precision)
    ops, preparations = [], []
    for op in circuit.ops:
        if isinstance(op, Gate) and op.name == "StatePrep":
            preparations.append(Item("StatePrep", op.params, op.targets))
        else:
            ops.append(op)
    if seen is not None:
        ops = light_cone(ops, seen)
    steps = schedule(circuit.n, ops, layout)
    return Plan(circuit.n, tuple(steps), tuple(preparations), layout)


def light_cone(ops: Sequence[Operation], seen: frozenset[int]) -> list[Operation]:
    """The operations that can influence an observable on the qubits ``seen``."""
    kept = []
    for op in reversed(ops):
        if seen & set(op.qubits):
            kept.append(op)
            seen = seen | set(op.qubits)
    return kept[::-1]


# --- from operations to items ------------------------------------------------------------------


def _items(gate: Gate, split: bool = True) -> list[Item]:
    gate = gate.resolve()
    params = tuple(p if isinstance(p, Leaf) else float(p) for p in gate.params)
    item = Item(
        gate.name, params, gate.targets, gate.controls, gate.values, gate.static, gate.inverted
    )
    if item.name == "I":
        return []
    parts = item.spec.split
    if not split or parts is None or item.controls or item.inverted:
        return [item]
    return [
        Item(name, tuple(ps), item.targets if name != "GlobalPhase" else ())
        for name, ps in parts(params)
    ]


def _class(item: Item, n: int) -> str:
    known = item.name == "Evolution" and len(item.params) == 3 and not item.controls
    if known and all(isinstance(p, Leaf) for p in item.params):
        return "evolution"
    if item.name == "Diagonal" or diagonal_form(item) is not None:
        return "phase"
    if item.name == "X" and not item.controls:
        return "local"
    table = permutation_form(item)
    if table is not None and (n <= TABLE_QUBITS or is_affine(table)):
        return "permutation"
    if item.name == "PauliRotation" and len(item.targets) > 2 and not item.controls:
        return "pauli"
    if len(item.qubits) > LARGEST_BLOCK and item.controls:
        return "subspace"
    return "local"


# --- from items to steps -----------------------------------------------------------------------


class _Open:
    """A step that still accepts items."""

    def __init__(self, kind: str, merge: int = 2) -> None:
        self.kind = kind
        self.merge = merge  # how many qubits gates that overlap may grow to in one matrix
        self.items: list[Item] = []
        self.groups: list[Group] = []  # of a step of matrices
        self.qubits: frozenset[int] = frozenset()
        self.closed: Step | None = None

    def accepts(self, item: Item, kind: str) -> bool:
        if self.kind != kind or kind in ("loop", "subspace", "evolution"):
            return False
        if kind == "pauli":
            return joins(self.items, item)
        if kind != "local":
            return True
        mine = frozenset(item.qubits)
        touched = [qs for qs, _ in self.groups if qs & mine]
        union = mine.union(*touched) if touched else mine
        return len(union) <= max(self.merge, len(mine))

    def add(self, item: Item) -> None:
        mine = frozenset(item.qubits)
        self.items.append(item)
        self.qubits |= mine
        if self.kind == "local":
            touched = [g for g in self.groups if g[0] & mine]
            merged = [i for _, items in touched for i in items]
            self.groups = [g for g in self.groups if not g[0] & mine]
            self.groups.append((mine.union(*(g[0] for g in touched)), [*merged, item]))


def schedule(n: int, ops: Sequence[Operation], layout: Layout) -> list[Step]:
    """The steps of unitary operations: one by one, or, where they are too many, from a table."""
    found = find_repetition(ops)
    steps = _unrolled(n, found, layout)
    if layout.cell == 2 or layout.ordered or _pieces(steps) <= LARGEST_PROGRAM:
        return steps
    width = _table_width(n, found)
    tabled = [part for run in _runs(found, width) for part in _run(n, run, layout, width)]
    return tabled if any(isinstance(step, TableStep) for step in tabled) else steps


def _pieces(steps: Sequence[Step]) -> int:
    """How much there is to compile."""
    return sum(len(s.windows) if isinstance(s, LocalStep) else 1 for s in steps)


def _runs(ops: Sequence[Operation | Turns], width: int) -> list[list[Operation | Turns]]:
    """The operations, cut where gates on few qubits meet loops and gates on more."""
    runs: list[list[Operation | Turns]] = []
    last = None
    for op in ops:
        small = isinstance(op, Barrier) or (isinstance(op, Gate) and len(op.qubits) <= width)
        if small is not last:
            runs.append([])
        runs[-1].append(op)
        last = small
    return runs


def _table_width(n: int, ops: Sequence[Operation | Turns]) -> int:
    """How wide the matrices of a table are: what suits the register, or more for wider gates."""
    widest = [len(op.qubits) for op in ops if isinstance(op, Gate)]
    small = next((w for most, w in TABLE_WIDTHS if n <= most), LARGEST_TABLE_WIDTH)
    return min(n, max([small, *(w for w in widest if w <= LARGEST_TABLE_WIDTH)]))


def _run(n: int, ops: Sequence[Operation | Turns], layout: Layout, width: int) -> list[Step]:
    """One of these runs: as a table where it has too many different steps to compile each.

    A SWAP costs nothing: it only says which qubit is meant from then on.
    """
    steps = _unrolled(n, ops, layout)
    gates = [op for op in ops if isinstance(op, Gate) and len(op.qubits) <= width]
    if not gates or _pieces(steps) <= LARGEST_PROGRAM:
        return steps
    blocks: list[tuple[set[int], list[Item]]] = []
    wires = list(range(n))
    for gate in gates:
        for item in _items(gate, split=False):
            targets, controls = (
                tuple(wires[q] for q in qubits) for qubits in (item.targets, item.controls)
            )
            if item.name == "SWAP" and not controls:
                a, b = item.targets
                wires[a], wires[b] = wires[b], wires[a]
            else:
                _into_block(blocks, item.on(targets, controls), width)
    made = [(tuple(sorted(q)), tuple(i)) for q, i in blocks]
    return [TableStep(n, made, width, wires, layout.precision)]


def _into_block(blocks: list[tuple[set[int], list[Item]]], item: Item, width: int) -> None:
    """Into the earliest block with room that the item can reach by commuting; else a new one."""
    mine, home = set(item.qubits), None
    for k in range(len(blocks) - 1, -1, -1):
        qubits, items = blocks[k]
        if len(qubits | mine) <= width and len(items) <= 2 * width:
            home = k
        if qubits & mine:
            break
    if home is None:
        blocks.append((set(), []))
        home = -1
    blocks[home][0].update(mine)
    blocks[home][1].append(item)


def _unrolled(n: int, ops: Sequence[Operation | Turns], layout: Layout) -> list[Step]:
    steps: list[_Open] = []
    for op in ops:
        if isinstance(op, Layers | Repeat | Turns):
            loop = _Open("loop")
            loop.closed = _loop(n, op, layout)
            loop.qubits = loop.closed.qubits
            steps.append(loop)
        elif isinstance(op, Gate):
            for item in _items(op):
                _insert(steps, item, _class(item, n), 3 if n <= 4 else 2)
        elif isinstance(op, Barrier):
            continue
        else:
            raise UnsupportedError(
                f"{op!r:.60} cannot run on a pure statevector",
                fix="use sim=qjax.DensityMatrix(), which is exact, or sim=qjax.Trajectories(n)",
            )
    closed = [step for open_step in steps for step in _close(n, open_step, layout)]
    return closed if layout.cell == 2 else as_table(n, closed)


def _insert(steps: list[_Open], item: Item, kind: str, merge: int) -> None:
    """Into the earliest step that it may join and can reach by commuting; else a new one."""
    mine, home = frozenset(item.qubits), None
    for k in range(len(steps) - 1, -1, -1):
        step = steps[k]
        if step.accepts(item, kind):
            home = k
        disjoint = not (step.qubits & mine)
        if not disjoint and not (kind == "phase" and step.kind == "phase"):
            break
    if home is None:
        steps.append(_Open(kind, merge))
        home = -1
    steps[home].add(item)


def _close(n: int, step: _Open, layout: Layout) -> list[Step]:
    if step.closed is not None:
        return [step.closed]
    if step.kind == "phase":
        return [PhaseStep(n, step.items, layout.whole)]
    if step.kind == "permutation":
        return [PermutationStep(n, step.items)]
    if step.kind == "pauli":
        return [PauliStep(n, step.items)]
    if step.kind == "evolution":
        return [part for item in step.items for part in evolution_steps(n, item)]
    if step.kind == "subspace":
        return [SubspaceStep(n, item) for item in step.items]
    rotations, rest = [], step.groups
    if layout.cell == 2:
        rotations, rest = _rotations(n, step.groups)
    if not rest:
        return rotations
    windows = _windows(n, rest, layout)
    return [*rotations, LocalStep(n, windows, layout.precision, layout.ordered)]


def _rotations(n: int, groups: Sequence[Group]) -> tuple[list[Step], list[Group]]:
    """The rotations of single qubits as one step, if they are many, and what is left."""
    windows = {k: Window(tuple(qs), tuple(i)) for k, (qs, i) in enumerate(groups) if len(qs) == 1}
    turns = {k: t for k, w in windows.items() if (t := as_turns(w)) is not None}
    if 2 * len(turns) < n:
        return [], list(groups)
    rest = [g for k, g in enumerate(groups) if k not in turns]
    return [RotationStep(n, [windows[k] for k in turns], list(turns.values()))], rest


def _windows(n: int, groups: Sequence[Group], layout: Layout) -> list[Window]:
    """Groups within one cell of the register as one window; what lies across cells by itself.

    A cell in which only one or two neighbours are acted on becomes a window of just those.
    """
    cells = partition(n, layout.cell) if layout.cell > 2 else ()
    place = {q: k for k, cell in enumerate(cells) for q in cell}
    held: dict[int, list[Group]] = {}
    out, singles = [], []
    for qubits, items in groups:
        home = {place.get(q) for q in qubits}
        if len(home) == 1 and None not in home:
            held.setdefault(home.pop(), []).append((qubits, items))  # type: ignore[arg-type]
        elif len(qubits) == 1:
            singles.append((qubits, items))
        else:
            out.append(Window(tuple(sorted(qubits)), tuple(items)))
    for _, members in sorted(held.items()):
        first = min(min(q) for q, _ in members)
        last = max(max(q) for q, _ in members)
        out.append(_window(tuple(range(first, last + 1)), members))
    for real in (True, False):
        alike = [g for g in singles if all(i.real for i in g[1]) is real]
        alike.sort(key=lambda g: min(g[0]))
        for k in range(0, len(alike), 2):
            pair = alike[k : k + 2]
            out.append(_window(tuple(sorted(q for qs, _ in pair for q in qs)), pair))
    return out


def _window(qubits: tuple[int, ...], groups: Sequence[Group]) -> Window:
    return Window(qubits, tuple(i for _, items in groups for i in items))


def _loop(n: int, block: Layers | Repeat | Turns, layout: Layout) -> LoopStep:
    if isinstance(block, Turns):
        body = schedule(n, block.ops, layout)
        return LoopStep(n, body, block.length, sources=block.sources, ordered=layout.ordered)
    stacked: frozenset[int] = frozenset()
    reverse = False
    if isinstance(block, Layers):
        leaves = jax.tree.leaves(block.ops, is_leaf=lambda x: isinstance(x, Leaf))
        stacked = frozenset(
            leaf.index for leaf, moves in zip(leaves, block.stacked, strict=True) if moves
        )
        reverse = block.reverse
    body = schedule(n, block.ops, layout)
    return LoopStep(n, body, block.length, stacked, reverse, ordered=layout.ordered)


def complex_leaves(leaves: Sequence[Any]) -> tuple[bool, ...]:
    """Which leaves hold complex numbers."""
    return tuple(np.issubdtype(getattr(x, "dtype", float), np.complexfloating) for x in leaves)
