"""The process of one peer: reads a request per line, writes an answer per line (see protocol.py).

Run as `python -m benchmarks.worker PEER THREADS`, by the interpreter of the peer's environment.
"""

import gc
import json
import os
import sys
import time


def main() -> None:
    """Serve requests until the input ends."""
    name, threads = sys.argv[1], int(sys.argv[2])
    if hasattr(os, "sched_setaffinity"):  # thread pools size themselves by this, XLA's included
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    # Answers leave by a private descriptor: whatever a package prints goes to the log instead.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr

    start = time.perf_counter()
    server = Server(name)
    answers.write(json.dumps(server.hello() | {"import_seconds": time.perf_counter() - start}))
    answers.write("\n")
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(server, request.pop("do"))(**request)
        except Exception as error:
            first_line = (str(error).strip().splitlines() or [""])[0]
            answer = {"error": f"{type(error).__name__}: {first_line[:300]}"}
        answers.write(json.dumps(answer) + "\n")


class Server:
    """One peer, and the program it holds at the moment."""

    def __init__(self, name: str):
        from importlib import import_module

        from benchmarks.peers import PEERS

        self.peer = PEERS[name]
        self.module = import_module(f"benchmarks.peers.{self.peer.module}")
        self.program = self.result = None
        if "jax" in self.peer.packages:
            import jax

            jax.block_until_ready(jax.jit(lambda x: x + 1)(1.0))  # start the backend

    def hello(self) -> dict:
        """Return what runs here."""
        from importlib.metadata import version

        packages = (*self.peer.packages, "numpy")
        return {
            "versions": {package: version(package) for package in packages},
            "python": sys.version.split()[0],
        }

    def prepare(self, case: dict) -> dict:
        """Build a case without running it."""
        from benchmarks.case import Case
        from benchmarks.problem import build

        self.case = Case(**case)
        self.problem = build(self.case)
        self.drop()
        return {}

    def start(self, compiled: bool = False) -> dict:
        """Run the first call, from the gates to the result; or what `compile` made, if so told."""
        before = peak_memory(reset=True)
        start = time.perf_counter()
        if not compiled:
            self.make()
        self.result = self.program.run()
        seconds = time.perf_counter() - start
        return {
            "first_seconds": seconds,
            "precision": self.program.precision,
            "lanes": self.program.lanes,
            "memory_before": before,
        }

    def answer(self) -> dict:
        """Return what the last run found, for comparison."""
        found = self.program.answer(self.result)
        self.result = None
        return found

    def turn(self, seconds: float, most: int) -> dict:
        """Time single calls for about `seconds`, at least one and at most `most`."""
        run, times = self.program.run, []
        start = time.perf_counter()
        run()  # not counted when short: another peer has had the caches in between
        first = time.perf_counter() - start
        if first > 4 * seconds:
            return {"seconds": [first]}
        while len(times) < most and (not times or sum(times) < seconds):
            start = time.perf_counter()
            run()
            times.append(time.perf_counter() - start)
        return {"seconds": times}

    def compile(self) -> dict:
        """Trace and compile without running; only JAX programs can."""
        self.make()
        if self.program.compiled is None:
            return {}
        trace, compiling, temporary = self.program.compiled()
        return {
            "trace_seconds": trace,
            "compile_seconds": compiling,
            "temporary_bytes": temporary,
            "precision": self.program.precision,
        }

    def make(self) -> None:
        """Let the peer build its program."""
        self.program = self.module.build(self.problem, self.case, self.peer.variant)

    def memory(self) -> dict:
        """Return the peak of this process since `start`, in bytes."""
        return {"peak_memory": peak_memory()}

    def drop(self) -> dict:
        """Let go of the case, compiled programs included."""
        self.program = self.result = None
        if "jax" in sys.modules:
            sys.modules["jax"].clear_caches()
        gc.collect()
        return {}


def peak_memory(reset: bool = False) -> int:
    """Return the peak of resident memory in bytes; after `reset`, the peak starts from now."""
    try:
        if reset:
            with open("/proc/self/clear_refs", "w") as file:
                file.write("5")
        with open("/proc/self/status") as file:
            fields = dict(line.split(":", 1) for line in file)
        return int(fields["VmHWM"].split()[0]) * 1024
    except (OSError, KeyError):  # not Linux: the peak since the process began
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    main()
