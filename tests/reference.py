"""An independent dense reference: NumPy float64, every gate written from its definition.

Nothing of qjax is called here: circuits are walked by the public attributes of their operations.
Qubit 0 is the most significant bit; the first qubit of a gate is the most significant of its
matrix; angles are radians.
"""

from functools import reduce
from itertools import product

import numpy as np

I2 = np.eye(2, dtype=complex)
SX_ = np.array([[0, 1], [1, 0]], complex)
SY_ = np.array([[0, -1j], [1j, 0]], complex)
SZ_ = np.array([[1, 0], [0, -1]], complex)
LETTERS = {"I": I2, "X": SX_, "Y": SY_, "Z": SZ_}
SU4_WORDS = ["".join(w) for w in product("IXYZ", repeat=2)][1:]


def kron(*factors):
    """The Kronecker product, the first factor the most significant."""
    return reduce(np.kron, factors, np.eye(1, dtype=complex))


def word_matrix(word):
    """The matrix of a string of Pauli letters."""
    return kron(*(LETTERS[c] for c in word))


def expi(hermitian):
    """``exp(i H)`` through the eigendecomposition of H."""
    values, vectors = np.linalg.eigh(hermitian)
    return (vectors * np.exp(1j * values)) @ vectors.conj().T


def controlled(matrix, controls=1):
    """Leading controls, all of value 1: the identity but for the last block."""
    d = len(matrix) * 2**controls
    out = np.eye(d, dtype=complex)
    out[d - len(matrix) :, d - len(matrix) :] = matrix
    return out


def pauli_rotation(theta, word):
    """``cos(theta/2) - i sin(theta/2) P``, as P squares to one."""
    p = word_matrix(word)
    return np.cos(theta / 2) * np.eye(len(p)) - 1j * np.sin(theta / 2) * p


def u3(theta, phi, lam):
    """OpenQASM's U: ``exp(i(phi+lam)/2) RZ(phi) RY(theta) RZ(lam)``."""
    z_phi, z_lam = pauli_rotation(phi, "Z"), pauli_rotation(lam, "Z")
    return np.exp(0.5j * (phi + lam)) * z_phi @ pauli_rotation(theta, "Y") @ z_lam


def xx_plus_yy(theta, beta):
    """Qiskit's XXPlusYYGate on (q0, q1): RZ(-beta) on q0 after the exchange, RZ(beta) before."""
    exchange = expi(-theta / 4 * (word_matrix("XX") + word_matrix("YY")))
    before, after = (kron(pauli_rotation(angle, "Z"), I2) for angle in (beta, -beta))
    return after @ exchange @ before


def fsim(theta, phi):
    """Exchange by theta, ``exp(-i phi)`` on |11>."""
    exchange = expi(-theta / 2 * (word_matrix("XX") + word_matrix("YY")))
    return np.diag([1, 1, 1, np.exp(-1j * phi)]) @ exchange


def permutation(table):
    """Basis state j goes to ``table[j]``."""
    return np.array([[float(table[j] == i) for j in range(len(table))] for i in range(len(table))])


def phase(theta):
    """``diag(1, exp(i theta))``."""
    return np.diag([1, np.exp(1j * theta)])


SWAP_ = (word_matrix("II") + word_matrix("XX") + word_matrix("YY") + word_matrix("ZZ")) / 2
HADAMARD = (SX_ + SZ_) / np.sqrt(2)
SQRT_X = np.exp(0.25j * np.pi) * pauli_rotation(np.pi / 2, "X")

