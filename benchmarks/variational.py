"""Two variational workloads against their peers.

    python -m benchmarks.variational [--rounds 9] [--tasks h4,qaoa] [--qubits 16] [--layers 8]

h4: energy and gradient of unitary coupled cluster with singles and doubles (26 angles, 8 qubits, H4
at 0.9 angstrom). Ours works on the 36 determinants with four electrons and no spin, or on the
circuit of Pauli rotations. PennyLane's lightning.qubit takes the adjoint gradient of the tape, with
the Hamiltonian as a sum of words and as a sparse matrix; default.qubit is differentiated by
backpropagation under jax.jit. Their excitations are qml.FermionicSingleExcitation and
qml.FermionicDoubleExcitation, and, marked "givens", qml.SingleExcitation and qml.DoubleExcitation
between CZ gates for the parity of the modes between, the same operators in far fewer gates.
Energies and gradients are compared before anything is timed.

qaoa: energy and gradient of eight layers on a random 3-regular graph of sixteen vertices, single
precision. Ours works on the values of all bit strings, or on the circuit; the peers are those of
the suite w7. Answers are compared.

Every side is a process of its own on one core; they take turns round by round, and ratios are
medians over rounds of wall time, and of CPU time.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.environments import ROOT, ensure, python_of

SIDES = {
    "h4": {
        "qjax": "qjax",
        "qjax-circuit": "qjax",
        "lightning": "peers",
        "lightning-sparse": "peers",
        "lightning-givens": "peers",
        "lightning-sparse-givens": "peers",
        "default-jit": "peers",
        "default-jit-givens": "peers",
    },
    "qaoa": {
        "qjax": "qjax",
        "qjax-circuit": "qjax",
        "lightning": "peers",
        "qulacs": "peers",
        "qujax": "peers",
        "tc-scan": "tcng",
    },
}
LENGTH = 0.9


def describe_h4():
    """What every side builds from: words, excitations, angles."""
    from qjax.observables import molecule, uccsd_excitations

    m = molecule("h4", LENGTH)
    pool = uccsd_excitations(m.n // 2, m.electrons)
    return {
        "qubits": m.n,
        "electrons": m.electrons,
        "words": [list(map(list, w)) for w in m.hamiltonian.words],
        "coeffs": m.hamiltonian.coeffs.tolist(),
        "excitations": [[list(e.out), list(e.into)] for e in pool],
        "angles": np.random.default_rng(0).uniform(-0.3, 0.3, len(pool)).tolist(),
    }


def h4_qjax(data, side):
    """Ours."""
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp

    import qjax as qj
    from qjax.chemistry import Sector, Tables, sector_energy
    from qjax.observables import Excitation

    words = [tuple((q, c) for q, c in w) for w in data["words"]]
    hamiltonian = qj.PauliSum(words, np.array(data["coeffs"]))
    pool = [Excitation(tuple(a), tuple(b)) for a, b in data["excitations"]]
    orbitals, half = data["qubits"] // 2, data["electrons"] // 2
    if side == "qjax":
        sector = Sector(orbitals, half, half)
        tables, start = Tables.of(pool, sector), jnp.asarray(sector.reference())
        matrix = jnp.asarray(sector.matrix(hamiltonian))

        def energy(w):
            return sector_energy(matrix, tables, w, start)
    else:

        def energy(w):
            circuit = qj.templates.uccsd(w, pool, orbitals, data["electrons"])
            return qj.expval(circuit, hamiltonian, gradient=qj.Adjoint())

    program = jax.jit(jax.value_and_grad(energy))
    angles = jnp.asarray(data["angles"])
    return lambda: jax.block_until_ready(program(angles))


def h4_pennylane(data, side):
    """PennyLane's simulators."""
    import jax

    jax.config.update("jax_enable_x64", True)
    import pennylane as qml
    from pennylane.devices import ExecutionConfig
    from pennylane.tape import QuantumScript

    n = data["qubits"]
    letters = {"X": qml.X, "Y": qml.Y, "Z": qml.Z}

    def word(w):
        parts = [letters[c](q) for q, c in w]
        return qml.prod(*parts) if len(parts) > 1 else parts[0] if parts else qml.I(0)

    hamiltonian = qml.Hamiltonian(data["coeffs"], [word(w) for w in data["words"]])
    bits = np.array([1] * data["electrons"] + [0] * (n - data["electrons"]))

    # PennyLane's excitations turn by half of their angle, and its doubles the other way around
    def fermionic(t, a, b):
        if len(a) == 1:
            return [qml.FermionicSingleExcitation(2 * t, wires=list(range(a[0], b[0] + 1)))]
        first, second = list(range(a[0], a[1] + 1)), list(range(b[0], b[1] + 1))
        return [qml.FermionicDoubleExcitation(-2 * t, wires1=first, wires2=second)]

    def givens(t, a, b):
        """The same: the parity of the modes between, by CZ gates with a mode that flips."""
        kind = qml.SingleExcitation if len(a) == 1 else qml.DoubleExcitation
        pairs = [(a[0], b[0])] if len(a) == 1 else [a, b]
        between = {m for low, high in pairs for m in range(low + 1, high)} - {*a, *b}

        def signs():
            return [qml.CZ(wires=[m, b[-1]]) for m in sorted(between)]

        return [*signs(), kind(-2 * t, wires=[*a, *b]), *signs()]

    def gates(w):
        excite = givens if side.endswith("givens") else fermionic
        out = [qml.BasisState(bits, wires=range(n))]
        for k, (a, b) in enumerate(data["excitations"]):
            out += excite(w[k], a, b)
        return out

    if side.startswith("default"):
        import jax.numpy as jnp

        @qml.qnode(qml.device("default.qubit", wires=n), interface="jax", diff_method="backprop")
        def energy(w):
            gates(w)  # which queue themselves
            return qml.expval(hamiltonian)

        program = jax.jit(jax.value_and_grad(energy))
        angles = jnp.asarray(data["angles"])
        return lambda: jax.block_until_ready(program(angles))
    device = qml.device("lightning.qubit", wires=n)
    asked = hamiltonian
    if side.startswith("lightning-sparse"):
        matrix = hamiltonian.sparse_matrix(wire_order=range(n)).tocsr()
        asked = qml.SparseHamiltonian(matrix, wires=range(n))
    config = ExecutionConfig(gradient_method="adjoint")
    angles = np.array(data["angles"])

    # decomposed once; the angle of every rotation is a multiple of one parameter
    def expanded(w):
        split = (qml.FermionicSingleExcitation, qml.FermionicDoubleExcitation)
        return [
            part
            for op in gates(w)
            for part in (op.decomposition() if isinstance(op, split) else [op])
        ]

    base = expanded(np.zeros(len(angles)))
    # trainable parameters are counted over all parameters of all operations
    counts = np.cumsum([0, *(len(op.parameters) for op in base)])
    turns = [k for k, op in enumerate(base) if op.parameters and op.name != "BasisState"]
    at = np.array([float(base[k].parameters[0]) for k in turns])
    every = [expanded(row) for row in np.eye(len(angles))]
    factor = np.array([[float(ops[k].parameters[0]) for k in turns] for ops in every]) - at
    moving = np.flatnonzero(np.abs(factor).max(axis=0) > 0)
    place = {turns[t]: t for t in moving}
    trainable = [int(counts[turns[t]]) for t in moving]
    used = factor[:, moving]

    def tape(w):
        now = at + w @ factor
        ops = [
            type(op)(now[place[k]], wires=op.wires) if k in place else op
            for k, op in enumerate(base)
        ]
        return QuantumScript(ops, [qml.expval(asked)], trainable_params=trainable)

    def run():
        value, slopes = device.execute_and_compute_derivatives(tape(angles), config)
        return value, used @ np.ravel(slopes)

    return run


