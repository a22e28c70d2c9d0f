"""OpenQASM: reading and writing against Qiskit, in one process, turn by turn.

    python -m benchmarks.qasm [--gates 3000] [--rounds 15]

Both sides run in the environment of referees (built when missing; see `environments`), on one
thread, and are timed by processor time; the figures are medians. Every text is new to both.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent


def program(version, gates, seed, qubits=20):
    """A text of random gates with angles of full length."""
    rng = np.random.default_rng(seed)
    head = {
        2: f'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[{qubits}];\n',
        3: f'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[{qubits}] q;\n',
    }[version]
    general = {2: "u3", 3: "U"}[version]
    lines = []
    for _ in range(gates):
        a, b = rng.choice(qubits, 2, replace=False)
        kind, x, y = rng.random(), rng.normal(), rng.normal()
        if kind < 0.3:
            lines.append(f"cx q[{a}],q[{b}];")
        elif kind < 0.7:
            lines.append(f"rz({x!r}) q[{a}];")
        elif kind < 0.85:
            lines.append(f"h q[{a}];")
        else:
            lines.append(f"{general}({x!r},{y!r},pi/{rng.integers(1, 9)}) q[{a}];")
    return head + "\n".join(lines) + "\n"


def seconds(call, *arguments):
    """Processor time of one call."""
    start = time.process_time()
    call(*arguments)
    return time.process_time() - start


def measure(gates, rounds):
    """Medians for each task: ours, Qiskit's, and the ratio."""
    import qiskit.qasm2
    import qiskit.qasm3

    from qjax import qasm

    warnings.simplefilter("ignore")
    write = {2: lambda c: qasm.dumps(c, "qasm2"), 3: qasm.dumps}
    peer = {2: qiskit.qasm2, 3: qiskit.qasm3}
    rows = {}
    for version, count in ((2, gates), (3, max(gates // 10, 10))):
        times = {"read": ([], []), "write": ([], [])}
        for k in range(rounds + 1):
            text = program(version, count, k)
            ours, theirs = qasm.loads(text), peer[version].loads(text)
            fresh = program(version, count, 1000 + k)
            sides = [
                ("read", 0, qasm.loads, fresh),
                ("read", 1, peer[version].loads, fresh),
                ("write", 0, write[version], ours),
                ("write", 1, peer[version].dumps, theirs),
            ]
            for task, side, call, argument in sides if k % 2 else reversed(sides):
                elapsed = seconds(call, argument)
                if k:  # the first round warms both up
                    times[task][side].append(elapsed)
        for task, (mine, other) in times.items():
            ours, theirs = statistics.median(mine), statistics.median(other)
            rows[f"{task} OpenQASM {version}, {count} gates"] = (ours, theirs, theirs / ours)
    return rows


def main():
    """Run in the environment of referees, then show."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.qasm", description=__doc__)
    parser.add_argument("--gates", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--side", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        print(json.dumps(measure(options.gates, options.rounds)))
        return 0
    from benchmarks.environments import ensure, python_of

    trouble = ensure("qasm")
    if trouble:
        print(trouble, file=sys.stderr)
        return 1
    command = [str(python_of("qasm")), "-m", "benchmarks.qasm", "--side"]
    command += ["--gates", str(options.gates), "--rounds", str(options.rounds)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        return 1
    print(f"{'':34}{'qjax':>10}{'Qiskit':>10}   Qiskit / qjax")
    for name, (ours, theirs, ratio) in json.loads(done.stdout.splitlines()[-1]).items():
        print(f"{name:34}{ours * 1e3:8.1f} ms{theirs * 1e3:7.1f} ms{ratio:12.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
