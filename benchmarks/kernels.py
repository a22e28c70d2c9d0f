"""Fidelity kernel matrices against PennyLane under jax.jit and against Qiskit's statevectors.

    python -m benchmarks.kernels [--points 1000] [--qubits 10] [--rounds 3] [--share 2000]

The ZZ feature map (repeated twice, neighbouring pairs) of random points. Sides, each a process of
its own with one thread, taking turns round by round:

- qjax: `FidelityKernel`, all of it: points in, matrix out.
- pennylane: the kernel of its documentation, the encoding of one point and the adjoint encoding of
  another in one circuit on default.qubit, under jax.jit, for many pairs at once by jax.vmap: its
  best form. Only the pairs above the diagonal are counted.
- pennylane-loop: `qml.kernels.square_kernel_matrix` itself with the jitted kernel.
- qiskit: `FidelityStatevectorKernel` of qiskit-machine-learning, with and without the correction of
  the matrix to be positive semidefinite, its default ("qiskit-psd"). A new kernel for every round:
  it keeps the states of the points that it has seen.

The values are compared before anything is timed. PennyLane's sides run a share of all pairs, and
their time is scaled up to the whole matrix, in proportion to the pairs; `--share 0` runs them all.
"""

import argparse
import json
import os
import subprocess
import sys
import time

import numpy as np

from benchmarks.environments import ROOT, ensure, python_of

SIDES = {
    "qjax": "qjax",
    "pennylane": "peers",
    "pennylane-loop": "peers",
    "qiskit": "qml",
    "qiskit-psd": "qml",
}
CHECKED = 6
LANES = 64  # pairs that PennyLane simulates at once: fastest of 16, 64, 256


def points(count, n):
    """Features within [0, pi)."""
    return np.random.default_rng(n).uniform(0, np.pi, (count, n)).astype(np.float32)


class Qjax:
    """Ours."""

    note = ""

    def __init__(self, n, x, share):
        import jax

        import qjax as qj
        from qjax.kernels import FidelityKernel

        self.x, self.sync = x, jax.block_until_ready
        self.kernel = FidelityKernel(
            lambda p: qj.templates.zz_feature_map(p, entanglement="linear")
        )

    def matrix(self, count):
        return np.asarray(self.kernel(self.x[:count]))

    def whole(self):
        """Seconds for the whole matrix: wall, cpu."""
        return timed(lambda: self.sync(self.kernel(self.x)))


class PennyLane:
    """One circuit for each pair, many pairs at once."""

    note = ""

    def __init__(self, n, x, share):
        import jax
        import jax.numpy as jnp
        import pennylane as qml

        self.jax, self.x, self.share = jax, jnp.asarray(x), share

        def encode(p):
            for _ in range(2):
                for q in range(n):
                    qml.Hadamard(q)
                    qml.PhaseShift(2 * p[q], q)
                for q in range(n - 1):
                    qml.IsingZZ(2 * (np.pi - p[q]) * (np.pi - p[q + 1]), [q, q + 1])

        @qml.qnode(qml.device("default.qubit", wires=n), interface="jax")
        def both(a, b):
            encode(a)
            qml.adjoint(encode)(b)
            return qml.probs(wires=range(n))

        self.one = jax.jit(lambda a, b: both(a, b)[0])
        self.many = jax.jit(
            lambda a, b: jax.lax.map(lambda pair: both(*pair)[0], (a, b), batch_size=LANES)
        )

    def pairs(self, count):
        return np.triu_indices(count, 1)

    def matrix(self, count):
        i, j = self.pairs(count)
        out = np.eye(count)
        out[i, j] = out[j, i] = np.asarray(self.many(self.x[i], self.x[j]))
        return out

    def whole(self):
        i, j = self.pairs(len(self.x))
        count = len(i) if not self.share else min(self.share, len(i))
        a, b = self.x[i[:count]], self.x[j[:count]]
        seconds = timed(lambda: self.jax.block_until_ready(self.many(a, b)))
        return [s * len(i) / count for s in seconds]


