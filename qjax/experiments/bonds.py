"""A molecule at all its bond lengths, between the determinants of its electrons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

import qjax as qj

from ..chemistry import Sector, Tables
from ..observables import (
    Excitation,
    Molecule,
    molecule,
    molecule_bond_lengths,
    uccsd_excitations,
)

CHEMICAL = 1.6e-3  # hartree, one kilocalorie per mole


@dataclass(frozen=True)
class Bond:
    """Points along a bond.

    Attributes:
        points: molecules as of `qjax.molecule`, all of one active space.
        lengths: in angstrom.
    """

    points: Sequence[Molecule]
    lengths: Sequence[float]

    @classmethod
    def of(cls, name: str, every: int = 1) -> Bond:
        """Each ``every``-th length of a molecule of `qjax.molecule`."""
        lengths = molecule_bond_lengths(name)[::every]
        return cls([molecule(name, length) for length in lengths], lengths)

    @property
    def name(self) -> str:
        return self.points[0].name

    @property
    def orbitals(self) -> int:
        return self.points[0].n // 2

    @property
    def electrons(self) -> int:
        return self.points[0].electrons

    @property
    def sector(self) -> Sector:
        """As many electrons of either spin."""
        return Sector(self.orbitals, self.electrons // 2, self.electrons // 2)

    @cached_property
    def matrices(self) -> np.ndarray:
        """The Hamiltonians, ``(lengths, size, size)`` hartree."""
        return np.stack([self.sector.matrix(p.hamiltonian) for p in self.points])

    @cached_property
    def exact(self) -> np.ndarray:
        """Their lowest energies, ``(lengths,)``."""
        return np.linalg.eigvalsh(self.matrices)[:, 0]

    @property
    def reference(self) -> Array:
        """The Hartree-Fock state, ``(size,)``."""
        return jnp.asarray(self.sector.reference())

    def tables(self, excitations: Sequence[Excitation]) -> Tables:
        """Of these excitations."""
        return Tables.of(excitations, self.sector)

    def singles_and_doubles(self) -> list[Excitation]:
        """From the filled orbitals."""
        return uccsd_excitations(self.orbitals, self.electrons)


def plain_circuit(name: str) -> qj.Circuit:
    """All singles and doubles of a molecule, untrained."""
    bond = Bond.of(name)
    pool = bond.singles_and_doubles()
    return qj.templates.uccsd(np.zeros(len(pool)), pool, bond.orbitals, bond.electrons)
