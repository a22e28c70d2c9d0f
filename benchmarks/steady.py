"""Steady state: every peer prepares a case, all must agree, then turns in rounds until the end.

Round 1 of every peer, round 2 of every peer, ...: a disturbance of the machine meets them all. The
order rotates, so that nobody always follows the same neighbour.
"""

import statistics
import time
from collections.abc import Callable

from benchmarks.agreement import deviations
from benchmarks.arena import Arena
from benchmarks.case import Case
from benchmarks.peers import OURS
from benchmarks.protocol import Refused

MOST_CALLS = 100  # in a turn
PEER_LENIENCY = 10


def measure(
    arena: Arena, cases: list[Case], peers: list[str], done: Callable[[dict], None]
) -> None:
    """Measure the cases in order, and hand each row to `done`."""
    for case in cases:
        entries = {name: enter(arena, case, name) for name in peers}
        exclude_who_disagrees(entries)
        take_turns(arena, case, entries)
        finish(arena, entries)
        done({"case": case.to_json(), "name": case.name, "peers": entries})


def enter(arena: Arena, case: Case, name: str) -> dict:
    """Let a peer build the case, run it once, and say what it found."""
    objection = arena.objection(name, case)
    if objection:
        return {"status": objection}
    budget = arena.settings.budget
    start = time.monotonic()
    try:
        worker = arena.worker(name, case)
        worker.ask("prepare", budget, case=case.to_json())
        entry = worker.ask("start", budget)
        left = max(budget - (time.monotonic() - start), 10.0)
        return {"status": "ok", **entry, "answer": worker.ask("answer", left)}
    except Refused as refusal:
        return {"status": arena.failed(name, case, str(refusal))}


def exclude_who_disagrees(entries: dict[str, dict]) -> None:
    """Compare the answers, note how far each is off, and exclude who is too far."""
    answers = {name: entry.pop("answer") for name, entry in entries.items() if "answer" in entry}
    if not answers:
        return
    ours = tuple(name for name in answers if name.startswith(OURS))
    for name, (worst, allowed) in deviations(answers, ours).items():
        entries[name] |= {"deviation": worst, "tolerance": allowed}
        # A peer whose rounding is a little worse stays in, so that we do not lose a strong one.
        if worst > allowed * (1 if name in ours else PEER_LENIENCY):
            entries[name]["status"] = f"disagrees by {worst:.1e}"


def take_turns(arena: Arena, case: Case, entries: dict[str, dict]) -> None:
    """Time the peers in rounds, and note the median of the turns of each."""
    settings = arena.settings
    names = [name for name, entry in entries.items() if entry["status"] == "ok"]
    turns: dict[str, list[float]] = {name: [] for name in names}
    spent = dict.fromkeys(names, 0.0)
    for number in range(settings.rounds):
        shift = number % max(len(names), 1)
        for name in names[shift:] + names[:shift]:
            entry = entries[name]
            if entry["status"] != "ok" or (turns[name] and spent[name] > settings.budget):
                continue
            start = time.monotonic()
            try:
                answer = arena.worker(name, case).ask(
                    "turn", settings.budget, seconds=settings.turn_seconds, most=MOST_CALLS
                )
            except Refused as refusal:
                entry["status"] = arena.failed(name, case, str(refusal))
                continue
            spent[name] += time.monotonic() - start
            # A peer that loops over a batch was timed on some of it; the rest costs the same.
            scale = max(case.batch, 1) / entry["lanes"]
            turns[name].append(scale * statistics.median(answer["seconds"]))
    for name, seconds in turns.items():
        if entries[name]["status"] == "ok":
            entries[name] |= {"seconds": statistics.median(seconds), "turns": seconds}


def finish(arena: Arena, entries: dict[str, dict]) -> None:
    """Ask for peaks of memory, and let go of the case."""
    for name in entries:
        worker = arena.workers.get(name)
        if worker is None or not worker.alive:
            continue
        try:
            if entries[name]["status"] == "ok":
                entries[name] |= worker.ask("memory", 10.0)
            worker.ask("drop", 60.0)
        except Refused:
            worker.kill()
