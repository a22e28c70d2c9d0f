"""Random noisy circuits: structure from a seed, strengths and angles from a generator."""

import numpy as np
import random_circuits as rc

import qjax as qj

GATES = ("H", "RX", "RY", "RZ", "U3", "CX", "CZ", "CRX", "RZZ", "RXX", "ISWAP", "T", "SWAP", "CCX")


def random_state(values, d):
    a = values.normal(size=(d, d)) + 1j * values.normal(size=(d, d))
    rho = a @ a.conj().T
    return rho / np.trace(rho).real


def random_kraus(values, d, terms=3):
    """Operators cut out of a random isometry."""
    a = values.normal(size=(terms * d, d)) + 1j * values.normal(size=(terms * d, d))
    return np.linalg.qr(a)[0].reshape(terms, d, d)


def random_probabilities(values, count):
    p = values.uniform(size=count + 1)
    return (p / p.sum())[:count]


def thermal(values, q):
    t1 = values.uniform(0.5, 2.0)
    t2 = values.uniform(0.1, 2.0) * t1
    return qj.ThermalRelaxation(t1, t2, values.uniform(0, 1), q, values.uniform(0, 1))


CHANNELS = {  # name: (qubits, maker)
    "BitFlip": (1, lambda v, q: qj.BitFlip(v.uniform(), q)),
    "PhaseFlip": (1, lambda v, q: qj.PhaseFlip(v.uniform(), q)),
    "BitPhaseFlip": (1, lambda v, q: qj.BitPhaseFlip(v.uniform(), q)),
    "Depolarizing": (1, lambda v, q: qj.Depolarizing(v.uniform(), q)),
    "Depolarizing2": (2, lambda v, *q: qj.Depolarizing(v.uniform(), q)),
    "PauliChannel": (1, lambda v, q: qj.PauliChannel(random_probabilities(v, 3), q)),
    "PauliChannel2": (2, lambda v, *q: qj.PauliChannel(random_probabilities(v, 15), q)),
    "AmplitudeDamping": (1, lambda v, q: qj.AmplitudeDamping(v.uniform(), q)),
    "GeneralizedAmplitudeDamping": (
        1,
        lambda v, q: qj.GeneralizedAmplitudeDamping(v.uniform(), v.uniform(), q),
    ),
    "PhaseDamping": (1, lambda v, q: qj.PhaseDamping(v.uniform(), q)),
    "ThermalRelaxation": (1, thermal),
    "ReadoutError": (1, lambda v, q: qj.ReadoutError(v.uniform(), v.uniform(), q)),
    "Prepare": (1, lambda v, q: qj.Prepare(random_state(v, 2), q)),
    "Prepare2": (2, lambda v, *q: qj.Prepare(random_state(v, 4), q)),
    "KrausChannel": (1, lambda v, q: qj.KrausChannel(random_kraus(v, 2), q)),
    "KrausChannel2": (2, lambda v, *q: qj.KrausChannel(random_kraus(v, 4), q)),
    "KrausChannel3": (3, lambda v, *q: qj.KrausChannel(random_kraus(v, 8, 2), q)),
    "KrausChannel4": (4, lambda v, *q: qj.KrausChannel(random_kraus(v, 16, 2), q)),
}


def noisy_structure(seed, most_qubits=4, size=(6, 16)):
    """A seed to a function from a generator of values to a noisy circuit, and the names in it."""
    rng = np.random.default_rng([seed, 77])
    n = int(rng.integers(1, most_qubits + 1))
    plan = []
    for _ in range(int(rng.integers(*size))):
        if rng.random() < 0.5:
            names = [k for k in GATES if _gate_qubits(k) <= n]
            name = names[rng.integers(len(names))]
            places = rng.permutation(n)[: _gate_qubits(name)].tolist()
        else:
            names = [k for k, (size_, _) in CHANNELS.items() if size_ <= n]
            name = names[rng.integers(len(names))]
            places = rng.permutation(n)[: CHANNELS[name][0]].tolist()
        plan.append((name, places))

    def circuit(values):
        ops = []
        for name, places in plan:
            if name in CHANNELS:
                ops.append(CHANNELS[name][1](values, *places))
            else:
                count = len(qj.gates.TABLE[name].param_names)
                ops.append(getattr(qj, name)(*[rc.angle(values) for _ in range(count)], *places))
        return qj.Circuit(n, ops)

    return circuit, [name for name, _ in plan]


def _gate_qubits(name):
    return qj.gates.TABLE[name].num_qubits
