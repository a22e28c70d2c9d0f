"""What qjax asks of a quantum computer, or of whatever stands in for one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from .program import Program


@dataclass(frozen=True)
class Capabilities:
    """What a backend can take.

    Attributes:
        n_qubits: how many qubits it has (None: any number).
        max_batch: how many circuits one job may hold (None: any number).
        basis: the gates it knows, as for `Circuit.decompose` (None: all of qjax's).
        coupling_map: pairs of qubits that a gate may join, or ``"line"`` (None: all).
        directed: whether a gate must name its qubits in the order of a pair.
        covariances: whether words may share shots, and ``expectations(..., covariances=True)``
            tells how their errors hang together.
    """

    n_qubits: int | None = None
    max_batch: int | None = None
    basis: Any = None
    coupling_map: Any = None
    directed: bool = False
    covariances: bool = False


class Estimates(NamedTuple):
    """Expectation values and their standard errors, each of shape ``(batch, words)``.

    ``covariances`` of the values, ``(batch, words, words)``; None: every word has shots of its own.
    """

    values: np.ndarray
    errors: np.ndarray
    covariances: np.ndarray | None = None


@runtime_checkable
class Backend(Protocol):
    """Runs one program at many angles, as one job.

    ``angles`` has shape ``(batch, len(program.names))``, radians. Pauli words are strings with
    one letter of ``IXYZ`` for each qubit, qubit 0 first. ``shots`` is None where exact values are
    asked for. ``seeds`` (31 bits for each row) fix the randomness, as far as the backend can.
    """

    @property
    def capabilities(self) -> Capabilities: ...

    def expectations(
        self,
        program: Program,
        angles: np.ndarray,
        words: Sequence[str],
        *,
        shots: int | None,
        seeds: np.ndarray,
    ) -> Estimates:
        """Expectation values of Pauli words."""
        ...

    def sample(
        self, program: Program, angles: np.ndarray, *, shots: int, seeds: np.ndarray
    ) -> np.ndarray:
        """Outcomes of measuring all qubits, shape ``(batch, shots, n)``, 0 or 1."""
        ...
