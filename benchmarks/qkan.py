"""QKAN against the PyTorch package ``qkan`` 0.2.3: losses, times, memory, compile times.

    python -m benchmarks.qkan [--parts parity,speed,memory,compile] [--solver exact] [--alone]

``parity``: the loss along 100 Adam steps from the peer's own start. ``speed``: a full Adam step of
the same function (both measure ``<Z>``), one thread each, processor time, medians; the two sides
take turns, so that a load on the machine meets both; called step by step, and in one compiled scan
as `minimise` trains. ``memory``: temporary memory of
a step at [784, 64, 10] with a batch of 1000, by XLA's own analysis. ``compile``: seconds until a
first step is compiled, for more and more repetitions.

The peer runs this same file in an environment of its own, built when missing (see `environments`);
``--alone`` measures our column only.
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

# name: width, batch, steps timed (the peer's and ours), turns that the two sides take
SHAPES = {
    "small": ([2, 5, 1], 256, (30, 300), 3),
    "medium": ([64, 32, 10], 1000, (5, 30), 1),
    "large": ([784, 64, 10], 256, (1, 15), 1),
}
LARGE_BATCH = 1000
LADDER = (1, 2, 3, 5, 8, 16, 32)
KINDS = {True: "trainable (scan)", False: "fixed (Fourier)"}
PARTS = ("parity", "speed", "memory", "compile")
REPS = 3


def data(width, batch):
    rng = np.random.default_rng(0)
    x = rng.uniform(-1.0, 1.0, (batch, width[0])).astype(np.float32)
    return x, rng.uniform(-1.0, 1.0, (batch, width[-1])).astype(np.float32)


def torch_side(task, out):
    """Runs in the peer's environment: time of a step, or losses and state for the comparison."""
    import torch
    from qkan import QKAN

    torch.set_num_threads(1)
    width, batch = task["width"], task["batch"]
    x, y = map(torch.tensor, data(width, batch))
    trainable = task["trainable"]
    model = QKAN(
        width,
        reps=REPS,
        preact_trainable=trainable,
        postact_weight_trainable=True,
        postact_bias_trainable=True,
        ba_trainable=True,
        fast_measure=task["amplitude"],
        solver=task["solver"],
        seed=0,
    )
    state = {key: value.detach().numpy().copy() for key, value in model.state_dict().items()}
    np.savez(out + ".npz", **state)
    optimiser = torch.optim.Adam(model.parameters(), lr=task["lr"])
    times, losses = [], []
    for _ in range(task["steps"] + 1):
        start = time.process_time()
        optimiser.zero_grad()
        loss = ((model(x) - y) ** 2).mean()
        loss.backward()
        optimiser.step()
        times.append(time.process_time() - start)
        losses.append(float(loss.detach()))
    Path(out).write_text(json.dumps({"times": times[1:], "losses": losses}))


def our_side(task, out):
    """One compiled Adam step: time, loss, XLA's temporary memory, compile time."""
    import jax
    import jax.numpy as jnp
    import optax
    from flax import nnx

    from qjax.nn.qkan import QKAN, from_qkan_state_dict

    width, batch = task["width"], task["batch"]
    x, y = map(jnp.asarray, data(width, batch))
    if task.get("state"):
        with np.load(task["state"]) as state:
            model = from_qkan_state_dict(dict(state), preact_trainable=task["trainable"])
    else:
        preact = "trainable" if task["trainable"] else "fixed"
        model = QKAN(width, task.get("reps", REPS), preact=preact, rngs=nnx.Rngs(0))
    graph, params, rest = nnx.split(model, nnx.Param, ...)
    optimiser = optax.adam(task["lr"])

    def loss(params):
        return jnp.mean((nnx.merge(graph, params, rest)(x) - y) ** 2)

    def step(params, state):
        value, gradient = jax.value_and_grad(loss)(params)
        updates, state = optimiser.update(gradient, state)
        return optax.apply_updates(params, updates), state, value

    state = optimiser.init(params)
    start, spent = time.perf_counter(), time.process_time()
    compiled = jax.jit(step).lower(params, state).compile()
    compile_time = time.perf_counter() - start, time.process_time() - spent
    times, losses = [], []
    for _ in range(task["steps"] + 1 if task["steps"] else 0):
        start = time.process_time()
        params, state, value = jax.block_until_ready(compiled(params, state))
        times.append(time.process_time() - start)
        losses.append(float(value))
    scanned = []
    if task["steps"]:
        turn = jax.jit(
            lambda carry: jax.lax.scan(
                lambda c, _: ((new := step(*c))[:2], new[2]), carry, None, task["steps"]
            )
        )
        carry, _ = jax.block_until_ready(turn((params, state)))
        for _ in range(3):
            start = time.process_time()
            carry, _ = jax.block_until_ready(turn(carry))
            scanned.append((time.process_time() - start) / task["steps"])
    memory = compiled.memory_analysis()
    result = {"scanned": scanned, "times": times[1:], "losses": losses, "compile": compile_time}
    result["megabytes"] = memory.temp_size_in_bytes / 2**20 if memory else None
    Path(out).write_text(json.dumps(result))


