"""Reservoirs in dense NumPy: density matrices, Kronecker products, SciPy's exponential."""

from functools import reduce

import numpy as np
from scipy.linalg import expm

I2, X, Y, Z = np.eye(2), np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1, -1])


def on(n, **letters):
    """A product of single-qubit matrices, named ``q0=X`` and so on."""
    return reduce(np.kron, [letters.get(f"q{q}", I2) for q in range(n)]).astype(complex)


def input_state(kind, u):
    if kind == "mixed":
        return np.diag([1 - u, u]).astype(complex)
    psi = {
        "pure": lambda: np.array([np.sqrt(1 - u), np.sqrt(u)]),
        "phase": lambda: np.array([1, np.exp(2j * np.pi * u)]) / np.sqrt(2),
        "angle": lambda: np.array([np.cos(np.pi * u / 2), np.sin(np.pi * u / 2)]),
    }[kind]()
    return np.outer(psi, psi.conj())


def trace_first(rho):
    d = len(rho) // 2
    return rho.reshape(2, d, 2, d).trace(axis1=0, axis2=2)


def hamiltonian(j, h):
    n = len(h)
    out = -sum(h[i] * on(n, **{f"q{i}": Z}) for i in range(n))
    for a in range(n):
        for b in range(a + 1, n):
            out = out - j[a, b] * on(n, **{f"q{a}": X, f"q{b}": X})
    return out


def ising_features(j, h, tau, nodes, kind, inputs, pairs=False, start=None):
    """Features (T, F) and the last density matrix."""
    n = len(h)
    step = expm(-1j * hamiltonian(j, h) * tau / nodes)
    seen = [on(n, **{f"q{q}": Z}) for q in range(n)]
    if pairs:
        seen += [seen[a] @ seen[b] for a in range(n) for b in range(a + 1, n)]
    rho = np.zeros((2**n, 2**n), complex) if start is None else start
    if start is None:
        rho[0, 0] = 1
    out = []
    for u in inputs:
        rho = np.kron(input_state(kind, u), trace_first(rho))
        row = []
        for _ in range(nodes):
            rho = step @ rho @ step.conj().T
            row += [np.trace(o @ rho).real for o in seen]
        out.append(row)
    return np.array(out), rho


def ising_channel(j, h, tau, kind, u):
    """The superoperator of one step on row-major vectors of density matrices, (4**n, 4**n)."""
    n = len(h)
    whole = expm(-1j * hamiltonian(j, h) * tau)
    fresh = input_state(kind, u)
    columns = []
    for k in range(4**n):
        e = np.zeros(4**n, complex)
        e[k] = 1
        rho = np.kron(fresh, trace_first(e.reshape(2**n, 2**n)))
        columns.append((whole @ rho @ whole.conj().T).reshape(-1))
    return np.stack(columns, axis=1)


def noise_induced_features(rates, scale, inputs):
    """Amplitude damping after RX, RX, CX, RZ, CX on neighbours."""
    n = len(rates)
    rho = np.zeros((2**n, 2**n), complex)
    rho[0, 0] = 1
    up = np.array([[0, 1], [0, 0]])
    out = []
    for u in inputs:
        t = scale * u
        rx, rz = expm(-0.5j * t * X), expm(-0.5j * t * Z)
        for q in range(n - 1):
            cx = on(n, **{f"q{q}": (I2 + Z) / 2}) + on(n, **{f"q{q}": (I2 - Z) / 2, f"q{q + 1}": X})
            turn = on(n, **{f"q{q}": rx, f"q{q + 1}": rx})
            gate = cx @ on(n, **{f"q{q + 1}": rz}) @ cx @ turn
            rho = gate @ rho @ gate.conj().T
        for q, g in enumerate(rates):
            keep, jump = np.diag([1, np.sqrt(1 - g)]), np.sqrt(g) * up
            rho = sum(k @ rho @ k.conj().T for k in (on(n, **{f"q{q}": m}) for m in (keep, jump)))
        out.append([np.trace(on(n, **{f"q{q}": Z}) @ rho).real for q in range(n)])
    return np.array(out)
