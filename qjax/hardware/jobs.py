"""Rows of angles to jobs: what is known is looked up, the rest is split, sent, and tried again."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import BackendError, QjaxError
from .backend import Backend, Estimates
from .journal import Journal
from .program import Program


@dataclass(frozen=True, eq=False)
class Jobs:
    """How jobs are sent.

    Attributes:
        backend: where to.
        journal: what is known already, or None.
        retries: how often a failed job is sent again.
        wait: seconds before the first repetition; doubled each time.
    """

    backend: Backend
    journal: Journal | None
    retries: int
    wait: float

    def expectations(
        self, program: Program, words: Sequence[str], shots: int | None, errors: bool = False
    ) -> tuple[Callable[[Any, Any], np.ndarray], tuple[int, int]]:
        """The function of (angles ``(..., P)``, seeds ``(...)``), and the shape ``(2, W)`` of its
        value: expectation values, and their standard errors; where ``errors`` are asked for and
        words share shots it is ``(2 + W, W)``: their covariances, too."""
        related = errors and shots is not None and self.backend.capabilities.covariances
        more: dict[str, Any] = {"covariances": True} if related else {}

        def send(rows: np.ndarray, seeds: np.ndarray) -> np.ndarray:
            found = self.backend.expectations(
                program, rows, words, shots=shots, seeds=seeds, **more
            )
            shape = (len(rows), len(words))
            values, spread = (np.broadcast_to(np.asarray(x, float), shape) for x in found[:2])
            if not np.all(np.isfinite(values)):
                raise BackendError("the backend returned values that are not finite")
            both = np.stack([values, spread], axis=1)
            if not related:
                return both
            table = Estimates(*found).covariances
            if table is None:  # where nothing is said of them, every word had shots of its own
                table = np.eye(len(words)) * spread[:, None] ** 2
            return np.concatenate([both, np.asarray(table, float)], axis=1)

        shape = (2 + len(words) if related else 2, len(words))
        question = ",".join(words) + ("|covariances" if related else "")
        return self._batched(program, question, shots, shape, send), shape

    def samples(self, program: Program, n: int, shots: int) -> Callable[[Any, Any], np.ndarray]:
        """The function of (angles ``(..., P)``, seeds ``(...)``) with bits ``(..., shots, n)``."""

        def send(rows: np.ndarray, seeds: np.ndarray) -> np.ndarray:
            bits = np.asarray(self.backend.sample(program, rows, shots=shots, seeds=seeds))
            if bits.ndim != 3 or bits.shape[:2] != (len(rows), shots):
                raise BackendError(
                    "the backend returned samples of the wrong shape",
                    expected=f"({len(rows)}, {shots}, qubits)",
                    got=bits.shape,
                )
            return bits[:, :, list(program.places)].astype(np.uint8)

        return self._batched(program, "samples", shots, (shots, n), send)

    def _batched(
        self,
        program: Program,
        question: str,
        shots: int | None,
        shape: tuple[int, ...],
        send: Callable[[np.ndarray, np.ndarray], np.ndarray],
    ) -> Callable[[Any, Any], np.ndarray]:
        def run(angles: Any, seeds: Any) -> np.ndarray:
            angles, seeds = np.asarray(angles, np.float64), np.asarray(seeds)
            lead = angles.shape[:-1]
            rows = angles.reshape(math.prod(lead), angles.shape[-1])
            each = np.broadcast_to(seeds, lead).reshape(-1)
            keys = [
                Journal.key(program.fingerprint, question, row, shots, int(seed))
                for row, seed in zip(rows, each, strict=True)
            ]
            known: dict[str, Any] = {}
            if self.journal is not None:
                known = {k: self.journal.get(k) for k in keys}
            todo = {k: i for i, k in enumerate(keys) if known.get(k) is None}
            most = self.backend.capabilities.max_batch or max(len(todo), 1)
            order = sorted(todo, key=lambda k: todo[k])
            for start in range(0, len(order), most):
                part = order[start : start + most]
                result = self._sent(send, rows[[todo[k] for k in part]], part)
                found = dict(zip(part, result, strict=True))
                known.update(found)
                if self.journal is not None:
                    self.journal.put({k: r.tolist() for k, r in found.items()})
            return np.array([known[k] for k in keys], float).reshape(*lead, *shape)

        return run

    def _sent(
        self,
        send: Callable[[np.ndarray, np.ndarray], np.ndarray],
        rows: np.ndarray,
        keys: list[str],
    ) -> np.ndarray:
        # A row's randomness depends on the row alone, not on which job it is part of.
        seeds = np.array([int(k[:8], 16) >> 1 for k in keys], np.uint32)
        wait = self.wait
        for turn in range(self.retries + 1):
            try:
                return send(rows, seeds)
            except QjaxError:
                raise
            except Exception as error:
                if turn == self.retries:
                    raise BackendError(
                        f"a job of {len(rows)} circuits failed {turn + 1} times",
                        got=f"{type(error).__name__}: {error}",
                        fix="finished jobs are kept in the journal, if the Device has one",
                    ) from error
                time.sleep(wait)
                wait *= 2
        raise AssertionError("unreachable")
