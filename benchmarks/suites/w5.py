"""W5, the memory of a gradient, in state vectors."""

from benchmarks import fresh
from benchmarks.case import Case
from benchmarks.suites import GRADIENT_PEERS, Suite, growth, in_fresh_processes


def cases(quick: bool) -> list[Case]:
    """Return two depths: memory should not depend on it."""
    n = 6 if quick else 20
    return [Case("grad", "layers", n, layers=depth) for depth in ((2, 4) if quick else (20, 80))]


def remarks(rows: list[dict]) -> list[str]:
    """Say how memory grows with depth (goal for qjax: at most 12 states, and no growth)."""
    return growth(rows, "states", GRADIENT_PEERS)


SUITE = Suite(
    "W5: memory of a gradient (XLA's temporaries; for peers without XLA, growth of the process)",
    cases,
    GRADIENT_PEERS,
    axis="layers",
    measure=in_fresh_processes(fresh.gradient_memory, 1),
    figure="states",
    unit="states",
    remarks=remarks,
)
