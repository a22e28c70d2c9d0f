"""W2, many small circuits: value and gradient of a batch."""

from benchmarks.case import Case
from benchmarks.suites import GRADIENT_PEERS, Suite

GOALS = {4: 4.0, 6: 4.0, 8: 2.0, 10: 4.0}


def cases(quick: bool) -> list[Case]:
    """Return batches of 1, 64 and 1,024; the goals are for true batches."""
    if quick:
        return [Case("grad", "layers", 4, layers=2, batch=batch) for batch in (1, 8)]
    return [
        Case("grad", "layers", n, batch=batch, goal=goal if batch > 1 else None)
        for n, goal in GOALS.items()
        for batch in (1, 64, 1024)
    ]


SUITE = Suite("W2: batched value and gradient, time per batch", cases, GRADIENT_PEERS, "batch")
