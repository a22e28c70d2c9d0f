"""Matrix product states against quimb, TeNPy, Qiskit Aer and TensorCircuit-NG.

    python -m benchmarks.mps [--bonds 32,64] [--rounds 5] [--parts evolve,compile,tcng,dmrg]

``evolve``: a brickwork of random two-qubit gates on 50 qubits, depth 10, and the energy of a
Heisenberg chain; evolution and energy apart. ``compile``: trace and compile time against qubits and
depth. ``tcng``: value and gradient against TensorCircuit-NG. ``dmrg``: the ground state of the
Heisenberg chain of 50 spins. The peers' environments are built when missing. Each side is one
process that stays alive, and the sides take turns call by call, so that a load on the machine meets
all. Every side may use two threads; medians of wall time, and of processor time in brackets.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from .environments import ensure

ROOT = Path(__file__).resolve().parents[1]
SIDES = str(Path(__file__).with_name("mps_sides.py"))
PYTHON = {"qjax": sys.executable, "tcng": str(ROOT / ".peers/tcng/bin/python")}
PEERS = str(ROOT / ".peers/mps/bin/python")


class Side:
    """One process that does one side's work when it is its turn."""

    def __init__(self, name, n, depth, chi):
        self.name = name
        python = PYTHON.get(name, PEERS)
        if name in ("qjax-step", "qjax-dmrg", "compile"):
            python = sys.executable
        environment = {**os.environ, "OMP_NUM_THREADS": "2", "PYTHONPATH": str(ROOT)}
        environment.pop("JAX_COMPILATION_CACHE_DIR", None)
        self.process = subprocess.Popen(
            [python, "-P", SIDES, name, str(n), str(depth), str(chi)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )

    def ask(self, action):
        self.process.stdin.write(action + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        raise RuntimeError(f"{self.name} stopped at {action}")

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def median(records, kind):
    return statistics.median(r[kind] for r in records)


def evolve(chi, rounds, names, n=50, depth=10):
    """All sides in turn; evolution, energy, and both."""
    sides = [Side(name, n, depth, chi) for name in names]
    table = {}
    for turn in range(rounds + 1):
        for side in sides:
            asked = {"qjax": ("evolve", "both", "gradient"), "aer": ("evolve", "both")}
            for action in asked.get(side.name, ("evolve", "energy")):
                answer = side.ask(action)
                if turn:
                    table.setdefault((side.name, action), []).append(answer)
    for side in sides:
        side.close()
    print(f"\nn {n}, depth {depth}, bond {chi}: median ms of wall time [processor time]")
    ours = table["qjax", "both"]
    for name in names:
        alone = table[name, "evolve"]
        if (name, "both") in table:
            both = table[name, "both"]
        else:
            pairs = zip(alone, table[name, "energy"], strict=True)
            both = [
                {k: a[k] + b[k] for k in ("wall", "cpu")} | {"result": b["result"]}
                for a, b in pairs
            ]
        row = [
            f"{1e3 * median(x, 'wall'):8.0f} [{1e3 * median(x, 'cpu'):6.0f}]" for x in (alone, both)
        ]
        ratios = [f"{median(both, k) / median(ours, k):5.1f}" for k in ("wall", "cpu")]
        print(
            f"{name:6} evolution {row[0]}  with energy {row[1]}  "
            f"times ours {ratios[0]} [{ratios[1]}]  energy {both[0]['result']:.4f}"
        )
    gradient = table["qjax", "gradient"]
    print(
        f"value and gradient {1e3 * median(gradient, 'wall'):.0f} ms, "
        f"{median(gradient, 'wall') / median(ours, 'wall'):.2f} forward passes "
        f"[{median(gradient, 'cpu') / median(ours, 'cpu'):.2f}]",
        flush=True,
    )


def against_tcng(rounds):
    for n, depth, chi in ((12, 4, 8), (20, 4, 8)):
        sides = [Side(name, n, depth, chi) for name in ("qjax-step", "tcng")]
        first = {s.name: s.ask("step") for s in sides}
        steps = {s.name: [] for s in sides}
        for _ in range(10 * rounds):
            for s in sides:
                steps[s.name].append(s.ask("step"))
        for s in sides:
            s.close()
        a, b = (median(steps[k], "wall") for k in ("qjax-step", "tcng"))
        c, d = (first[k]["wall"] for k in ("qjax-step", "tcng"))
        print(
            f"n {n}, depth {depth}, bond {chi}: first call {c:.1f} s (TensorCircuit-NG {d:.1f} s, "
            f"{d / c:.1f} times), step {1e3 * a:.1f} ms ({1e3 * b:.1f} ms, {b / a:.1f} times)",
            flush=True,
        )


def ground_state(rounds, n=50, chi=64):
    exact = -21.9721102719  # the published energy of 50 spins
    sides = [Side(name, n, 0, chi) for name in ("qjax-dmrg", "tenpy-dmrg")]
    first = {s.name: s.ask("ground") for s in sides}
    later = {s.name: [] for s in sides}
    for _ in range(rounds):
        for s in sides:
            later[s.name].append(s.ask("ground"))
    for s in sides:
        s.close()
        times = "  ".join(f"{k} {median(later[s.name], k):.2f} s" for k in ("wall", "cpu"))
        print(
            f"DMRG {s.name}: first call {first[s.name]['wall']:.1f} s, then {times}, "
            f"energy off by {first[s.name]['result'] - exact:.1e}",
            flush=True,
        )
    a, b = (later[s.name] for s in sides)
    print(f"times TeNPy's: {median(a, 'wall') / median(b, 'wall'):.2f}", flush=True)


def compile_times(rounds):
    small, large = Side("compile", 20, 10, 32), Side("compile", 100, 100, 32)
    for action in ("forward", "grad"):
        times = [[side.ask(action)["result"] for side in (small, large)] for _ in range(rounds)]
        a, b = (statistics.median(t[k] for t in times) for k in (0, 1))
        print(
            f"trace and compile, {action}: n 20, depth 10: {a:.2f} s; n 100, depth 100: {b:.2f} s; "
            f"{b / a:.2f} times",
            flush=True,
        )
    small.close()
    large.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bonds", default="32,64")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--parts", default="evolve,compile,tcng,dmrg")
    parser.add_argument("--sides", default="qjax,quimb,tenpy,aer", help="of evolve, qjax first")
    options = parser.parse_args()
    parts = options.parts.split(",")
    peers = [("mps", {"evolve", "dmrg"}), ("tcng", {"tcng"})]
    for problem in [ensure(name) for name, users in peers if users & set(parts)]:
        if problem:
            sys.exit(problem)
    if "evolve" in parts:
        for chi in map(int, options.bonds.split(",")):
            evolve(chi, options.rounds, options.sides.split(","))
    if "compile" in parts:
        compile_times(max(options.rounds // 2, 1))
    if "tcng" in parts:
        against_tcng(options.rounds)
    if "dmrg" in parts:
        ground_state(max(options.rounds // 2, 1))


if __name__ == "__main__":
    main()