def qaoa(side, n, layers):
    """Everybody's QAOA, from the one description of the suite."""
    from benchmarks.case import Case
    from benchmarks.peers import PEERS
    from benchmarks.problem import build, cubic_graph

    case = Case("grad", "qaoa", n, layers, "", "maxcut")
    problem = build(case)
    if side != "qjax":
        from importlib import import_module

        peer = PEERS["qjax" if side == "qjax-circuit" else side]
        module = import_module(f"benchmarks.peers.{peer.module}")
        program = module.build(problem, case, peer.variant)

        def run():
            answer = program.answer(program.run())
            return answer["value"][0], np.array(answer["gradient"])

        run.timed = program.run
        return run
    import jax
    import jax.numpy as jnp

    import qjax as qj
    from qjax.combinatorial import maxcut_problem, qaoa_energy

    cut = maxcut_problem(cubic_graph(n))
    angles = jnp.asarray(problem.angles, jnp.float32)

    # RZZ(g) on every edge is exp(-i g C), and RX(b) is exp(-i (b / 2) X)
    def energy(w):
        return qaoa_energy(cut, w[:, 0], w[:, 1] / 2, gradient=qj.Adjoint())

    program = jax.jit(jax.value_and_grad(energy))
    return lambda: jax.block_until_ready(program(angles))


