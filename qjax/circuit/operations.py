"""Operations: gates with static structure and parameters as leaves."""

from __future__ import annotations

import numbers
import operator
from collections.abc import Iterable, Mapping
from typing import Any

import jax
import numpy as np
from jax.core import Tracer

from ..errors import (
    ArityError,
    CircuitError,
    ObservableError,
    ParameterError,
    QubitError,
    UnsupportedError,
)
from ..gates import TABLE, GateSpec
from ..pauli import PauliSum, as_pauli_sum, make_word
from .param import Param

_NAMED_CONTROLLED = {spec.controlled: spec.name for spec in TABLE.values() if spec.controlled}


class Operation:
    """Anything that a `Circuit` is made of. Immutable; a pytree whose leaves are parameters."""

    __slots__ = ()
    __array_ufunc__ = None

    @property
    def qubits(self) -> tuple[int, ...]:
        """Every qubit acted on, controls first."""
        raise NotImplementedError

    def inverse(self) -> Operation:
        """The operation undone."""
        raise NotImplementedError

    def control(self, controls: Any, values: Any = None) -> Operation:
        """The operation under more controls; see `Controlled`."""
        raise NotImplementedError

    def map_qubits(self, mapping: Mapping[int, int] | Iterable[int]) -> Operation:
        """The operation with qubit ``q`` renamed ``mapping[q]``."""
        raise NotImplementedError

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable; build a new one instead")


