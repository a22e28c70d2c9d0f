"""Matrices of gates in NumPy, float64 whatever JAX is set to. For synthesis, not simulation."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import numpy as np

from ...gates.matrices import pauli_matrix
from ..operations import Gate

_ROOT = np.sqrt(0.5)


@cache
def _fixed() -> dict[str, np.ndarray]:
    swap = np.eye(4)[[0, 2, 1, 3]]
    sx = np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2
    quarter = np.exp(0.25j * np.pi)
    return {
        **{c: pauli_matrix(c) for c in "IXYZ"},
        "H": np.array([[1, 1], [1, -1]]) * _ROOT,
        "S": np.diag([1, 1j]),
        "Sdg": np.diag([1, -1j]),
        "T": np.diag([1, quarter]),
        "Tdg": np.diag([1, quarter.conj()]),
        "SX": sx,
        "SXdg": sx.conj().T,
        "SWAP": swap,
        "ISWAP": swap * np.array([1, 1j, 1j, 1]),
        "ECR": (pauli_matrix("XI") - pauli_matrix("YX")) * _ROOT,
    }


def _phase(angle: float) -> np.ndarray:
    return np.diag([1, np.exp(1j * angle)])


def _rotation(word: str, angle: float) -> np.ndarray:
    p = pauli_matrix(word)
    return np.cos(angle / 2) * np.eye(len(p)) - 1j * np.sin(angle / 2) * p


def _u3(theta: float, phi: float, lam: float) -> np.ndarray:
    return _phase(phi) @ _rotation("Y", theta) @ _phase(lam)


def _exchange(theta: float, beta: float) -> np.ndarray:
    out = np.eye(4, dtype=complex)
    out[1:3, 1:3] = _rotation("X", theta)
    out[1, 2] *= np.exp(1j * beta)
    out[2, 1] *= np.exp(-1j * beta)
    return out


def exponential(hermitian: np.ndarray) -> np.ndarray:
    """``exp(i H)``."""
    w, v = np.linalg.eigh(hermitian)
    return (v * np.exp(1j * w)) @ v.conj().T


def base(gate: Gate) -> np.ndarray:
    """The matrix on a resolved gate's targets, its controls and inversion left aside.

    Raises:
        KeyError: a gate that is no unitary.
    """
    name, params = gate.name, [np.asarray(p) for p in gate.params]
    if name in _fixed():
        return _fixed()[name].astype(complex)
    if name in ("Unitary", "Diagonal", "SU2", "SU4", "Evolution"):
        return _from_arrays(name, params)
    if name == "Permutation":
        return np.eye(len(gate.static), dtype=complex)[:, list(gate.static)]
    t = [float(p) for p in params]
    if name == "PauliRotation":
        return _rotation(gate.static, t[0])
    if name in ("RX", "RY", "RZ", "RXX", "RYY", "RZZ", "RZX"):
        return _rotation(name[1:], t[0])
    if name == "P":
        return _phase(t[0])
    if name == "GlobalPhase":
        return np.array([[np.exp(1j * t[0])]])
    if name in ("U2", "U3", "U3Phase"):
        if name == "U2":
            t = [np.pi / 2, *t]
        return _u3(*t[:3]) * (np.exp(1j * t[3]) if name == "U3Phase" else 1)
    if name == "XXPlusYY":
        return _exchange(t[0], t[1])
    if name == "fSim":
        out = _exchange(2 * t[0], 0.0)
        out[3, 3] = np.exp(-1j * t[1])
        return out
    raise KeyError(name)


def _from_arrays(name: str, params: list[np.ndarray]) -> np.ndarray:
    if name == "Unitary":
        return params[0].astype(complex)
    if name == "Diagonal":
        return np.diag(np.exp(1j * params[0].astype(float)))
    if name == "Evolution":
        *h, t = params
        if len(h) == 2:
            w, v = h
            return (v * np.exp(-1j * float(t) * w)) @ v.conj().T
        return exponential(-float(t) * h[0])
    letters = "IXYZ"
    words = list("XYZ") if name == "SU2" else [a + b for a in letters for b in letters][1:]
    v = params[0].astype(float)
    generator = np.tensordot(v, np.stack([pauli_matrix(w) for w in words]), 1)
    return exponential(generator)


def apply(state: np.ndarray, gate: Gate, n: int) -> np.ndarray:
    """A gate on the rows of ``state``, shape ``(2**n, m)``."""
    gate = gate.resolve()
    u = base(gate)
    u = u.conj().T if gate.inverted else u
    qubits = gate.controls + gate.targets
    t = state.reshape((2,) * n + state.shape[1:])
    t = np.moveaxis(t, qubits, range(len(qubits))).astype(complex, copy=True)
    part = t[gate.values]
    t[gate.values] = (u @ part.reshape(len(u), -1)).reshape(part.shape)
    return np.moveaxis(t, range(len(qubits)), qubits).reshape(state.shape)


def unitary(gates: Iterable[Gate], n: int) -> np.ndarray:
    """The unitary of gates on ``n`` qubits, shape ``(2**n, 2**n)``."""
    out = np.eye(2**n, dtype=complex)
    for gate in gates:
        out = apply(out, gate, n)
    return out


def diagonalise(u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues and orthonormal eigenvectors of a unitary, also where eigenvalues coincide.

    Its Hermitian and anti-Hermitian parts commute; a fixed generic combination of them tells their
    joint eigenspaces apart.
    """
    a, b = (u + u.conj().T) / 2, (u - u.conj().T) / 2j
    best, found = np.inf, None
    for mix in (0.7310585786300049, 0.29345198120733, 2.718281828, 0.0612345):
        _, v = np.linalg.eigh(a + mix * b)
        d = v.conj().T @ u @ v
        error = float(np.max(np.abs(d - np.diag(np.diag(d)))))
        if error < best:
            best, found = error, (np.diag(d) / np.abs(np.diag(d)), v)
        if best < 1e-12:
            break
    assert found is not None
    return found
