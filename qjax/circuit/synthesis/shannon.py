"""Unitaries on any number of qubits: the quantum Shannon decomposition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import CapacityError
from ..operations import Gate
from . import multiplexed, one_qubit, two_qubit
from .matrices import diagonalise
from .two_qubit import gather_phase

_MOST_QUBITS = 10
_YY = np.fliplr(np.diag([-1, 1, 1, -1])).astype(complex)
_ZZ = np.array([1, -1, -1, 1])


def gates(u: np.ndarray, qubits: Sequence[int]) -> list[Gate]:
    """A unitary as one-qubit gates and CX: 0, 3 and 20 CX for 1, 2 and 3 qubits at most.

    Args:
        u: shape ``(2**k, 2**k)``; made exactly unitary first.
        qubits: k qubits, the first the most significant.

    Raises:
        CapacityError: more than 10 qubits.

    Source: Shende, Bullock and Markov, arXiv:quant-ph/0406176, theorem 13 and appendix.
    """
    qubits = tuple(qubits)
    if len(qubits) > _MOST_QUBITS:
        raise CapacityError(
            f"a unitary on {len(qubits)} qubits would need about 4**{len(qubits)} gates",
            expected=f"at most {_MOST_QUBITS} qubits",
            fix="build the circuit from gates on fewer qubits",
        )
    left, _, right = np.linalg.svd(np.asarray(u, complex))
    u = left @ right
    if len(qubits) == 1:
        return one_qubit.gates(u, qubits[0])
    if len(qubits) == 2:
        return two_qubit.gates(u, *qubits)
    parts = _parts(u, qubits)
    last = max(k for k, part in enumerate(parts) if isinstance(part, np.ndarray))
    carried, out = np.ones(4, complex), []
    for k, part in enumerate(parts):
        if not isinstance(part, np.ndarray):
            out += part
            continue
        # A diagonal on the last two qubits passes through everything in between.
        part = part * carried[None, :]
        if k != last:
            angle = _diagonal_angle(part)
            carried = np.exp(-1j * angle * _ZZ)
            part = carried.conj()[:, None] * part
        out += two_qubit.gates(part, *qubits[-2:])
    return gather_phase(out)


def _parts(u: np.ndarray, qubits: tuple[int, ...]) -> list:
    """Matrices on the last two qubits, and lists of gates, in order."""
    if len(qubits) == 2:
        return [u]
    from scipy.linalg import cossin

    half = len(u) // 2
    blocks: Any = cossin(u, p=half, q=half, separate=True)
    (l0, l1), theta, (r0, r1) = blocks
    middle = multiplexed.rotation("RY", 2 * theta, qubits[1:], qubits[0], "CZ")
    # The CZ left over by the middle belongs to the block after it.
    sign = np.repeat([1, -1], half // 2)
    return [*_split(r0, r1, qubits), middle, *_split(l0, l1 * sign[None, :], qubits)]


def _split(a: np.ndarray, b: np.ndarray, qubits: tuple[int, ...]) -> list:
    """``a`` where the first qubit is 0, ``b`` where it is 1."""
    squares, v = diagonalise(a @ b.conj().T)
    phases = np.angle(squares) / 2
    w = np.exp(1j * phases)[:, None] * (v.conj().T @ b)
    turn = multiplexed.rotation("RZ", -2 * phases, qubits[1:], qubits[0])
    return [*_parts(w, qubits[1:]), turn, *_parts(v, qubits[1:])]


def _diagonal_angle(u: np.ndarray) -> float:
    """The ``t`` for which ``exp(i t ZZ) u`` needs two CX only."""
    u = u / np.linalg.det(u) ** 0.25
    d = np.diag(u @ _YY @ u.T @ _YY)
    a, b = d[0] + d[3], d[1] + d[2]
    return float(np.arctan2(-(a.imag + b.imag), a.real - b.real) / 2)