@jax.tree_util.register_pytree_with_keys_class
class Gate(Operation):
    """A gate of the table on definite qubits; made by `qjax.RX`, `qjax.CNOT` and the like.

    Attributes:
        name: the name in the gate table.
        params: the parameters (leaves).
        targets: the qubits that the table entry describes, in its order.
        controls: further controls, outside the table entry.
        values: the value (0 or 1) that each of ``controls`` must have.
        static: what else the gate needs to know (a Pauli word, a permutation).
        inverted: whether the adjoint of the table's matrix is meant.
    """

    __slots__ = ("controls", "inverted", "name", "params", "static", "targets", "values")
    name: str
    params: tuple
    targets: tuple[int, ...]
    controls: tuple[int, ...]
    values: tuple[int, ...]
    static: Any
    inverted: bool

    def __init__(
        self,
        name: str,
        params: Iterable[Any],
        targets: Any,
        *,
        controls: Any = (),
        values: Any = None,
        static: Any = None,
        inverted: bool = False,
    ) -> None:
        if name not in TABLE:
            raise CircuitError(f"there is no gate named {name!r}", fix="see qjax.gates.TABLE")
        where = f"{name}: "
        targets = as_qubits(targets, where)
        controls = as_qubits(controls, where + "controls: ")
        spec = TABLE[name]
        if spec.num_qubits is not None and len(targets) != spec.num_qubits:
            raise ArityError(
                f"{name} acts on {spec.num_qubits} qubit(s)",
                expected=f"{spec.num_qubits} qubit(s)",
                got=f"{len(targets)}: {targets}",
            )
        check_distinct(controls + targets, where)
        self._set(
            name, tuple(params), targets, controls, as_values(values, controls), static, inverted
        )

    def _set(self, *fields: Any) -> Gate:
        names = ("name", "params", "targets", "controls", "values", "static", "inverted")
        for key, value in zip(names, fields, strict=True):
            object.__setattr__(self, key, value)
        return self

    def tree_flatten_with_keys(self):
        keyed = tuple((jax.tree_util.SequenceKey(k), p) for k, p in enumerate(self.params))
        return keyed, self._aux()

    def tree_flatten(self):
        return self.params, self._aux()

    def _aux(self) -> tuple:
        return (self.name, self.targets, self.controls, self.values, self.static, self.inverted)

    @classmethod
    def tree_unflatten(cls, aux, children):
        name, targets, controls, values, static, inverted = aux
        return object.__new__(cls)._set(
            name, tuple(children), targets, controls, values, static, inverted
        )

    def _replace(self, **changes: Any) -> Gate:
        fields = {
            key: changes.get(key, getattr(self, key))
            for key in ("name", "params", "targets", "controls", "values", "static", "inverted")
        }
        return object.__new__(Gate)._set(*fields.values())

    @property
    def spec(self) -> GateSpec:
        """The gate's entry in the table."""
        return TABLE[self.name]

    @property
    def qubits(self) -> tuple[int, ...]:
        return self.controls + self.targets

    def resolve(self) -> Gate:
        """The same gate with the controls of its name (as in CX) among ``controls``."""
        if self.spec.controlled is None:
            return self
        base, k = self.spec.controlled
        return self._replace(
            name=base,
            targets=self.targets[k:],
            controls=self.controls + self.targets[:k],
            values=self.values + (1,) * k,
        )

    def inverse(self) -> Gate:
        """The adjoint gate.

        Raises:
            UnsupportedError: for a state preparation, which is not a unitary.
        """
        if self.name == "StatePrep":
            raise UnsupportedError(
                "StatePrep has no inverse: it prepares a state, it is not a unitary",
                fix="compare states with qjax.overlap(a, b) instead of appending an inverse",
            )
        if self.inverted:
            return self._replace(inverted=False)
        if self.static is not None and self.name == "Permutation":
            return self._replace(static=tuple(int(k) for k in np.argsort(self.static)))
        if self.spec.inverse is not None:
            name, params = self.spec.inverse(self.params)
            return self._replace(name=name, params=tuple(_leaf(p) for p in params))
        plain = self.resolve()
        if plain is not self:
            return plain.inverse().named()
        return self._replace(inverted=True)

    def named(self) -> Gate:
        """The same gate under the shortest name (X with one control is CX)."""
        plain = self.resolve()
        for k in range(len(plain.controls), 0, -1):
            if all(plain.values[-k:]) and (plain.name, k) in _NAMED_CONTROLLED:
                return plain._replace(
                    name=_NAMED_CONTROLLED[plain.name, k],
                    targets=plain.controls[-k:] + plain.targets,
                    controls=plain.controls[:-k],
                    values=plain.values[:-k],
                )
        return plain

    def control(self, controls: Any, values: Any = None) -> Gate:
        if self.name == "StatePrep":
            raise UnsupportedError("StatePrep cannot be controlled: it is not a unitary")
        controls = as_qubits(controls, "Controlled: controls: ")
        values = as_values(values, controls)
        plain = self.resolve()
        check_distinct(controls + plain.qubits, f"Controlled({self.name}): ")
        return plain._replace(
            controls=controls + plain.controls, values=values + plain.values
        ).named()

    def map_qubits(self, mapping: Mapping[int, int] | Iterable[int]) -> Gate:
        table = dict(mapping) if isinstance(mapping, Mapping) else dict(enumerate(mapping))
        renamed = as_qubits([table.get(q, q) for q in self.qubits], f"{self.name}: ")
        check_distinct(renamed, f"{self.name}: map_qubits: ")
        k = len(self.controls)
        return self._replace(controls=renamed[:k], targets=renamed[k:])

    # --- Pauli gates are observables too ---
    def __pauli_sum__(self) -> PauliSum:
        if self.name not in ("I", "X", "Y", "Z") or self.controls:
            raise ObservableError(
                "only I, X, Y and Z are observables",
                got=repr(self),
                fix="write an observable as a sum of Pauli products, or use qjax.Hermitian",
            )
        return PauliSum([make_word(self.name, self.targets)], np.ones(1))

    def __matmul__(self, other: Any) -> PauliSum:
        return as_pauli_sum(self) @ other

    def __add__(self, other: Any) -> PauliSum:
        return as_pauli_sum(self) + other

    __radd__ = __add__

    def __sub__(self, other: Any) -> PauliSum:
        return as_pauli_sum(self) - other

    def __rsub__(self, other: Any) -> PauliSum:
        return as_pauli_sum(other) - as_pauli_sum(self)

    def __mul__(self, scalar: Any) -> PauliSum:
        return as_pauli_sum(self) * scalar

    __rmul__ = __mul__

    def __truediv__(self, scalar: Any) -> PauliSum:
        return as_pauli_sum(self) / scalar

    def __neg__(self) -> PauliSum:
        return -as_pauli_sum(self)

    def __repr__(self) -> str:
        params = [] if self.name == "Evolution" and len(self.params) == 3 else list(self.params)
        if len(params) != len(self.params):
            params = ["Eigensystem(...)", self.params[-1]]
        args = [_show(p) for p in params]
        if self.static is not None:
            args.append(repr(self.static))
        text = f"{self.name}({', '.join(args + [str(q) for q in self.targets])})"
        if self.inverted:
            text = f"Inverse({text})"
        if self.controls:
            zeros = "" if all(self.values) else f", {self.values}"
            text = f"Controlled({text}, {self.controls}{zeros})"
        return text


def _show(value: Any) -> str:
    if isinstance(value, Param | str):
        return str(value)
    if isinstance(value, Tracer) or not hasattr(value, "shape"):
        return "?"
    if value.shape == ():
        return f"{float(value):.6g}"
    return f"<{'x'.join(map(str, value.shape))}>"


