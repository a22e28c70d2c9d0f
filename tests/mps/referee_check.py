"""Answers of stim and quimb, as JSON; run with the interpreter of ``.peers/mps``.

python referee_check.py stim < {"n", "gates", "words"}: expectation values of Pauli words.
python referee_check.py quimb < {"n", "depth", "bonds", "seeds"}: fidelities of truncated states.
"""

import json
import sys

import numpy as np


def haar_brickwork(n, depth, seed):
    """Haar-random gates ``(site, 4 x 4 matrix)``, layer by layer."""
    rng = np.random.default_rng(seed)
    out = []
    for d in range(depth):
        for a in range(d % 2, n - 1, 2):
            z = rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
            q, r = np.linalg.qr(z)
            out.append((a, q * (np.diag(r) / np.abs(np.diag(r)))))
    return out


def dense(gates, n):
    psi = np.zeros(2**n, complex)
    psi[0] = 1
    for a, g in gates:
        psi = np.einsum("xy,ayb->axb", g, psi.reshape(2**a, 4, -1)).reshape(-1)
    return psi


def by_stim(task):
    import stim

    simulator = stim.TableauSimulator()
    simulator.set_num_qubits(task["n"])
    for name, qubits in task["gates"]:
        getattr(simulator, name.lower())(*qubits)
    out = []
    for word in task["words"]:
        letters = ["_"] * task["n"]
        for q, letter in word:
            letters[q] = letter
        out.append(simulator.peek_observable_expectation(stim.PauliString("".join(letters))))
    return out


def by_quimb(task):
    import quimb.tensor as qtn

    out = []
    for seed in range(task["seeds"]):
        gates = haar_brickwork(task["n"], task["depth"], seed)
        exact, row = dense(gates, task["n"]), []
        for chi in task["bonds"]:
            circuit = qtn.CircuitMPS(task["n"], max_bond=chi, cutoff=0.0)
            for a, g in gates:
                circuit.apply_gate_raw(g, (a, a + 1))
            psi = circuit.psi.to_dense().reshape(-1)
            row.append(float(abs(np.vdot(exact, psi)) ** 2 / np.vdot(psi, psi).real))
        out.append(row)
    return out


if __name__ == "__main__":
    answer = {"stim": by_stim, "quimb": by_quimb}[sys.argv[1]]
    sys.stdout.write(json.dumps(answer(json.load(sys.stdin))) + "\n")
