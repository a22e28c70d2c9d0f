"""The parent's end of a worker: JSON lines over pipes, with a limit on time and on memory.

A request is {"do": method, ...}; an answer is whatever the method returned, or {"error": text}.
A worker over a limit is killed; the caller decides whether to start another.
"""

import json
import os
import selectors
import subprocess
import time
from pathlib import Path

from benchmarks.environments import ROOT, python_of
from benchmarks.peers import PEERS


class Refused(Exception):
    """The peer did not do what was asked: it failed, or went over a limit."""


class Worker:
    """A running peer."""

    def __init__(self, name: str, dtype: str, threads: int, log: Path, memory: int):
        self.name, self.memory, self.log = name, memory, log
        self.alive, self.pending = True, b""
        environment = os.environ | {
            "OMP_NUM_THREADS": str(threads),
            "OPENBLAS_NUM_THREADS": str(threads),
            "MKL_NUM_THREADS": str(threads),
            "NPROC": str(threads),
            "JAX_ENABLE_X64": "1" if dtype == "complex128" else "0",
            "JAX_ENABLE_COMPILATION_CACHE": "0",
            "JAX_PLATFORMS": os.environ.get("JAX_PLATFORMS", "cpu"),
            "PYTHONWARNINGS": "ignore",
        }
        environment.pop("JAX_COMPILATION_CACHE_DIR", None)
        interpreter = str(python_of(PEERS[name].environment))
        with log.open("a") as errors:
            self.process = subprocess.Popen(
                [interpreter, "-m", "benchmarks.worker", name, str(threads)],
                cwd=ROOT,
                env=environment,
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        try:
            self.hello = self.receive(120.0)
        except BaseException:
            self.kill()
            raise

    def ask(self, do: str, budget: float, **arguments) -> dict:
        """Send a request and wait for its answer, at most `budget` seconds."""
        try:
            self.process.stdin.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
        except BrokenPipeError:
            raise self.died() from None
        return self.receive(budget)

    def receive(self, budget: float) -> dict:
        """Return the next answer, or kill the worker when it takes too long or too much."""
        end = time.monotonic() + budget
        descriptor = self.process.stdout.fileno()
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while b"\n" not in self.pending:
                if time.monotonic() > end:
                    self.kill()
                    raise Refused(f"over the budget of {budget:.0f} s")
                if resident(self.process.pid) > self.memory:
                    self.kill()
                    raise Refused(f"over {self.memory / 2**30:.0f} GiB of memory")
                if selector.select(timeout=min(1.0, budget)):
                    chunk = os.read(descriptor, 1 << 20)
                    if not chunk:
                        raise self.died()
                    self.pending += chunk
        line, self.pending = self.pending.split(b"\n", 1)
        answer = json.loads(line)
        if "error" in answer:
            raise Refused(answer["error"])
        return answer

    def died(self) -> Refused:
        """Return the error for a worker that ended by itself, with the end of its log."""
        self.kill()
        tail = self.log.read_text(errors="replace").strip().splitlines()[-1:]
        return Refused(f"ended by itself ({self.process.returncode}): {' '.join(tail)[:300]}")

    def kill(self) -> None:
        """End the process and wait for it."""
        self.alive = False
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def resident(pid: int) -> int:
    """Return the resident memory of a process in bytes, 0 where that cannot be read."""
    try:
        with open(f"/proc/{pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0
