"""A backend made of functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from .backend import Capabilities, Estimates
from .program import Program


@dataclass(frozen=True, eq=False)
class CallableBackend:
    """Any function that can run OpenQASM, as a backend.

    Args:
        evaluate: ``(program, angles, words, shots, seeds) -> values``, or ``(values, errors)``, or
            with the covariances of the words as a third (see `Capabilities`); see
            `Backend.expectations`. ``program.text`` is OpenQASM 3 with the inputs
            ``program.names``; ``program.bound(row)`` is a circuit without inputs.
        draw: ``(program, angles, shots, seeds) -> bits``; see `Backend.sample`.
        capabilities: what it can take.

    Example:
        >>> import numpy as np, qjax as qj
        >>> from qjax.hardware import CallableBackend, Device
        >>> always = CallableBackend(lambda program, angles, words, shots, seeds:
        ...                          np.ones((len(angles), len(words))))
        >>> float(qj.expval(qj.Circuit(1, [qj.RX(0.1, 0)]), qj.Z(0), sim=Device(always)))
        1.0
    """

    evaluate: Callable[..., Any] | None = None
    draw: Callable[..., Any] | None = None
    capabilities: Capabilities = field(default_factory=Capabilities)

    def expectations(
        self,
        program: Program,
        angles: np.ndarray,
        words: Sequence[str],
        *,
        shots: int | None,
        seeds: np.ndarray,
        covariances: bool = False,
    ) -> Estimates:
        if self.evaluate is None:
            raise UnsupportedError("CallableBackend: evaluate is missing")
        found = self.evaluate(program, angles, words, shots, seeds)
        if isinstance(found, tuple):
            return Estimates(*map(np.asarray, found))
        values = np.asarray(found, float)
        spread = np.sqrt(np.clip(1 - values**2, 0, None) / shots) if shots else 0 * values
        return Estimates(values, spread)

    def sample(
        self, program: Program, angles: np.ndarray, *, shots: int, seeds: np.ndarray
    ) -> np.ndarray:
        if self.draw is None:
            raise UnsupportedError("CallableBackend: draw is missing")
        return np.asarray(self.draw(program, angles, shots, seeds))
