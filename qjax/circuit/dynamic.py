"""Operations with classical bits: measurement, reset, feed-forward. No simulation lives here."""

from __future__ import annotations

import numbers
from collections.abc import Iterable
from typing import Any

import jax

from ..errors import CircuitError, QjaxError, UnsupportedError
from .blocks import Operations, flatten_operations
from .operations import Operation, as_qubits

Pattern = tuple[int, ...]


class Condition:
    """A question about classical bits: do they hold one of the accepted patterns?

    Args:
        bits: indices of classical bits.
        accepted: the patterns that count as true, each a tuple of 0 and 1, one per bit.

    Example:
        >>> from qjax.circuit.dynamic import Condition
        >>> Condition.equal((0, 1), 2)
        Condition((0, 1), {01})
    """

    __slots__ = ("accepted", "bits")
    bits: tuple[int, ...]
    accepted: tuple[Pattern, ...]

    def __init__(self, bits: Iterable[int], accepted: Iterable[Pattern]) -> None:
        bits = _as_bits(tuple(bits), "Condition")
        patterns = tuple(sorted({tuple(int(v) for v in p) for p in accepted}))
        if any(len(p) != len(bits) or set(p) - {0, 1} for p in patterns):
            raise CircuitError(
                "Condition: a pattern needs a 0 or a 1 for every bit",
                expected=f"{len(bits)} of 0 or 1",
                got=patterns[:4],
            )
        object.__setattr__(self, "bits", bits)
        object.__setattr__(self, "accepted", patterns)

    @classmethod
    def equal(cls, bits: Iterable[int], value: int) -> Condition:
        """True where the bits, the first the least significant, are the binary digits of value."""
        bits = tuple(bits)
        if not 0 <= value < 2 ** len(bits):
            return cls(bits, ())
        return cls(bits, [tuple(value >> k & 1 for k in range(len(bits)))])

    def holds(self, values: Any) -> bool:
        """Whether it is true when classical bit ``k`` has the value ``values[k]``."""
        return tuple(int(values[b]) for b in self.bits) in self.accepted

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("Condition is immutable; build a new one instead")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Condition):
            return NotImplemented
        return (self.bits, self.accepted) == (other.bits, other.accepted)

    def __hash__(self) -> int:
        return hash((self.bits, self.accepted))

    def __repr__(self) -> str:
        shown = ", ".join("".join(map(str, p)) for p in self.accepted)
        return f"Condition({self.bits}, {{{shown}}})"


class _Dynamic(Operation):
    """What the operations of this file share: no inverse and no controlled form."""

    __slots__ = ()

    def inverse(self) -> Operation:
        raise UnsupportedError(
            f"{type(self).__name__} has no inverse: it is not a unitary",
            fix="invert the part of the circuit before the first measurement",
        )

    def control(self, controls: Any, values: Any = None) -> Operation:
        raise UnsupportedError(
            f"{type(self).__name__} cannot be controlled by qubits: it is not a unitary",
            fix="use If(bit, block) to make it depend on a measurement",
        )

    def _set(self, **fields: Any) -> Any:
        for key, value in fields.items():
            object.__setattr__(self, key, value)
        return self


class _Leafless(_Dynamic):
    """An operation without parameters: everything is structure."""

    __slots__ = ()

    def tree_flatten(self):
        return (), tuple(getattr(self, k) for k in type(self).__slots__)

    @classmethod
    def tree_unflatten(cls, aux, children):
        return object.__new__(cls)._set(**dict(zip(cls.__slots__, aux, strict=True)))

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return self.tree_flatten() == other.tree_flatten()  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((type(self), self.tree_flatten()))


@jax.tree_util.register_pytree_node_class
class Measure(_Leafless):
    """Measures a qubit in the Z basis and writes the outcome to a classical bit.

    Args:
        qubit: qubit index.
        bit: classical bit index, below the ``bits`` of the circuit.

    Example:
        >>> import qjax as qj
        >>> from qjax.circuit.dynamic import Measure
        >>> qj.Circuit(1, [qj.H(0), Measure(0, 0)], bits=1)
        Circuit(1, [H(0), Measure(0, 0)], bits=1)
    """

    __slots__ = ("bit", "qubit")
    qubit: int
    bit: int

    def __init__(self, qubit: int, bit: int) -> None:
        (qubit,) = as_qubits((qubit,), "Measure: ")
        (bit,) = _as_bits((bit,), "Measure")
        self._set(qubit=qubit, bit=bit)

    @property
    def qubits(self) -> tuple[int, ...]:
        return (self.qubit,)

    def map_qubits(self, mapping: Any) -> Measure:
        return Measure(_table(mapping).get(self.qubit, self.qubit), self.bit)

    def __repr__(self) -> str:
        return f"Measure({self.qubit}, {self.bit})"