class PennyLaneLoop(PennyLane):
    """As its documentation has it."""

    def matrix(self, count):
        import pennylane as qml

        return np.asarray(qml.kernels.square_kernel_matrix(self.x[:count], self.one, True))

    def whole(self):
        import pennylane as qml

        some = len(self.x) if not self.share else min(len(self.x), int(np.sqrt(self.share)))
        x = self.x[:some]
        seconds = timed(lambda: np.asarray(qml.kernels.square_kernel_matrix(x, self.one, True)))
        return [s * len(self.x) * (len(self.x) - 1) / (some * (some - 1)) for s in seconds]


class Qiskit:
    """Statevectors, then an inner product for each pair."""

    corrected = False

    def __init__(self, n, x, share):
        from importlib.metadata import version

        from qiskit.circuit.library import zz_feature_map

        self.x, self.map = x, zz_feature_map(n, reps=2, entanglement="linear")
        self.note = f"qiskit-machine-learning {version('qiskit-machine-learning')}"

    def evaluate(self, x):
        from qiskit_machine_learning.kernels import FidelityStatevectorKernel

        kernel = FidelityStatevectorKernel(feature_map=self.map, enforce_psd=self.corrected)
        return kernel.evaluate(x)

    def matrix(self, count):
        return self.evaluate(self.x[:count])

    def whole(self):
        return timed(lambda: self.evaluate(self.x))


class QiskitCorrected(Qiskit):
    """With its correction."""

    corrected = True


def timed(call):
    """Seconds of wall and of processor."""
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return [time.perf_counter() - wall, time.process_time() - cpu]


def serve(options):
    """Answer commands from standard input until it ends; one JSON line each."""
    made = dict(zip(SIDES, (Qjax, PennyLane, PennyLaneLoop, Qiskit, QiskitCorrected), strict=True))
    side = made[options.side](options.qubits, points(options.points, options.qubits), options.share)
    for line in sys.stdin:
        if line.strip() == "check":
            print(json.dumps({"matrix": side.matrix(CHECKED).tolist(), "note": side.note}))
        else:
            print(json.dumps(side.whole()))
        sys.stdout.flush()


class Side:
    """One process, with one thread."""

    def __init__(self, name, options):
        flags = f"--side {name} --points {options.points} --qubits {options.qubits}"
        threads = "--xla_cpu_multi_thread_eigen=false"
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "XLA_FLAGS": threads}
        for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            environment[variable] = "1"
        command = [str(python_of(SIDES[name])), "-m", "benchmarks.kernels", *flags.split()]
        self.process = subprocess.Popen(
            [*command, "--share", str(options.share)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=ROOT,
        )

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the process ended")
        return json.loads(line)

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=1000)
    parser.add_argument("--qubits", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--share", type=int, default=2000, help="pairs that PennyLane runs")
    parser.add_argument("--sides", default=",".join(SIDES))
    parser.add_argument("--side", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        return serve(options)
    names = options.sides.split(",")
    for environment in {SIDES[name] for name in names}:
        if trouble := ensure(environment):
            return print(trouble)
    sides = {name: Side(name, options) for name in names}
    answers = {name: side.ask("check") for name, side in sides.items()}
    for name, answer in answers.items():
        error = abs(np.array(answer["matrix"]) - np.array(answers[names[0]]["matrix"])).max()
        assert error < 1e-4, f"{name}: {error:.1e}"
        if answer["note"]:
            print(f"{name}: {answer['note']}")
    for side in sides.values():
        side.ask("time")  # compiles
    times = {name: [] for name in names}
    for _ in range(options.rounds):
        for name, side in sides.items():
            times[name].append(side.ask("time"))
    print(f"{options.points} x {options.points} points, {options.qubits} qubits; values agree")
    print("side             seconds: wall, cpu      over qjax: wall, cpu (medians of rounds)")
    ours = np.array(times[names[0]])
    for name, values in times.items():
        wall, cpu = np.median(values, axis=0)
        ratio = np.median(np.array(values) / ours, axis=0)
        print(f"{name:16s} {wall:10.3f} {cpu:10.3f} {ratio[0]:12.1f} {ratio[1]:8.1f}", flush=True)
    for side in sides.values():
        side.end()
    return None


if __name__ == "__main__":
    main()
