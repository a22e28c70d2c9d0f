"""One-qubit unitaries as Euler angles."""

from __future__ import annotations

import numpy as np

from ..operations import Gate


def angles(u: np.ndarray) -> tuple[float, float, float, float]:
    """``(theta, phi, lam, gamma)`` with ``u = exp(i gamma) U3(theta, phi, lam)``.

    Args:
        u: a unitary, shape ``(2, 2)``.

    Source: Z-Y-Z Euler angles, Nielsen and Chuang, theorem 4.1.

    Example:
        >>> import numpy as np
        >>> from qjax.circuit.synthesis.one_qubit import angles
        >>> angles(np.eye(2))
        (0.0, 0.0, 0.0, 0.0)
    """
    cos, sin = abs(u[0, 0]), abs(u[1, 0])
    theta = 2 * np.arctan2(sin, cos)
    if sin < 1e-15 * cos:
        gamma = np.angle(u[0, 0])
        return 0.0, 0.0, _wrap(np.angle(u[1, 1]) - gamma), float(gamma)
    if cos < 1e-15 * sin:
        gamma = np.angle(-u[0, 1])
        return float(np.pi), _wrap(np.angle(u[1, 0]) - gamma), 0.0, float(gamma)
    # Whichever pair of elements is large fixes the phases that matter.
    gamma = np.angle(u[0, 0])
    phi = np.angle(u[1, 0]) - gamma
    lam = np.angle(u[1, 1]) - np.angle(u[1, 0]) if cos >= sin else np.angle(-u[0, 1]) - gamma
    return float(theta), _wrap(phi), _wrap(lam), float(gamma)


def _wrap(angle: float) -> float:
    return float((angle + np.pi) % (2 * np.pi) - np.pi)


def gates(u: np.ndarray, qubit: int) -> list[Gate]:
    """A one-qubit unitary as U3 and a global phase, nothing where it is the identity.

    Args:
        u: a unitary, shape ``(2, 2)``.
        qubit: where it acts.
    """
    theta, phi, lam, gamma = angles(np.asarray(u, complex))
    out = []
    if theta != 0:
        out.append(make("U3", (theta, phi, lam), (qubit,)))
    elif lam != 0:
        out.append(make("P", (lam,), (qubit,)))
    if gamma != 0:
        out.append(make("GlobalPhase", (gamma,), ()))
    return out


def make(name: str, params: tuple = (), qubits: tuple[int, ...] = ()) -> Gate:
    """A gate of the table, with Python numbers as leaves that keep every bit."""
    leaves = tuple(np.asarray(p, float) if isinstance(p, int | float) else p for p in params)
    return Gate(name, leaves, qubits)
