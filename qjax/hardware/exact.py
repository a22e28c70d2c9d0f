"""A backend that computes: exact values, or honest samples of them. NumPy only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..circuit import Gate, Param
from ..circuit.synthesis import matrices
from ..circuit.synthesis.one_qubit import make
from .backend import Capabilities, Estimates
from .program import ROTATIONS, Program


@dataclass(frozen=True)
class ExactBackend:
    """A noise-free quantum computer, simulated; for tests and for trying things out.

    The result for a row of angles depends on that row and its seed alone.

    Args:
        max_batch, n_qubits, basis, coupling_map, directed: limits to pretend, see `Capabilities`.

    Example:
        >>> import qjax as qj
        >>> from qjax.hardware import Device, ExactBackend
        >>> circuit = qj.Circuit(1, [qj.RX(0.5, 0)])
        >>> round(float(qj.expval(circuit, qj.Z(0), sim=Device(ExactBackend()))), 4)
        0.8776
    """

    max_batch: int | None = None
    n_qubits: int | None = None
    basis: Any = None
    coupling_map: Any = None
    directed: bool = False

    def __post_init__(self) -> None:
        # Hashable, so that two equal backends share their compiled programs.
        if isinstance(self.coupling_map, Iterable) and not isinstance(self.coupling_map, str):
            object.__setattr__(self, "coupling_map", tuple(map(tuple, self.coupling_map)))
        if isinstance(self.basis, Iterable) and not isinstance(self.basis, str):
            object.__setattr__(self, "basis", tuple(sorted(map(str, self.basis))))

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            self.n_qubits, self.max_batch, self.basis, self.coupling_map, self.directed
        )

    def expectations(
        self,
        program: Program,
        angles: np.ndarray,
        words: Sequence[str],
        *,
        shots: int | None,
        seeds: np.ndarray,
    ) -> Estimates:
        states = _states(program, angles)
        values = np.stack([_expectation(states, word) for word in words], axis=1)
        if shots is None:
            return Estimates(values, np.zeros_like(values))
        p = np.clip((1 + values) / 2, 0, 1)
        drawn = [
            2 * np.random.default_rng(seed).binomial(shots, q) / shots - 1
            for seed, q in zip(seeds, p, strict=True)
        ]
        means = np.array(drawn).reshape(values.shape)
        return Estimates(means, np.sqrt(np.clip(1 - means**2, 0, None) / shots))

    def sample(
        self, program: Program, angles: np.ndarray, *, shots: int, seeds: np.ndarray
    ) -> np.ndarray:
        states = _states(program, angles)
        n = program.circuit.n
        out = np.empty((len(angles), shots, n), np.uint8)
        for k, seed in enumerate(seeds):
            p = np.abs(states[:, k]) ** 2
            index = np.random.default_rng(seed).choice(2**n, size=shots, p=p / p.sum())
            out[k] = index[:, None] >> np.arange(n - 1, -1, -1) & 1
        return out


def _states(program: Program, angles: np.ndarray) -> np.ndarray:
    """The final states at all rows of angles, shape ``(2**n, batch)``."""
    n, column = program.circuit.n, {name: k for k, name in enumerate(program.names)}
    states = np.zeros((2**n, len(angles)), complex)
    states[0] = 1
    for gate in program.circuit.gates():
        named = [p for p in gate.params if isinstance(p, Param)]
        if not named:
            states = matrices.apply(states, gate, n)
            continue
        if gate.name not in ROTATIONS:  # a gate of some basis: row by row
            for k, row in enumerate(angles):
                leaves = tuple(
                    np.asarray(p.value(row[column[p.name]]) if isinstance(p, Param) else p, float)
                    for p in gate.params
                )
                part = matrices.apply(states[:, k : k + 1], gate._replace(params=leaves), n)
                states[:, k : k + 1] = part
            continue
        half = named[0].value(angles[:, column[named[0].name]]) / 2
        turned = _pauli(states, gate.name[1:], gate.targets, n)
        states = np.cos(half) * states - 1j * np.sin(half) * turned
    return states


def _pauli(states: np.ndarray, letters: str, qubits: Sequence[int], n: int) -> np.ndarray:
    for letter, q in zip(letters, qubits, strict=True):
        if letter != "I":
            gate: Gate = make(letter, (), (q,))
            states = matrices.apply(states, gate, n)
    return states


def _expectation(states: np.ndarray, word: str) -> np.ndarray:
    n = len(word)
    return np.einsum("sb,sb->b", states.conj(), _pauli(states, word, range(n), n)).real
