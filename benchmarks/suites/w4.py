"""W4, one large forward run."""

from benchmarks.case import Case
from benchmarks.suites import FORWARD_PEERS, Suite


def cases(quick: bool) -> list[Case]:
    """Return the sizes; goals differ by peer and stand in the remarks."""
    return [
        Case("state", "layers", n, layers=2 if quick else 10)
        for n in ((4, 6) if quick else (20, 24, 26))
    ]


GOALS = {"lightning": 1.6, "aer": 4.0, "qulacs": 3.0}  # at 24 qubits


def remarks(rows: list[dict]) -> list[str]:
    """Say how far ahead of each peer qjax is."""
    found = []
    for row in rows:
        ours = row["peers"].get("qjax", {}).get("seconds")
        for name, goal in GOALS.items():
            theirs = row["peers"].get(name, {}).get("seconds")
            if ours and theirs:
                wanted = f" (goal {goal})" if row["case"]["qubits"] == 24 else ""
                found.append(f"{row['name']}: {name} / qjax = {theirs / ours:.2f}{wanted}")
    return found


SUITE = Suite(
    "W4: forward run to the state (lightning: to the expectation of one Z)",
    cases,
    FORWARD_PEERS,
    remarks=remarks,
)
