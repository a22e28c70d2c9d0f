"""An independent NumPy density-matrix reference: every channel from its textbook definition.

Nothing of qjax is called: circuits are walked by the public attributes of their operations. The
state is a dictionary from the record (a tuple of bits) to an unnormalised density matrix.
"""

from itertools import product

import numpy as np
import reference as ref

PAULIS = [ref.I2, ref.SX_, ref.SY_, ref.SZ_]


def words(k):
    """The Pauli matrices on k qubits, II..I to ZZ..Z."""
    return [ref.kron(*w) for w in product(PAULIS, repeat=k)]


def random_paulis(probabilities):
    """Kraus operators of words with the given probabilities, the identity having the rest."""
    p = np.concatenate([[1 - np.sum(probabilities)], probabilities])
    k = round(np.log(len(p)) / np.log(4))
    return [np.sqrt(w) * m for w, m in zip(p, words(k), strict=True)]


def damping(gamma, excited=0.0):
    """Relaxation towards a fraction ``excited`` of state 1, Nielsen and Chuang (8.116)."""
    p, k = 1 - excited, np.sqrt(1 - gamma)
    g = np.sqrt(gamma)
    return [
        np.sqrt(p) * np.array([[1, 0], [0, k]]),
        np.sqrt(p) * np.array([[0, g], [0, 0]]),
        np.sqrt(1 - p) * np.array([[k, 0], [0, 1]]),
        np.sqrt(1 - p) * np.array([[0, 0], [g, 0]]),
    ]


def dephasing(factor):
    """Off-diagonals multiplied by ``factor``: Z with probability (1 - factor) / 2."""
    return random_paulis([0, 0, (1 - factor) / 2])


def thermal(t1, t2, time, excited):
    """Decay of populations with T1 and, on top, dephasing such that coherences decay with T2."""
    gamma = 1 - np.exp(-time / t1)
    rest = np.exp(-time / t2) / np.sqrt(1 - gamma)
    return [b @ a for a in damping(gamma, excited) for b in dephasing(rest)]


def readout(zero_as_one, one_as_zero):
    """Measure, then write down what is read."""
    keep = [np.diag([1, 0]), np.diag([0, 1])]
    flip = [np.array([[0, 0], [1, 0]]), np.array([[0, 1], [0, 0]])]
    return [
        np.sqrt(1 - zero_as_one) * keep[0],
        np.sqrt(zero_as_one) * flip[0],
        np.sqrt(1 - one_as_zero) * keep[1],
        np.sqrt(one_as_zero) * flip[1],
    ]


def prepare(rho):
    """Measure and throw away, then put in the eigenstates of rho with their probabilities."""
    values, vectors = np.linalg.eigh(rho)
    d = len(rho)
    return [
        np.sqrt(max(v, 0)) * np.outer(vectors[:, k], np.eye(d)[j])
        for k, v in enumerate(values)
        for j in range(d)
    ]


KRAUS = {
    "BitFlip": lambda p: random_paulis([p, 0, 0]),
    "BitPhaseFlip": lambda p: random_paulis([0, p, 0]),
    "PhaseFlip": lambda p: random_paulis([0, 0, p]),
    "Depolarizing": lambda p: random_paulis([p / 3] * 3),
    "Depolarizing2": lambda p: random_paulis([p / 15] * 15),
    "PauliChannel": random_paulis,
    "AmplitudeDamping": damping,
    "GeneralizedAmplitudeDamping": damping,
    "PhaseDamping": lambda lam: dephasing(np.sqrt(1 - lam)),
    "ThermalRelaxation": thermal,
    "ReadoutError": readout,
    "Prepare": prepare,
    "KrausChannel": list,
}


def kraus(channel):
    """The Kraus operators of a channel."""
    return KRAUS[channel.name](*[np.asarray(p) for p in channel.params])


def on_qubits(matrix, qubits, n):
    """A matrix on some qubits as one on all of them."""
    k = len(qubits)
    rest = [q for q in range(n) if q not in qubits]
    full = np.kron(matrix, np.eye(2 ** (n - k))).reshape((2,) * (2 * n))
    order = np.argsort([*qubits, *rest])
    return full.transpose([*order, *(n + order)]).reshape(2**n, 2**n)


def sandwich(operators, rho):
    return sum(k @ rho @ k.conj().T for k in operators)


def _steps(ops):
    for op in ops:
        if hasattr(op, "unroll"):
            for turn in op.unroll():
                yield from _steps(turn)
        else:
            yield op


def _add(table, record, rho):
    table[record] = table.get(record, 0) + rho


def run_records(circuit, start=None):
    """{record: unnormalised density matrix} at the end."""
    n = circuit.n
    rho = np.zeros((2**n, 2**n), complex)
    rho[0, 0] = 1
    return _run(circuit.ops, {(0,) * circuit.bits: rho}, n)


def _run(ops, states, n):
    for op in _steps(ops):
        out = {}
        kind = type(op).__name__
        for record, rho in states.items():
            if kind == "Gate":
                left = ref.apply(op, rho, n)
                _add(out, record, ref.apply(op, left.conj().T, n).conj().T)
            elif kind == "Channel":
                operators = [on_qubits(k, op.targets, n) for k in kraus(op)]
                _add(out, record, sandwich(operators, rho))
            elif kind == "Measure":
                for value in (0, 1):
                    p = on_qubits(np.diag([1 - value, value]), [op.qubit], n)
                    new = (*record[: op.bit], value, *record[op.bit + 1 :])
                    _add(out, new, p @ rho @ p)
            elif kind == "Reset":
                operators = [np.array([[1, 0], [0, 0]]), np.array([[0, 1], [0, 0]])]
                _add(out, record, sandwich([on_qubits(k, [op.qubit], n) for k in operators], rho))
            elif kind == "Project":
                p = on_qubits(np.diag([1 - op.outcome, op.outcome]), [op.qubit], n)
                _add(out, record, p @ rho @ p)
            elif kind == "Assign":
                _add(out, (*record[: op.bit], op.value, *record[op.bit + 1 :]), rho)
            elif kind == "If":
                chosen = op.ops if op.condition.holds(record) else op.else_ops
                for new, part in _run(chosen, {record: rho}, n).items():
                    _add(out, new, part)
            elif kind == "While":
                for new, part in _while(op, {record: rho}, n).items():
                    _add(out, new, part)
            else:
                assert kind == "Barrier", kind
                _add(out, record, rho)
        states = out
    return states


def _while(op, states, n):
    for _ in range(op.limit):
        out = {}
        for record, rho in states.items():
            going = op.condition.holds(record)
            moved = _run(op.ops, {record: rho}, n) if going else {record: rho}
            for new, part in moved.items():
                _add(out, new, part)
        states = out
    return states


def density_matrix(circuit):
    """The state at the end whatever the record, normalised."""
    total = sum(run_records(circuit).values())
    return total / np.trace(total)


def record_probabilities(circuit):
    """{record: probability}."""
    return {record: np.trace(rho).real for record, rho in run_records(circuit).items()}
