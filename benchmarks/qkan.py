"""QKAN against the PyTorch package ``qkan`` 0.2.3: the same loss, time of a full Adam step.

    python -m benchmarks.qkan [--shapes small,medium,large] [--peer .peers/qkan/bin/python]

The peer lives in an environment of its own (``python -m venv .peers/qkan``, then torch and
``qkan==0.2.3``); it runs this same file. One thread each, processor time, medians; the two sides
take turns shape by shape, so that a load on the machine meets both. Without a peer only our
column is measured.
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

# name: width, batch, steps timed (of the peer)
SHAPES = {
    "small": ([2, 5, 1], 256, 15),
    "medium": ([64, 32, 10], 1000, 2),
    "large": ([784, 64, 10], 256, 1),
}
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
        seed=0,
    )
    state = {key: value.detach().numpy().copy() for key, value in model.state_dict().items()}
    np.savez(out + ".npz", **state)
    optimiser = torch.optim.Adam(model.parameters(), lr=task["lr"])
    times, losses = [], []
    for _ in range(task["steps"]):
        start = time.process_time()
        optimiser.zero_grad()
        loss = ((model(x) - y) ** 2).mean()
        loss.backward()
        optimiser.step()
        times.append(time.process_time() - start)
        losses.append(float(loss.detach()))
    Path(out).write_text(json.dumps({"times": times, "losses": losses}))


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
        model = QKAN(width, REPS, preact=preact, rngs=nnx.Rngs(0))
    graph, params, rest = nnx.split(model, nnx.Param, ...)
    optimiser = optax.adam(task["lr"])

    def loss(params):
        return jnp.mean((nnx.merge(graph, params, rest)(x) - y) ** 2)

    def step(params, state):
        value, gradient = jax.value_and_grad(loss)(params)
        updates, state = optimiser.update(gradient, state)
        return optax.apply_updates(params, updates), state, value

    state = optimiser.init(params)
    start = time.process_time()
    compiled = jax.jit(step).lower(params, state).compile()
    compile_time = time.process_time() - start
    times, losses = [], []
    for _ in range(task["steps"] + 1):
        start = time.process_time()
        params, state, value = jax.block_until_ready(compiled(params, state))
        times.append(time.process_time() - start)
        losses.append(float(value))
    memory = compiled.memory_analysis()
    result = {"times": times[1:], "losses": losses, "compile": compile_time}
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


def compare_losses(peer):
    """Largest relative difference of the losses over 100 Adam steps, from the peer's own start."""
    with tempfile.TemporaryDirectory() as folder:
        keep = str(Path(folder) / "state.npz")
        task = {"width": [2, 5, 1], "batch": 256, "trainable": True, "lr": 5e-3, "steps": 101}
        theirs = call(peer, "torch", {**task, "keep": keep})["losses"]
        ours = call(sys.executable, "ours", {**task, "state": keep, "steps": 100})["losses"]
    difference = np.abs(np.array(ours) / np.array(theirs) - 1.0)
    print(f"loss after 100 Adam steps: {theirs[-1]:.8f} (peer), {ours[-1]:.8f} (ours); relative")
    print(f"difference {difference[-1]:.1e} at the end, {difference.max():.1e} at most", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shapes", default="small,medium")
    parser.add_argument("--peer", default=".peers/qkan/bin/python")
    for hidden in ("--side", "--task", "--out"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        side = torch_side if options.side == "torch" else our_side
        return side(json.loads(options.task), options.out)
    peer = options.peer if Path(options.peer).exists() else None
    if peer:
        compare_losses(peer)
    print("shape, batch, frequencies | peer ms | ours ms | ratio | temp MB | compile s")
    for name in options.shapes.split(","):
        width, batch, steps = SHAPES[name]
        for trainable in (True, False):
            task = {"width": width, "batch": batch, "trainable": trainable, "lr": 1e-3}
            theirs = call(peer, "torch", {**task, "steps": steps}) if peer else None
            ours = call(sys.executable, "ours", {**task, "steps": 3 * steps})
            mine = 1e3 * float(np.median(ours["times"]))
            them = 1e3 * float(np.median(theirs["times"])) if theirs else float("nan")
            kind = "trainable (scan)" if trainable else "fixed (Fourier)"
            numbers = f"{them:9.1f} | {mine:8.2f} | {them / mine:6.1f} | {ours['megabytes']:6.1f}"
            print(f"{width} {batch} {kind} | {numbers} | {ours['compile']:5.1f}", flush=True)
    return None


if __name__ == "__main__":
    main()
