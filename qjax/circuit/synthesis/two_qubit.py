"""Two-qubit unitaries with at most three CX: the Cartan (KAK) decomposition."""

from __future__ import annotations

import numpy as np

from ...gates.matrices import pauli_matrix
from ..operations import Gate
from . import one_qubit
from .one_qubit import make

_MAGIC = np.array([[1, 0, 0, 1j], [0, 1j, 1, 0], [0, 1j, -1, 0], [1, 0, 0, -1j]]) / np.sqrt(2)
_WORDS = ("XX", "YY", "ZZ")
# exp(i (a XX + b YY + c ZZ)) is diagonal in the magic basis; its phases are SIGNS @ (a, b, c).
_SIGNS = np.stack(
    [np.real(np.diag(_MAGIC.conj().T @ pauli_matrix(w) @ _MAGIC)).round() for w in _WORDS], axis=1
)
_HALF = np.pi / 2
_SMALL = 1e-12  # a coordinate below this counts as zero
_CYCLE = np.array([[1, -1j], [1, 1j]]) / np.sqrt(2)  # takes X to Y to Z to X by conjugation


def kak(u: np.ndarray) -> tuple[complex, np.ndarray, np.ndarray, np.ndarray]:
    """``u = phase (l0 x l1) exp(i (a XX + b YY + c ZZ)) (r0 x r1)``.

    Args:
        u: a unitary, shape ``(4, 4)``.

    Returns:
        The phase, ``(l0, l1)`` and ``(r0, r1)`` of shape ``(2, 2, 2)``, and ``(a, b, c)``, each in
        ``(-pi/4, pi/4]``.

    Source: Tucci, arXiv:quant-ph/0507171; Vatan and Williams, arXiv:quant-ph/0308006.
    """
    phase = np.linalg.det(u) ** 0.25
    v = _MAGIC.conj().T @ (u / phase) @ _MAGIC
    p = _real_eigenvectors(v.T @ v)
    if np.linalg.det(p) < 0:
        p[:, 0] = -p[:, 0]
    roots = np.exp(0.5j * np.angle(np.diag(p.T @ (v.T @ v) @ p)))
    if np.linalg.det(v).real * np.prod(roots).real < 0:
        roots[0] = -roots[0]
    k = ((v @ p) / roots).real
    angles = np.angle(roots)
    mean = angles.mean()
    phase = phase * np.exp(1j * mean)
    coordinates = _SIGNS.T @ (angles - mean) / 4
    left, extra = _factors(_MAGIC @ k @ _MAGIC.conj().T)
    right, more = _factors(_MAGIC @ p.T @ _MAGIC.conj().T)
    phase *= extra * more
    for axis, word in enumerate(_WORDS):  # whole half turns are local
        turns = int(np.ceil(coordinates[axis] / _HALF - 0.5))
        if turns:
            coordinates[axis] -= turns * _HALF
            phase *= 1j**turns
            if turns % 2:
                flip = pauli_matrix(word[0])
                left = np.stack([left[0] @ flip, left[1] @ flip])
    return complex(phase), left, right, coordinates


def _real_eigenvectors(m: np.ndarray) -> np.ndarray:
    """Real orthonormal eigenvectors of a symmetric unitary."""
    best, found = np.inf, np.eye(4)
    for mix in (0.7310585786, 0.2934519812, 1.9, 0.0612345, -0.55, 7.1):
        _, p = np.linalg.eigh(np.real(m) + mix * np.imag(m))
        d = p.T @ m @ p
        error = float(np.max(np.abs(d - np.diag(np.diag(d)))))
        if error < best:
            best, found = error, p
        if best < 1e-13:
            break
    return found


def _factors(u: np.ndarray) -> tuple[np.ndarray, complex]:
    """The factors of a product ``a x b``, each of determinant 1, and the phase left over."""
    t = u.reshape(2, 2, 2, 2).transpose(0, 2, 1, 3)  # [a row, a column, b row, b column]
    row, column = np.unravel_index(np.argmax(np.abs(t).sum((2, 3))), (2, 2))
    b = t[row, column] / np.sqrt(np.linalg.det(t[row, column]) + 0j)
    a = np.einsum("ijkl,kl->ij", t, b.conj()) / 2
    phase = np.sqrt(np.linalg.det(a) + 0j)
    return np.stack([a / phase, b]), complex(phase)


