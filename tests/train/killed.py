"""A fit or a sweep of many small chunks, made to be killed: `killed.py KIND FOLDER OUT HOLD`.

It says a line after each chunk, and after HOLD of them (0: never) it waits to be killed.
"""

import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from qjax.train import Grid, fit, sweep, sweep_folder

WRITE = sweep_folder.SweepFolder.write


def loss(w, x, key):
    return jnp.mean((jnp.tanh(x @ w) - 0.3) ** 2) + 0.01 * jnp.sum(jax.random.normal(key) * w)


def say(chunks: int, hold: int) -> None:
    """Say that another chunk is finished; wait for the end after the last one allowed."""
    print("chunk", flush=True)
    while chunks == hold:
        time.sleep(1.0)


def run_fit(folder: str, out: str, hold: int = 0) -> None:
    data = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
    skipped = int((Path(folder) / "last.npz").exists())  # the report of what was restored
    reports = 0

    def callback(report):
        nonlocal reports
        if reports == skipped:
            with open(Path(out).with_suffix(".log"), "a") as log:
                log.write(f"{report.step - len(report.metrics['loss'])}\n")
        reports += 1
        if reports > skipped:
            say(reports - skipped, hold)

    done = fit(
        loss, jnp.zeros(4), data, steps=900, chunk=3, batch_size=8, key=jax.random.key(0),
        folder=folder, callbacks=[callback],
    )  # fmt: skip
    metrics = {f"m_{name}": values for name, values in done.metrics.items()}
    np.savez(out, params=done.params, best=done.best, **metrics)


def run_sweep(folder: str, out: str, hold: int = 0) -> None:
    written = 0

    def walk(point, key):
        steps = jax.random.normal(key, (20,)) * point["a"]
        return {"end": jnp.sum(steps), "path": jnp.cumsum(steps) + point["b"]}

    write = WRITE

    def spoken(self, group, number, chunk):
        nonlocal written
        write(self, group, number, chunk)
        written += 1
        say(written, hold)

    sweep_folder.SweepFolder.write = spoken
    design = Grid(a=np.linspace(0.1, 1.0, 50), b=np.arange(2.0))
    done = sweep(walk, design, seeds=3, key=jax.random.key(0), chunk=1, folder=folder)
    np.savez(out, failed=done.failed, **done.values)


def run_both(broken: str, whole: str, hold: int = 0) -> None:
    """Go on in one folder, begin in another."""
    for folder in (broken, whole):
        run_fit(f"{folder}/fit", f"{folder}/fit.npz")
        run_sweep(f"{folder}/sweep", f"{folder}/sweep.npz")


if __name__ == "__main__":
    {"fit": run_fit, "sweep": run_sweep, "both": run_both}[sys.argv[1]](
        *sys.argv[2:4], int(sys.argv[4])
    )
