"""Well-known circuits with measurements in them, and what each must give."""

import numpy as np

import qjax as qj
from qjax import Condition, If, Measure, Reset, While


def teleportation(theta, phi):
    """Sends RZ(phi) RY(theta) |0> from qubit 0 to qubit 2."""
    return qj.Circuit(
        3,
        [
            qj.RY(theta, 0),
            qj.RZ(phi, 0),
            [qj.H(1), qj.CNOT(1, 2)],
            [qj.CNOT(0, 1), qj.H(0)],
            [Measure(0, 0), Measure(1, 1)],
            [If(1, qj.X(2)), If(0, qj.Z(2))],
        ],
        bits=2,
    )


def iterative_phase_estimation(phase, digits):
    """The binary digits of ``phase`` (of P(2 pi phase) on |1>), the least significant first.

    Bit k of the record is the digit of weight ``2**-(digits - k)``.
    """
    ops = [qj.X(1)]
    for k in range(digits):
        power = 2 ** (digits - 1 - k)
        ops += [Reset(0), qj.H(0), qj.CP(2 * np.pi * phase * power, 0, 1)]
        ops += [If(j, qj.P(-np.pi / 2 ** (k - j), 0)) for j in range(k)]
        ops += [qj.H(0), Measure(0, k)]
    return qj.Circuit(2, ops, bits=digits)


def repeat_until_success(turns):
    """H on qubit 1 by trial and error: each turn succeeds with probability 1/2.

    An ancilla in |+> is measured; on 1 the target is prepared in |+>, else it goes on.
    """
    trial = [Reset(0), qj.H(0), Measure(0, 0), If(0, qj.H(1))]
    return qj.Circuit(2, [While(Condition((0,), [(0,)]), trial, turns)], bits=1)


def bit_flip_code(p, theta):
    """Three qubits hold cos(theta/2)|000> + sin(theta/2)|111>; each flips with probability p; two
    ancillas read the parities and the flip that they point at is undone. Ends with the decoding."""
    ops = [qj.RY(theta, 0), qj.CNOT(0, 1), qj.CNOT(0, 2)]
    ops += [qj.BitFlip(p, q) for q in range(3)]
    ops += [
        qj.CNOT(0, 3),
        qj.CNOT(1, 3),
        qj.CNOT(1, 4),
        qj.CNOT(2, 4),
        Measure(3, 0),
        Measure(4, 1),
    ]
    for q, pattern in enumerate([(1, 0), (1, 1), (0, 1)]):
        ops.append(If(Condition((0, 1), [pattern]), qj.X(q)))
    ops += [qj.CNOT(0, 2), qj.CNOT(0, 1)]
    return qj.Circuit(5, ops, bits=2)


def logical_error(p):
    """The probability of two or three flips out of three."""
    return 3 * p**2 * (1 - p) + p**3
