"""Generate the molecular Hamiltonians that ship as JSON; a development tool, not part of qjax.

It needs pyscf and openfermion, which nothing else here does, so give it an environment of its own:

    python -m venv .peers/chem && .peers/chem/bin/pip install pyscf openfermion
    .peers/chem/bin/python tools/make_molecules.py h2     # qjax/observables/data/h2.json
    .peers/chem/bin/python tools/make_molecules.py lih    # benchmarks/data/lih.json

Electronic integrals are those of restricted Hartree-Fock orbitals; the Jordan-Wigner words are over
interleaved spin orbitals (qubit 2k is orbital k spin up, qubit 2k+1 is orbital k spin down), the
nuclear repulsion sits in the identity, and coefficients are rounded to 12 decimals. Every energy in
the file belongs to the rounded Hamiltonian, and must agree with the full configuration interaction
of pyscf to 1e-8 hartree, or nothing is written.
"""

import argparse
import datetime
import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import openfermion as of
from pyscf import ao2mo, fci, gto, scf

ROOT = Path(__file__).resolve().parent.parent
DECIMALS = 12
AGREEMENT = 1e-8  # hartree, between the stored Hamiltonian and pyscf's FCI

H2_LENGTHS = sorted({*(round(0.3 + 0.1 * k, 2) for k in range(28)), 0.735})
LIH_LENGTH = 1.5949  # the measured equilibrium bond length


def hartree_fock(symbols, length):
    """Return the converged RHF solution of a diatomic molecule, and its FCI energy in hartree."""
    first, second = symbols
    molecule = gto.M(
        atom=[(first, (0.0, 0.0, 0.0)), (second, (0.0, 0.0, length))],
        basis="sto-3g",
        unit="angstrom",
        verbose=0,
    )
    field = scf.RHF(molecule).set(conv_tol=1e-13).run()
    if not field.converged:
        raise RuntimeError(f"Hartree-Fock did not converge at {length} angstrom")
    fci_energy = float(fci.FCI(field).set(conv_tol=1e-13).kernel()[0])
    return molecule, field, fci_energy


def pauli_terms(molecule, field):
    """Return [[word, coefficient], ...] of the Jordan-Wigner Hamiltonian, qubit 0 first."""
    orbitals = field.mo_coeff
    size = orbitals.shape[1]
    one_body = orbitals.T @ field.get_hcore() @ orbitals
    chemist = ao2mo.restore(1, ao2mo.kernel(molecule, orbitals), size)
    physicist = chemist.transpose(0, 2, 3, 1)  # (pq|rs) -> <pr|sq>, the order openfermion expects
    one_spin, two_spin = of.chem.molecular_data.spinorb_from_spatial(one_body, physicist)
    operator = of.InteractionOperator(float(molecule.energy_nuc()), one_spin, 0.5 * two_spin)

    terms = []
    for factors, coefficient in of.jordan_wigner(operator).terms.items():
        rounded = round(float(np.real(coefficient)), DECIMALS)
        if rounded == 0.0 and factors:
            continue
        word = ["I"] * (2 * size)
        for qubit, letter in factors:
            word[qubit] = letter
        terms.append(["".join(word), rounded])
    # The identity first, then by weight and place, so that a new run gives the same file.
    return sorted(terms, key=lambda term: (2 * size - term[0].count("I"), term[0]))


def sparse_matrix(terms):
    """Return the stored Hamiltonian as a sparse matrix, qubit 0 the most significant bit."""
    operator = of.QubitOperator()
    for word, coefficient in terms:
        factors = tuple((q, letter) for q, letter in enumerate(word) if letter != "I")
        operator += of.QubitOperator(factors, coefficient)
    return of.get_sparse_operator(operator, n_qubits=len(terms[0][0]))


def lowest(matrix):
    """Return the lowest eigenvalue of a Hermitian sparse matrix, by dense diagonalisation."""
    return float(np.linalg.eigvalsh(matrix.toarray())[0])


