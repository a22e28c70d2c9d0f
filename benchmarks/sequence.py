"""Training steps of a fast-weight programmer and of a QLSTM against the same models in PennyLane.

    python -m benchmarks.sequence [--tasks qfwp,qlstm] [--rounds 5]

Batch 10, windows of 4, float64, loss on the last step, RMSprop; 8 qubits and 2 layers (fast-weight
programmer), 4 qubits and six circuits (QLSTM). The peers: torch with one circuit call per sample
and step, as published; torch with circuits broadcast over the batch; and jax.jit of vmapped QNodes,
which of the fast-weight programmer also runs the last circuit only, as ours does. The losses are
compared before anything is timed. Each side is a process of one thread; the processes take turns
round by round. A round is the median of several steps, a figure the median over the rounds.
"""

import argparse
import json
import os
import subprocess
import sys
import time

import numpy as np

from benchmarks.environments import ROOT, ensure, python_of

BATCH, WINDOW = 10, 4
SIDES = {
    "qjax": "qjax",
    "qjax-scan": "qjax",
    "torch-loop": "sequence",
    "torch-broadcast": "sequence",
    "pennylane-jax": "sequence",
}
PEERS = {
    "qfwp": ("torch-loop", "torch-broadcast", "pennylane-jax"),
    "qlstm": ("torch-broadcast", "pennylane-jax"),
}


def problem(task):
    """Windows (10, 4, 1), targets (10,) and parameters, the same on every side."""
    rng = np.random.default_rng(0)
    x, y = rng.uniform(-1, 1, (BATCH, WINDOW, 1)), rng.uniform(-1, 1, BATCH)
    if task == "qlstm":
        shapes = {"cell.circuits": (6, 2, 4, 3), "head.kernel": (4, 1), "head.bias": (1,)}
    else:
        linears = {"slow": (1, 8), "rows": (8, 2), "columns": (8, 8), "readout": (4, 1)}
        shapes = {f"{k}.kernel": s for k, s in linears.items()}
        shapes |= {f"{k}.bias": s[1:] for k, s in linears.items()}
    return x, y, {name: rng.normal(size=shape) / 3 for name, shape in sorted(shapes.items())}


def rmsprop():
    import optax

    return optax.rmsprop(1e-2, decay=0.99, eps=1e-8, eps_in_sqrt=False, initial_scale=0.0)


def jax_step(loss, params, repeats):
    """A compiled training step (or many in one scan) that keeps its own parameters, as one vector:
    handing over each array of a pytree would cost as much as the step."""
    import jax
    import optax
    from jax.flatten_util import ravel_pytree

    optimiser = rmsprop()
    vector, unpack = ravel_pytree(params)

    def one(carry, _):
        vector, state = carry
        value, gradient = jax.value_and_grad(lambda v: loss(unpack(v)))(vector)
        updates, state = optimiser.update(gradient, state, vector)
        return (optax.apply_updates(vector, updates), state), value

    if repeats == 1:
        program = jax.jit(lambda carry: one(carry, None))
    else:
        program = jax.jit(lambda carry: jax.lax.scan(one, carry, None, length=repeats))
    carry = vector, optimiser.init(vector)
    compiled = program.lower(carry).compile()
    first = float(np.ravel(compiled(carry)[1])[0])

    def step():
        nonlocal carry
        carry, value = jax.block_until_ready(compiled(carry))
        return value

    return first, step


def ours(task, repeats):
    import jax
    import jax.numpy as jnp
    from flax import nnx

    from qjax.experiments.qfwp_series import qlstm
    from qjax.nn.fast_weights import FastWeightProgrammer

    x, y, given = problem(task)
    if task == "qlstm":
        model = qlstm(0)
    else:
        model = FastWeightProgrammer(dtype=jnp.float64, rngs=nnx.Rngs(0))
    graph, state = nnx.split(model)

    def put(path, leaf):
        name = ".".join(str(k.key) for k in path if hasattr(k, "key"))
        assert given[name].shape == leaf.shape
        return jnp.asarray(given[name])

    state = jax.tree_util.tree_map_with_path(put, state)

    def loss(state):
        return jnp.mean((nnx.merge(graph, state)(jnp.asarray(x))[:, 0] - jnp.asarray(y)) ** 2)

    return jax_step(loss, state, repeats)