def serve(options):
    """Build, answer, then time turns until the input ends."""
    if options.task == "h4":
        data = json.loads(Path(options.data).read_text())
        run = (h4_qjax if options.side.startswith("qjax") else h4_pennylane)(data, options.side)
    else:
        run = qaoa(options.side, options.qubits, options.layers)
    began = time.process_time()
    value, slope = run()
    spent = time.process_time() - began
    found = [float(np.ravel(value)[0]), *np.ravel(slope).astype(float).tolist()]
    print(json.dumps({"compile": spent, "found": found}), flush=True)
    call = getattr(run, "timed", run)
    for _ in sys.stdin:
        calls, start = [], time.perf_counter()
        while len(calls) < 3 or time.perf_counter() - start < options.seconds:
            wall, cpu = time.perf_counter(), time.process_time()
            call()
            calls.append((time.perf_counter() - wall, time.process_time() - cpu))
        print(json.dumps(np.median(calls, axis=0).tolist()), flush=True)


class Side:
    """One process."""

    def __init__(self, task, name, data, options):
        flags = ["--side", name, "--task", task, "--data", data, "--qubits", str(options.qubits)]
        flags += ["--layers", str(options.layers), "--seconds", str(options.seconds)]
        command = [str(python_of(SIDES[task][name])), "-m", "benchmarks.variational", *flags]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        environment.pop("JAX_COMPILATION_CACHE_DIR", None)
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
            cwd=ROOT,
        )  # fmt: skip

    def read(self):
        while line := self.process.stdout.readline():
            if line.startswith(("{", "[")):
                return json.loads(line)
        raise RuntimeError("the process ended")

    def turn(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return self.read()

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def compare(task, names, data, options):
    """Check and time all sides of one task."""
    sides, found, compiled = {}, {}, {}
    for name in names:
        trouble = None if SIDES[task][name] == "qjax" else ensure(SIDES[task][name])
        if trouble:
            print(f"{task} {name}: {trouble}")
            continue
        side = Side(task, name, data, options)
        try:
            answer = side.read()
        except RuntimeError as error:
            print(f"{task} {name}: {error}")
            continue
        sides[name], found[name], compiled[name] = side, answer["found"], answer["compile"]
    tolerance = 1e-8 if task == "h4" else 5e-3
    for name, values in found.items():
        gaps = np.abs(np.subtract(values, found["qjax"]))
        print(f"{task} {name}: value off by {gaps[0]:.1e}, gradient by {gaps[1:].max():.1e}")
        if not gaps.max() <= tolerance:
            print(f"{task} {name}: disagrees, and is left out", flush=True)
            sides.pop(name).end()
    times = {name: [] for name in sides}
    for number in range(options.rounds):
        order = list(sides)
        for name in order[number % len(order) :] + order[: number % len(order)]:
            times[name].append(sides[name].turn())
    ours = np.array(times["qjax"])
    for name in sides:
        wall, cpu = 1e3 * np.median(times[name], axis=0)
        ratio = np.median(np.array(times[name]) / ours, axis=0)
        print(
            f"{task:5s} {name:20s} {wall:9.3f} {cpu:9.3f}   {ratio[0]:8.2f} {ratio[1]:8.2f}   "
            f"{compiled[name]:7.1f}",
            flush=True,
        )
    for side in sides.values():
        side.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", default="h4,qaoa")
    parser.add_argument("--sides", default="", help="of the names of each task; default all")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--qubits", type=int, default=16)
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=0.3, help="of a turn")
    for hidden in ("--side", "--task", "--data"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        return serve(options)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "h4.json"
        data.write_text(json.dumps(describe_h4()))
        print(
            "task  side                   ms: wall, CPU        times ours, CPU   first call, CPU s"
        )
        for task in options.tasks.split(","):
            wanted = options.sides.split(",") if options.sides else list(SIDES[task])
            compare(task, ["qjax", *(s for s in wanted if s != "qjax")], str(data), options)
    return None


if __name__ == "__main__":
    main()
