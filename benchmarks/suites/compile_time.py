"""Compile time of qjax against depth: tracing and compiling must not see it."""

from benchmarks import fresh
from benchmarks.case import Case
from benchmarks.suites import Suite, growth, in_fresh_processes

OURS = ["qjax", "qjax-backprop"]


def cases(quick: bool) -> list[Case]:
    """Return the same circuit of 10 qubits, shallow and deep."""
    return [
        Case("grad", "layers", 10, layers=depth) for depth in ((10, 50) if quick else (10, 1000))
    ]


def remarks(rows: list[dict]) -> list[str]:
    """Say how compile time grows with depth."""
    return [
        line
        for key in ("seconds", "trace_seconds", "compile_seconds")
        for line in growth(rows, key, OURS)
    ]


SUITE = Suite(
    "Compile time: tracing and compiling value and gradient, written with Layers",
    cases,
    OURS,
    axis="layers",
    measure=in_fresh_processes(fresh.compile_only, 5),
    remarks=remarks,
)
