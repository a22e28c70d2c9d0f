"""W7, two applications: QAOA on a random 3-regular graph, and a molecule with 631 Pauli terms."""

from benchmarks.case import Case
from benchmarks.peers import PEERS
from benchmarks.suites import Suite


def cases(quick: bool) -> list[Case]:
    """Return expectation values and gradients of both."""
    if quick:
        qaoa = [Case(task, "qaoa", 4, 1, "", "maxcut") for task in ("value", "grad")]
        return qaoa + [Case(task, "layers", 4, 1, "CNOT", "h2") for task in ("value", "grad")]
    return [
        case
        for task in ("value", "grad")
        for case in (
            *(Case(task, "qaoa", n, 10, "", "maxcut", goal=1.0) for n in (12, 16, 20)),
            Case(task, "layers", 12, 10, "CNOT", "lih", goal=1.0),
        )
    ]


SUITE = Suite("W7: QAOA, and a molecule's Hamiltonian", cases, list(PEERS))
