"""The folder of a sweep: one file per finished chunk, each written whole or not at all."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ExperimentError
from .checkpoint import read_arrays, write_atomically
from .fingerprint import compare


@dataclass(frozen=True)
class Chunk:
    """The results of some lanes; a lane is one point under one seed.

    Attributes:
        lanes: their numbers, shape (lanes,).
        values: results, a leading lane axis; empty where nothing could be computed.
        errors: why, under the number of each lane that failed.
    """

    lanes: np.ndarray
    values: dict[str, np.ndarray]
    errors: dict[int, str]


class SweepFolder:
    """``sweep.json`` (what is swept) and ``chunk-GROUP-NUMBER.npz``.

    Args:
        path: made if it is not there.
        content: what the folder belongs to, JSON values.

    Raises:
        ExperimentError: it belongs to another sweep.
    """

    def __init__(self, path: Path, content: Mapping[str, Any]) -> None:
        self.path = path
        self.info = path / "sweep.json"
        path.mkdir(parents=True, exist_ok=True)
        stored = compare(self.info, content, "sweep") if self.info.exists() else {}
        self.sizes: dict[str, int] = stored.get("chunk_lanes", {})
        self._content = dict(content)

    def size(self, group: int) -> int | None:
        """Lanes per chunk of a group, if an earlier process has chosen it."""
        return self.sizes.get(str(group))

    def keep_size(self, group: int, lanes: int) -> None:
        """Remember the lanes per chunk: another number is another program, and other bits."""
        self.sizes[str(group)] = lanes
        content = {**self._content, "chunk_lanes": self.sizes}
        write_atomically(self.info, (json.dumps(content, indent=2) + "\n").encode(), durable=False)

    def write(self, group: int, number: int, chunk: Chunk) -> None:
        """Append a finished chunk, atomically.

        Not waiting for the disk: what a loss of power damages is found when it is read, and
        computed again.
        """
        errors = json.dumps({str(lane): text for lane, text in chunk.errors.items()})
        arrays = {f"value.{name}": value for name, value in chunk.values.items()}
        buffer = io.BytesIO()
        np.savez(
            buffer,
            allow_pickle=False,
            lanes=chunk.lanes,
            errors=np.frombuffer(errors.encode(), np.uint8),
            **arrays,
        )
        write_atomically(self._file(group, number), buffer.getvalue(), durable=False)

    def read(self, group: int, number: int) -> Chunk | None:
        """A finished chunk; None where it is missing, or damaged and so to be computed again."""
        path = self._file(group, number)
        if not path.exists():
            return None
        try:
            stored = read_arrays(path)
            errors = json.loads(stored.pop("errors").tobytes())
            lanes = stored.pop("lanes")
        except (ExperimentError, KeyError, ValueError):
            return None
        values = {name.removeprefix("value."): value for name, value in stored.items()}
        return Chunk(lanes, values, {int(lane): text for lane, text in errors.items()})

    def _file(self, group: int, number: int) -> Path:
        return self.path / f"chunk-{group:03d}-{number:06d}.npz"
