"""Repeated blocks, which run as one `jax.lax.scan`: compile time does not grow with depth."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import jax
import numpy as np
from jax.extend.core import Literal

from ..errors import CircuitError, ParameterError
from .operations import Operation, is_concrete

Operations = tuple[Operation, ...]


def flatten_operations(items: Any, where: str) -> Operations:
    """Nested lists and circuits of operations as one flat tuple."""
    if isinstance(items, Operation):
        items = getattr(items, "ops", None) if hasattr(items, "bits") else (items,)
    out: list[Operation] = []
    if items is None or isinstance(items, str | bytes | dict) or not isinstance(items, Iterable):
        raise CircuitError(
            f"{where} needs operations",
            expected="a Circuit or a list of operations such as [qj.H(0), qj.CNOT(0, 1)]",
            got=f"{type(items).__name__}: {items!r:.60}",
        )
    for item in items:
        if isinstance(item, list | tuple) or hasattr(item, "bits"):
            out.extend(flatten_operations(item, where))
        elif isinstance(item, Operation):
            out.append(item)
        else:
            hint = None
            if callable(item):
                hint = f"call it with its qubits, such as {getattr(item, '__name__', 'H')}(0)"
            elif type(item).__name__ == "PauliSum":
                hint = "a sum or product of Paulis is an observable; list the gates separately"
            raise CircuitError(
                f"{where}: number {len(out)} is not an operation",
                expected="a gate, a block or a Circuit",
                got=f"{type(item).__name__}: {item!r:.60}",
                fix=hint,
            )
    return tuple(out)


class _Block(Operation):
    """What `Layers` and `Repeat` share: a body that is run several times."""

    __slots__ = ("ops",)
    ops: Operations

    @property
    def qubits(self) -> tuple[int, ...]:
        return tuple(sorted({q for op in self.ops for q in op.qubits}))

    @property
    def length(self) -> int:
        """How often the body runs."""
        raise NotImplementedError

    def unroll(self) -> Iterator[Operations]:
        """The body of every turn, with its own parameters."""
        raise NotImplementedError

    def _with(self, ops: Operations) -> _Block:
        raise NotImplementedError

    def control(self, controls: Any, values: Any = None) -> Operation:
        return self._with(tuple(op.control(controls, values) for op in self.ops))

    def map_qubits(self, mapping: Any) -> Operation:
        mapping = mapping if hasattr(mapping, "keys") else dict(enumerate(mapping))
        return self._with(tuple(op.map_qubits(mapping) for op in self.ops))


@jax.tree_util.register_pytree_with_keys_class
class Layers(_Block):
    """The same layer with other parameters each time, run as one `jax.lax.scan`.

    Args:
        layer_fn: takes the parameters of one layer, returns a `Circuit` or a list of operations.
            Its structure must not depend on the values of the parameters.
        stacked_params: a pytree whose leaves carry a leading layer axis of one common length.

    Parameters that do not depend on ``stacked_params`` (constants, or values that ``layer_fn``
    closes over) are held once, not once per layer.

    Raises:
        ParameterError: no leaves, scalars, or leading axes that differ.
        CircuitError: layer_fn returns something else than operations.

    Example:
        >>> import jax.numpy as jnp, qjax as qj
        >>> layer = lambda w: [qj.RY(w[0], 0), qj.RY(w[1], 1), qj.CNOT(0, 1)]
        >>> qj.Circuit(2, [qj.Layers(layer, jnp.ones((50, 2)))]).depth()
        100
    """

    __slots__ = ("_length", "reverse", "stacked")
    stacked: tuple[bool, ...]  # which leaves carry the layer axis
    reverse: bool  # whether the last layer runs first
    _length: int

    def __init__(self, layer_fn: Callable[[Any], Any], stacked_params: Any) -> None:
        if not callable(layer_fn):
            raise CircuitError(
                "Layers: layer_fn must be a function", got=f"{type(layer_fn).__name__}"
            )
        length = _common_length(stacked_params)

        def body(params: Any) -> Operations:
            return flatten_operations(layer_fn(params), "Layers: what layer_fn returns")

        if length == 0:
            raise ParameterError("Layers: stacked_params has no layers", expected="at least one")
        one = jax.tree.map(
            lambda x: jax.ShapeDtypeStruct(
                np.shape(x)[1:], jax.dtypes.canonicalize_dtype(_dtype(x))
            ),
            stacked_params,
        )

        def traced(params: Any) -> Operations:
            return jax.tree.map(_canonical, body(params))

        # Leaves of the body that are constants of the traced function do not vary by layer.
        closed, shapes = jax.make_jaxpr(traced, return_shape=True)(one)
        constants = set(closed.jaxpr.constvars)
        fixed = tuple(isinstance(v, Literal) or v in constants for v in closed.jaxpr.outvars)
        fixed_leaves: list[Any] = [None] * len(fixed)
        treedef = jax.tree.structure(shapes)

        def varying(params: Any) -> list[Any]:
            leaves = jax.tree.leaves(body(params))
            for k, (leaf, is_fixed) in enumerate(zip(leaves, fixed, strict=True)):
                if is_fixed:
                    fixed_leaves[k] = leaf
            return [leaf for leaf, is_fixed in zip(leaves, fixed, strict=True) if not is_fixed]

        moving = iter(jax.vmap(varying)(stacked_params))
        leaves = [fixed_leaves[k] if is_fixed else next(moving) for k, is_fixed in enumerate(fixed)]
        self._set(jax.tree.unflatten(treedef, leaves), tuple(not f for f in fixed), False, length)
        if not all(np.all(np.isfinite(np.asarray(x))) for x in leaves if is_concrete(x)):
            raise ParameterError(
                "Layers: stacked_params must give finite parameters",
                expected="finite numbers in every layer",
                got="NaN or infinity",
            )
        if any(_has_preparation(op) for op in self.ops):
            raise CircuitError(
                "Layers: StatePrep cannot stand in a repeated block", fix="put it before the block"
            )

    def _set(
        self, ops: Operations, stacked: tuple[bool, ...], reverse: bool, length: int
    ) -> Layers:
        object.__setattr__(self, "ops", ops)
        object.__setattr__(self, "stacked", stacked)
        object.__setattr__(self, "reverse", reverse)
        object.__setattr__(self, "_length", length)
        return self

    def tree_flatten_with_keys(self):
        return ((jax.tree_util.GetAttrKey("ops"), self.ops),), (
            self.stacked,
            self.reverse,
            self._length,
        )

    def tree_flatten(self):
        return (self.ops,), (self.stacked, self.reverse, self._length)

    @classmethod
    def tree_unflatten(cls, aux, children):
        return object.__new__(cls)._set(children[0], *aux)

    @property
    def length(self) -> int:
        return self._length

    def at(self, index: Any) -> Operations:
        """The operations of layer ``index`` (an integer, traced or not)."""
        leaves, treedef = jax.tree.flatten(self.ops)
        return treedef.unflatten(
            [x[index] if s else x for x, s in zip(leaves, self.stacked, strict=True)]
        )

    def split(self) -> tuple[list[Any], Callable[[list[Any]], Operations]]:
        """The stacked leaves, and the function from one slice of them to the operations."""
        leaves, treedef = jax.tree.flatten(self.ops)
        moving = [x for x, s in zip(leaves, self.stacked, strict=True) if s]

        def rebuild(part: list[Any]) -> Operations:
            source = iter(part)
            return treedef.unflatten(
                [next(source) if s else x for x, s in zip(leaves, self.stacked, strict=True)]
            )

        return moving, rebuild

    def unroll(self) -> Iterator[Operations]:
        turns = range(self._length)
        return (self.at(k) for k in (reversed(turns) if self.reverse else turns))

    def _with(self, ops: Operations) -> Layers:
        return object.__new__(Layers)._set(ops, self.stacked, self.reverse, self._length)

    def inverse(self) -> Layers:
        # Inverting may reorder or add parameters, so each leaf's mark travels along with it.
        marks = jax.tree.structure(self.ops).unflatten([_Mark(s) for s in self.stacked])
        order = jax.tree.leaves(tuple(op.inverse() for op in reversed(marks)))
        stacked = tuple(isinstance(m, _Mark) and m.moving for m in order)
        inverted = tuple(op.inverse() for op in reversed(self.ops))
        return object.__new__(Layers)._set(inverted, stacked, not self.reverse, self._length)

    def __repr__(self) -> str:
        return f"Layers({len(self.ops)} operations, {self._length} times)"


class _Mark:
    """A leaf that stands for a parameter and remembers whether it varies by layer."""

    def __init__(self, moving: bool) -> None:
        self.moving = moving

    def __neg__(self) -> _Mark:
        return self


@jax.tree_util.register_pytree_with_keys_class
class Repeat(_Block):
    """The same operations with the same parameters several times, run as one `jax.lax.scan`.

    Args:
        block: a `Circuit` or a list of operations.
        times: how often, a positive integer (static).

    Example:
        >>> import qjax as qj
        >>> qj.Circuit(1, [qj.Repeat([qj.RX(0.1, 0)], 10)]).counts()
        {'RX': 10}
    """

    __slots__ = ("times",)
    times: int

    def __init__(self, block: Any, times: int) -> None:
        if isinstance(times, bool) or not isinstance(times, numbers.Integral) or int(times) < 1:
            raise ParameterError(
                "Repeat: times must be a positive integer",
                expected="1, 2, 3, ...",
                got=repr(times),
                fix="times is structure: a Python integer, not an array or a traced value",
            )
        ops = flatten_operations(block, "Repeat: block")
        if any(_has_preparation(op) for op in ops):
            raise CircuitError(
                "Repeat: StatePrep cannot stand in a repeated block", fix="put it before the block"
            )
        self._set(ops, int(times))

    def _set(self, ops: Operations, times: int) -> Repeat:
        object.__setattr__(self, "ops", ops)
        object.__setattr__(self, "times", times)
        return self

    def tree_flatten_with_keys(self):
        return ((jax.tree_util.GetAttrKey("ops"), self.ops),), self.times

    def tree_flatten(self):
        return (self.ops,), self.times

    @classmethod
    def tree_unflatten(cls, times, children):
        return object.__new__(cls)._set(children[0], times)

    @property
    def length(self) -> int:
        return self.times

    def unroll(self) -> Iterator[Operations]:
        return (self.ops for _ in range(self.times))

    def _with(self, ops: Operations) -> Repeat:
        return object.__new__(Repeat)._set(ops, self.times)

    def inverse(self) -> Repeat:
        return self._with(tuple(op.inverse() for op in reversed(self.ops)))

    def __repr__(self) -> str:
        return f"Repeat({len(self.ops)} operations, {self.times} times)"


def _dtype(x: Any) -> Any:
    return x.dtype if hasattr(x, "dtype") else np.asarray(x).dtype


def _canonical(leaf: Any) -> Any:
    """A NumPy leaf in the precision that JAX has enabled; anything else as it is."""
    if isinstance(leaf, np.ndarray):
        return leaf.astype(jax.dtypes.canonicalize_dtype(leaf.dtype))
    if not isinstance(leaf, jax.Array):
        raise CircuitError(
            "Layers: parameters must be numbers or arrays",
            got=f"{type(leaf).__name__}: {leaf!r:.40}",
            fix="bind placeholders first, or list the layers one by one",
        )
    return leaf


def _common_length(stacked_params: Any) -> int:
    leaves = jax.tree.leaves(stacked_params)
    shapes = [np.shape(x) for x in leaves]
    if not shapes or any(len(s) == 0 for s in shapes) or len({s[0] for s in shapes}) != 1:
        raise ParameterError(
            "Layers: every leaf of stacked_params needs the same leading layer axis",
            expected="arrays of shape (layers, ...)",
            got=f"shapes {shapes}" if shapes else "no arrays",
            fix="stack the parameters of the layers with jnp.stack, or use Repeat",
        )
    return shapes[0][0]


def _has_preparation(op: Any) -> bool:
    inner = getattr(op, "ops", None)
    if inner is not None:
        return any(_has_preparation(o) for o in inner)
    return getattr(op, "name", None) == "StatePrep"
