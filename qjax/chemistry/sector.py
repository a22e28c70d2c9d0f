"""The basis states with a fixed number of electrons of either spin."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any

import numpy as np

from ..errors import DataError, ObservableError
from ..pauli import PauliSum, word_masks


@dataclass(frozen=True)
class Sector:
    """Determinants in Jordan-Wigner form: mode ``2 k`` is orbital k spin up, ``2 k + 1`` down.

    Args:
        orbitals: of space.
        up: electrons with spin up.
        down: electrons with spin down.

    Raises:
        DataError: electrons that do not fit.

    Example:
        >>> from qjax.chemistry import Sector
        >>> Sector(orbitals=4, up=2, down=2).size
        36
    """

    orbitals: int
    up: int
    down: int

    def __post_init__(self) -> None:
        if not (0 <= self.up <= self.orbitals and 0 <= self.down <= self.orbitals):
            raise DataError("Sector: so many electrons do not fit", got=repr((self.up, self.down)))

    @property
    def modes(self) -> int:
        """Spin orbitals, as many as qubits."""
        return 2 * self.orbitals

    @property
    def size(self) -> int:
        """How many determinants."""
        return len(self.indices)

    @property
    def indices(self) -> np.ndarray:
        """The determinants as indices of a state of all qubits, ascending."""
        return _indices(self)

    def reference(self) -> np.ndarray:
        """The lowest orbitals filled: the Hartree-Fock state, ``(size,)`` float64."""
        filled = [2 * k for k in range(self.up)] + [2 * k + 1 for k in range(self.down)]
        out = np.zeros(self.size)
        out[np.searchsorted(self.indices, _index(filled, self.modes))] = 1.0
        return out

    def embed(self, state: Any) -> np.ndarray:
        """Amplitudes ``(..., size)`` as those of all qubits, ``(..., 2**modes)``."""
        state = np.asarray(state)
        out = np.zeros((*state.shape[:-1], 2**self.modes), state.dtype)
        out[..., self.indices] = state
        return out

    def matrix(self, operator: PauliSum) -> np.ndarray:
        """The matrix of a real operator between the determinants, ``(size, size)`` float64.

        Raises:
            ObservableError: an operator that leaves the sector, or is not real.
        """
        n, index = self.modes, self.indices
        place = np.full(2**n, -1)
        place[index] = np.arange(len(index))
        # Words with the same flips reach the same determinants: their signs are added first.
        by_flips: dict[int, np.ndarray] = {}
        for word, c in zip(operator.words, np.asarray(operator.coeffs), strict=True):
            x, z, y_count = word_masks(word, n)
            sign = 1 - 2 * (np.bitwise_count(index & z).astype(int) % 2)
            total = by_flips.setdefault(x, np.zeros(len(index), complex))
            total += c * 1j**y_count * sign
        out: Any = np.zeros((len(index), len(index)), complex)
        for x, values in by_flips.items():
            target = place[index ^ x]
            if np.any(np.abs(values[target < 0]) > 1e-9):
                raise ObservableError("Sector: the operator does not conserve electrons")
            inside = np.flatnonzero(target >= 0)
            out[target[inside], inside] += values[inside]
        if np.abs(out.imag).max(initial=0) > 1e-9:
            raise ObservableError("Sector: the operator is not real")
        return np.ascontiguousarray(out.real)


@lru_cache
def _indices(sector: Sector) -> np.ndarray:
    spin = [
        [sum(1 << (sector.modes - 1 - 2 * k - s) for k in chosen) for chosen in some]
        for s, some in enumerate(
            combinations(range(sector.orbitals), count) for count in (sector.up, sector.down)
        )
    ]
    out = np.sort(np.add.outer(spin[0], spin[1]).reshape(-1))
    out.flags.writeable = False
    return out


def _index(filled: list[int], modes: int) -> int:
    return sum(1 << (modes - 1 - m) for m in filled)
