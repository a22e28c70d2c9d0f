"""Molecular Hamiltonians from the data files that ship with qjax."""

from __future__ import annotations

import json
import numbers
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np

from ..errors import DataError
from ..pauli import PauliSum, Word
from .fermions import electronic_hamiltonian, encode_occupations


@dataclass(frozen=True)
class Molecule:
    """A molecule at one geometry. Energies in hartree, lengths in angstrom.

    Attributes:
        name: as in the data file, such as ``"H2"``.
        bond_length: in angstrom.
        n: number of qubits.
        electrons: number of electrons.
        hamiltonian: Jordan-Wigner form, nuclear repulsion included.
        hf_bits: the Hartree-Fock state, as for `qjax.BasisState`.
        hf_energy: its energy.
        exact_energy: the lowest eigenvalue of the Hamiltonian with that number of electrons, as
            many of either spin (full configuration interaction in the active space).
        active_space: which orbitals are frozen, active and empty, in words.
    """

    name: str
    bond_length: float
    n: int
    electrons: int
    hamiltonian: PauliSum
    hf_bits: str
    hf_energy: float
    exact_energy: float
    active_space: str = "all orbitals"


def molecule(
    name: str, bond_length: float | int | None = None, *, encoding: str = "jordan-wigner"
) -> Molecule:
    """A molecule that ships with qjax: its Hamiltonian, Hartree-Fock state and exact energy.

    The Hamiltonians of one molecule have the same words at every bond length, so a whole curve is
    one batched `PauliSum` (stack them with ``jax.tree.map``) and one call under `jax.vmap`.

    Args:
        name: ``"h2"``, ``"h4"``, ``"lih"``, ``"beh2"`` or ``"h2o"`` (upper or lower case).
        bond_length: in angstrom, one of `molecule_bond_lengths`; default the one of lowest energy.
        encoding: of fermions in qubits, see `encoding_matrix`; H2 is stored in Jordan-Wigner form.

    Raises:
        DataError: a molecule or a bond length that is not in the data; the message lists them.

    Source: STO-3G integrals by pyscf (of H2 its Jordan-Wigner form by openfermion); the files in
    ``qjax/observables/data`` name versions, geometry and active space, and
    ``tools/make_molecules.py`` and ``tools/make_integrals.py`` generate them.

    Example:
        >>> import qjax as qj
        >>> h2 = qj.molecule("h2")
        >>> h2.n, h2.bond_length, h2.hf_bits, round(h2.exact_energy, 5)
        (4, 0.735, '1100', -1.13731)
    """
    data = _load(name)
    points = data["points"]
    if bond_length is None:
        point = min(points, key=lambda p: p["ground_energy"])
    else:
        if isinstance(bond_length, bool) or not isinstance(bond_length, numbers.Real):
            raise DataError(
                "molecule: bond_length must be a number in angstrom",
                expected="one of " + _listed(points),
                got=f"{type(bond_length).__name__}: {bond_length!r:.60}",
                fix="a geometry is chosen before tracing; batch the coefficients instead",
            )
        # 0.1 * 3 is meant to be 0.3
        found = [p for p in points if abs(p["bond_length"] - float(bond_length)) < 1e-6]
        if not found:
            raise DataError(
                f"molecule: no data for {data['molecule']} at a bond length of {bond_length}",
                expected="one of " + _listed(points) + " angstrom",
                got=bond_length,
                fix=f"{data['script']} generates other lengths",
            )
        (point,) = found
    if "orbitals" in data:
        return _from_integrals(data, point, encoding)
    if encoding != "jordan-wigner":
        raise DataError(
            f"molecule: {data['molecule']} is stored in Jordan-Wigner form only", got=encoding
        )
    return Molecule(
        name=data["molecule"],
        bond_length=point["bond_length"],
        n=data["qubits"],
        electrons=data["electrons"],
        hamiltonian=PauliSum.from_terms([(word, value) for word, value in point["terms"]]),
        hf_bits=point["hartree_fock_bits"],
        hf_energy=point["hartree_fock_energy"],
        exact_energy=point["ground_energy"],
    )


def _from_integrals(data: dict[str, Any], point: dict[str, Any], encoding: str) -> Molecule:
    n, electrons = 2 * data["orbitals"], data["electrons"]
    words = _words(data["molecule"].lower(), encoding)
    return Molecule(
        name=data["molecule"],
        bond_length=point["bond_length"],
        n=n,
        electrons=electrons,
        hamiltonian=electronic_hamiltonian(*_integrals(data, point), encoding, keep=words),
        hf_bits=encode_occupations([1] * electrons + [0] * (n - electrons), encoding),
        hf_energy=point["hartree_fock_energy"],
        exact_energy=point["ground_energy"],
        active_space=data["active_space"],
    )


def _integrals(data: dict[str, Any], point: dict[str, Any]) -> tuple[float, np.ndarray, np.ndarray]:
    """Core energy, ``(orbitals,) * 2`` and ``(orbitals,) * 4`` from what is not redundant."""
    size = data["orbitals"]
    pairs = [(p, q) for p in range(size) for q in range(p + 1)]
    one, two = np.zeros((size, size)), np.zeros((size,) * 4)
    for (p, q), value in zip(pairs, point["one_body"], strict=True):
        one[p, q] = one[q, p] = value
    quads = [(x, y) for k, x in enumerate(pairs) for y in pairs[: k + 1]]
    for ((p, q), (r, s)), value in zip(quads, point["two_body"], strict=True):
        for a, b in ((p, q), (q, p)):
            for c, d in ((r, s), (s, r)):
                two[a, b, c, d] = two[c, d, a, b] = value
    return point["core"], one, two


@lru_cache
def _words(name: str, encoding: str) -> frozenset[Word]:
    """The words that appear at any bond length."""
    data = _read(name)
    sums = [electronic_hamiltonian(*_integrals(data, p), encoding) for p in data["points"]]
    return frozenset(word for total in sums for word in total.words)


def molecule_bond_lengths(name: str) -> tuple[float, ...]:
    """The bond lengths in angstrom, ascending, at which `molecule` has data.

    Raises:
        DataError: a molecule that is not in the data.

    Example:
        >>> import qjax as qj
        >>> qj.observables.molecule_bond_lengths("h2")[:3]
        (0.3, 0.4, 0.5)
    """
    return tuple(sorted(p["bond_length"] for p in _load(name)["points"]))


def _load(name: Any) -> dict[str, Any]:
    known = _known()
    if not isinstance(name, str) or name.lower() not in known:
        raise DataError(
            "molecule: name is not one that ships with qjax",
            expected="one of " + ", ".join(map(repr, known)),
            got=repr(name),
            fix="build other Hamiltonians with qjax.PauliSum.from_terms",
        )
    return _read(name.lower())


@lru_cache
def _known() -> tuple[str, ...]:
    folder = files("qjax.observables") / "data"
    return tuple(sorted(f.name[:-5] for f in folder.iterdir() if f.name.endswith(".json")))


@lru_cache
def _read(name: str) -> dict[str, Any]:
    return json.loads((files("qjax.observables") / "data" / f"{name}.json").read_text("utf-8"))


def _listed(points: list[dict[str, Any]]) -> str:
    return ", ".join(str(p["bond_length"]) for p in points)
