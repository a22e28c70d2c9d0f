"""Named gates by means of simpler named gates: exact, phase included, parameters kept opaque.

A parameter is only ever negated or scaled by a constant, so placeholders and traced values pass.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...gates import TABLE
from ..operations import Gate
from .one_qubit import make

_PI = float(np.pi)
Rule = Callable[[tuple, tuple[int, ...]], list[Gate]]


def conjugated(frame: list[Gate], core: list[Gate]) -> list[Gate]:
    """``core`` between ``frame`` and its inverse (``frame`` first)."""
    return [*frame, *core, *(g.inverse() for g in reversed(frame))]


def _iswap(p: tuple, q: tuple[int, ...]) -> list[Gate]:
    a, b = q
    one = [make("S", (), (a,)), make("S", (), (b,)), make("H", (), (a,))]
    return [*one, make("CX", (), (a, b)), make("CX", (), (b, a)), make("H", (), (b,))]


def _fsim(p: tuple, q: tuple[int, ...]) -> list[Gate]:
    theta, phi = p
    return [make("RXX", (theta,), q), make("RYY", (theta,), q), make("CP", (-phi,), q)]


def _phase(angle: float) -> Rule:
    return lambda p, q: [make("P", (angle,), q)]


def _split(name: str) -> Rule:
    def rule(p: tuple, q: tuple[int, ...]) -> list[Gate]:
        split = TABLE[name].split
        assert split is not None
        return [make(n, r, () if n == "GlobalPhase" else q) for n, r in split(p)]

    return rule


# The core of a conjugation is what a control has to reach; see `controlled.elementary`.
CORES: dict[str, tuple[Rule, Rule]] = {}


def _core(name: str, frame: Rule, core: Rule) -> None:
    CORES[name] = (frame, core)


_core("H", lambda p, q: [make("RY", (-_PI / 4,), q)], lambda p, q: [make("Z", (), q)])
_core("Y", lambda p, q: [make("Sdg", (), q)], lambda p, q: [make("X", (), q)])
_core("SX", lambda p, q: [make("H", (), q)], lambda p, q: [make("S", (), q)])
_core("SXdg", lambda p, q: [make("H", (), q)], lambda p, q: [make("Sdg", (), q)])
_core("RX", lambda p, q: [make("H", (), q)], lambda p, q: [make("RZ", p, q)])
_core(
    "RY",
    lambda p, q: [make("Sdg", (), q), make("H", (), q)],
    lambda p, q: [make("RZ", p, q)],
)
_core("RZZ", lambda p, q: [make("CX", (), q)], lambda p, q: [make("RZ", p, q[1:])])
_core("RXX", lambda p, q: [make("H", (), (a,)) for a in q], lambda p, q: [make("RZZ", p, q)])
_core(
    "RYY",
    lambda p, q: [make("RX", (_PI / 2,), (a,)) for a in q],
    lambda p, q: [make("RZZ", p, q)],
)
_core("RZX", lambda p, q: [make("H", (), q[1:])], lambda p, q: [make("RZZ", p, q)])
_core("SWAP", lambda p, q: [make("CX", (), (q[1], q[0]))], lambda p, q: [make("CX", (), q)])
_core("ECR", lambda p, q: [make("RZX", (_PI / 4,), q)], lambda p, q: [make("X", (), q[:1])])
_core(
    "XXPlusYY",
    lambda p, q: [make("RZ", (p[1],), q[:1])],
    lambda p, q: [make("RXX", (p[0] / 2,), q), make("RYY", (p[0] / 2,), q)],
)

PRODUCTS: dict[str, Rule] = {
    "I": lambda p, q: [],
    "Z": _phase(_PI),
    "S": _phase(_PI / 2),
    "Sdg": _phase(-_PI / 2),
    "T": _phase(_PI / 4),
    "Tdg": _phase(-_PI / 4),
    "U2": _split("U2"),
    "U3": _split("U3"),
    "U3Phase": _split("U3Phase"),
    "ISWAP": _iswap,
    "fSim": _fsim,
}