def gates(u: np.ndarray, q0: int, q1: int) -> list[Gate]:
    """A two-qubit unitary with as few CX as it needs: 0, 1, 2 or 3.

    Args:
        u: shape ``(4, 4)``, ``q0`` the most significant.
        q0, q1: where it acts.
    """
    phase, left, right, (a, b, c) = kak(np.asarray(u, complex))
    size = np.abs([a, b, c])
    zero = size < _SMALL
    quarter = np.abs(size - np.pi / 4) < _SMALL
    if zero.all():
        core: list = []
    elif zero.sum() == 2 and quarter.any():
        core, left, right, phase = _one(int(np.argmax(quarter)), (a, b, c), left, right, phase)
    elif zero.any():
        # Turn the axes until the vanishing one is YY: XX and ZZ are what two CX make.
        while np.abs(b) >= _SMALL:
            left = np.stack([m @ _CYCLE.conj().T for m in left])
            right = np.stack([_CYCLE @ m for m in right])
            a, b, c = c, a, b
        core = ["CX", (_rotation("X", -2 * a), _rotation("Z", -2 * c)), "CX"]
    else:
        phase *= np.exp(0.25j * np.pi)
        right = np.stack([right[0], _rotation("Z", -_HALF) @ right[1]])
        left = np.stack([left[0] @ _rotation("Z", _HALF), left[1]])
        core = [
            "XC",
            (_rotation("Z", _HALF - 2 * c), _rotation("Y", 2 * a - _HALF)),
            "CX",
            (np.eye(2), _rotation("Y", _HALF - 2 * b)),
            "XC",
        ]
    out: list[Gate] = []
    layers = (
        [right, *core, left]
        if core
        else [np.stack([x @ y for x, y in zip(left, right, strict=True)])]
    )
    for layer in layers:
        if isinstance(layer, str):
            out.append(make("CX", (), (q0, q1) if layer == "CX" else (q1, q0)))
        else:
            for m, q in zip(layer, (q0, q1), strict=True):
                out += one_qubit.gates(m, q)
    return gather_phase(out, float(np.angle(phase)))


def _one(axis: int, abc: tuple, left: np.ndarray, right: np.ndarray, phase: complex) -> tuple:
    """``exp(+-i pi/4 P P)`` with one CX: ``CX = e^{i pi/4} exp(-i pi/4 (Z + X - Z X))``."""
    # Bring the axis to ZZ, then the second qubit's Z to X.
    for _ in range((2 - axis) % 3):
        left = np.stack([m @ _CYCLE.conj().T for m in left])
        right = np.stack([_CYCLE @ m for m in right])
    h = np.array([[1, 1], [1, -1]]) / np.sqrt(2)
    sign = 1 if abc[axis] > 0 else -1
    # exp(i s pi/4 ZX) = e^{-i s pi/4} exp(i s pi/4 Z) exp(i s pi/4 X) CX
    phase = phase * np.exp(-0.25j * np.pi * sign)
    left = np.stack(
        [left[0] @ _rotation("Z", -sign * _HALF), left[1] @ h @ _rotation("X", -sign * _HALF)]
    )
    right = np.stack([right[0], h @ right[1]])
    return ["CX"], left, right, phase


def _rotation(letter: str, angle: float) -> np.ndarray:
    return np.cos(angle / 2) * np.eye(2) - 1j * np.sin(angle / 2) * pauli_matrix(letter)


def gather_phase(gates: list[Gate], extra: float = 0.0) -> list[Gate]:
    """The gates with all their global phases in one, at the end, nothing where that is zero."""
    total, out = extra, []
    for gate in gates:
        if gate.name == "GlobalPhase" and not gate.controls:
            total += float(np.asarray(gate.params[0]))
        else:
            out.append(gate)
    total = float(np.angle(np.exp(1j * total)))
    return [*out, make("GlobalPhase", (total,), ())] if abs(total) > 1e-16 else out
