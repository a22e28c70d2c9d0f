"""W3, the first call against depth: tracing, compiling and running, in a new process each time.

Only packages that compile take part: for the others a first call is a call.
"""

from benchmarks import fresh
from benchmarks.case import Case
from benchmarks.suites import COMPILING_PEERS, Suite, growth, in_fresh_processes


def cases(quick: bool) -> list[Case]:
    """Return growing depths, and one irregular circuit."""
    depths = (2, 4) if quick else (5, 20, 80, 320, 1000)
    layers = [Case("grad", "layers", 4 if quick else 10, layers=depth) for depth in depths]
    irregular = Case("grad", "random", 4 if quick else 10, layers=20 if quick else 1000)
    return [*layers, irregular]


def remarks(rows: list[dict]) -> list[str]:
    """Say how the first call grows with depth (goal for qjax: at most 1.3)."""
    return growth(rows, "first_seconds", COMPILING_PEERS, circuit="layers")


SUITE = Suite(
    "W3: first call of value and gradient, against depth",
    cases,
    COMPILING_PEERS,
    axis="layers",
    measure=in_fresh_processes(fresh.first_call, 3),
    figure="first_seconds",
    remarks=remarks,
)
