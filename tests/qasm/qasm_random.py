"""Seeded random circuits over the whole gate table."""

import numpy as np

import qjax as qj
from qjax.gates import TABLE

NAMED = [s for s in TABLE.values() if s.num_qubits is not None and s.name not in ("SU2", "SU4")]
ANGLES = (0.0, -0.0, 1e-05, -2.5e-17, np.pi, -np.pi / 2, np.pi / 2 + 1e-9, 7.0, 1e-300)


def gate(rng, n, controls=True):
    """One gate of the table on some of n qubits, at times with controls, at times inverted."""
    fits = [s for s in NAMED if s.num_qubits <= n]
    spec = fits[rng.integers(len(fits))]
    extra = int(rng.integers(0, min(3, n - spec.num_qubits) + 1))
    extra = extra if controls and rng.random() < 0.25 else 0
    places = [int(q) for q in rng.permutation(n)[: spec.num_qubits + extra]]
    angles = [
        np.asarray(ANGLES[rng.integers(len(ANGLES))] if rng.random() < 0.1 else rng.normal() * 3)
        for _ in range(spec.num_params)
    ]
    out = qj.Gate(spec.name, angles, places[extra:])
    if extra:
        out = out.control(places[:extra], [int(v) for v in rng.integers(0, 2, extra)])
    return out.inverse() if rng.random() < 0.15 else out


def circuit(rng, n, count, controls=True):
    """``count`` random gates on ``n`` qubits."""
    return qj.Circuit(n, [gate(rng, n, controls) for _ in range(count)])


def signature(circuit):
    """Structure and angles, bit for bit, every gate under its shortest name."""
    return [
        (
            g.name,
            g.targets,
            g.controls,
            g.values,
            g.inverted,
            tuple(np.asarray(v, np.float64).tobytes() for v in g.params),
        )
        for g in (gate.named() for gate in circuit.gates())
    ]
