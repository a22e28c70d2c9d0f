"""A record of what was measured, so that nothing is paid for twice."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError


class Journal:
    """Results by circuit, question, angles, shots and seed; in memory, and in a file if named.

    Every job is written to the file, and flushed to the disk, before its results are used. A
    half-written last line (a crash) is dropped on reading. Numbers come back bit for bit.

    Args:
        path: a file in JSON lines, made when missing; None keeps the record in memory only.

    Raises:
        DataError: a file that is no journal.

    Example:
        >>> from qjax.hardware import Journal
        >>> len(Journal())
        0
    """

    def __init__(self, path: Any = None) -> None:
        self.path = None if path is None else Path(path)
        self._results: dict[str, Any] = {}
        if self.path is not None and self.path.exists():
            self._read(self.path)

    def _read(self, path: Path) -> None:
        data = path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        try:
            for line in whole.splitlines():
                entry = json.loads(line)
                self._results[entry["key"]] = entry["result"]
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path} is not a journal of jobs", got=str(error)) from None
        if len(whole) < len(data):  # what a crash left half-written must not glue to new lines
            with path.open("r+b") as stream:
                stream.truncate(len(whole))

    def __len__(self) -> int:
        return len(self._results)

    @staticmethod
    def key(fingerprint: str, question: str, angles: np.ndarray, shots: Any, seed: int) -> str:
        """The name of one circuit's result."""
        what = f"{fingerprint}|{question}|{shots}|{seed}|".encode()
        return hashlib.sha256(what + np.ascontiguousarray(angles, "<f8").tobytes()).hexdigest()

    def get(self, key: str) -> Any:
        """A result, or None."""
        return self._results.get(key)

    def put(self, results: dict[str, Any]) -> None:
        """Record the results of one job."""
        self._results.update(results)
        if self.path is None:
            return
        lines = "".join(json.dumps({"key": k, "result": r}) + "\n" for k, r in results.items())
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(lines)
            stream.flush()
            os.fsync(stream.fileno())
