"""The workloads, one file each; `SUITES` names them in the order they run."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks import fresh, steady
from benchmarks.case import Case
from benchmarks.peers import PEERS

GRADIENT_PEERS = [name for name, peer in PEERS.items() if "grad" in peer.tasks]
COMPILING_PEERS = [name for name in GRADIENT_PEERS if "jax" in PEERS[name].packages]
FORWARD_PEERS = [name for name in PEERS if name != "qjax-backprop"]


@dataclass(frozen=True)
class Suite:
    """A workload: its cases, who takes part, how it is measured, and which figure is compared.

    `measure(arena, cases, peers, done)` does the work. `figure` is a key of an entry, smaller is
    better. `axis` is the field of the case along which curves are drawn. `remarks(rows)` returns
    sentences that compare rows.
    """

    title: str
    cases: Callable[[bool], list[Case]]
    peers: list[str]
    axis: str = "qubits"
    measure: Callable[..., None] = steady.measure
    figure: str = "seconds"
    unit: str = "s"
    remarks: Callable[[list[dict]], list[str]] = lambda rows: []


def in_fresh_processes(once: fresh.Measurement, rounds: int) -> Callable[..., None]:
    """Return a way to measure each case in new processes."""

    def measure(arena, cases, peers, done) -> None:
        count = min(rounds, arena.settings.rounds)
        fresh.measure(arena, cases, peers, done, once, count)

    return measure


def figures(rows: list[dict], name: str, key: str, **fixed: Any) -> dict[int, float]:
    """Return layers -> figure of one peer, over the rows whose case has the fixed fields."""
    return {
        row["case"]["layers"]: row["peers"][name][key]
        for row in rows
        if key in row["peers"].get(name, {})
        and all(row["case"][field] == value for field, value in fixed.items())
    }


def growth(rows: list[dict], key: str, names: list[str], **fixed: Any) -> list[str]:
    """Return, for each peer, the figure at the deepest circuit over that at the shallowest."""
    found = []
    for name in names:
        values = figures(rows, name, key, **fixed)
        if len(values) > 1:
            low, high = min(values), max(values)
            ratio = values[high] / values[low]
            found.append(f"{name}: {key} at L={high} over L={low}: {ratio:.2f}")
    return found


def load() -> dict[str, Suite]:
    """Return the suites by name."""
    from importlib import import_module

    names = ("w1", "w2", "w3", "w4", "w5", "w6", "w7", "compile")
    modules = {name: name if name != "compile" else "compile_time" for name in names}
    return {
        name: import_module(f"benchmarks.suites.{module}").SUITE for name, module in modules.items()
    }
