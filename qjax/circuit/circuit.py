"""The circuit: an immutable pytree. Its treedef is the structure, its leaves are the angles."""

from __future__ import annotations

import numbers
from collections import Counter
from collections.abc import Iterator
from typing import Any

import jax

from ..errors import CircuitError, ParameterError, QjaxError, QubitError
from .blocks import Operations, _Block, flatten_operations
from .operations import Gate, Operation, as_qubits
from .param import Param


@jax.tree_util.register_pytree_with_keys_class
class Circuit(Operation):
    """Operations on ``n`` qubits, applied left to right to ``|0...0>``.

    A circuit is a pytree: `jax.jit` caches by its structure, `jax.grad` differentiates with
    respect to it, `jax.vmap` batches it, optax updates it. An ansatz is any Python function that
    returns a `Circuit`.

    Args:
        n: number of qubits. Qubit 0 is the left-most tensor factor and the most significant bit.
        ops: operations, circuits, or (nested) lists of them.
        bits: number of classical bits, for measurements in the circuit.

    Raises:
        QubitError: a qubit outside ``0 .. n-1``; the message names the gate and its number.
        CircuitError: something that is not an operation, or a state preparation on qubits that
            were already acted on.

    Example:
        >>> import qjax as qj
        >>> bell = qj.Circuit(2, [qj.H(0), qj.CNOT(0, 1)])
        >>> bell.inverse() + bell
        Circuit(2, [CX(0, 1), H(0), H(0), CX(0, 1)])
    """

    __slots__ = ("bits", "n", "ops")
    n: int
    ops: Operations
    bits: int

    def __init__(self, n: int, ops: Any = (), bits: int = 0) -> None:
        for name, value, least in (("n", n, 1), ("bits", bits, 0)):
            if (
                isinstance(value, bool)
                or not isinstance(value, numbers.Integral)
                or int(value) < least
            ):
                raise CircuitError(
                    f"Circuit: {name} must be an integer of at least {least}",
                    expected="the number of " + ("qubits" if name == "n" else "classical bits"),
                    got=repr(value),
                    fix="write Circuit(n, [operations])" if name == "n" else None,
                )
        self._set(int(n), flatten_operations(ops, "Circuit: ops"), int(bits))
        used: set[int] = set()
        for k, op in enumerate(self.ops):
            qubits = op.qubits
            outside = [q for q in qubits if q >= n]
            if outside:
                raise QubitError(
                    f"gate {k} ({op!r:.60}): qubit {outside[0]} is outside the circuit",
                    expected=f"qubits 0 to {int(n) - 1} of a circuit of {int(n)} qubits",
                    got=qubits,
                )
            if isinstance(op, Gate) and op.name == "StatePrep" and used & set(qubits):
                raise CircuitError(
                    f"gate {k} ({op!r:.60}): a state can be prepared only where nothing has acted",
                    got=f"qubits {sorted(used & set(qubits))} were acted on by earlier gates",
                    fix="put StatePrep first",
                )
            used.update(qubits)

    def _set(self, n: int, ops: Operations, bits: int) -> Circuit:
        object.__setattr__(self, "n", n)
        object.__setattr__(self, "ops", ops)
        object.__setattr__(self, "bits", bits)
        return self

    def tree_flatten_with_keys(self):
        return ((jax.tree_util.GetAttrKey("ops"), self.ops),), (self.n, self.bits)

    def tree_flatten(self):
        return (self.ops,), (self.n, self.bits)

    @classmethod
    def tree_unflatten(cls, aux, children):
        return object.__new__(cls)._set(aux[0], children[0], aux[1])

    # --- reading -------------------------------------------------------------------------------
    @property
    def qubits(self) -> tuple[int, ...]:
        """The qubits that some operation acts on, ascending."""
        return tuple(sorted({q for op in self.ops for q in op.qubits}))

    def __iter__(self) -> Iterator[Operation]:
        return iter(self.ops)

    def __len__(self) -> int:
        return len(self.ops)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self._new(self.ops[index])
        return self.ops[index]

    def gates(self) -> Iterator[Gate]:
        """Every gate in order, repeated blocks unrolled."""
        return _unrolled(self.ops)

    def counts(self) -> dict[str, int]:
        """How often each kind of gate occurs, repeated blocks counted in full.

        Example:
            >>> import qjax as qj
            >>> qj.Circuit(2, [qj.H(0), qj.H(1), qj.CNOT(0, 1)]).counts()
            {'H': 2, 'CX': 1}
        """
        return dict(_count(self.ops))

    def depth(self) -> int:
        """The number of time steps when gates on disjoint qubits run at once (I, phases too)."""
        level = dict.fromkeys(range(self.n), 0)
        _advance(self.ops, level)
        return max(level.values())

    def num_params(self) -> int:
        """The number of scalar parameters, counting each layer of a block."""
        return sum(int(getattr(leaf, "size", 1)) for leaf in jax.tree.leaves(self.ops))

    # --- building ------------------------------------------------------------------------------
    def _new(self, ops: Operations) -> Circuit:
        return object.__new__(Circuit)._set(self.n, ops, self.bits)

    def __add__(self, other: Any) -> Circuit:
        if not isinstance(other, Circuit | Operation | list | tuple):
            return NotImplemented
        if isinstance(other, Circuit):
            return Circuit(max(self.n, other.n), [self, other], max(self.bits, other.bits))
        return Circuit(self.n, [self, other], self.bits)

    def inverse(self) -> Circuit:
        """The circuit undone: every operation inverted, in reverse order."""
        return self._new(tuple(op.inverse() for op in reversed(self.ops)))

    def control(self, controls: Any, values: Any = None) -> Circuit:
        """Every operation under the given controls, which may lie beyond the circuit's qubits."""
        controls = as_qubits(controls, "control: controls: ")
        n = max(self.n, 1 + max(controls, default=-1))
        return Circuit(n, [op.control(controls, values) for op in self.ops], self.bits)

    def map_qubits(self, mapping: Any, n: int | None = None) -> Circuit:
        """The circuit with qubit ``q`` renamed ``mapping[q]``, on ``n`` qubits if given."""
        table = dict(mapping) if hasattr(mapping, "keys") else dict(enumerate(mapping))
        ops = [op.map_qubits(table) for op in self.ops]
        if n is None:
            n = max([self.n, *(1 + q for op in ops for q in op.qubits)])
        return Circuit(n, ops, self.bits)

    def decompose(self, basis: Any, *, trotter: Any = None, directions: Any = None) -> Circuit:
        """The circuit in the gates of a basis; see `qjax.circuit.lowering.decompose`."""
        from .lowering import decompose

        return decompose(self, basis, trotter=trotter, directions=directions)

    def fits(self, coupling_map: Any, *, directed: bool = False) -> bool:
        """Whether all gates act on coupled qubits; see `qjax.circuit.lowering.fits`."""
        from .lowering import fits

        return fits(self, coupling_map, directed=directed)

    def route(self, coupling_map: Any = "line") -> Any:
        """The circuit with swaps so that it fits; see `qjax.circuit.lowering.route`."""
        from .lowering import route

        return route(self, coupling_map)

    def bind(self, values: dict[str, Any] | None = None, **named: Any) -> Circuit:
        """The circuit with every `Param` replaced by its value.

        Raises:
            ParameterError: a name without a value.
        """
        table = {**(values or {}), **named}

        def put(leaf: Any) -> Any:
            if not isinstance(leaf, Param):
                return leaf
            if leaf.name not in table:
                raise ParameterError(
                    f"bind: no value for {leaf.name!r}", got=f"values for {sorted(table)}"
                )
            from .operations import as_array

            return as_array(leaf.value(table[leaf.name]), (), leaf.name)

        return jax.tree.map(put, self)

    def params(self) -> tuple[str, ...]:
        """The names of the placeholders, in order of first appearance."""
        found = (x.name for x in jax.tree.leaves(self) if isinstance(x, Param))
        return tuple(dict.fromkeys(found))

    def __repr__(self) -> str:
        shown = ", ".join(map(repr, self.ops[:8]))
        more = f", ... {len(self.ops)} operations" if len(self.ops) > 8 else ""
        bits = f", bits={self.bits}" if self.bits else ""
        return f"Circuit({self.n}, [{shown}{more}]{bits})"