def brickwork(qml, x, weights):
    """The published circuit of the fast programmer, weights (..., 2, 8)."""
    for q in range(8):
        qml.Hadamard(q)
    qml.RY(x, 0)
    for layer in range(2):
        for first in (0, 1):
            for q in range(first, 7, 2):
                qml.CNOT([q, q + 1])
        for q in range(8):
            qml.RY(weights[..., layer, q], q)
    return [qml.expval(qml.PauliZ(q)) for q in range(4)]


def two_rings(qml, xp, v, weights):
    """The published circuit of a QLSTM gate, v (..., 4)."""
    for q in range(4):
        qml.Hadamard(q)
        qml.RY(xp.arctan(v[..., q]), q)
        qml.RZ(xp.arctan(v[..., q] ** 2), q)
    for layer in range(2):
        for hop in (1, 2):
            for q in range(4):
                qml.CNOT([q, (q + hop) % 4])
        for q in range(4):
            qml.Rot(weights[layer, q, 0], weights[layer, q, 1], weights[layer, q, 2], q)
    return [qml.expval(qml.PauliZ(q)) for q in range(4)]


def pennylane_jax(task):
    import jax
    import jax.numpy as jnp
    import pennylane as qml

    jax.config.update("jax_enable_x64", True)
    x, y, given = problem(task)
    params = {name: jnp.asarray(value) for name, value in given.items()}
    x, y = jnp.asarray(x), jnp.asarray(y)
    wires = 4 if task == "qlstm" else 8
    wrap = qml.qnode(qml.device("default.qubit", wires=wires), interface="jax")

    def linear(p, name, x):
        return x @ p[f"{name}.kernel"] + p[f"{name}.bias"]

    if task == "qlstm":
        gate = wrap(lambda v, w: two_rings(qml, jnp, v, w))
        many = jax.vmap(lambda v, w: jnp.stack(gate(v, w)), (None, 0))

        def one(p, series):
            circuits = p["cell.circuits"]

            def step(carry, value):
                cell, hidden = carry
                f, i, g, o = many(jnp.concatenate([value, hidden]), circuits[:4])
                cell = jax.nn.sigmoid(f) * cell + jax.nn.sigmoid(i) * jnp.tanh(g)
                both = many(jax.nn.sigmoid(o) * jnp.tanh(cell), circuits[4:])
                return (cell, both[0, :3]), both[1]

            _, out = jax.lax.scan(step, (jnp.zeros(4), jnp.zeros(3)), series)
            return linear(p, "head", out[-1])[0]
    else:
        fast = wrap(lambda x, w: brickwork(qml, x, w))

        def one(p, series):
            latent = linear(p, "slow", series)
            weights = linear(p, "rows", latent).T @ linear(p, "columns", latent)
            return linear(p, "readout", jnp.stack(fast(series[-1, 0], weights)))[0]

    def loss(params):
        return jnp.mean((jax.vmap(one, (None, 0))(params, x) - y) ** 2)

    return jax_step(loss, params, 1)