def must_agree(what, stored, expected, tolerance=AGREEMENT):
    """Refuse to go on with a Hamiltonian that disagrees with an independent value in hartree."""
    if not abs(stored - expected) < tolerance:
        raise ValueError(f"{what} is {stored}, expected {expected} to {tolerance}")


def describe(symbols, length):
    """Return one molecule at one bond length, as it stands in the file."""
    molecule, field, fci_energy = hartree_fock(symbols, length)
    terms = pauli_terms(molecule, field)
    matrix = sparse_matrix(terms)
    qubits, electrons = len(terms[0][0]), molecule.nelectron
    # The number of electrons is conserved, so the whole spectrum is that of these blocks.
    weight = np.array([index.bit_count() for index in range(2**qubits)])
    sectors = [np.flatnonzero(weight == count) for count in range(qubits + 1)]
    energies = [lowest(matrix[np.ix_(sector, sector)]) for sector in sectors]
    bits = "1" * electrons + "0" * (qubits - electrons)
    reference = float(matrix[int(bits, 2), int(bits, 2)].real)

    must_agree("the ground energy of the sector", energies[electrons], fci_energy)
    must_agree("the ground energy of all sectors", min(energies), fci_energy)
    must_agree("the Hartree-Fock energy", reference, field.e_tot)
    return {
        "bond_length": length,
        "hartree_fock_bits": bits,
        "hartree_fock_energy": round(reference, DECIMALS),
        "ground_energy": round(min(energies), DECIMALS),
        "ground_energy_in_sector": round(energies[electrons], DECIMALS),
        "terms": terms,
    }


def origin(name, symbols, electrons, qubits):
    """Return the keys that say where the numbers come from and how to read them."""
    return {
        "molecule": name,
        "package": "pyscf (integrals, FCI) and openfermion (Jordan-Wigner)",
        "version": {"pyscf": version("pyscf"), "openfermion": version("openfermion")},
        "script": "tools/make_molecules.py",
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "geometry": f"{symbols[0]} (0, 0, 0); {symbols[1]} (0, 0, bond_length)",
        "basis": "STO-3G, restricted Hartree-Fock orbitals, no frozen core",
        "mapping": "Jordan-Wigner; interleaved spin orbitals: qubit 2k is orbital k spin up, "
        "qubit 2k+1 the same orbital spin down; words are written qubit 0 first; "
        "nuclear repulsion is in the identity",
        "units": {"bond_length": "angstrom", "energy": "hartree"},
        "qubits": qubits,
        "electrons": electrons,
    }


def write(path, head, points):
    """Write the file with one term list per line: small, and still readable as a diff."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}," for key, value in head.items()]
    rows = []
    for point in points:
        scalars = ", ".join(
            f"{json.dumps(k)}: {json.dumps(v)}" for k, v in point.items() if k != "terms"
        )
        terms = json.dumps(point["terms"], separators=(",", ":"))
        rows.append(f'    {{{scalars},\n     "terms": {terms}}}')
    lines += ['  "points": [', ",\n".join(rows), "  ]"]
    path.write_text("{\n" + "\n".join(lines) + "\n}\n")


def main():
    """Write the file of the molecule named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("molecule", choices=["h2", "lih"])
    if parser.parse_args().molecule == "h2":
        points = [describe(("H", "H"), length) for length in H2_LENGTHS]
        energy = next(p["ground_energy"] for p in points if p["bond_length"] == 0.735)
        must_agree("H2 at 0.735 angstrom", energy, -1.13731, 1e-5)
        write(ROOT / "qjax/observables/data/h2.json", origin("H2", ("H", "H"), 2, 4), points)
    else:
        points = [describe(("Li", "H"), LIH_LENGTH)]
        write(ROOT / "benchmarks/data/lih.json", origin("LiH", ("Li", "H"), 4, 12), points)


if __name__ == "__main__":
    main()
