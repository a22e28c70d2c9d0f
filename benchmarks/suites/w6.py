"""W6, irregular random circuits: nothing repeats, nothing lines up."""

from benchmarks.case import Case
from benchmarks.peers import PEERS
from benchmarks.suites import Suite


def cases(quick: bool) -> list[Case]:
    """Return forward runs and gradients of a thousand gates."""
    return [
        Case(task, "random", n, layers=20 if quick else 1000, goal=1.0)
        for task in ("state", "grad")
        for n in ((4,) if quick else (8, 12, 16, 20))
    ]


SUITE = Suite("W6: irregular random circuits", cases, list(PEERS))
