"""W1, the training step: value and gradient of an Ising energy over ten layers."""

from benchmarks.case import Case
from benchmarks.suites import GRADIENT_PEERS, Suite

GOALS = {4: 2.0, 8: 2.0, 12: 4.0, 16: 2.5, 20: 1.5}


def cases(quick: bool) -> list[Case]:
    """Return both rings in both precisions; goals belong to complex64."""
    if quick:
        variants = (("CZ", "complex64"), ("CNOT", "complex64"), ("CNOT", "complex128"))
        return [Case("grad", "layers", 4, layers=2, ring=r, dtype=dtype) for r, dtype in variants]
    return [
        Case(
            "grad", "layers", n, ring=ring, dtype=dtype, goal=goal if dtype == "complex64" else None
        )
        for dtype in ("complex64", "complex128")
        for ring in ("CZ", "CNOT")
        for n, goal in GOALS.items()
    ]


SUITE = Suite("W1: training step, value and gradient", cases, GRADIENT_PEERS)
