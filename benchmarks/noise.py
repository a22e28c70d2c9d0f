"""Noisy circuits against PennyLane default.mixed (under jax.jit) and Qiskit Aer density_matrix.

    python -m benchmarks.noise [--qubits 4,6,8] [--layers 3] [--rounds 9] [--single] [--synchronous]

A hardware-efficient circuit, RY and RZ on every qubit and a ring of CNOTs in each layer, with a
depolarising channel on every qubit that a gate has acted on; the energy of a transverse-field Ising
chain and its gradient with respect to all angles and the strength of the noise. The values are
compared before anything is timed. Each side is a process of its own; the processes take turns round
by round, so that a load on the machine meets all of them. Calls are timed in two ways: alone, each
waiting for its result, which for small circuits is mostly the wait for another thread to wake; and
many in a row with one wait at the end, as in a training loop. With ``--synchronous`` JAX computes
in the calling thread, on every side that is JAX: what a single call costs without that wait. The
ratios are medians over rounds.
"""

import argparse
import json
import os
import subprocess
import sys
import time

import numpy as np

from benchmarks.environments import ROOT, ensure, python_of

STRENGTH = 0.01
SIDES = {"qjax": "qjax", "pennylane": "peers", "aer": "peers"}


def angles(n, layers):
    """The angles of every layer, qubit and rotation."""
    return np.random.default_rng(n).uniform(-np.pi, np.pi, (layers, n, 2))


def ring(n):
    """The pairs that a layer entangles."""
    return [(q, (q + 1) % n) for q in range(n)]


class Qjax:
    """Ours: `expval` on a density matrix."""

    def __init__(self, n, layers, single):
        import jax
        import jax.numpy as jnp

        import qjax as qj

        def energy(w, p):
            ops = []
            for layer in range(layers):
                for q in range(n):
                    ops += [qj.RY(w[layer, q, 0], q), qj.Depolarizing(p, q)]
                    ops += [qj.RZ(w[layer, q, 1], q), qj.Depolarizing(p, q)]
                for a, b in ring(n):
                    ops += [qj.CNOT(a, b), qj.Depolarizing(p, a), qj.Depolarizing(p, b)]
            chain = sum((qj.Z(q) @ qj.Z(q + 1) for q in range(n - 1)), 0.0 * qj.Z(0))
            field = sum((qj.X(q) for q in range(n)), 0.0 * qj.X(0))
            return qj.expval(qj.Circuit(n, ops), chain + field, sim=qj.DensityMatrix())

        self.sync = jax.block_until_ready
        dtype = np.float32 if single else np.float64
        self.args = (jnp.asarray(angles(n, layers), dtype), jnp.asarray(STRENGTH, dtype))
        self.compiled = {
            "value": lambda: jax.jit(energy).lower(*self.args).compile(),
            "gradient": lambda: (
                jax.jit(jax.value_and_grad(energy, (0, 1))).lower(*self.args).compile()
            ),
        }

    def build(self, task):
        """Compile, and return what is timed."""
        program = self.compiled[task]()
        return lambda: program(*self.args)


class PennyLane(Qjax):
    """default.mixed, differentiated by backpropagation, compiled as a whole."""

    def __init__(self, n, layers, single):
        import jax
        import jax.numpy as jnp
        import pennylane as qml

        terms = [qml.Z(q) @ qml.Z(q + 1) for q in range(n - 1)] + [qml.X(q) for q in range(n)]
        hamiltonian = qml.Hamiltonian([1.0] * len(terms), terms)

        @qml.qnode(qml.device("default.mixed", wires=n), interface="jax", diff_method="backprop")
        def energy(w, p):
            for layer in range(layers):
                for q in range(n):
                    qml.RY(w[layer, q, 0], q)
                    qml.DepolarizingChannel(p, q)
                    qml.RZ(w[layer, q, 1], q)
                    qml.DepolarizingChannel(p, q)
                for a, b in ring(n):
                    qml.CNOT([a, b])
                    qml.DepolarizingChannel(p, a)
                    qml.DepolarizingChannel(p, b)
            return qml.expval(hamiltonian)

        self.sync = jax.block_until_ready
        self.args = (jnp.asarray(angles(n, layers)), jnp.asarray(STRENGTH))
        self.compiled = {
            "value": lambda: jax.jit(energy).lower(*self.args).compile(),
            "gradient": lambda: (
                jax.jit(jax.value_and_grad(energy, (0, 1))).lower(*self.args).compile()
            ),
        }


class Aer:
    """The density-matrix method with a noise model; angles bound and transpiled beforehand."""

    def sync(self, result):
        """Nothing to wait for."""
        return result

    def __init__(self, n, layers, single):
        from qiskit import QuantumCircuit
        from qiskit.quantum_info import SparsePauliOp
        from qiskit_aer import AerSimulator
        from qiskit_aer.noise import NoiseModel, depolarizing_error

        one = depolarizing_error(4 * STRENGTH / 3, 1)
        model = NoiseModel()
        model.add_all_qubit_quantum_error(one, ["ry", "rz"])
        model.add_all_qubit_quantum_error(one.tensor(one), ["cx"])
        circuit, w = QuantumCircuit(n), angles(n, layers)
        for layer in range(layers):
            for q in range(n):
                circuit.ry(w[layer, q, 0], q)
                circuit.rz(w[layer, q, 1], q)
            for a, b in ring(n):
                circuit.cx(a, b)
        pairs = [("ZZ", [q, q + 1], 1.0) for q in range(n - 1)]
        fields = [("X", [q], 1.0) for q in range(n)]
        circuit.save_expectation_value(
            SparsePauliOp.from_sparse_list(pairs + fields, n), range(n), label="energy"
        )
        self.circuit = circuit
        self.backend = AerSimulator(
            method="density_matrix",
            noise_model=model,
            precision="single" if single else "double",
        )

    def build(self, task):
        """There is no gradient, and nothing to compile."""
        assert task == "value", "Aer has no gradients"
        return lambda: self.backend.run(self.circuit, shots=1).result().data()["energy"]


