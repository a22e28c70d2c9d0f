"""Powers of gates: ``pow(k) @``."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..circuit import Gate, Operation, Param
from ..circuit.synthesis import one_qubit
from ..circuit.synthesis.matrices import unitary
from ..errors import UnsupportedError
from ..gates import TABLE

_PERIOD = {  # of the angle, for gates whose power is the gate at a multiple of the angle
    **dict.fromkeys(
        ("RX", "RY", "RZ", "RXX", "RYY", "RZZ", "RZX", "CRX", "CRY", "CRZ"), 4 * math.pi
    ),
    **dict.fromkeys(("P", "CP", "GlobalPhase"), 2 * math.pi),
}
_ANGLE = {"Z": 1.0, "S": 0.5, "T": 0.25, "Sdg": -0.5, "Tdg": -0.25}  # of P, in units of pi
_MOST_REPEATS = 16
_MOST_QUBITS = 6


def power(ops: list[Any], exponent: float, spend: Callable[[int], None]) -> list[Operation]:
    """The operations to the power of a number, by the principal branch.

    Raises:
        UnsupportedError: a fractional power of something that is not a small unitary.
    """
    if exponent == 1:
        return ops
    if len(ops) == 1 and isinstance(ops[0], Gate):
        scaled = _scaled(ops[0], exponent)
        if scaled is not None:
            return [scaled]
    whole = float(exponent).is_integer()
    if whole and abs(exponent) <= _MOST_REPEATS:
        base = ops if exponent > 0 else [op.inverse() for op in reversed(ops)]
        return base * int(abs(exponent))
    if not ops:
        return []
    if not all(isinstance(op, Gate) for op in ops) or any(
        isinstance(p, Param) for op in ops for p in op.params
    ):
        raise UnsupportedError("only gates with known parameters have powers")
    qubits = tuple(dict.fromkeys(q for op in ops for q in op.qubits))
    if len(qubits) > _MOST_QUBITS:
        if whole:
            spend(len(ops) * int(abs(exponent)))
            base = ops if exponent > 0 else [op.inverse() for op in reversed(ops)]
            return base * int(abs(exponent))
        raise UnsupportedError(f"a fractional power of more than {_MOST_QUBITS} qubits")
    spend(4 ** len(qubits))
    return _matrix_power(ops, qubits, float(exponent))


def _scaled(gate: Gate, exponent: float) -> Gate | None:
    plain = gate.resolve()
    if plain.inverted:
        return None
    if plain.name in _ANGLE:
        angle: Any = _ANGLE[plain.name] * math.pi
        name = "P"
    elif plain.name in _PERIOD and len(plain.params) == 1:
        name, angle = plain.name, plain.params[0]
    else:
        return None
    if isinstance(angle, Param):
        if not float(exponent).is_integer():
            return None
    elif not float(exponent).is_integer():
        angle = math.remainder(float(angle), _PERIOD[name])
    else:
        angle = float(angle)
    value = angle * float(exponent)
    leaf = value if isinstance(value, Param) else np.asarray(value)
    assert TABLE[name].num_params == 1
    return plain._replace(name=name, params=(leaf,)).named()


def _matrix_power(ops: list[Gate], qubits: tuple[int, ...], exponent: float) -> list[Operation]:
    places = {q: k for k, q in enumerate(qubits)}
    u = unitary([op.map_qubits(places) for op in ops], len(qubits))
    # Schur form keeps the eigenvectors orthonormal where eigenvalues coincide.
    values, vectors = _eigen(u)
    phases = np.angle(values)
    phases = np.where(phases <= -np.pi + 1e-14, np.pi, phases)
    root = (vectors * np.exp(1j * exponent * phases)) @ vectors.conj().T
    if len(qubits) == 1:
        return list(one_qubit.gates(root, qubits[0]))
    return [Gate("Unitary", (root,), qubits)]


def _eigen(u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from ..circuit.synthesis.matrices import diagonalise

    return diagonalise(u)