@jax.tree_util.register_pytree_node_class
class Reset(_Leafless):
    """Puts a qubit into the state 0, whatever it held.

    Args:
        qubit: qubit index.
    """

    __slots__ = ("qubit",)
    qubit: int

    def __init__(self, qubit: int) -> None:
        (qubit,) = as_qubits((qubit,), "Reset: ")
        self._set(qubit=qubit)

    @property
    def qubits(self) -> tuple[int, ...]:
        return (self.qubit,)

    def map_qubits(self, mapping: Any) -> Reset:
        return Reset(_table(mapping).get(self.qubit, self.qubit))

    def __repr__(self) -> str:
        return f"Reset({self.qubit})"


@jax.tree_util.register_pytree_node_class
class Project(_Leafless):
    """Keeps the runs in which a qubit would be measured as ``outcome``: post-selection.

    What is asked afterwards is answered for the normalised state that was kept;
    ``qjax.expval(..., info=True)`` tells how probable it was.

    Args:
        qubit: qubit index.
        outcome: 0 or 1.

    Example:
        >>> import qjax as qj
        >>> bell = qj.Circuit(2, [qj.H(0), qj.CNOT(0, 1), qj.Project(0, 1)])
        >>> value, info = qj.expval(bell, qj.Z(1), sim=qj.DensityMatrix(), info=True)
        >>> round(float(value), 3), round(float(info.norm), 3)
        (-1.0, 0.5)
    """

    __slots__ = ("outcome", "qubit")
    qubit: int
    outcome: int

    def __init__(self, qubit: int, outcome: int) -> None:
        (qubit,) = as_qubits((qubit,), "Project: ")
        if outcome not in (0, 1):
            raise CircuitError("Project: outcome must be 0 or 1", got=repr(outcome))
        self._set(qubit=qubit, outcome=int(outcome))

    @property
    def qubits(self) -> tuple[int, ...]:
        return (self.qubit,)

    def map_qubits(self, mapping: Any) -> Project:
        return Project(_table(mapping).get(self.qubit, self.qubit), self.outcome)

    def __repr__(self) -> str:
        return f"Project({self.qubit}, {self.outcome})"


@jax.tree_util.register_pytree_node_class
class Barrier(_Leafless):
    """Keeps operations on the named qubits from being moved across it; does nothing else.

    Args:
        qubits: one qubit or several.
    """

    __slots__ = ("_qubits",)
    _qubits: tuple[int, ...]

    def __init__(self, qubits: Any) -> None:
        self._set(_qubits=tuple(dict.fromkeys(as_qubits(qubits, "Barrier: "))))

    @property
    def qubits(self) -> tuple[int, ...]:
        return self._qubits

    def inverse(self) -> Barrier:
        return self

    def control(self, controls: Any, values: Any = None) -> Barrier:
        return Barrier(tuple(as_qubits(controls)) + self._qubits)

    def map_qubits(self, mapping: Any) -> Barrier:
        table = _table(mapping)
        return Barrier([table.get(q, q) for q in self._qubits])

    def __repr__(self) -> str:
        return f"Barrier({', '.join(map(str, self._qubits))})"


@jax.tree_util.register_pytree_node_class
class Assign(_Leafless):
    """Gives a classical bit a fixed value.

    Args:
        bit: classical bit index.
        value: 0 or 1.
    """

    __slots__ = ("bit", "value")
    bit: int
    value: int

    def __init__(self, bit: int, value: int) -> None:
        (bit,) = _as_bits((bit,), "Assign")
        if value not in (0, 1):
            raise CircuitError("Assign: value must be 0 or 1", got=repr(value))
        self._set(bit=bit, value=int(value))

    @property
    def qubits(self) -> tuple[int, ...]:
        return ()

    def map_qubits(self, mapping: Any) -> Assign:
        return self

    def __repr__(self) -> str:
        return f"Assign({self.bit}, {self.value})"


