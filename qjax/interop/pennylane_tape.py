"""PennyLane's operations as operations of qjax, and its observables as Pauli sums."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import jax.numpy as jnp
import numpy as np

from ..circuit import Circuit, Gate
from ..circuit.constructors import StatePrep, Unitary
from ..errors import UnsupportedError
from ..pauli import PauliSum
from .needs import require

_BY_MATRIX = ("DiagonalQubitUnitary", "SISWAP", "PSWAP", "SingleExcitation", "DoubleExcitation")
_MATRIX = 8  # qubits of an operation that is taken by its matrix
Build = Callable[[list[Any], tuple[int, ...]], list[Gate]]


def _plain(name: str) -> Build:
    return lambda params, wires: [Gate(name, params, wires)]


def _rot(params: list[Any], q: tuple[int, ...]) -> list[Gate]:
    first, second, third = params
    return [Gate("RZ", [first], q), Gate("RY", [second], q), Gate("RZ", [third], q)]


def _crot(params: list[Any], q: tuple[int, ...]) -> list[Gate]:
    first, second, third = params
    return [Gate("CRZ", [first], q), Gate("CRY", [second], q), Gate("CRZ", [third], q)]


_ALIKE = (
    *("RX", "RY", "RZ", "S", "T", "SX", "U2", "U3", "CY", "CZ", "CH", "SWAP", "ISWAP", "ECR"),
    *("CSWAP", "CCZ", "CRX", "CRY", "CRZ"),
)
NAMES: dict[str, Build] = {
    **{name: _plain(name) for name in _ALIKE},
    **{f"Pauli{c}": _plain(c) for c in "XYZ"},
    **{f"Ising{c}": _plain(f"R{c}") for c in ("XX", "YY", "ZZ")},
    "Identity": lambda params, wires: [],
    "Hadamard": _plain("H"),
    "PhaseShift": _plain("P"),
    "U1": _plain("P"),
    "CNOT": _plain("CX"),
    "Toffoli": _plain("CCX"),
    "ControlledPhaseShift": _plain("CP"),
    "CPhase": _plain("CP"),
    "Rot": _rot,
    "CRot": _crot,
    "GlobalPhase": lambda params, wires: [Gate("GlobalPhase", [-params[0]], ())],
    "IsingXY": lambda params, wires: [Gate("XXPlusYY", [-params[0], np.zeros(())], wires)],
    "MultiRZ": lambda params, wires: [
        Gate("PauliRotation", params, wires, static="Z" * len(wires))
    ],
}


def supported(op: Any) -> bool:
    """Whether an operation of PennyLane can be taken as it is."""
    name = op.name
    if name in NAMES or name in ("PauliRot", "QubitUnitary"):
        return True
    if hasattr(op, "state_vector"):  # one that comes first is taken in any case
        return False
    inner = getattr(op, "base", None)
    if inner is not None and not isinstance(inner, list | tuple):
        if name.startswith(("C(", "Adjoint(")):
            return supported(inner)
        return bool(name.startswith("Pow(")) and op.has_matrix and len(op.wires) <= _MATRIX
    plain = name in _BY_MATRIX or not op.has_decomposition
    return bool(op.has_matrix and plain and len(op.wires) <= _MATRIX)


def from_pennylane(tape: Any, wires: Iterable[Any] | None = None) -> Circuit:
    """A circuit from the operations of a PennyLane tape.

    Args:
        tape: a `pennylane.tape.QuantumScript`, such as ``qml.tape.make_qscript(function)()``
            makes; what it measures is left out.
        wires: which wire becomes qubit 0, 1, ... (default: in the order of ``tape.wires``).

    Raises:
        UnsupportedError: PennyLane is not installed, or an operation that has no matrix.
    """
    require("pennylane", "from_pennylane")
    place = {wire: k for k, wire in enumerate(tape.wires if wires is None else wires)}
    ops = [gate for op in tape.operations for gate in gates(op, place)]
    return Circuit(max(len(place), 1), ops)


def gates(op: Any, place: dict[Any, int]) -> list[Gate]:
    """The operations that stand for one of PennyLane's."""
    name = op.name
    wires = tuple(place[w] for w in op.wires)
    params = [leaf(p) for p in op.data]
    if name in NAMES:
        return NAMES[name](params, wires)
    if hasattr(op, "state_vector"):
        vector = jnp.asarray(op.state_vector()).reshape(-1)
        return [StatePrep(vector, wires)]
    if name == "PauliRot":
        word = op.hyperparameters["pauli_word"]
        return [Gate("PauliRotation", params, wires, static=word)]
    if name.startswith("Adjoint("):
        return [g.inverse() for g in reversed(gates(op.base, place))]
    if name.startswith("C(") and supported(op):
        controls = tuple(place[w] for w in op.control_wires)
        values = [int(v) for v in op.control_values]
        inner = gates(op.base, place)
        if op.base.name == "Identity":
            return []
        return [g.control(controls, values) for g in inner]
    if op.has_matrix and len(wires) <= _MATRIX:
        return [Unitary(jnp.asarray(op.matrix()), wires)] if wires else []
    raise UnsupportedError(f"from_pennylane: {name} has no counterpart in qjax", got=f"{op}")


def leaf(value: Any) -> Any:
    """A parameter as a leaf: JAX values as they are, anything else as NumPy."""
    if hasattr(value, "aval"):
        return value
    array = np.asarray(value)
    return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)


def pauli_sum(observable: Any, place: dict[Any, int]) -> PauliSum | None:
    """An observable as a sum of Pauli words; None where PennyLane knows it by a matrix only."""
    sentence = getattr(observable, "pauli_rep", None)
    if not sentence:
        return None
    words: list[Any] = []
    weights: list[Any] = []
    for word, weight in sentence.items():
        words.append(tuple(sorted((place[w], letter) for w, letter in word.items())))
        weights.append(weight)
    return PauliSum(words, _stacked(weights))


def _stacked(weights: Iterable[Any]) -> Any:
    values = list(weights)
    if any(hasattr(w, "aval") for w in values):
        return jnp.stack([jnp.real(jnp.asarray(w)) for w in values])
    return np.real(np.asarray(values)).astype(np.float64)