def as_circuit(value: Any, where: str) -> Circuit:
    """``value``, if it is a circuit; else a teaching error."""
    if isinstance(value, Circuit):
        return value
    hint = "call your ansatz function first: pass its result" if callable(value) else None
    if isinstance(value, list | tuple | Operation):
        hint = "wrap the operations: qjax.Circuit(n, [...])"
    raise CircuitError(
        f"{where}: circuit must be a qjax.Circuit", got=f"{type(value).__name__}", fix=hint
    )


def _unrolled(ops: Operations) -> Iterator[Gate]:
    for op in ops:
        if isinstance(op, _Block):
            for turn in op.unroll():
                yield from _unrolled(turn)
        elif isinstance(op, Gate):
            yield op


def _count(ops: Operations) -> Counter[str]:
    total: Counter[str] = Counter()
    for op in ops:
        if isinstance(op, _Block):
            for name, k in _count(op.ops).items():
                total[name] += k * op.length
        elif isinstance(op, Gate):
            total[("C" * len(op.controls)) + op.name] += 1
    return total


def _advance(ops: Operations, level: dict[int, int]) -> None:
    for op in ops:
        if isinstance(op, _Block):
            for _ in range(op.length):
                _advance(op.ops, level)
        elif op.qubits:
            top = 1 + max(level[q] for q in op.qubits)
            level.update(dict.fromkeys(op.qubits, top))


__all__ = ["Circuit", "QjaxError", "as_circuit"]