def serve(side, n, layers, single, synchronous):
    """Answer commands from standard input until it ends; one JSON line each."""
    made = {"qjax": Qjax, "pennylane": PennyLane, "aer": Aer}[side]
    if side != "aer":
        import jax

        jax.config.update("jax_enable_x64", not single)
        jax.config.update("jax_cpu_enable_async_dispatch", not synchronous)
    program = made(n, layers, single)
    ready = {}
    for line in sys.stdin:
        command, task = line.split()
        if command == "build":
            wall, cpu = time.perf_counter(), time.process_time()
            ready[task] = program.build(task)
            spent = [time.perf_counter() - wall, time.process_time() - cpu]
            value = program.sync(ready[task]())
            parts = value if isinstance(value, tuple) else (value,)
            flat = [np.ravel(np.asarray(x, float)) for p in parts for x in _leaves(p)]
            print(json.dumps({"compile": spent, "value": np.concatenate(flat).tolist()}))
        else:
            call = ready[task]
            alone, row = timed(call, program.sync), in_a_row(call, program.sync)
            print(json.dumps({"seconds": [*alone, row]}))
        sys.stdout.flush()


def timed(call, sync, least=0.2):
    """Median wall and CPU seconds of single calls."""
    calls, began = [], time.perf_counter()
    while len(calls) < 3 or time.perf_counter() - began < least:
        wall, cpu = time.perf_counter(), time.process_time()
        sync(call())
        calls.append((time.perf_counter() - wall, time.process_time() - cpu))
    return np.median(calls, axis=0).tolist()


def in_a_row(call, sync, least=0.2):
    """Wall seconds per call of many calls with one wait at the end."""
    count, began = 0, time.perf_counter()
    while count < 3 or time.perf_counter() - began < least:
        result = call()
        count += 1
    sync(result)
    return (time.perf_counter() - began) / count


def _leaves(x):
    return [y for part in x for y in _leaves(part)] if isinstance(x, tuple | list) else [x]


class Side:
    """One process."""

    def __init__(self, name, n, options):
        flags = f"--side {name} --qubits {n} --layers {options.layers}".split()
        command = [str(python_of(SIDES[name])), "-m", "benchmarks.noise", *flags]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        environment.pop("JAX_COMPILATION_CACHE_DIR", None)
        self.process = subprocess.Popen(
            command + ["--single"] * options.single + ["--synchronous"] * options.synchronous,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=ROOT,
        )

    def ask(self, command, task):
        self.process.stdin.write(f"{command} {task}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the process ended")
        return json.loads(line)

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def compare(n, options):
    """Build, check and time all sides for one number of qubits."""
    names = options.peers.split(",") if options.peers else []
    sides = {name: Side(name, n, options) for name in ["qjax", *names]}
    for task in ("value", "gradient"):
        here = {k: s for k, s in sides.items() if task == "value" or k != "aer"}
        built = {k: s.ask("build", task) for k, s in here.items()}
        tolerance = 2e-4 if options.single else 1e-10
        for k, b in built.items():
            error = np.max(np.abs(np.subtract(b["value"], built["qjax"]["value"])))
            assert error < tolerance, f"{k} disagrees by {error:.1e}"
        times = {k: [] for k in here}
        for _ in range(options.rounds):
            for k, s in here.items():
                times[k].append(s.ask("time", task)["seconds"])
        ours = np.array(times["qjax"])
        for k in here:
            wall, cpu, row = 1e3 * np.median(times[k], axis=0)
            ratio = np.median(np.array(times[k]) / ours, axis=0)
            compiled = built[k]["compile"]
            print(
                f"{n:2d} {task:9s} {k:10s} {wall:8.3f} {cpu:8.3f} {row:8.3f}   {ratio[0]:7.2f}"
                f" {ratio[1]:7.2f} {ratio[2]:7.2f}   {compiled[0]:6.2f} {compiled[1]:6.2f}",
                flush=True,
            )
    for side in sides.values():
        side.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--qubits", default="4,6,8")
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--peers", default="pennylane,aer")
    parser.add_argument("--single", action="store_true", help="single precision on every side")
    parser.add_argument("--synchronous", action="store_true", help="no dispatch to other threads")
    parser.add_argument("--side", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        n = int(options.qubits)
        return serve(options.side, n, options.layers, options.single, options.synchronous)
    trouble = ensure("peers") if options.peers else None
    if trouble:
        return print(trouble)
    print(" n task      side       ms: alone, CPU, in a row  times ours             compile s, CPU")
    for n in options.qubits.split(","):
        compare(int(n), options)
    return None


if __name__ == "__main__":
    main()
