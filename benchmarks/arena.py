"""The workers of one run, what each peer may be asked, and who has already failed at what."""

from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.case import Case
from benchmarks.peers import PEERS
from benchmarks.protocol import Refused, Worker


@dataclass(frozen=True)
class Settings:
    """What a run allows: seconds per case and peer, rounds, threads and bytes per worker."""

    budget: float
    rounds: int
    turn_seconds: float
    threads: int
    memory: int
    folder: Path


@dataclass
class Arena:
    """Starts workers on demand and ends them all at the end of a `with`."""

    settings: Settings
    workers: dict[str, Worker] = field(default_factory=dict)
    versions: dict[str, dict] = field(default_factory=dict)
    failures: dict[str, list[tuple[Case, str]]] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    dtype: str = ""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.clear()

    def clear(self) -> None:
        """End every worker."""
        for worker in self.workers.values():
            if worker.alive:
                worker.kill()
        self.workers.clear()

    def objection(self, name: str, case: Case) -> str | None:
        """Return why a peer is not asked at all, or None."""
        peer = PEERS[name]
        if name in self.broken:
            return self.broken[name]
        if case.task not in peer.tasks:
            return "not offered"
        if peer.needs_block and case.circuit == "random":
            return "not offered: nothing repeats"
        for smaller, reason in self.failures.get(name, ()):
            if smaller.covers(case):
                return reason if smaller == case else f"not run: {smaller.name}: {reason}"
        return None

    def failed(self, name: str, case: Case, reason: str) -> str:
        """Remember a failure, so that larger cases of the same family are not tried."""
        self.failures.setdefault(name, []).append((case, reason))
        return reason

    def worker(self, name: str, case: Case, fresh: bool = False) -> Worker:
        """Return the worker of a peer, started when there is none; another dtype ends them all."""
        if case.dtype != self.dtype:
            self.clear()
            self.dtype = case.dtype
        found = self.workers.get(name)
        if found and found.alive and not fresh:
            return found
        if found and found.alive:
            found.kill()
        settings = self.settings
        log = settings.folder / f"{name}.log"
        try:
            worker = Worker(name, case.dtype, settings.threads, log, settings.memory)
        except Refused as refusal:
            self.broken[name] = f"does not start: {refusal}"
            raise
        self.workers[name] = worker
        self.versions[name] = worker.hello
        return worker