def in_torch(task, broadcast):
    import pennylane as qml
    import torch

    torch.set_num_threads(1)
    x, y, given = problem(task)
    params = {n: torch.tensor(v, requires_grad=True) for n, v in given.items()}
    x, y = torch.tensor(x), torch.tensor(y)
    wires = 4 if task == "qlstm" else 8
    wrap = qml.qnode(qml.device("default.qubit", wires=wires), interface="torch")
    fast = wrap(lambda x, w: brickwork(qml, x, w))
    gate = wrap(lambda v, w: two_rings(qml, torch, v, w))

    def linear(name, x):
        return x @ params[f"{name}.kernel"] + params[f"{name}.bias"]

    def programmer():
        weights = torch.zeros(BATCH, 2, 8, dtype=torch.float64)
        for t in range(WINDOW):
            latent = linear("slow", x[:, t])
            new = linear("rows", latent)[:, :, None] * linear("columns", latent)[:, None, :]
            weights = weights + new
            if broadcast:
                out = torch.stack(fast(x[:, t, 0], weights), dim=-1)
            else:
                out = torch.stack([torch.stack(fast(x[b, t, 0], weights[b])) for b in range(BATCH)])
            out = linear("readout", out)
        return out[:, 0]

    def recurrent():
        circuits = params["cell.circuits"]

        def run(v, k):
            return torch.stack(gate(v, circuits[k]), dim=-1)

        cell = torch.zeros(BATCH, 4, dtype=torch.float64)
        hidden = torch.zeros(BATCH, 3, dtype=torch.float64)
        for t in range(WINDOW):
            v = torch.cat([x[:, t], hidden], dim=1)
            f, i, g, o = (run(v, k) for k in range(4))
            cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
            u = torch.sigmoid(o) * torch.tanh(cell)
            hidden, out = run(u, 4)[:, :3], run(u, 5)
        return linear("head", out)[:, 0]

    model = recurrent if task == "qlstm" else programmer
    optimiser = torch.optim.RMSprop(params.values(), lr=0.01, alpha=0.99, eps=1e-8)

    def step():
        optimiser.zero_grad()
        loss = ((model() - y) ** 2).mean()
        loss.backward()
        optimiser.step()
        return loss

    with torch.no_grad():
        first = float(((model() - y) ** 2).mean())
    return first, step


SCANNED = 100


def serve(side, task):
    """Build, say the loss, then time a round for every line of standard input."""
    if side.startswith("qjax"):
        import jax

        jax.config.update("jax_enable_x64", True)
    began = time.perf_counter()
    repeats = SCANNED if side == "qjax-scan" else 1
    if side.startswith("qjax"):
        loss, step = ours(task, repeats)
    elif side == "pennylane-jax":
        loss, step = pennylane_jax(task)
    else:
        loss, step = in_torch(task, side == "torch-broadcast")
    step()
    print(json.dumps({"loss": loss, "ready": time.perf_counter() - began}), flush=True)
    for _ in sys.stdin:
        calls, start = [], time.perf_counter()
        while not calls or (time.perf_counter() - start < 0.5 and len(calls) < 200):
            now = time.perf_counter()
            step()
            calls.append((time.perf_counter() - now) / repeats)
        print(json.dumps({"seconds": float(np.median(calls))}), flush=True)


class Side:
    """One process."""

    def __init__(self, name, task):
        self.name = name
        command = [str(python_of(SIDES[name])), "-m", "benchmarks.sequence"]
        flags = "--xla_cpu_multi_thread_eigen=false"
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "JAX_PLATFORMS": "cpu",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
            "XLA_FLAGS": flags,
        }
        environment.pop("JAX_COMPILATION_CACHE_DIR", None)
        self.process = subprocess.Popen(
            [*command, "--side", name, "--tasks", task],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
            cwd=ROOT,
        )

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended")
        return json.loads(line)

    def turn(self):
        self.process.stdin.write("turn\n")
        self.process.stdin.flush()
        return self.read()["seconds"]

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def compare(task, rounds):
    sides, said = [], {}
    for name in ("qjax", "qjax-scan", *PEERS[task]):
        side = Side(name, task)
        try:
            said[name] = side.read()
        except RuntimeError as error:
            print(f"{task:6s} {name:16s} {error}", flush=True)
            continue
        sides.append(side)
    exact = said["torch-broadcast"]["loss"]
    for name, words in said.items():
        if abs(words["loss"] - exact) > 1e-10:
            raise SystemExit(f"{name} finds another loss: {words['loss']!r}, not {exact!r}")
    turns = {side.name: [] for side in sides}
    for _ in range(rounds):
        for side in sides:
            turns[side.name].append(side.turn())
    for side in sides:
        side.end()
    reference = float(np.median(turns["qjax"]))
    for name, seconds in turns.items():
        middle = float(np.median(seconds))
        ratio, first = middle / reference, said[name]["ready"]
        print(f"{task:6s} {name:16s} {1e3 * middle:11.3f} {ratio:10.1f} {first:9.1f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", default="qfwp,qlstm")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--side", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        return serve(options.side, options.tasks)
    trouble = ensure("sequence")
    if trouble:
        return print(trouble)
    print("task   side             ms per step     x ours   ready, s")
    for task in options.tasks.split(","):
        compare(task, options.rounds)
    return None


if __name__ == "__main__":
    main()
