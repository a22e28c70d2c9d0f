"""Noise models: which noise follows which operation, on which qubits, and what waiting costs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..circuit import Gate, Operation
from ..circuit.channels import ReadoutError, ThermalRelaxation
from ..circuit.operations import as_qubits
from ..errors import ParameterError
from ..gates import TABLE


@dataclass(frozen=True)
class Rule:
    """Noise that follows certain gates.

    Args:
        noise: called with the qubits of the gate (controls first), returns an operation or a list
            of them, such as ``lambda q: qj.Depolarizing(p, q)``. Strengths may be traced.
        gates: names of gates as in `qjax.gates.TABLE` (default: all).
        qubits: the gate's qubits in order, exactly (default: any).
        arity: only gates on this many qubits (default: any).

    Raises:
        ParameterError: a name that no gate has, or noise that is not a function.
    """

    noise: Any
    gates: Any = None
    qubits: Any = None
    arity: int | None = None

    def __post_init__(self) -> None:
        if not callable(self.noise):
            raise ParameterError(
                "Rule: noise must be a function of the gate's qubits",
                expected="such as lambda q: qj.Depolarizing(0.01, q)",
                got=repr(self.noise),
            )
        if self.gates is not None:
            object.__setattr__(self, "gates", _names(self.gates, "Rule"))
        if self.qubits is not None:
            object.__setattr__(self, "qubits", as_qubits(self.qubits, "Rule: "))

    def matches(self, gate: Gate) -> bool:
        """Whether the noise follows this gate."""
        return (
            (self.gates is None or gate.name in self.gates)
            and (self.qubits is None or gate.qubits == self.qubits)
            and (self.arity is None or len(gate.qubits) == self.arity)
        )

    def after(self, gate: Gate) -> list[Operation]:
        """The noise that follows this gate."""
        made = self.noise(*gate.qubits)
        return list(made) if isinstance(made, list | tuple) else [made]


def _names(gates: Any, owner: str) -> tuple[str, ...]:
    names = (gates,) if isinstance(gates, str) else tuple(gates)
    unknown = [name for name in names if name not in TABLE]
    if unknown:
        raise ParameterError(
            f"{owner}: gates: there is no gate named {unknown[0]!r}",
            expected="names of qjax.gates.TABLE, such as 'CX'",
            got=names,
        )
    return names


@dataclass(frozen=True)
class OverRotation:
    """Angles that come out too large: coherent errors.

    Args:
        fraction: every angle is multiplied by ``1 + fraction``; may be traced.
        gates: names of gates with one angle (default: every rotation).
        qubits: the gate's qubits in order, exactly (default: any).
    """

    fraction: Any
    gates: Any = ("RX", "RY", "RZ", "RXX", "RYY", "RZZ", "RZX", "CRX", "CRY", "CRZ")
    qubits: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "gates", _names(self.gates, "OverRotation"))
        if self.qubits is not None:
            object.__setattr__(self, "qubits", as_qubits(self.qubits, "OverRotation: "))

    def matches(self, gate: Gate) -> bool:
        """Whether this gate is turned too far."""
        return gate.name in self.gates and (self.qubits is None or gate.qubits == self.qubits)

    def turned(self, gate: Gate) -> Gate:
        """The gate as it comes out."""
        scaled = tuple(p * (1 + self.fraction) for p in gate.params)
        return gate._replace(params=scaled)


@dataclass(frozen=True)
class NoiseModel:
    """What a device does to a circuit, for `qjax.noise.insert`.

    Args:
        rules: `Rule` and `OverRotation`, applied in order.
        durations: how long a gate takes: ``{name: time}``, or a function of the gate. Gates that
            are not named take no time.
        t1: relaxation times by qubit, in the unit of the durations; with ``t2`` they make qubits
            relax during gates and while they wait for others.
        t2: coherence times by qubit.
        excited: population of state 1 in equilibrium.
        readout: for each qubit ``(zero_as_one, one_as_zero)``, or one pair for all.
        measure_duration: how long a measurement takes.

    Raises:
        ParameterError: only one of ``t1`` and ``t2``.

    Example:
        >>> import qjax as qj
        >>> from qjax import noise
        >>> model = noise.NoiseModel([noise.Rule(lambda q: qj.BitFlip(0.1, q), arity=1)])
        >>> noise.insert(qj.Circuit(2, [qj.X(0), qj.CNOT(0, 1)]), model)
        Circuit(2, [X(0), BitFlip(0.1, 0), CX(0, 1)])
    """

    rules: Iterable[Rule | OverRotation] = ()
    durations: Mapping[str, Any] | Callable[[Gate], Any] | None = None
    t1: Any = None
    t2: Any = None
    excited: Any = 0.0
    readout: Any = None
    measure_duration: Any = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "rules", tuple(self.rules))
        if (self.t1 is None) is not (self.t2 is None):
            raise ParameterError(
                "NoiseModel: t1 and t2 belong together",
                expected="both, or neither",
                got=f"t1={self.t1!r:.40}, t2={self.t2!r:.40}",
                fix="without pure dephasing t2 is 2 * t1",
            )

    def duration(self, gate: Gate) -> float:
        """How long a gate takes; 0 where nothing is said of it."""
        if self.durations is None:
            return 0.0
        if callable(self.durations):
            return float(self.durations(gate))
        return float(self.durations.get(gate.name, 0.0))

    def waiting(self, qubit: int, time: float) -> list[Operation]:
        """What happens to a qubit in the given time."""
        if self.t1 is None or time <= 0:
            return []
        t1, t2 = (_of_qubit(x, qubit, name) for x, name in ((self.t1, "t1"), (self.t2, "t2")))
        return [ThermalRelaxation(t1, t2, time, qubit, self.excited)]

    def reading(self, qubit: int) -> list[Operation]:
        """The error of reading a qubit out."""
        if self.readout is None:
            return []
        single = np.ndim(self.readout[0]) == 0
        pair = self.readout if single else _of_qubit(self.readout, qubit, "readout")
        return [ReadoutError(pair[0], pair[1], qubit)]


def _of_qubit(values: Any, qubit: int, name: str) -> Any:
    table = np.asarray(values) if not hasattr(values, "ndim") else values
    if table.ndim == 0:
        return table
    if qubit >= table.shape[0]:
        raise ParameterError(
            f"NoiseModel: {name} says nothing of qubit {qubit}",
            expected=f"at least {qubit + 1} values",
            got=f"{table.shape[0]}",
        )
    return table[qubit]
