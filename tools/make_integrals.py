"""Generate the electronic integrals that ship as JSON; a development tool, not part of qjax.

It needs pyscf, which nothing else here does, so give it an environment of its own:

    python -m venv .peers/chem && .peers/chem/bin/pip install pyscf
    .peers/chem/bin/python tools/make_integrals.py h4     # qjax/observables/data/h4.json

Orbitals are those of restricted Hartree-Fock in STO-3G. An active space is chosen by the symmetry
of orbitals, so that it is the same along the bond; orbitals below it are frozen into the core
energy and the one-body integrals, orbitals above or of other symmetry are left empty. The energies
in the file are those of the stored, rounded integrals, by pyscf's full configuration interaction in
the active space with as many electrons of either spin.
"""

import argparse
import datetime
import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
from pyscf import ao2mo, fci, gto, scf, symm

ROOT = Path(__file__).resolve().parent.parent
DECIMALS = 12


def h4(length):
    return [("H", (0, 0, k * length)) for k in range(4)]


def lih(length):
    return [("Li", (0, 0, 0)), ("H", (0, 0, length))]


def beh2(length):
    return [("Be", (0, 0, 0)), ("H", (0, 0, length)), ("H", (0, 0, -length))]


def h2o(length):
    half = np.radians(104.51) / 2
    return [
        ("O", (0, 0, 0)),
        ("H", (0, length * np.sin(half), length * np.cos(half))),
        ("H", (0, -length * np.sin(half), length * np.cos(half))),
    ]


# geometry, words for it, lengths, group, irreps of the active space, orbitals frozen and active
MOLECULES = {
    "h4": {
        "name": "H4",
        "atoms": h4,
        "group": "Dooh",
        "irreps": ("A1g", "A1u"),
        "frozen": 0,
        "active": 4,
        "geometry": "a straight chain of H, neighbours bond_length apart",
        "space": "all four orbitals, four electrons",
        "lengths": [0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0],
    },
    "lih": {
        "name": "LiH",
        "atoms": lih,
        "group": "Coov",
        "irreps": ("A1",),
        "frozen": 1,
        "active": 3,
        "geometry": "Li (0, 0, 0); H (0, 0, bond_length)",
        "space": "1 sigma frozen; 2, 3, 4 sigma active with two electrons; pi and 5 sigma empty",
        "lengths": [1.0, 1.2, 1.4, 1.5949, 1.8, 2.0, 2.2, 2.5, 2.8, 3.1, 3.5, 4.0],
    },
    "beh2": {
        "name": "BeH2",
        "atoms": beh2,
        "group": "Dooh",
        "irreps": ("A1g", "A1u"),
        "frozen": 1,
        "active": 4,
        "geometry": "H (0, 0, -bond_length); Be (0, 0, 0); H (0, 0, bond_length)",
        "space": "1 sigma_g frozen; the two occupied and the two empty sigma orbitals that follow "
        "active with four electrons; pi orbitals empty",
        "lengths": [0.9, 1.0, 1.1, 1.2, 1.3264, 1.5, 1.7, 1.9, 2.1, 2.3, 2.5],
    },
    "h2o": {
        "name": "H2O",
        "atoms": h2o,
        "group": "C2v",
        "irreps": ("A1", "B2"),
        "frozen": 3,
        "active": 4,
        "geometry": "O (0, 0, 0); H at bond_length, HOH angle 104.51 degrees",
        "space": "1a1, 2a1 and the lone pair 1b1 frozen; 3a1, 1b2 and the empty 4a1, 2b2 active "
        "with four electrons",
        "lengths": [0.7, 0.8, 0.9, 0.9584, 1.05, 1.2, 1.4, 1.6, 1.8, 2.0],
    },
}


