"""Physical systems with closed forms: circuit, observable, expectation value, gradient, state."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import qjax as qj


@dataclass(frozen=True)
class System:
    """A circuit of parameters with what is known about it on paper."""

    circuit: Callable[[Any], qj.Circuit]
    observable: Any
    params: np.ndarray
    expectation: float
    gradient: np.ndarray
    state: np.ndarray
    smooth: bool = True  # whether every parameter has a shift rule


def _rabi() -> System:
    """Resonant drive: ``<Z> = cos(omega t)``; detuned: ``1 - 2 (omega/W)^2 sin^2(W t/2)``."""
    omega, delta, t = 1.3, 0.7, 0.9
    x, z = np.array([[0.0, 1], [1, 0]]), np.diag([1.0, -1])
    w = np.hypot(omega, delta)
    s, c = np.sin(w * t / 2), np.cos(w * t / 2)
    # d/dW of -2 (omega/W)^2 sin^2(W t/2); dW/domega = omega/W, dW/ddelta = delta/W
    by_w = 4 * omega**2 / w**3 * s**2 - 2 * omega**2 / w**2 * s * c * t
    return System(
        lambda p: qj.Circuit(1, [qj.Evolution(p[0] / 2 * x + p[1] / 2 * z, p[2], 0)]),
        qj.Z(0),
        np.array([omega, delta, t]),
        1 - 2 * omega**2 / w**2 * s**2,
        np.array(
            [
                -4 * omega / w**2 * s**2 + by_w * omega / w,
                by_w * delta / w,
                -2 * omega**2 / w * s * c,
            ]
        ),
        np.array([c - 1j * delta / w * s, -1j * omega / w * s]),
        smooth=False,
    )


def _ramsey() -> System:
    """Two half pulses around a free precession by phi: ``<Z> = -cos(phi)``."""
    phi = 0.8
    return System(
        lambda p: qj.Circuit(1, [qj.RX(np.pi / 2, 0), qj.RZ(p[0], 0), qj.RX(np.pi / 2, 0)]),
        qj.Z(0),
        np.array([phi]),
        -np.cos(phi),
        np.array([np.sin(phi)]),
        np.array([-1j * np.sin(phi / 2), -1j * np.cos(phi / 2)]),
    )


def _ghz(n: int = 4) -> System:
    """A GHZ state under a phase on every qubit: the parity oscillates n times as fast."""
    phi = 0.37
    state = np.zeros(2**n, complex)
    state[0], state[-1] = np.exp(-0.5j * n * phi), np.exp(0.5j * n * phi)
    parity = qj.PauliSum.from_terms({"X" * n: 1.0})
    ladder = [qj.CNOT(q, q + 1) for q in range(n - 1)]
    return System(
        lambda p: qj.Circuit(n, [qj.H(0), ladder, [qj.RZ(p[0], q) for q in range(n)]]),
        parity,
        np.array([phi]),
        np.cos(n * phi),
        np.array([-n * np.sin(n * phi)]),
        state / np.sqrt(2),
    )


def _w() -> System:
    """A three-qubit W state: every qubit carries a third of the excitation.

    The first angle splits one third off; at ``theta = 2 arccos(1/sqrt 3)`` the state is W.
    """
    theta = 2 * np.arccos(1 / np.sqrt(3))
    state = np.zeros(8, complex)
    state[[1, 2, 4]] = 1 / np.sqrt(3)
    return System(
        lambda p: qj.Circuit(
            3,
            [qj.RY(p[0], 0), qj.CH(0, 1), qj.CNOT(1, 2), qj.CNOT(0, 1), qj.X(0)],
        ),
        qj.Z(0),
        np.array([theta]),
        -np.cos(theta),
        np.array([np.sin(theta)]),
        state,
    )


def _qft(n: int = 3, j: int = 5) -> System:
    """The quantum Fourier transform of ``|j>``: amplitudes ``exp(2 pi i j k/N) / sqrt(N)``."""
    ops: list[Any] = [qj.BasisState(format(j, f"0{n}b"))]
    for q in range(n):
        ops.append(qj.H(q))
        ops += [qj.CP(np.pi / 2 ** (r - q), r, q) for r in range(q + 1, n)]
    ops += [qj.SWAP(q, n - 1 - q) for q in range(n // 2)]
    k = np.arange(2**n)
    alpha = 0.6  # a last phase on qubit 0, which carries the phase exp(2 pi i j/2)
    state = np.exp(2j * np.pi * j * k / 2**n) / np.sqrt(2**n)
    state = state * np.where(k >= 2 ** (n - 1), np.exp(1j * alpha), 1)
    return System(
        lambda p: qj.Circuit(n, [*ops, qj.P(p[0], 0)]),
        qj.X(0),
        np.array([alpha]),
        np.cos(np.pi * j + alpha),
        np.array([-np.sin(np.pi * j + alpha)]),
        state,
    )


def _teleportation() -> System:
    """Teleportation with the corrections as controlled gates: qubit 2 ends in U3|0>."""
    theta, phi = 0.9, 0.4

    def circuit(p):
        return qj.Circuit(
            3,
            [
                qj.U3(p[0], p[1], 0.0, 0),
                *[qj.H(1), qj.CNOT(1, 2)],
                *[qj.CNOT(0, 1), qj.H(0)],
                *[qj.CNOT(1, 2), qj.CZ(0, 2)],
            ],
        )

    sent = np.array([np.cos(theta / 2), np.exp(1j * phi) * np.sin(theta / 2)])
    return System(
        circuit,
        qj.X(2),
        np.array([theta, phi]),
        np.sin(theta) * np.cos(phi),
        np.array([np.cos(theta) * np.cos(phi), -np.sin(theta) * np.sin(phi)]),
        np.kron(np.full(4, 0.5), sent),
    )


def _tfim() -> System:
    """Two Ising spins quenched by a transverse field.

    ``H = -J ZZ - h (X0 + X1)`` acts as ``-J Z - 2 h X`` on the even states ``(|00>+|11>)/sqrt2``
    and ``(|01>+|10>)/sqrt2``, with Rabi frequency ``W = sqrt(J^2 + 4 h^2)``; the odd state
    ``(|00>-|11>)/sqrt2`` has the energy ``-J``. From ``|00>``, half the weight oscillates:
    ``<ZZ> = 1 - (2h/W)^2 sin^2(W t)``.
    """
    field, coupling, t = 0.6, 0.9, 1.1
    w = np.sqrt(coupling**2 + 4 * field**2)
    zz = np.diag([1.0, -1, -1, 1])
    xs = np.array([[0, 1, 1, 0], [1, 0, 0, 1], [1, 0, 0, 1], [0, 1, 1, 0]], float)
    s, c = np.sin(w * t), np.cos(w * t)
    even = np.array([c + 1j * coupling / w * s, 2j * field / w * s]) / np.sqrt(2)
    odd = np.exp(1j * coupling * t) / np.sqrt(2)
    state = np.array([even[0] + odd, even[1], even[1], even[0] - odd]) / np.sqrt(2)
    # half the weight is even and oscillates, half is odd and stays at ZZ = 1
    value = 1 - (2 * field / w * s) ** 2
    by_w = 8 * field**2 / w**3 * s**2 - 8 * field**2 / w**2 * s * c * t
    return System(
        lambda p: qj.Circuit(2, [qj.Evolution(-p[1] * zz - p[0] * xs, p[2], (0, 1))]),
        qj.Z(0) @ qj.Z(1),
        np.array([field, coupling, t]),
        value,
        np.array(
            [
                -8 * field / w**2 * s**2 + by_w * 4 * field / w,
                by_w * coupling / w,
                -8 * field**2 / w * s * c,
            ]
        ),
        state,
        smooth=False,
    )


SYSTEMS = {
    "Rabi": _rabi(),
    "Ramsey": _ramsey(),
    "GHZ": _ghz(),
    "W": _w(),
    "QFT": _qft(),
    "teleportation": _teleportation(),
    "TFIM": _tfim(),
}
