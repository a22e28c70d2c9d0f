"""Excitations of electrons between spin orbitals, and what generates them."""

from __future__ import annotations

from itertools import combinations, product
from typing import NamedTuple

from ..errors import ObservableError
from ..pauli import PauliSum
from .fermions import Ladder, fermion_operator


class Excitation(NamedTuple):
    """Electrons leave the modes ``out`` for ``into``; mode ``2 k + spin`` belongs to orbital k."""

    out: tuple[int, ...]
    into: tuple[int, ...]

    def terms(self) -> dict[Ladder, complex]:
        """The Hermitian generator ``i (T - T')``, with T creating ``into`` and emptying ``out``."""
        up = [*((m, True) for m in self.into), *((m, False) for m in reversed(self.out))]
        down = [*((m, True) for m in self.out), *((m, False) for m in reversed(self.into))]
        return {tuple(up): 1j, tuple(down): -1j}

    def generator(self, modes: int, encoding: str = "jordan-wigner") -> PauliSum:
        """G of ``exp(-i angle G) = exp(angle (T - T'))``: words that commute.

        Example:
            >>> from qjax.observables import Excitation
            >>> Excitation((0,), (1,)).generator(2)
            PauliSum(0.5 X0 Y1 - 0.5 Y0 X1)
        """
        return fermion_operator(self.terms(), modes, encoding)


def uccsd_excitations(orbitals: int, electrons: int) -> list[Excitation]:
    """Singles and doubles that keep the spin, from the lowest orbitals; doubles first.

    Args:
        orbitals: of space; twice as many modes.
        electrons: an even number, two in each of the lowest orbitals.

    Raises:
        ObservableError: an odd or impossible number of electrons.

    Example:
        >>> from qjax.observables import uccsd_excitations
        >>> len(uccsd_excitations(orbitals=2, electrons=2))
        3
    """
    if electrons % 2 or not 0 < electrons < 2 * orbitals:
        raise ObservableError(
            "uccsd_excitations: electrons must be even, and leave an orbital empty",
            got=f"{electrons} electrons in {orbitals} orbitals",
        )
    modes = range(2 * orbitals)
    return _singles_and_doubles(modes[:electrons], modes[electrons:])


def _singles_and_doubles(full: range, empty: range) -> list[Excitation]:
    doubles = [
        Excitation(a, b)
        for a, b in product(combinations(full, 2), combinations(empty, 2))
        if sum(m % 2 for m in a) == sum(m % 2 for m in b)
    ]
    singles = [Excitation((a,), (b,)) for a, b in product(full, empty) if a % 2 == b % 2]
    return doubles + singles


def generalised_excitations(orbitals: int) -> list[Excitation]:
    """Singles and doubles between any orbitals that keep the spin, each once: a pool for ADAPT.

    Example:
        >>> from qjax.observables import generalised_excitations
        >>> len(generalised_excitations(2))
        4
    """
    modes = range(2 * orbitals)
    out = [
        Excitation(a, b)
        for a, b in combinations(list(combinations(modes, 2)), 2)
        if not set(a) & set(b) and sum(m % 2 for m in a) == sum(m % 2 for m in b)
    ]
    return out + [Excitation((a,), (b,)) for a, b in combinations(modes, 2) if a % 2 == b % 2]