def solve(recipe, length):
    """The converged field, and indices of frozen and active orbitals."""
    molecule = gto.M(
        atom=recipe["atoms"](length),
        basis="sto-3g",
        unit="angstrom",
        symmetry=recipe["group"],
        verbose=0,
    )
    field = scf.RHF(molecule).set(conv_tol=1e-13).run()
    if not field.converged:
        raise RuntimeError(f"Hartree-Fock did not converge at {length} angstrom")
    labels = symm.label_orb_symm(molecule, molecule.irrep_name, molecule.symm_orb, field.mo_coeff)
    occupied = np.flatnonzero(field.mo_occ > 0)
    empty = np.flatnonzero(field.mo_occ == 0)
    fitting = [k for k in range(len(labels)) if labels[k] in recipe["irreps"]]
    pairs = molecule.nelectron // 2 - recipe["frozen"]
    active = [k for k in occupied if k in fitting][-pairs:]
    active += [k for k in empty if k in fitting][: recipe["active"] - pairs]
    frozen = [k for k in occupied if k not in active]
    if (len(active), len(frozen)) != (recipe["active"], recipe["frozen"]):
        raise RuntimeError(f"another active space at {length} angstrom")
    # within the space sorted by symmetry and energy, so that no two cross along the bond
    order = sorted(active, key=lambda k: (k not in occupied, labels[k], k))
    return molecule, field, frozen, order, pairs


def integrals(recipe, length):
    """One geometry, as it stands in the file."""
    molecule, field, frozen, active, pairs = solve(recipe, length)
    c = field.mo_coeff
    c = c * np.sign(c[np.argmax(np.abs(c), axis=0), np.arange(c.shape[1])])
    core_density = 2 * c[:, frozen] @ c[:, frozen].T
    j, k = field.get_jk(molecule, core_density)
    mean = j - k / 2
    h = field.get_hcore()
    core = molecule.energy_nuc() + np.sum(core_density * (h + mean / 2))
    a = c[:, active]
    size = len(active)
    one = a.T @ (h + mean) @ a
    two = ao2mo.restore(1, ao2mo.kernel(molecule, a), size)
    core, one, two = round(float(core), DECIMALS), one.round(DECIMALS), two.round(DECIMALS)
    one, two = (one + one.T) / 2, ao2mo.restore(1, ao2mo.restore(8, two, size), size)
    ground = fci.direct_spin1.FCI()
    ground.conv_tol = 1e-13
    energy = float(ground.kernel(one, two, size, (pairs, pairs), ecore=core)[0])
    occupied = range(pairs)
    reference = core + sum(2 * one[i, i] for i in occupied)
    reference += sum(2 * two[i, i, j, j] - two[i, j, j, i] for i in occupied for j in occupied)
    if abs(reference - field.e_tot) > 1e-8:
        raise ValueError(f"Hartree-Fock energy {reference}, expected {field.e_tot}")
    pairs_of = [(p, q) for p in range(size) for q in range(p + 1)]
    quads = [(*pairs_of[x], *pairs_of[y]) for x in range(len(pairs_of)) for y in range(x + 1)]
    return 2 * pairs, {
        "bond_length": length,
        "core": core,
        "hartree_fock_energy": round(float(reference), DECIMALS),
        "ground_energy": round(energy, DECIMALS),
        "one_body": [round(float(one[i]), DECIMALS) for i in pairs_of],
        "two_body": [round(float(two[i]), DECIMALS) for i in quads],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("molecule", choices=sorted(MOLECULES))
    key = parser.parse_args().molecule
    recipe = MOLECULES[key]
    found = [integrals(recipe, length) for length in recipe["lengths"]]
    (electrons,) = {e for e, _ in found}
    head = {
        "molecule": recipe["name"],
        "package": "pyscf (integrals, full configuration interaction)",
        "version": {"pyscf": version("pyscf")},
        "script": "tools/make_integrals.py",
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "geometry": recipe["geometry"],
        "basis": "STO-3G, restricted Hartree-Fock orbitals",
        "active_space": recipe["space"],
        "order": "one_body: (p q) with q <= p; two_body: (pq|rs) in chemists' order with pairs as "
        "in one_body and the second pair not after the first",
        "units": {"bond_length": "angstrom", "energy": "hartree"},
        "orbitals": recipe["active"],
        "electrons": electrons,
    }
    lines = [f"  {json.dumps(k)}: {json.dumps(v)}," for k, v in head.items()]
    rows = ",\n".join("    " + json.dumps(point, separators=(",", ":")) for _, point in found)
    path = ROOT / f"qjax/observables/data/{key}.json"
    path.write_text("{\n" + "\n".join([*lines, '  "points": [', rows, "  ]"]) + "\n}\n")


if __name__ == "__main__":
    main()
