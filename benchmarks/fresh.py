"""First call, compile time and memory: every measurement in a process of its own.

Rounds are outermost: all cases and all peers once, then again, so that the ratio of two depths is
one of neighbours in time.
"""

import statistics
from collections.abc import Callable

from benchmarks.arena import Arena
from benchmarks.case import Case
from benchmarks.protocol import Refused
from benchmarks.steady import exclude_who_disagrees

Measurement = Callable[[Arena, Case, str, bool], dict]
COMPLEX64_BYTES = 8


def measure(
    arena: Arena,
    cases: list[Case],
    peers: list[str],
    done: Callable[[dict], None],
    once: Measurement,
    rounds: int,
) -> None:
    """Measure every case `rounds` times with `once`; hand each row to `done` after each round."""
    table = {case: {name: {"status": "ok", "runs": []} for name in peers} for case in cases}
    for number in range(rounds):
        for case, entries in table.items():
            for name, entry in entries.items():
                if entry["status"] == "ok":
                    attempt(arena, case, name, entry, once, number == 0)
            if number == 0:
                exclude_who_disagrees(entries)
            for entry in entries.values():
                summarise(entry)
            done({"case": case.to_json(), "name": case.name, "peers": entries})
    arena.clear()


def attempt(arena, case, name, entry, once, compare) -> None:
    """Make one measurement, and note it or why there is none."""
    objection = arena.objection(name, case)
    if objection:
        entry["status"] = objection
        return
    try:
        found = once(arena, case, name, compare)
    except Refused as refusal:
        entry["status"] = arena.failed(name, case, str(refusal))
        return
    finally:
        worker = arena.workers.get(name)
        if worker and worker.alive:
            worker.kill()
    if "answer" in found:
        entry["answer"] = found.pop("answer")
    entry["runs"].append(found)


def summarise(entry: dict) -> None:
    """Put the median of every number over the runs so far into the entry."""
    runs = entry["runs"]
    for key in runs[0] if runs else ():
        values = [run[key] for run in runs]
        numbers = all(isinstance(value, int | float) for value in values)
        entry[key] = statistics.median(values) if numbers else values[0]


def first_call(arena: Arena, case: Case, name: str, compare: bool) -> dict:
    """Measure the first call, tracing and compiling included."""
    budget = arena.settings.budget
    worker = arena.worker(name, case, fresh=True)
    worker.ask("prepare", budget, case=case.to_json())
    found = worker.ask("start", budget)
    if compare:
        found["answer"] = worker.ask("answer", budget)
    return found | worker.ask("memory", 10.0)


def compile_only(arena: Arena, case: Case, name: str, compare: bool) -> dict:
    """Measure tracing and compiling, without a run."""
    budget = arena.settings.budget
    worker = arena.worker(name, case, fresh=True)
    worker.ask("prepare", budget, case=case.to_json())
    found = worker.ask("compile", budget)
    return found | {"seconds": found["trace_seconds"] + found["compile_seconds"]}


def gradient_memory(arena: Arena, case: Case, name: str, compare: bool) -> dict:
    """Measure memory: what XLA plans for temporaries, and how far the process grows in a run.

    `states` counts state vectors of the peer's precision: XLA's plan where there is one, the
    growth of the process otherwise. The growth leaves tracing and compiling out.
    """
    budget = arena.settings.budget
    worker = arena.worker(name, case, fresh=True)
    worker.ask("prepare", budget, case=case.to_json())
    found = worker.ask("compile", budget)
    planned = found.get("temporary_bytes")
    found |= worker.ask("start", budget, compiled=planned is not None)
    if compare:
        found["answer"] = worker.ask("answer", budget)
    found |= worker.ask("memory", 10.0)
    vector = COMPLEX64_BYTES * 2**case.qubits * (2 if found["precision"] == "complex128" else 1)
    growth = found["peak_memory"] - found["memory_before"]
    states = (growth if planned is None else planned) / vector
    del found["first_seconds"]  # of a program that was compiled before: no first call
    return found | {"growth_bytes": growth, "states": states}
