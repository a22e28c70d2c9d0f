"""The folder that a run leaves behind: settings, metrics, figures, checkpoints, result."""

from __future__ import annotations

import io
import json
import os
import platform
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from ..errors import ExperimentError
from ..train.checkpoint import write_atomically


class RunFolder:
    """``runs/NAME-YYYYmmdd-HHMMSS[-k]/`` of one run of one experiment.

    Files: ``config.json`` (settings, versions, PRNG key, revision, device), ``metrics.jsonl`` (one
    line per step), ``checkpoint-STAGE.npz``, ``*.png``, ``*.qasm`` and, once the run has ended,
    ``result.json``.

    Args:
        path: an existing folder; new ones come from `RunFolder.create`.

    Example:
        >>> import tempfile
        >>> from qjax.experiments.run_folder import RunFolder
        >>> with tempfile.TemporaryDirectory() as out:
        ...     config = {"experiment": "demo", "settings": {"seed": 0}}
        ...     folder = RunFolder.create(out, "demo", config)
        ...     folder.config["settings"]
        {'seed': 0}
    """

    def __init__(self, path: str | os.PathLike) -> None:
        self.path = Path(path)
        self._stages: set[str] = set()

    @classmethod
    def create(cls, out: str | os.PathLike, name: str, config: Mapping[str, Any]) -> RunFolder:
        """A new folder below ``out`` with its ``config.json``."""
        stem = f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"
        for k in range(1000):
            path = Path(out) / (stem if k == 0 else f"{stem}-{k}")
            try:
                path.mkdir(parents=True)
            except FileExistsError:
                continue
            except OSError as error:
                raise ExperimentError(
                    f"cannot make a run folder: {error}", fix="name another folder with --out"
                ) from error
            folder = cls(path)
            folder.write_json("config.json", config)
            return folder
        raise ExperimentError(f"there are already 1000 folders named {stem}")

    @classmethod
    def newest(cls, out: str | os.PathLike, name: str) -> RunFolder:
        """The newest run of an experiment that has not ended.

        Raises:
            ExperimentError: there is none.
        """
        found = [
            config.parent
            for config in Path(out).glob(f"{name}-*/config.json")
            if not (config.parent / "result.json").exists()
            and _parsed(config).get("experiment") == name
        ]
        if not found:
            raise ExperimentError(
                f"there is no unfinished run of {name} in {out}",
                fix="start one without --resume, or name its folder after --resume",
            )
        return cls(max(found, key=lambda p: ((p / "config.json").stat().st_mtime_ns, p.name)))

    @property
    def config(self) -> dict[str, Any]:
        """What ``config.json`` says.

        Raises:
            ExperimentError: the folder holds no run.
        """
        config = _parsed(self.path / "config.json")
        if not {"experiment", "settings"} <= set(config):
            raise ExperimentError(
                f"{self.path} is not a run folder",
                expected="a folder with the config.json of a run",
                got="none" if not config else f"one with {', '.join(config)}",
            )
        return config

    @property
    def finished(self) -> bool:
        """Whether the run has ended."""
        return (self.path / "result.json").exists()

    def file(self, name: str) -> Path:
        """The path of a file in the folder."""
        return self.path / name

    def write_json(self, name: str, content: Any) -> None:
        """Write a JSON file, atomically."""
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        write_atomically(self.file(name), text.encode())

    def write_metrics(self, stage: str, first: int, metrics: Mapping[str, np.ndarray]) -> None:
        """Append one line per step to ``metrics.jsonl``.

        Args:
            stage: which training of the run the numbers belong to.
            first: the number of the first step in ``metrics``; 0 replaces what the file has of
                this stage, so that a resumed run neither lacks nor repeats a line.
            metrics: arrays with a leading step axis.
        """
        columns = {name: np.asarray(values).tolist() for name, values in metrics.items()}
        count = len(next(iter(columns.values()), []))
        lines = "".join(
            json.dumps(
                {"stage": stage, "step": first + k, **{name: v[k] for name, v in columns.items()}}
            )
            + "\n"
            for k in range(count)
        )
        path = self.file("metrics.jsonl")
        if first == 0 and path.exists():
            kept = [
                line for line in path.read_text().splitlines() if _stage(line) not in (stage, None)
            ]
            write_atomically(path, ("".join(f"{line}\n" for line in kept) + lines).encode())
            return
        # One write to a file opened for appending: whole lines, or none.
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(handle, lines.encode())
        finally:
            os.close(handle)

    def write_figure(self, name: str, figure: Any) -> Path:
        """Write a `matplotlib.figure.Figure` as ``NAME.png``."""
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=150, bbox_inches="tight")
        path = self.file(f"{name}.png")
        write_atomically(path, buffer.getvalue())
        return path


def surroundings() -> dict[str, Any]:
    """Versions, revision and kind of device: what a run depends on, and nothing of the host."""
    device = jax.devices()[0]
    return {
        "versions": versions(),
        "revision": _revision(),
        "device": {
            "platform": device.platform,
            "kind": device.device_kind,
            "count": jax.device_count(),
        },
        "x64": bool(jax.config.jax_enable_x64),  # pyright: ignore[reportAttributeAccessIssue]
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def versions() -> dict[str, str]:
    """The versions of what a result rests on."""
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    packages = {"qjax": "qjax-sim"}
    for name in ("qjax", "jax", "jaxlib", "numpy", "optax", "flax", "scikit-learn"):
        try:
            found[name] = version(packages.get(name, name))
        except PackageNotFoundError:
            continue
    return found


def _revision() -> str | None:
    """The git revision of the source, with ``+`` where files differ; None outside a repository."""
    source = Path(__file__).resolve().parents[2]
    if not (source / ".git").exists():
        return None
    try:
        head, changes = (
            subprocess.run(
                ["git", "-C", str(source), *command],
                capture_output=True,
                text=True,
                timeout=5,
                check=True,
            ).stdout.strip()
            for command in (["rev-parse", "HEAD"], ["status", "--porcelain", "-uno"])
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return head + ("+" if changes else "")


def _parsed(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _stage(line: str) -> str | None:
    try:
        return json.loads(line)["stage"]
    except (ValueError, KeyError, TypeError):
        return None  # a torn line
