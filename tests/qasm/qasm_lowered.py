"""Lowers random circuits, ``qasm_lowered.py BASIS FIRST LAST``, and compares what comes out."""

import sys

import numpy as np
import qasm_dense as dense
import qasm_random as random

from qjax.circuit.lowering import as_basis

TIGHT = 1e-10  # some thousand gates, each with its rounding


def inside(circuit, basis):
    """Whether all gates are of the basis."""
    return all(g.name in basis.gates or g.name == "GlobalPhase" for g in circuit.gates())


def check(seed, basis):
    """A random circuit in the gates of the basis: the same state, phase included."""
    rng = np.random.default_rng(seed)
    circuit = random.circuit(rng, int(rng.integers(1, 6)), 20)
    lowered = circuit.decompose(basis)
    assert inside(lowered, basis), seed
    error = np.max(np.abs(dense.run(lowered) - dense.run(circuit)))
    assert error <= TIGHT, (seed, error)
    return lowered


if __name__ == "__main__":
    seeds = range(int(sys.argv[2]), int(sys.argv[3]))
    for seed in seeds:
        check(seed, as_basis(sys.argv[1]))
    sys.stdout.write(str(len(seeds)))
