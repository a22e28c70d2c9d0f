"""Rotations whose angle depends on other qubits; diagonals and states made of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..operations import Gate
from .one_qubit import make

_ZERO = 1e-15  # radians: a rotation by less is left out


def rotation(
    name: str, angles: np.ndarray, controls: Sequence[int], target: int, entangler: str = "CX"
) -> list[Gate]:
    """RY or RZ by ``angles[j]`` where the controls hold the number ``j``; ``2**k`` CX.

    With CZ (RY only) the last entangler, ``CZ(controls[0], target)``, is left to the caller.

    Args:
        name: "RY" or "RZ".
        angles: radians, shape ``(2**k,)``.
        controls: k qubits, the first the most significant.
        target: the qubit that is rotated.
        entangler: "CX" or "CZ".

    Source: Mottonen et al., arXiv:quant-ph/0404089.
    """
    k = len(controls)
    gray = np.arange(2**k) ^ (np.arange(2**k) >> 1)
    signs = 1 - 2 * (np.bitwise_count(gray[:, None] & np.arange(2**k)[None, :]).astype(int) % 2)
    steps = signs @ np.asarray(angles, float) / 2**k
    out: list[Gate] = []
    for i, angle in enumerate(steps):
        if abs(angle) > _ZERO:
            out.append(make(name, (float(angle),), (target,)))
        last = i == 2**k - 1
        if k and not (last and entangler == "CZ"):
            bit = k - 1 if last else ((i + 1) & -(i + 1)).bit_length() - 1
            out.append(make(entangler, (), (controls[k - 1 - bit], target)))
    return _cancelled(out)


def _cancelled(gates: list[Gate]) -> list[Gate]:
    """Neighbouring equal entanglers removed."""
    out: list[Gate] = []
    for gate in gates:
        same = out and not gate.params and out[-1].name == gate.name
        if same and out[-1].targets == gate.targets:
            out.pop()
        else:
            out.append(gate)
    return out


def diagonal(phases: np.ndarray, qubits: Sequence[int]) -> list[Gate]:
    """``diag(exp(i phases))`` from RZ and CX, at most ``2**k - 2`` CX."""
    phases, qubits = np.asarray(phases, float), tuple(qubits)
    out: list[Gate] = []
    while qubits:
        *controls, target = qubits
        low, high = phases[0::2], phases[1::2]
        if np.any(np.abs(high - low) > _ZERO):
            out = rotation("RZ", high - low, controls, target) + out
        phases, qubits = (low + high) / 2, tuple(controls)
    if abs(phases[0]) > _ZERO:
        out.append(make("GlobalPhase", (float(phases[0]),), ()))
    return out


def state(vector: np.ndarray, qubits: Sequence[int]) -> list[Gate]:
    """Gates that take ``|0...0>`` to a normalised vector, shape ``(2**k,)``.

    Source: Mottonen et al., arXiv:quant-ph/0407010.
    """
    vector, qubits = np.asarray(vector), tuple(qubits)
    vector = vector / np.linalg.norm(vector)
    real = not np.any(np.imag(vector))
    sizes = np.real(vector) if real else np.abs(vector)
    levels = []
    for target in range(len(qubits) - 1, -1, -1):
        pairs = sizes.reshape(-1, 2)
        levels.append((target, 2 * np.arctan2(pairs[:, 1], pairs[:, 0])))
        sizes = np.hypot(pairs[:, 0], pairs[:, 1])
    out: list[Gate] = []
    for target, angles in reversed(levels):
        out += rotation("RY", angles, qubits[:target], qubits[target])
    if not real:
        out += diagonal(np.where(np.abs(vector) > 0, np.angle(vector), 0.0), qubits)
    return out
