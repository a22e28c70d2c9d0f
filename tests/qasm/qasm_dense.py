"""A dense evaluation of circuits in NumPy, apart from qjax: formulas, tensors, nothing else."""

import numpy as np
import scipy.linalg

I2 = np.eye(2)
X = np.array([[0, 1], [1, 0]], complex)
Y = np.array([[0, -1j], [1j, 0]])
Z = np.diag([1, -1]).astype(complex)
PAULI = {"I": I2, "X": X, "Y": Y, "Z": Z}


def word(letters):
    out = np.eye(1)
    for c in letters:
        out = np.kron(out, PAULI[c])
    return out


def rot(letters):
    p = word(letters)
    return lambda t: np.cos(t / 2) * np.eye(len(p)) - 1j * np.sin(t / 2) * p


def p(t):
    return np.diag([1, np.exp(1j * t)])


def u3(t, f, lam):
    return p(f) @ rot("Y")(t) @ p(lam)


def under(k, u):
    d = len(u) * (2**k - 1)
    return scipy.linalg.block_diag(np.eye(d), u)


SX = np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2
SWAP = np.eye(4)[[0, 2, 1, 3]]
H = (X + Z) / np.sqrt(2)
FIXED = {
    **PAULI, "H": H, "S": p(np.pi / 2), "Sdg": p(-np.pi / 2), "T": p(np.pi / 4),
    "Tdg": p(-np.pi / 4), "SX": SX, "SXdg": SX.conj().T, "SWAP": SWAP,
    "ISWAP": np.array([[1, 0, 0, 0], [0, 0, 1j, 0], [0, 1j, 0, 0], [0, 0, 0, 1]]),
    "ECR": (word("XI") - word("YX")) / np.sqrt(2),
    "CX": under(1, X), "CY": under(1, Y), "CZ": under(1, Z), "CH": under(1, H),
    "CS": under(1, p(np.pi / 2)), "CSX": under(1, SX), "CCX": under(2, X), "CCZ": under(2, Z),
    "CSWAP": under(1, SWAP),
}  # fmt: skip


def exchange(t, b):
    frame = np.kron(rot("Z")(b), I2)
    return frame.conj().T @ rot("XX")(t / 2) @ rot("YY")(t / 2) @ frame


ANGLES = {
    "RX": rot("X"), "RY": rot("Y"), "RZ": rot("Z"), "P": p, "U3": u3,
    "U2": lambda f, lam: u3(np.pi / 2, f, lam),
    "U3Phase": lambda t, f, lam, g: np.exp(1j * g) * u3(t, f, lam),
    "GlobalPhase": lambda t: np.array([[np.exp(1j * t)]]),
    "RXX": rot("XX"), "RYY": rot("YY"), "RZZ": rot("ZZ"), "RZX": rot("ZX"),
    "XXPlusYY": exchange,
    "fSim": lambda t, f: exchange(2 * t, 0.0) @ np.diag([1, 1, 1, np.exp(-1j * f)]),
    "CP": lambda t: under(1, p(t)), "CRX": lambda t: under(1, rot("X")(t)),
    "CRY": lambda t: under(1, rot("Y")(t)), "CRZ": lambda t: under(1, rot("Z")(t)),
    "CU": lambda t, f, lam, g: under(1, np.exp(1j * g) * u3(t, f, lam)),
}  # fmt: skip


def core(gate):
    values = [np.asarray(v) for v in gate.params]
    if gate.name in FIXED:
        return FIXED[gate.name]
    if gate.name in ANGLES:
        return ANGLES[gate.name](*map(float, values))
    if gate.name == "PauliRotation":
        return rot(gate.static)(float(values[0]))
    if gate.name == "Diagonal":
        return np.diag(np.exp(1j * values[0]))
    if gate.name == "Permutation":
        return np.eye(len(gate.static))[:, list(gate.static)]
    if gate.name == "Unitary":
        return values[0]
    if gate.name == "SU2":
        return scipy.linalg.expm(
            1j * sum(v * PAULI[c] for v, c in zip(values[0], "XYZ", strict=True))
        )
    if gate.name == "SU4":
        words = [a + b for a in "IXYZ" for b in "IXYZ"][1:]
        return scipy.linalg.expm(
            1j * sum(v * word(w) for v, w in zip(values[0], words, strict=True))
        )
    if gate.name == "Evolution":
        if len(values) == 3:
            w, v, t = values
            return v @ np.diag(np.exp(-1j * t * w)) @ v.conj().T
        return scipy.linalg.expm(-1j * values[1] * values[0])
    raise KeyError(gate.name)


def apply(state, gate, n):
    """The gate on a state of shape (2**n, ...)."""
    if gate.name == "StatePrep":
        v = np.asarray(gate.params[0])
        u = np.zeros((len(v), len(v)), complex)
        u[:, 0] = v
    else:
        u = core(gate)
    u = u.conj().T if gate.inverted else u
    tail = state.shape[1:]
    k, m = len(gate.targets), len(gate.controls)
    t = state.reshape((2,) * n + tail)
    t = np.moveaxis(t, gate.controls + gate.targets, range(m + k)).astype(complex, copy=True)
    part = t[gate.values]
    t[gate.values] = (u @ part.reshape(2**k, -1)).reshape(part.shape)
    return np.moveaxis(t, range(m + k), gate.controls + gate.targets).reshape(state.shape)


def run(circuit, ops=None):
    """The final state, shape (2**n,)."""
    state = np.zeros(2**circuit.n, complex)
    state[0] = 1
    for gate in circuit.gates() if ops is None else ops:
        state = apply(state, gate, circuit.n)
    return state


def matrix(gates, n):
    """The unitary of a list of gates."""
    out = np.eye(2**n, dtype=complex)
    for gate in gates:
        out = apply(out, gate, n)
    return out
