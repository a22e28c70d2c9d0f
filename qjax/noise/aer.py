"""Qiskit Aer noise models, taken over without importing Qiskit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..circuit.channels import KrausChannel
from ..errors import UnsupportedError
from ..gates import TABLE
from ..gates.matrices import PAULI
from .model import NoiseModel, Rule

_NAMES = {(s.qasm or s.name).lower(): s.name for s in TABLE.values()} | {"id": "I", "u": "U3"}
_RESET = [np.array([[1, 0], [0, 0]], complex), np.array([[0, 1], [0, 0]], complex)]


def from_aer(noise_model: Any) -> NoiseModel:
    """The noise model of a `qiskit_aer.noise.NoiseModel`: gate and readout errors.

    Args:
        noise_model: the model; qubit k is qubit k here.

    Raises:
        UnsupportedError: an error that has no counterpart here (of a gate that qjax lacks, or
            readout errors of several qubits at once).
    """
    table = noise_model.to_dict(serializable=False)
    rules, readout = [], {}
    for error in table["errors"]:
        places = [tuple(q) for q in error.get("gate_qubits", [])] or [None]
        if error["type"] == "roerror":
            p = np.asarray(error["probabilities"], float)
            if p.shape != (2, 2):
                raise UnsupportedError("from_aer: a readout error of several qubits at once")
            for place in places:
                readout[None if place is None else place[0]] = (p[0, 1], p[1, 0])
            continue
        names = [n for n in error["operations"] if n not in ("measure", "reset")]
        unknown = [n for n in names if n not in _NAMES]
        if unknown or not names:
            raise UnsupportedError(
                f"from_aer: an error of {(unknown or error['operations'])[0]!r}",
                expected=f"one of {', '.join(sorted(_NAMES))}",
            )
        operators = _operators(error["probabilities"], error["instructions"])
        gates = tuple(_NAMES[n] for n in names)
        rules += [Rule(_kraus(operators), gates, place, _arity(operators)) for place in places]
    return NoiseModel(rules, readout=_readout(readout))


def _kraus(operators: np.ndarray) -> Any:
    return lambda *qubits: KrausChannel(operators, qubits)


def _arity(operators: np.ndarray) -> int:
    return int(operators.shape[1]).bit_length() - 1


def _readout(table: dict[int | None, tuple[float, float]]) -> Any:
    if not table:
        return None
    default = table.pop(None, (0.0, 0.0))
    if not table:
        return np.array(default)
    last = max(q for q in table if q is not None)
    return np.array([table.get(q, default) for q in range(last + 1)])


def _operators(probabilities: Sequence[float], instructions: Sequence[Any]) -> np.ndarray:
    """Kraus operators on the gate's qubits, the first of them the most significant."""
    count = 1 + max(q for sequence in instructions for step in sequence for q in step["qubits"])
    out = []
    for p, sequence in zip(probabilities, instructions, strict=True):
        some = [np.eye(2**count, dtype=complex)]
        for step in sequence:
            some = [_on(m, step["qubits"], count) @ k for k in some for m in _step(step)]
        out += [np.sqrt(p) * k for k in some]
    return np.stack([k for k in out if np.max(np.abs(k)) > 1e-12])


def _step(step: Any) -> list[np.ndarray]:
    """Matrices of an instruction, its last qubit the most significant, as Qiskit has them."""
    name, params = step["name"], step.get("params", [])
    if name in ("id", "x", "y", "z"):
        return [PAULI["I" if name == "id" else name.upper()]]
    if name == "pauli":
        out = np.eye(1, dtype=complex)
        for letter in params[0]:
            out = np.kron(out, PAULI[letter])
        return [out]
    if name == "reset":
        return _RESET
    if name == "unitary":
        return [np.asarray(params[0], complex)]
    if name == "kraus":
        return [np.asarray(m, complex) for m in params]
    raise UnsupportedError(f"from_aer: an error made of {name!r}")


def _on(matrix: np.ndarray, qubits: Sequence[int], count: int) -> np.ndarray:
    """A matrix in Qiskit's order of qubits as one on ``count`` qubits, the first leading."""
    k = len(qubits)
    leading = list(reversed(qubits))
    rest = [q for q in range(count) if q not in qubits]
    full = np.kron(matrix, np.eye(2 ** (count - k))).reshape((2,) * (2 * count))
    order = np.argsort([*leading, *rest])
    return full.transpose([*order, *(count + order)]).reshape(2**count, 2**count)
