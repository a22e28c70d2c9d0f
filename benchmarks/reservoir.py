"""Microseconds per input step of an Ising reservoir: qjax, NumPy, PennyLane, Qiskit Aer.

    python -m benchmarks.reservoir [--qubits 5] [--nodes 10] [--rounds 5] [--long 2000000]

The same random Hamiltonian and input on every side; all observe Z on every qubit at every virtual
node, and the features are compared before anything is timed.

- ``numpy``: density matrix, one ``np.trace`` per observable and virtual node, as published code
  has it; ``numpy-diagonal``: the same with diagonals in place of traces.
- ``pennylane``: default.mixed, one call per virtual node (expectation values cannot be saved
  within a circuit).
- ``aer``: the density-matrix method, one circuit for the whole series, expectation values saved at
  every virtual node.

Each side is a process of its own with one thread; the processes take turns round by round, so that
a load on the machine meets all of them. With ``--long`` the features of a long series are read as a
stream, and the growth of the process's memory is printed.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time

import numpy as np

from benchmarks.environments import ROOT, ensure, python_of

SIDES = {
    "qjax": "qjax",
    "qjax-single": "qjax",
    "numpy": "qjax",
    "numpy-diagonal": "qjax",
    "pennylane": "peers",
    "aer": "peers",
}
STEPS = {"qjax": 5000, "qjax-single": 5000, "numpy": 200, "numpy-diagonal": 400, "pennylane": 12}
STEPS["aer"] = 40
TAU, CHECKED = 1.0, 10


def problem(n):
    """Couplings, fields and input."""
    draw = np.random.default_rng(n)
    return draw.uniform(-0.5, 0.5, (n, n)), np.full(n, 0.5), draw.uniform(size=5000)


def unitary(n, nodes):
    """The evolution between two virtual nodes, with SciPy."""
    from scipy.linalg import expm

    couplings, fields, _ = problem(n)
    flip, sign = np.array([[0, 1], [1, 0]]), np.diag([1, -1])

    def on(matrix, *qubits):
        out = np.eye(1)
        for q in range(n):
            out = np.kron(out, matrix if q in qubits else np.eye(2))
        return out

    h = -sum(fields[q] * on(sign, q) for q in range(n))
    for a in range(n):
        for b in range(a + 1, n):
            h = h - couplings[a, b] * on(flip, a, b)
    return expm(-1j * h * TAU / nodes), [on(sign, q) for q in range(n)]


class Qjax:
    """Ours, the simulator chosen by the package."""

    def __init__(self, n, nodes, name):
        import jax

        jax.config.update("jax_enable_x64", name == "qjax")
        import jax.numpy as jnp

        from qjax.reservoir import IsingReservoir

        couplings, fields, _ = problem(n)
        self.sync, self.array = jax.block_until_ready, jnp.asarray
        self.reservoir = IsingReservoir.of(couplings, fields, TAU, nodes=nodes)

    def features(self, u):
        return self.sync(self.reservoir.features(self.array(u)))


class Numpy:
    """The usual loop."""

    diagonal = False

    def __init__(self, n, nodes, name):
        self.n, self.nodes, self.diagonal = n, nodes, name == "numpy-diagonal"
        self.step, self.observables = unitary(n, nodes)
        self.signs = np.stack([np.diag(o).real for o in self.observables])

    def features(self, u):
        d = 2 ** (self.n - 1)
        rho = np.zeros((2 * d, 2 * d), complex)
        rho[0, 0] = 1
        step, back, out = self.step, self.step.conj().T, []
        for x in u:
            psi = np.array([np.sqrt(1 - x), np.sqrt(x)])
            rest = rho.reshape(2, d, 2, d).trace(axis1=0, axis2=2)
            rho = np.kron(np.outer(psi, psi), rest)
            row = []
            for _ in range(self.nodes):
                rho = step @ rho @ back
                if self.diagonal:
                    row += (self.signs @ np.diagonal(rho).real).tolist()
                else:
                    row += [np.real(np.trace(o @ rho)) for o in self.observables]
            out.append(row)
        return np.array(out)


class PennyLane:
    """default.mixed, node by node."""

    def __init__(self, n, nodes, name):
        import pennylane as qml

        self.n, self.nodes = n, nodes
        step, _ = unitary(n, nodes)

        @qml.qnode(qml.device("default.mixed", wires=n))
        def node(rho):
            qml.QubitDensityMatrix(rho, wires=range(n))
            qml.QubitUnitary(step, wires=range(n))
            return [qml.density_matrix(wires=range(n)), *[qml.expval(qml.Z(q)) for q in range(n)]]

        self.node = node

    def features(self, u):
        d = 2 ** (self.n - 1)
        rho = np.zeros((2 * d, 2 * d), complex)
        rho[0, 0] = 1
        out = []
        for x in u:
            psi = np.array([np.sqrt(1 - x), np.sqrt(x)])
            rest = rho.reshape(2, d, 2, d).trace(axis1=0, axis2=2)
            rho, row = np.kron(np.outer(psi, psi), rest), []
            for _ in range(self.nodes):
                rho, *values = self.node(rho)
                row += [float(v) for v in values]
            out.append(row)
        return np.array(out)


class Aer:
    """One long circuit, made beforehand."""

    def __init__(self, n, nodes, name):
        from qiskit_aer import AerSimulator

        self.n, self.nodes, self.made = n, nodes, {}
        self.step, _ = unitary(n, nodes)
        self.backend = AerSimulator(method="density_matrix", max_parallel_threads=1)

    def _circuit(self, u):
        from qiskit import QuantumCircuit
        from qiskit.circuit.library import UnitaryGate
        from qiskit.quantum_info import SparsePauliOp

        n = self.n
        circuit, gate, z = QuantumCircuit(n), UnitaryGate(self.step), SparsePauliOp("Z")
        places = list(range(n))[::-1]  # Qiskit's first qubit is the least significant one
        for t, x in enumerate(u):
            circuit.reset(0)
            circuit.ry(2 * np.arcsin(np.sqrt(x)), 0)
            for node in range(self.nodes):
                circuit.append(gate, places)
                for q in range(n):
                    circuit.save_expectation_value(z, [q], label=f"{t} {node} {q}")
        return circuit

    def features(self, u):
        if len(u) not in self.made:
            self.made[len(u)] = self._circuit(u)
        data = self.backend.run(self.made[len(u)], shots=1).result().data()
        count = range(self.nodes), range(self.n)
        return np.array(
            [[data[f"{t} {v} {q}"] for v in count[0] for q in count[1]] for t in range(len(u))]
        )


def serve(name, n, nodes):
    """Answer commands from standard input until it ends; one JSON line each."""
    kind = name.split("-")[0]
    made = {"qjax": Qjax, "numpy": Numpy, "pennylane": PennyLane, "aer": Aer}[kind]
    began = time.perf_counter()
    side = made(n, nodes, name)
    u = problem(n)[2]
    for line in sys.stdin:
        command = line.split()
        if command[0] == "check":
            values = np.asarray(side.features(u[:CHECKED]), float).tolist()
            print(json.dumps({"features": values}))
        elif command[0] == "warm":
            side.features(u[: STEPS[name]])
            print(json.dumps({"seconds": time.perf_counter() - began}))
        elif command[0] == "time":
            steps = STEPS[name]
            wall, cpu = time.perf_counter(), time.process_time()
            side.features(u[:steps])
            spent = time.perf_counter() - wall, time.process_time() - cpu
            print(json.dumps({"per step": [1e6 * s / steps for s in spent]}))
        else:
            print(json.dumps(stream(side, int(command[1]))))
        sys.stdout.flush()


def stream(side, steps):
    """Time, and growth of the process's largest memory, of reading features of a long series."""
    u = np.random.default_rng(0).uniform(size=steps)
    for _ in side.reservoir.stream(u[:20_000]):
        pass
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began, total, grown = time.perf_counter(), 0, []
    for block in side.reservoir.stream(u):
        total += block.shape[0]
        if total in (steps // 10, steps):
            grown.append((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 2**10)
    return {"seconds": time.perf_counter() - began, "steps": total, "MiB": grown}


class Side:
    """One process, with one thread."""

    def __init__(self, name, options):
        flags = f"--side {name} --qubits {options.qubits} --nodes {options.nodes}".split()
        threads = "--xla_cpu_multi_thread_eigen=false"
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "XLA_FLAGS": threads}
        for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            environment[variable] = "1"
        command = [str(python_of(SIDES[name])), "-m", "benchmarks.reservoir", *flags]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=ROOT,
        )

    def ask(self, *command):
        self.process.stdin.write(" ".join(map(str, command)) + "\n")
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
    parser.add_argument("--qubits", type=int, default=5)
    parser.add_argument("--nodes", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sides", default=",".join(SIDES))
    parser.add_argument("--long", type=int, default=0, help="length of a series to stream")
    parser.add_argument("--side", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        return serve(options.side, options.qubits, options.nodes)
    names = options.sides.split(",")
    trouble = ensure("peers") if {"pennylane", "aer"} & set(names) else None
    if trouble:
        return print(trouble)
    sides = {name: Side(name, options) for name in names}
    found = {name: np.array(s.ask("check")["features"]) for name, s in sides.items()}
    for name, values in found.items():
        error = abs(values - found[names[0]]).max()
        assert error < (1e-4 if name == "qjax-single" else 1e-9), f"{name}: {error:.1e}"
    for side in sides.values():
        side.ask("warm")
    times = {name: [] for name in names}
    for _ in range(options.rounds):
        for name, side in sides.items():
            times[name].append(side.ask("time")["per step"])
    print(f"n = {options.qubits}, {options.nodes} virtual nodes; features agree")
    print("side             us per step: wall, cpu   over qjax: wall, cpu (medians of rounds)")
    ours = np.array(times[names[0]])
    for name, values in times.items():
        wall, cpu = np.median(values, axis=0)
        ratio = np.median(np.array(values) / ours, axis=0)
        print(f"{name:16s} {wall:12.1f} {cpu:12.1f} {ratio[0]:12.1f} {ratio[1]:8.1f}", flush=True)
    if options.long:
        for name in [k for k in names if k.startswith("qjax")]:
            print(name, json.dumps(sides[name].ask("stream", options.long)), flush=True)
    for side in sides.values():
        side.end()
    return None


if __name__ == "__main__":
    main()
