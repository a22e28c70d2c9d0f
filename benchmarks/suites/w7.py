"""W7, two applications: QAOA on a random 3-regular graph, and a molecule with 631 Pauli terms."""

from benchmarks.case import Case
from benchmarks.peers import PEERS
from benchmarks.suites import Suite


def cases(quick: bool) -> list[Case]:
    """Return expectation values and gradients of both."""
    depth = 1 if quick else 10
    return [
        case
        for task in ("value", "grad")
        for case in (
            *(
                Case(task, "qaoa", n, layers=depth, ring="", hamiltonian="maxcut", goal=1.0)
                for n in ((6,) if quick else (12, 16, 20))
            ),
            Case(task, "layers", 12, layers=depth, ring="CNOT", hamiltonian="lih", goal=1.0),
        )
    ]


SUITE = Suite("W7: QAOA, and a molecule's Hamiltonian", cases, list(PEERS))
