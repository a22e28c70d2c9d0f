"""A run that is killed goes on from its journal: the same result, and no job twice."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "killed_run.py"


def run(folder, death):
    command = [sys.executable, str(SCRIPT), str(folder / "jobs"), str(folder / "log"), str(death)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.verify
@pytest.mark.parametrize("death", [1, 4, 9, 14])
def test_a_killed_run_continues_without_paying_twice(tmp_path, death):
    (tmp_path / "whole").mkdir()
    whole = run(tmp_path / "whole", 0)
    assert whole.returncode == 0, whole.stderr
    killed = run(tmp_path, death)
    assert killed.returncode == -9
    paid = (tmp_path / "log").read_text().splitlines()
    answered = (tmp_path / "jobs").read_text().count("\n") if (tmp_path / "jobs").exists() else 0
    (tmp_path / "log").unlink()
    resumed = run(tmp_path, 0)
    assert resumed.stdout == whole.stdout  # bit for bit
    again = (tmp_path / "log").read_text().splitlines()
    assert not set(again) & set(paid[:answered])
    assert len(again) + answered == len((tmp_path / "whole" / "log").read_text().splitlines())