def _leaf(value: Any) -> Any:
    return np.asarray(value) if isinstance(value, np.generic | float) else value


# --- checks, shared by every constructor ---------------------------------------------------------


def as_qubits(qubits: Any, where: str = "") -> tuple[int, ...]:
    """``qubits`` (one or several) as a tuple of non-negative Python ints."""
    scalar = getattr(qubits, "ndim", 1) == 0 or isinstance(qubits, numbers.Integral | Tracer)
    listed: Any = (qubits,) if scalar else qubits
    try:
        items = tuple(listed)
    except TypeError:
        raise QubitError(
            f"{where}qubits must be integers", expected="an int or several", got=repr(qubits)
        ) from None
    for q in items:
        if isinstance(q, Tracer):
            raise QubitError(
                f"{where}a qubit must be a Python integer, not a traced value",
                fix="qubits are structure: keep them out of the arguments of jit, vmap and grad",
            )
    out = tuple(_as_qubit(q, where) for q in items)
    if any(q < 0 for q in out):
        raise QubitError(
            f"{where}a qubit must not be negative",
            expected="0, 1, 2, ... (qubit 0 is the left-most)",
            got=", ".join(map(str, out)),
        )
    return out


def _as_qubit(qubit: Any, where: str) -> int:
    try:
        if not isinstance(qubit, bool | np.bool_):
            return operator.index(qubit)
    except TypeError:
        pass
    raise QubitError(f"{where}a qubit must be an integer", expected="0, 1, 2, ...", got=repr(qubit))


def check_distinct(qubits: tuple[int, ...], where: str = "") -> None:
    """Raise `QubitError` where a qubit is named twice."""
    if len(set(qubits)) != len(qubits):
        raise QubitError(
            f"{where}every qubit may be named once only",
            got=qubits,
            fix="controls and targets must all be different",
        )


def as_values(values: Any, controls: tuple[int, ...]) -> tuple[int, ...]:
    """Control values: all ones unless given, one per control."""
    if values is None:
        return (1,) * len(controls)
    out = tuple(values) if isinstance(values, Iterable) else (values,)
    if len(out) != len(controls) or any(v not in (0, 1) for v in out):
        raise ParameterError(
            "values needs a 0 or a 1 for every control",
            expected=f"{len(controls)} of 0 or 1",
            got=values,
        )
    return tuple(int(v) for v in out)


def as_array(value: Any, shape: tuple[int, ...], name: str, *, complex_ok: bool = False) -> Any:
    """A parameter as a leaf: NumPy float64 from Python and NumPy, JAX arrays as they are (integers
    as floats, so that every leaf of a gate can be differentiated).

    Raises:
        ParameterError: wrong type or shape, or concrete and not finite.
    """
    if isinstance(value, Param):
        if shape != ():
            raise ParameterError(f"{name} needs an array of shape {shape}; a Param is a scalar")
        return value
    if not isinstance(value, jax.Array):
        try:
            array = np.asarray(value)
        except ValueError:
            array = np.asarray(value, object)
        if array.dtype.kind not in ("iufc" if complex_ok else "iuf"):
            raise ParameterError(
                f"{name} must be {'numbers' if complex_ok else 'real numbers'}",
                expected=f"{'' if complex_ok else 'real '}number(s) of shape {shape}",
                got=f"{type(value).__name__}: {value!r:.60}",
            )
        value = array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)
    else:
        kinds = (np.complexfloating, np.floating, np.integer)[0 if complex_ok else 1 :]
        if not any(jax.numpy.issubdtype(value.dtype, kind) for kind in kinds):
            raise ParameterError(
                f"{name} must be {'numbers' if complex_ok else 'real numbers'}",
                expected=f"{'' if complex_ok else 'real '}number(s) of shape {shape}",
                got=f"dtype {value.dtype}",
            )
        if jax.numpy.issubdtype(value.dtype, np.integer):
            value = value.astype(jax.dtypes.canonicalize_dtype(np.float64))
    if value.shape != shape:
        raise ParameterError(
            f"{name} has the wrong shape",
            expected=f"shape {shape}",
            got=f"shape {value.shape}",
            fix="for many values of a parameter use jax.vmap over the function that builds the "
            "circuit, or qjax.Layers for repeated layers",
        )
    if is_concrete(value) and not np.all(np.isfinite(np.asarray(value))):
        raise ParameterError(f"{name} must be finite", got=f"{np.asarray(value)}")
    return value


def is_concrete(value: Any) -> bool:
    """Whether the numbers are known now (no tracer, no placeholder)."""
    return isinstance(value, np.ndarray | jax.Array) and not isinstance(value, Tracer)
