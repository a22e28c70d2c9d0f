"""The gates that files may call by name, as operations of qjax. Definitions in files win."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..circuit import Gate
from ..gates import TABLE
from . import library

Build = Callable[[tuple, tuple[int, ...]], list[Gate]]


def gate(name: str, params: tuple, qubits: tuple[int, ...]) -> Gate:
    """A gate of the table whose arguments are known to be right (no checks: this is hot)."""
    return object.__new__(Gate)._set(name, params, qubits, (), (), None, False)


def leaf(value: Any) -> Any:
    """A number as the leaf of a circuit; placeholders as they are."""
    return np.asarray(value, np.float64) if isinstance(value, int | float) else value


def _plain(name: str) -> Build:
    return lambda params, qubits: [gate(name, params, qubits)]


def _under(base: str, controls: int) -> Build:
    def build(params: tuple, qubits: tuple[int, ...]) -> list[Gate]:
        return [gate(base, params, qubits[controls:]).control(qubits[:controls])]

    return build


def _phase(value: int) -> Build:
    return lambda params, qubits: [gate("GlobalPhase", params, ()).control(qubits, (value,))]


class Native:
    """A gate known by name: how many parameters and qubits it takes, and what it stands for."""

    __slots__ = ("build", "direct", "params", "qubits")

    def __init__(self, params: int, qubits: int, build: Build, direct: str | None = None) -> None:
        self.params, self.qubits, self.build, self.direct = params, qubits, build, direct


def _table(names: dict[str, str]) -> dict[str, Native]:
    out = {}
    for name, text in names.items():
        spec = TABLE[name]
        out[text] = Native(spec.num_params, spec.num_qubits or 0, _plain(name), name)
    return out


_STANDARD_NAMES = (
    "id x y z h s sdg t tdg sx rx ry rz p cx cy cz ch cp crx cry crz cu swap ccx cswap"
)
_ALL_3 = _table(library.NAMES_3)
_ALIASES = {
    "CX": "CX",
    "phase": "P",
    "cphase": "CP",
    "u1": "P",
    "u2": "U2",
    "u3": "U3",
}
BUILT_IN_2 = _table({"U3": "U", "CX": "CX"})
BUILT_IN_3 = {
    **_table({"U3": "U"}),
    "gphase": Native(1, 0, _plain("GlobalPhase"), "GlobalPhase"),
}
STANDARD_3 = {
    **{n: _ALL_3[n] for n in _STANDARD_NAMES.split()},
    **{
        text: Native(TABLE[n].num_params, TABLE[n].num_qubits or 0, _plain(n), n)
        for text, n in _ALIASES.items()
    },
}
# Names beyond the libraries that files use without defining them.
_EXTRA = {
    **{text: _ALL_3[text] for text in ("rzz", "rxx", "ryy", "rzx", "iswap", "ecr", "xx_plus_yy")},
    **_table({"SXdg": "sxdg", "CS": "cs", "CSX": "csx", "CCZ": "ccz", "U3": "u", "I": "i"}),
    "u0": Native(1, 1, lambda params, qubits: [gate("I", (), qubits)]),
    "csdg": Native(0, 2, _under("Sdg", 1)),
    "cu1": Native(1, 2, _plain("CP"), "CP"),
    "cu3": Native(3, 2, _under("U3", 1)),
    "c3x": Native(0, 4, _under("X", 3)),
    "c4x": Native(0, 5, _under("X", 4)),
    "c3sqrtx": Native(0, 4, _under("SX", 3)),
    "c3sx": Native(0, 4, _under("SX", 3)),
    "cnot": Native(0, 2, _plain("CX"), "CX"),
    "toffoli": Native(0, 3, _plain("CCX"), "CCX"),
    "fredkin": Native(0, 3, _plain("CSWAP"), "CSWAP"),
}
LIBRARY_3 = {**_EXTRA, **STANDARD_3}
LIBRARY_2 = {**_EXTRA, **STANDARD_3, **_table(library.NAMES_2)}
LIBRARY_2["u"] = LIBRARY_2["u3"]

# The gates that an included library fixes: a file may not define these again.
FIXED_2 = frozenset(
    [
        *("u3", "u2", "u1", "cx", "id", "x", "y", "z", "h", "s", "sdg", "t", "tdg", "rx"),
        *("ry", "rz", "cz", "cy", "ch", "ccx", "crz", "cu1", "cu3", "U", "CX"),
    ]
)
FIXED_3 = frozenset(STANDARD_3) | frozenset(BUILT_IN_3)

# What the writers define, known again by its definition: name -> what it stands for.
KNOWN_2 = {library.NAMES_2[n]: n for n in library.NAMES_2}
KNOWN_3 = {library.NAMES_3[n]: n for n in library.NAMES_3}


def known(name: str, version: int) -> Native | None:
    """What a gate of the writers' own definitions stands for."""
    if version == 3 and name in ("qjax_phase0", "qjax_phase1"):
        return Native(1, 1, _phase(int(name[-1])))
    table = KNOWN_2 if version == 2 else KNOWN_3
    if name not in table:
        return None
    spec = TABLE[table[name]]
    return Native(spec.num_params, spec.num_qubits or 0, _plain(spec.name), spec.name)


# Gates of Qiskit's own qelib1.inc that qjax has no name for, as that file defines them.
DEFINED_2 = """
gate rccx a,b,c { u2(0,pi) c; u1(pi/4) c; cx b,c; u1(-pi/4) c; cx a,c; u1(pi/4) c; cx b,c; \
u1(-pi/4) c; u2(0,pi) c; }
gate rc3x a,b,c,d { u2(0,pi) d; u1(pi/4) d; cx c,d; u1(-pi/4) d; u2(0,pi) d; cx a,d; u1(pi/4) d; \
cx b,d; u1(-pi/4) d; cx a,d; u1(pi/4) d; cx b,d; u1(-pi/4) d; u2(0,pi) d; u1(pi/4) d; cx c,d; \
u1(-pi/4) d; u2(0,pi) d; }
gate dcx a,b { cx a,b; cx b,a; }
gate r(theta,phi) a { u3(theta,phi-pi/2,pi/2-phi) a; }
"""
EXTRA_DEFINED_2 = frozenset(("rccx", "rc3x", "dcx", "r"))
