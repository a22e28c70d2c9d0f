"""A run that is killed and resumed ends with the bits of one that was left alone."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

SETTINGS = ["epochs=40", "chunk=1", "seeds=2", "images=24", "layers=2", "forms=shared"]
RUN = [sys.executable, "-m", "qjax", "run", "qhe-digits"]
LIMIT = 240  # seconds; far more than any of this takes


def environment():
    return {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}


def start(out, *more):
    return subprocess.Popen(
        [*RUN, "--out", str(out), *more],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process):
    output, _ = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, output
    return output


def kill_once_beyond(process, out, lines):
    """SIGKILL as soon as the metrics have more than so many lines."""
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        written = [len(p.read_text().splitlines()) for p in out.glob("*/metrics.jsonl")]
        if written and max(written) > lines:
            break
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=LIMIT)
    assert process.returncode == -signal.SIGKILL
    return written


def changes():
    return [part for setting in SETTINGS for part in ("--set", setting)]


def test_a_killed_run_resumes_to_the_same_bits(tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    process = start(broken, *changes())
    try:
        kill_once_beyond(process, broken, 5)
        (folder,) = broken.glob("qhe-digits-*")
        assert not (folder / "result.json").exists()
        process = start(broken, "--resume")
        kill_once_beyond(process, broken, 18)
        assert not (folder / "result.json").exists()
        process = start(broken, "--resume", str(folder))
        assert "resuming in" in finish(process)
        process = start(whole, *changes())
        finish(process)
    finally:
        process.kill()
    assert len(list(broken.glob("*"))) == 1
    (other,) = whole.glob("qhe-digits-*")
    assert (folder / "metrics.jsonl").read_bytes() == (other / "metrics.jsonl").read_bytes()
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    steps = [json.loads(line)["step"] for line in lines]
    assert steps == list(range(40))
    results = [json.loads((f / "result.json").read_text())["rows"] for f in (folder, other)]
    assert results[0] == results[1]
    with (
        np.load(folder / "checkpoint-shared-parameters.npz") as a,
        np.load(other / "checkpoint-shared-parameters.npz") as b,
    ):
        assert set(a.files) == set(b.files)
        for name in a.files:
            np.testing.assert_array_equal(a[name], b[name])
