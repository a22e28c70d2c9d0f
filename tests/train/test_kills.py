"""SIGKILL at random moments: the same bits, no finished chunk once more, nothing torn loaded."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from qjax.train.checkpoint import read_arrays

CHILD = Path(__file__).with_name("killed.py")
ROOT = Path(__file__).resolve().parents[2]
LIMIT = 200  # seconds; far more than any of this takes
CHUNKS = 300  # of the fit and of the sweep; more than twenty kills let happen, 20 * (12 + 2)


def start(kind, folder, out, hold=0):
    return subprocess.Popen(
        [sys.executable, str(CHILD), kind, str(folder), str(out), str(hold)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(kind, folder, out):
    """What a process ends with, and how many seconds one of its chunks took."""
    process = start(kind, folder, out)
    process.stdout.readline()
    began = time.monotonic()
    _, errors = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, errors
    bits = {name: value.tobytes() for name, value in read_arrays(out).items()}
    return bits, (time.monotonic() - began) / CHUNKS


def kill(kind, folder, out, rng, chunks, seconds):
    """Start, wait for so many chunks of this process and a random part of the next ones, SIGKILL.

    The process stops by itself two chunks later, so that it is never at its end before it is hit.
    """
    process = start(kind, folder, out, hold=chunks + 2)
    try:
        for _ in range(chunks):
            line = process.stdout.readline()
            assert line, process.communicate()[1]
        time.sleep(rng.uniform(0.0, 2.0 * seconds if chunks else 2.0))
        assert process.poll() is None, process.communicate()[1]
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=LIMIT)
    finally:
        process.kill()


def moment(rng):
    """After how many chunks: one time in ten during the start of the process."""
    return rng.randint(1, 12) if rng.random() < 0.9 else 0


def fit_state(folder):
    file = folder / "last.npz"
    return int(read_arrays(file)["tree[0]"]) if file.exists() else 0


def check_fit(tmp_path, kills, seed):
    whole, seconds = finish("fit", tmp_path / "whole", tmp_path / "whole.npz")
    rng, folder, out = random.Random(seed), tmp_path / "broken", tmp_path / "broken.npz"
    reached = []
    for _ in range(kills):
        kill("fit", folder, out, rng, moment(rng), seconds)
        reached.append(fit_state(folder))  # readable: whole
        if (folder / "best.npz").exists():
            read_arrays(folder / "best.npz")
    assert finish("fit", folder, out)[0] == whole
    # Every process wrote down the steps that it computed: none of those behind a checkpoint.
    for number, first in enumerate(computed(out.with_suffix(".log"))):
        assert first in [0, *reached], number
    assert reached == sorted(reached)
    return reached


def computed(log):
    """The first step that each process computed, of those that computed any."""
    return [int(line) for line in log.read_text().splitlines()] if log.exists() else []


def files(folder):
    return {p.name: (p.stat().st_ino, p.stat().st_mtime_ns) for p in folder.glob("chunk-*.npz")}


def check_sweep(tmp_path, kills, seed):
    whole, seconds = finish("sweep", tmp_path / "whole", tmp_path / "whole.npz")
    rng, folder, out = random.Random(seed), tmp_path / "broken", tmp_path / "broken.npz"
    seen, counts = {}, []
    for _ in range(kills):
        kill("sweep", folder, out, rng, moment(rng), seconds)
        now = files(folder)
        assert seen.items() <= now.items()  # finished chunks are the very same files
        for name in now:
            read_arrays(folder / name)  # raises where torn
        seen = now
        counts.append(len(now))
    assert finish("sweep", folder, out)[0] == whole
    assert seen.items() <= files(folder).items()
    return counts


def test_a_fit_and_a_sweep_that_are_killed(tmp_path):
    """One kill of each; then one process that ends both, and does both without a kill."""
    out, whole = tmp_path / "broken", tmp_path / "whole"
    for folder in (out, whole):
        folder.mkdir()
    rng = random.Random(0)
    for kind in ("fit", "sweep"):
        kill(kind, out / kind, out / f"{kind}.npz", rng, 2, 0.01)
    reached, seen = fit_state(out / "fit"), files(out / "sweep")
    process = start("both", out, whole)
    _, errors = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, errors
    for kind in ("fit", "sweep"):
        ended, uninterrupted = (read_arrays(folder / f"{kind}.npz") for folder in (out, whole))
        assert ended.keys() == uninterrupted.keys()
        for name, value in ended.items():
            assert value.tobytes() == uninterrupted[name].tobytes(), name
    assert computed(out / "fit.log")[-1] == reached
    assert seen.items() <= files(out / "sweep").items()


@pytest.mark.verify
def test_a_fit_that_is_killed_twenty_times(tmp_path):
    reached = check_fit(tmp_path, 20, seed=1)
    assert len(np.unique(reached)) > 10  # at many different moments


@pytest.mark.verify
def test_a_sweep_that_is_killed_twenty_times(tmp_path):
    counts = check_sweep(tmp_path, 20, seed=1)
    assert len(np.unique(counts)) > 10
