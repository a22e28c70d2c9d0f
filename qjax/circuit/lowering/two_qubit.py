"""Gates on two and more qubits as one-qubit gates and the entangler of a basis."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from jax.core import Tracer

from ...errors import UnsupportedError
from ..operations import Gate
from ..synthesis import elementary, two_qubit
from ..synthesis.matrices import base
from ..synthesis.named import CORES, PRODUCTS, conjugated
from ..synthesis.one_qubit import make
from .basis import Basis, as_basis
from .values import add, known

_PI = float(np.pi)
_HALF = _PI / 2
Gates = list[Gate]


def lowered(gate: Gate, basis: Basis) -> Iterator[Gate]:
    """One-qubit gates without controls and entanglers of the basis; exact, phases included.

    Raises:
        UnsupportedError: a gate that carries traced arrays.
    """
    if any(isinstance(p, Tracer) and p.ndim > 0 for p in gate.params):
        raise UnsupportedError(
            f"decompose: {gate.name} carries an array without a value",
            got=f"{gate!r:.60}",
            fix="call decompose outside jit, grad and vmap",
        )
    if not gate.inverted and not gate.controls:
        if gate.name == basis.entangler or (gate.spec.num_qubits == 1 and _simple(gate)):
            yield gate
            return
        if gate.name == "CX":
            yield from _cx(gate.targets, basis)
            return
        if gate.name == "GlobalPhase":
            yield gate
            return
    for part in simpler(gate):
        yield from lowered(part, basis)


def _simple(gate: Gate) -> bool:
    """Whether a one-qubit gate can join a run: a known matrix, or rotations and phases."""
    return all(map(known, gate.params)) or gate.name in _TURNS or gate.spec.split is not None


_TURNS = ("RX", "RY", "RZ", "P")


def simpler(gate: Gate) -> Gates:
    """One step towards CX and one-qubit gates."""
    gate = gate.named()
    parts = None if gate.controls else _rule(gate)
    if parts is None:
        parts = elementary(gate)
    elif gate.inverted:
        parts = [p.inverse() for p in reversed(parts)]
    if gate.name not in _BEST and all(map(known, gate.params)):
        u = _matrix(gate.resolve())
        if u is not None:
            found = two_qubit.gates(u, *gate.qubits)
            if _count(found) < _count([g for p in parts for g in lowered(p, as_basis("u,cx"))]):
                return found
    return parts


def _rule(gate: Gate) -> Gates | None:
    """What a named gate on two or three qubits is made of."""
    name, p, q = gate.name, gate.params, gate.targets
    if name in _RULES:
        return _RULES[name](p, q)
    if name in PRODUCTS:
        return PRODUCTS[name](p, q)
    if name in CORES:
        frame, core = CORES[name]
        return conjugated(frame(p, q), core(p, q))
    return None


def _matrix(gate: Gate) -> np.ndarray | None:
    """The matrix of a known gate on two qubits, its control among them; None for any other."""
    if len(gate.qubits) != 2 or not gate.targets or gate.name == "StatePrep":
        return None
    u = base(gate)
    u = u.conj().T if gate.inverted else u
    if not gate.controls:
        return u
    whole = np.eye(4, dtype=complex)
    at = slice(2, 4) if gate.values[0] else slice(0, 2)
    whole[at, at] = u
    return whole


def _count(gates: Gates) -> int:
    return sum(len(g.qubits) == 2 for g in gates)


def _cx(q: tuple[int, ...], basis: Basis) -> Gates:
    a, b = q
    if basis.entangler == "CZ":
        return conjugated([make("H", (), (b,))], [make("CZ", (), (a, b))])
    # CX is exp(i pi/4) RZ(pi/2) RX(pi/2) exp(i pi/4 ZX), whose last factor is X, then ECR.
    echo = [make("X", (), (a,)), make("ECR", (), (a, b)), make("RX", (_HALF,), (b,))]
    return [*echo, make("RZ", (_HALF,), (a,)), make("GlobalPhase", (_PI / 4,), ())]


def _controlled_phase(p: tuple, q: tuple[int, ...]) -> Gates:
    a, b = q
    half, cx = p[0] / 2, make("CX", (), q)
    one = [make("P", (half,), (a,)), make("P", (half,), (b,))]
    return [*one, cx, make("P", (-half,), (b,)), cx]


def _controlled_turn(name: str) -> Any:
    def rule(p: tuple, q: tuple[int, ...]) -> Gates:
        half, cx = p[0] / 2, make("CX", (), q)
        return [make(name, (half,), q[1:]), cx, make(name, (-half,), q[1:]), cx]

    return rule


def _controlled_rx(p: tuple, q: tuple[int, ...]) -> Gates:
    return conjugated([make("H", (), q[1:])], _controlled_turn("RZ")(p, q))


def _cu(p: tuple, q: tuple[int, ...]) -> Gates | None:
    theta, phi, lam, gamma = p
    total, gap = add(phi, lam), add(lam, -phi)
    if total is None or gap is None:
        return None
    a, b = q[:1], q[1:]
    cx = make("CX", (), q)
    return [
        *(make("P", (gamma,), a), make("P", (total / 2,), a), make("P", (gap / 2,), b), cx),
        *(make("P", (total / -2,), b), make("RY", (theta / -2,), b), cx),
        *(make("RY", (theta / 2,), b), make("P", (phi,), b)),
    ]


def _exchange(xx: Any, yy: Any, q: tuple[int, ...]) -> Gates:
    """RXX and RYY with two CX: a frame takes YY to ZZ, and CX takes XX, ZZ to XI, IZ."""
    frame = [make("RX", (_HALF,), (k,)) for k in q]
    inner = [make("RX", (xx,), q[:1]), make("RZ", (yy,), q[1:])]
    return conjugated(frame, conjugated([make("CX", (), q)], inner))


def _xx_plus_yy(p: tuple, q: tuple[int, ...]) -> Gates:
    half = p[0] / 2
    return conjugated([make("RZ", (p[1],), q[:1])], _exchange(half, half, q))


def _fsim(p: tuple, q: tuple[int, ...]) -> Gates:
    return [*_exchange(p[0], p[0], q), make("CP", (-p[1],), q)]


def _ccx(p: tuple, q: tuple[int, ...]) -> Gates:
    a, b, c = q

    def cx(x: int, y: int) -> Gate:
        return make("CX", (), (x, y))

    def t(x: int) -> Gate:
        return make("T", (), (x,))

    def tdg(x: int) -> Gate:
        return make("Tdg", (), (x,))

    return [
        *(make("H", (), (c,)), cx(b, c), tdg(c), cx(a, c), t(c), cx(b, c), tdg(c), cx(a, c)),
        *(t(b), t(c), make("H", (), (c,)), cx(a, b), t(a), tdg(b), cx(a, b)),
    ]


def _ccz(p: tuple, q: tuple[int, ...]) -> Gates:
    return conjugated([make("H", (), q[2:])], _ccx(p, q))


def _cswap(p: tuple, q: tuple[int, ...]) -> Gates:
    return conjugated([make("CX", (), (q[2], q[1]))], _ccx(p, q))


def _around(frame: str, core: str) -> Any:
    """``core`` on both qubits between ``frame`` on the second one and its inverse."""
    return lambda p, q: conjugated([make(frame, (), q[1:])], [make(core, p, q)])


_RULES: dict[str, Any] = {
    "CZ": _around("H", "CX"),
    "CY": _around("Sdg", "CX"),
    "CH": lambda p, q: conjugated([make("RY", (-_PI / 4,), q[1:])], [make("CZ", (), q)]),
    "CP": _controlled_phase,
    "CS": lambda p, q: _controlled_phase((np.asarray(_HALF),), q),
    "CRX": _controlled_rx,
    "CRY": _controlled_turn("RY"),
    "CRZ": _controlled_turn("RZ"),
    "CU": _cu,
    "XXPlusYY": _xx_plus_yy,
    "fSim": _fsim,
    "CCX": _ccx,
    "CCZ": _ccz,
    "CSWAP": _cswap,
}
_BEST = frozenset(["CX", "CY", "CZ", "CH", "SWAP", "Unitary", "SU4"])  # need no second way
