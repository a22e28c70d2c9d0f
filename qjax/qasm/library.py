"""Gate definitions in OpenQASM for what the standard libraries lack. Text only, no code.

The writers put these definitions into a file, and the reader knows a gate by them again. None of
them depends on the phase convention of ``U``: some readers give it a real upper left element,
the language specification gives it a further ``exp(i theta / 2)``. ``U(0, 0, lam)`` is the same in
both, and in a pair ``U(a, ...)``, ``U(-a, ...)`` the difference cancels. Parameters stand in
alphabetical order, because one reader binds them in that order; and no body holds ``gphase``,
because another does not pass a control on to it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

_HALF_PI = "1.5707963267948966"
_QUARTER_PI = "0.7853981633974483"
_PI = "3.141592653589793"

# Gates of qjax that stdgates.inc lacks, by means of those that it has; exact, phase included.
_EXTRA_3 = f"""
gate rzz(theta) a, b {{ cx a, b; rz(theta) b; cx a, b; }}
gate rxx(theta) a, b {{ h a; h b; rzz(theta) a, b; h a; h b; }}
gate ryy(theta) a, b {{ rx({_HALF_PI}) a; rx({_HALF_PI}) b; rzz(theta) a, b; \
rx(-{_HALF_PI}) a; rx(-{_HALF_PI}) b; }}
gate rzx(theta) a, b {{ h b; rzz(theta) a, b; h b; }}
gate iswap a, b {{ s a; s b; h a; cx a, b; cx b, a; h b; }}
gate ecr a, b {{ rzx({_QUARTER_PI}) a, b; x a; rzx(-{_QUARTER_PI}) a, b; }}
gate xx_plus_yy(p0, p1) a, b {{ rz(p1) a; rxx(p0 / 2) a, b; ryy(p0 / 2) a, b; rz(-p1) a; }}
gate fsim(p0, p1) a, b {{ rxx(p0) a, b; ryy(p0) a, b; cp(-p1) a, b; }}
gate qjax_u2(p0, p1) a {{ p(p1) a; ry({_HALF_PI}) a; p(p0) a; }}
gate qjax_u3(p0, p1, p2) a {{ p(p2) a; ry(p0) a; p(p1) a; }}
gate qjax_u3phase(p0, p1, p2, p3) a {{ p(p3) a; x a; p(p3) a; x a; p(p2) a; ry(p0) a; p(p1) a; }}
gate qjax_phase0(theta) a {{ x a; p(theta) a; x a; }}
gate qjax_phase1(theta) a {{ p(theta) a; }}
"""

# The gates of stdgates.inc that the writers use, from U and ctrl alone.
_STANDARD_3 = f"""
gate p(lam) a {{ U(0, 0, lam) a; }}
gate id a {{ U(0, 0, 0) a; }}
gate z a {{ U(0, 0, {_PI}) a; }}
gate s a {{ U(0, 0, {_HALF_PI}) a; }}
gate sdg a {{ U(0, 0, -{_HALF_PI}) a; }}
gate t a {{ U(0, 0, {_QUARTER_PI}) a; }}
gate tdg a {{ U(0, 0, -{_QUARTER_PI}) a; }}
gate x a {{ U(-{_HALF_PI}, 0, 0) a; U({_HALF_PI}, 0, {_PI}) a; }}
gate sx a {{ U(-{_HALF_PI}, 0, 0) a; U({_HALF_PI}, 0, {_HALF_PI}) a; }}
gate y a {{ sdg a; x a; s a; }}
gate h a {{ U(-{_QUARTER_PI}, 0, 0) a; U({_QUARTER_PI}, 0, {_PI}) a; }}
gate rz(theta) a {{ U(-{_PI}, 0, 0) a; U({_PI}, theta / 2, -theta / 2) a; }}
gate ry(theta) a {{ U(-theta / 2, 0, {_PI}) a; U(theta / 2, 0, {_PI}) a; }}
gate rx(theta) a {{ s a; ry(theta) a; sdg a; }}
gate cx a, b {{ ctrl @ x a, b; }}
gate cy a, b {{ ctrl @ y a, b; }}
gate cz a, b {{ ctrl @ z a, b; }}
gate ch a, b {{ ctrl @ h a, b; }}
gate cp(lam) a, b {{ ctrl @ p(lam) a, b; }}
gate crx(theta) a, b {{ ctrl @ rx(theta) a, b; }}
gate cry(theta) a, b {{ ctrl @ ry(theta) a, b; }}
gate crz(theta) a, b {{ ctrl @ rz(theta) a, b; }}
gate cu(p0, p1, p2, p3) a, b {{ p(p3) a; ctrl @ qjax_u3(p0, p1, p2) a, b; }}
gate swap a, b {{ cx a, b; cx b, a; cx a, b; }}
gate ccx a, b, c {{ ctrl @ cx a, b, c; }}
gate cswap a, b, c {{ ctrl @ swap a, b, c; }}
"""

# Gates of qjax that the 23 gates of the published qelib1.inc lack; a global phase is dropped.
_EXTRA_2 = f"""
gate sx a {{ sdg a; h a; sdg a; }}
gate sxdg a {{ s a; h a; s a; }}
gate swap a,b {{ cx a,b; cx b,a; cx a,b; }}
gate cswap a,b,c {{ cx c,b; ccx a,b,c; cx c,b; }}
gate ccz a,b,c {{ h c; ccx a,b,c; h c; }}
gate cs a,b {{ cu1({_HALF_PI}) a,b; }}
gate csx a,b {{ h b; cu1({_HALF_PI}) a,b; h b; }}
gate crx(theta) a,b {{ h b; crz(theta) a,b; h b; }}
gate cry(theta) a,b {{ sdg b; h b; crz(theta) a,b; h b; s b; }}
gate cu(p0,p1,p2,p3) a,b {{ u1(p3) a; cu1(p2) a,b; cry(p0) a,b; cu1(p1) a,b; }}
gate rzz(theta) a,b {{ cx a,b; rz(theta) b; cx a,b; }}
gate rxx(theta) a,b {{ h a; h b; rzz(theta) a,b; h a; h b; }}
gate ryy(theta) a,b {{ rx({_HALF_PI}) a; rx({_HALF_PI}) b; rzz(theta) a,b; \
rx(-{_HALF_PI}) a; rx(-{_HALF_PI}) b; }}
gate rzx(theta) a,b {{ h b; rzz(theta) a,b; h b; }}
gate iswap a,b {{ s a; s b; h a; cx a,b; cx b,a; h b; }}
gate ecr a,b {{ rzx({_QUARTER_PI}) a,b; x a; rzx(-{_QUARTER_PI}) a,b; }}
gate xx_plus_yy(p0,p1) a,b {{ rz(p1) a; rxx(p0/2) a,b; ryy(p0/2) a,b; rz(-p1) a; }}
gate fsim(p0,p1) a,b {{ rxx(p0) a,b; ryy(p0) a,b; cu1(-p1) a,b; }}
"""

# qjax name -> name in a file. Gates without an entry are written otherwise, or lowered first.
_SHARED = {
    "I": "id",
    **{n: n.lower() for n in ("X", "Y", "Z", "H", "S", "Sdg", "T", "Tdg", "SX", "RX", "RY", "RZ")},
    **{n: n.lower() for n in ("SWAP", "CX", "CY", "CZ", "CH", "CRX", "CRY", "CRZ", "CU")},
    **{n: n.lower() for n in ("CCX", "CSWAP", "RXX", "RYY", "RZZ", "RZX", "ISWAP", "ECR", "fSim")},
    "XXPlusYY": "xx_plus_yy",
}
NAMES_3 = {
    **_SHARED,
    "P": "p",
    "CP": "cp",
    "U2": "qjax_u2",
    "U3": "qjax_u3",
    "U3Phase": "qjax_u3phase",
}
NAMES_2 = {
    **_SHARED,
    "P": "u1",
    "CP": "cu1",
    "U2": "u2",
    "U3": "u3",
    "SXdg": "sxdg",
    "CS": "cs",
    "CSX": "csx",
    "CCZ": "ccz",
}


@dataclass(frozen=True)
class Definition:
    """One gate definition: its text, and the names of the gates that its body calls."""

    name: str
    text: str
    calls: tuple[str, ...]


def _parse(text: str) -> dict[str, Definition]:
    out = {}
    for line in filter(None, text.splitlines()):
        name = re.match(r"gate (\w+)", line).group(1)  # type: ignore[union-attr]
        body = line[line.index("{") + 1 :]
        calls = re.findall(r"(?:^|;|@)\s*(\w+)(?=[ (])(?!\s*@)", body)
        out[name] = Definition(name, line, tuple(dict.fromkeys(calls)))
    return out


@cache
def definitions(dialect: str) -> dict[str, Definition]:
    """The definitions that files of a dialect may need, by name in the file."""
    if dialect == "qasm2":
        return _parse(_EXTRA_2)
    if dialect == "qasm3":
        return _parse(_EXTRA_3)
    return {**_parse(_STANDARD_3), **_parse(_EXTRA_3)}


def needed(names: list[str], dialect: str) -> list[str]:
    """The texts of the definitions behind the gates called, each after those that it calls."""
    table, order = definitions(dialect), {}

    def visit(name: str) -> None:
        if name in table and name not in order:
            for inner in table[name].calls:
                visit(inner)
            order[name] = table[name].text

    for name in names:
        visit(name)
    return list(order.values())