MATRICES = {
    "I": lambda: I2,
    "X": lambda: SX_,
    "Y": lambda: SY_,
    "Z": lambda: SZ_,
    "H": lambda: HADAMARD,
    "S": lambda: phase(np.pi / 2),
    "Sdg": lambda: phase(-np.pi / 2),
    "T": lambda: phase(np.pi / 4),
    "Tdg": lambda: phase(-np.pi / 4),
    "SX": lambda: SQRT_X,
    "SXdg": lambda: SQRT_X.conj().T,
    "RX": lambda t: pauli_rotation(t, "X"),
    "RY": lambda t: pauli_rotation(t, "Y"),
    "RZ": lambda t: pauli_rotation(t, "Z"),
    "P": phase,
    "U2": lambda phi, lam: u3(np.pi / 2, phi, lam),
    "U3": u3,
    "U3Phase": lambda t, phi, lam, gamma: np.exp(1j * gamma) * u3(t, phi, lam),
    "GlobalPhase": lambda t: np.array([[np.exp(1j * t)]]),
    "CX": lambda: controlled(SX_),
    "CY": lambda: controlled(SY_),
    "CZ": lambda: controlled(SZ_),
    "CH": lambda: controlled(HADAMARD),
    "CS": lambda: controlled(phase(np.pi / 2)),
    "CSX": lambda: controlled(SQRT_X),
    "CP": lambda t: controlled(phase(t)),
    "CRX": lambda t: controlled(pauli_rotation(t, "X")),
    "CRY": lambda t: controlled(pauli_rotation(t, "Y")),
    "CRZ": lambda t: controlled(pauli_rotation(t, "Z")),
    "CU": lambda t, phi, lam, gamma: controlled(np.exp(1j * gamma) * u3(t, phi, lam)),
    "SWAP": lambda: SWAP_,
    "ISWAP": lambda: expi(np.pi / 4 * (word_matrix("XX") + word_matrix("YY"))),
    "ECR": lambda: (word_matrix("XI") - word_matrix("YX")) / np.sqrt(2),
    "RXX": lambda t: pauli_rotation(t, "XX"),
    "RYY": lambda t: pauli_rotation(t, "YY"),
    "RZZ": lambda t: pauli_rotation(t, "ZZ"),
    "RZX": lambda t: pauli_rotation(t, "ZX"),
    "XXPlusYY": xx_plus_yy,
    "fSim": fsim,
    "CCX": lambda: controlled(SX_, 2),
    "CCZ": lambda: controlled(SZ_, 2),
    "CSWAP": lambda: controlled(SWAP_),
    "Diagonal": lambda phases: np.diag(np.exp(1j * phases)),
    "Unitary": lambda matrix: matrix,
    "SU2": lambda v: expi(sum(c * LETTERS[w] for c, w in zip(v, "XYZ", strict=True))),
    "SU4": lambda v: expi(sum(c * word_matrix(w) for c, w in zip(v, SU4_WORDS, strict=True))),
}


def matrix_of(name, params, static=None):
    """The matrix of a gate of the table, without further controls."""
    params = [np.asarray(p) for p in params]
    params = [p.astype(complex if p.dtype.kind == "c" else float) for p in params]
    if name == "PauliRotation":
        return pauli_rotation(params[0], static)
    if name == "Permutation":
        return permutation(static)
    if name == "Evolution" and len(params) == 3:
        values, vectors, t = params
        return (vectors * np.exp(-1j * t * values)) @ vectors.conj().T
    if name == "Evolution":
        return expi(-params[1] * params[0])
    if name == "StatePrep":  # acts on |0...0> only, so the other columns do not matter
        out = np.zeros((len(params[0]),) * 2, complex)
        out[:, 0] = params[0]
        return out
    return np.asarray(MATRICES[name](*params), complex)


def apply(gate, states, n):
    """A gate on the columns of ``states``, shape ``(2**n, batch)``."""
    matrix = matrix_of(gate.name, gate.params, gate.static)
    if gate.inverted:
        matrix = matrix.conj().T
    k = len(gate.targets)
    tensor = states.reshape((2,) * n + (-1,))
    where = [slice(None)] * (n + 1)
    for q, value in zip(gate.controls, gate.values, strict=True):
        where[q] = slice(value, value + 1)
    part = tensor[tuple(where)]
    moved = np.moveaxis(part, gate.targets, range(k))
    shape = moved.shape
    moved = (matrix @ moved.reshape(2**k, -1)).reshape(shape)
    out = tensor.copy()
    out[tuple(where)] = np.moveaxis(moved, range(k), gate.targets)
    return out.reshape(2**n, -1)


def gates(ops):
    """Every gate of ``ops`` in order, blocks unrolled."""
    for op in ops:
        if hasattr(op, "unroll"):
            for turn in op.unroll():
                yield from gates(turn)
        elif hasattr(op, "ops"):
            yield from gates(op.ops)
        else:
            yield op


def _run(circuit, states):
    for gate in gates(circuit.ops):
        states = apply(gate, states, circuit.n)
    return states


def state(circuit):
    """The final state from |0...0>, shape ``(2**n,)`` complex128."""
    start = np.zeros((2**circuit.n, 1), complex)
    start[0] = 1
    return _run(circuit, start)[:, 0]


def unitary(circuit):
    """The matrix of a circuit without state preparations, ``(2**n, 2**n)`` complex128."""
    return _run(circuit, np.eye(2**circuit.n, dtype=complex))


def observable(terms, n):
    """The dense matrix of ``[(letters by qubit, coefficient), ...]``: ``{0: "X"}`` is X on 0."""
    words = (kron(*(LETTERS[word.get(q, "I")] for q in range(n))) * c for word, c in terms)
    return sum(words, np.zeros((2**n, 2**n), complex))


def expval(circuit, matrix):
    """The expectation value of a dense Hermitian matrix."""
    psi = state(circuit)
    return float(np.real(psi.conj() @ matrix @ psi))


def reduced(psi, keep, n):
    """The reduced density matrix on the qubits ``keep``, in their order."""
    rest = [q for q in range(n) if q not in keep]
    m = np.transpose(psi.reshape((2,) * n), [*keep, *rest]).reshape(2 ** len(keep), -1)
    return m @ m.conj().T