def call(python, side, task):
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "result.json")
        flags = "--xla_cpu_multi_thread_eigen=false"
        environment = {**os.environ, "XLA_FLAGS": flags, "OMP_NUM_THREADS": "1"}
        environment.pop("JAX_COMPILATION_CACHE_DIR", None)
        # -P: this file must not stand in for the package of the same name.
        command = [python, "-P", __file__, "--side", side, "--task", json.dumps(task), "--out", out]
        environment["PYTHONPATH"] = str(Path(__file__).resolve().parents[1])
        subprocess.run(command, check=True, env=environment)
        result = json.loads(Path(out).read_text())
        if side == "torch" and task.get("keep"):
            Path(out + ".npz").rename(task["keep"])
        return result


def parity(peer):
    """Largest relative difference of the losses over 100 Adam steps, from the peer's own start."""
    with tempfile.TemporaryDirectory() as folder:
        keep = str(Path(folder) / "state.npz")
        task = {"width": [2, 5, 1], "batch": 256, "trainable": True, "lr": 5e-3, "steps": 100}
        task |= {"amplitude": True, "solver": "exact"}
        theirs = call(peer, "torch", {**task, "keep": keep})["losses"]
        ours = call(sys.executable, "ours", {**task, "state": keep, "steps": 100})["losses"]
    difference = np.abs(np.array(ours) / np.array(theirs) - 1.0)
    print(f"loss after 100 Adam steps: {theirs[-1]:.8f} (peer), {ours[-1]:.8f} (ours); relative")
    print(f"difference {difference[-1]:.1e} at the end, {difference.max():.1e} at most", flush=True)


def speed(peer, shapes, solver):
    """Milliseconds of a step on both sides, and their ratio."""
    head = "shape, batch, frequencies | peer ms | ours ms | ratio | ours in a scan, ms | ratio"
    print(head, flush=True)
    for name in shapes:
        width, batch, (their_steps, our_steps), turns = SHAPES[name]
        for trainable, kind in KINDS.items():
            task = {"width": width, "batch": batch, "trainable": trainable, "lr": 1e-3}
            task |= {"amplitude": False, "solver": solver}
            found = []
            for _ in range(turns):
                theirs = call(peer, "torch", {**task, "steps": their_steps}) if peer else None
                ours = call(sys.executable, "ours", {**task, "steps": our_steps})
                them = np.median(theirs["times"]) if theirs else np.nan
                found.append((them, np.median(ours["times"]), np.median(ours["scanned"])))
            them, mine, scanned = 1e3 * np.median(found, axis=0)
            called, together = (np.median([row[0] / row[k] for row in found]) for k in (1, 2))
            numbers = (
                f"{them:9.1f} | {mine:8.2f} | {called:6.1f} | {scanned:8.2f} | {together:6.1f}"
            )
            print(f"{width} {batch} {kind} | {numbers}", flush=True)


def memory():
    """Temporary memory of a step, MiB."""
    width = SHAPES["large"][0]
    for trainable, kind in KINDS.items():
        task = {"width": width, "batch": LARGE_BATCH, "trainable": trainable, "lr": 1e-3}
        found = call(sys.executable, "ours", {**task, "steps": 0})
        print(f"{width} {LARGE_BATCH} {kind} | {found['megabytes']:.1f} MiB temporary", flush=True)


def compile_times():
    """Seconds (and processor seconds) of tracing and compiling a step, by repetitions."""
    width, batch, *_ = SHAPES["medium"]
    print(f"{width} {batch} | repetitions: seconds to compile (processor seconds)", flush=True)
    for trainable, kind in KINDS.items():
        found = []
        for reps in LADDER:
            task = {"width": width, "batch": batch, "trainable": trainable, "lr": 1e-3}
            task |= {"steps": 0, "reps": reps}
            wall, spent = call(sys.executable, "ours", task)["compile"]
            found.append(f"{reps}: {wall:.1f} ({spent:.1f})")
        print(f"{kind} | {', '.join(found)}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--shapes", default=",".join(SHAPES))
    parser.add_argument("--solver", default="exact", help="the peer's solver, of the speed part")
    parser.add_argument("--alone", action="store_true", help="without the peer")
    for hidden in ("--side", "--task", "--out"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        side = torch_side if options.side == "torch" else our_side
        return side(json.loads(options.task), options.out)
    peer = None if options.alone else peer_python()
    parts = {
        "parity": lambda: parity(peer) if peer else None,
        "speed": lambda: speed(peer, options.shapes.split(","), options.solver),
        "memory": memory,
        "compile": compile_times,
    }
    for name in options.parts.split(","):
        parts[name]()
    return None


def peer_python():
    """The peer's interpreter, in an environment that is built when missing."""
    # Here, as the peer's side of this file runs without JAX, whose version this asks for.
    from benchmarks.environments import ensure, python_of

    trouble = ensure("qkan")
    if trouble:
        sys.exit(trouble)
    return str(python_of("qkan"))


if __name__ == "__main__":
    main()