@jax.tree_util.register_pytree_with_keys_class
class If(_Dynamic):
    """Operations that run only where classical bits say so.

    Args:
        condition: a classical bit (run where it is 1) or a `Condition` on several.
        block: operations, or a `Circuit`.
        else_block: what runs otherwise.

    Example:
        >>> import qjax as qj
        >>> from qjax.circuit.dynamic import If, Measure
        >>> qj.Circuit(2, [qj.H(0), Measure(0, 0), If(0, qj.X(1))], bits=1)
        Circuit(2, [H(0), Measure(0, 0), If(0, [X(1)])], bits=1)
    """

    __slots__ = ("condition", "else_ops", "ops")
    condition: Condition
    ops: Operations
    else_ops: Operations

    def __init__(self, condition: Any, block: Any, else_block: Any = None) -> None:
        self._set(
            condition=as_condition(condition, "If"),
            ops=flatten_operations(block, "If: block"),
            else_ops=() if else_block is None else flatten_operations(else_block, "If"),
        )

    def tree_flatten_with_keys(self):
        key = jax.tree_util.GetAttrKey
        return ((key("ops"), self.ops), (key("else_ops"), self.else_ops)), self.condition

    def tree_flatten(self):
        return (self.ops, self.else_ops), self.condition

    @classmethod
    def tree_unflatten(cls, aux, children):
        return object.__new__(cls)._set(condition=aux, ops=children[0], else_ops=children[1])

    @property
    def qubits(self) -> tuple[int, ...]:
        return tuple(sorted({q for op in self.ops + self.else_ops for q in op.qubits}))

    def map_qubits(self, mapping: Any) -> If:
        table = _table(mapping)
        ops, other = (tuple(o.map_qubits(table) for o in x) for x in (self.ops, self.else_ops))
        return object.__new__(If)._set(condition=self.condition, ops=ops, else_ops=other)

    def __repr__(self) -> str:
        other = f", {list(self.else_ops)!r}" if self.else_ops else ""
        return f"If({_show_condition(self.condition)}, {list(self.ops)!r}{other})"


@jax.tree_util.register_pytree_with_keys_class
class While(_Dynamic):
    """Operations repeated as long as classical bits say so, at most ``limit`` times.

    Args:
        condition: a classical bit (go on while it is 1) or a `Condition` on several.
        block: operations, or a `Circuit`.
        limit: the largest number of turns (a positive integer, static).
    """

    __slots__ = ("condition", "limit", "ops")
    condition: Condition
    ops: Operations
    limit: int

    def __init__(self, condition: Any, block: Any, limit: int) -> None:
        if isinstance(limit, bool) or not isinstance(limit, numbers.Integral) or int(limit) < 1:
            raise CircuitError("While: limit must be a positive integer", got=repr(limit))
        self._set(
            condition=as_condition(condition, "While"),
            ops=flatten_operations(block, "While: block"),
            limit=int(limit),
        )

    def tree_flatten_with_keys(self):
        return ((jax.tree_util.GetAttrKey("ops"), self.ops),), (self.condition, self.limit)

    def tree_flatten(self):
        return (self.ops,), (self.condition, self.limit)

    @classmethod
    def tree_unflatten(cls, aux, children):
        return object.__new__(cls)._set(condition=aux[0], limit=aux[1], ops=children[0])

    @property
    def qubits(self) -> tuple[int, ...]:
        return tuple(sorted({q for op in self.ops for q in op.qubits}))

    def map_qubits(self, mapping: Any) -> While:
        table = _table(mapping)
        ops = tuple(op.map_qubits(table) for op in self.ops)
        return object.__new__(While)._set(condition=self.condition, limit=self.limit, ops=ops)

    def __repr__(self) -> str:
        return f"While({_show_condition(self.condition)}, {list(self.ops)!r}, {self.limit})"


def as_condition(condition: Any, where: str) -> Condition:
    """A classical bit, or a `Condition`, as a `Condition`."""
    if isinstance(condition, Condition):
        return condition
    return Condition(_as_bits((condition,), where), [(1,)])


def _show_condition(condition: Condition) -> str:
    if condition.accepted == ((1,),):
        return str(condition.bits[0])
    return repr(condition)


def _table(mapping: Any) -> dict[int, int]:
    return dict(mapping) if hasattr(mapping, "keys") else dict(enumerate(mapping))


def _as_bits(bits: Any, where: str) -> tuple[int, ...]:
    try:
        return as_qubits(bits)
    except QjaxError as error:
        raise CircuitError(
            f"{where}: a classical bit is a non-negative integer",
            expected="0, 1, 2, ...",
            got=error.got,
        ) from None
