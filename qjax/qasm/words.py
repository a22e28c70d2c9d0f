"""Words that a file may not use as names of its own."""

from __future__ import annotations

import re

KEYWORDS_2 = frozenset(
    ["OPENQASM", "include", "qreg", "creg", "gate", "opaque", "measure", "reset", "barrier", "if"]
)
KEYWORDS_3 = frozenset(
    [
        *("OPENQASM", "include", "pragma", "defcalgrammar", "def", "cal", "defcal", "gate"),
        *("extern", "box", "let", "break", "continue", "if", "else", "end", "return"),
        *("for", "while", "in", "switch", "case", "default", "nop", "input", "output"),
        *("const", "readonly", "mutable", "qreg", "qubit", "creg", "bool", "bit", "int"),
        *("uint", "float", "angle", "complex", "array", "void", "duration", "stretch"),
        *("gphase", "inv", "pow", "ctrl", "negctrl", "durationof", "delay", "reset"),
        *("measure", "barrier", "true", "false", "im"),
    ]
)
CLASSICAL = frozenset(
    [
        *("bit", "int", "uint", "float", "angle", "bool", "complex", "duration", "stretch"),
        "array",
    ]
)
TYPES = CLASSICAL | {"qubit", "creg", "qreg"}
MODIFIERS = ("ctrl", "negctrl", "inv", "pow")
ASSIGNMENTS = frozenset(["=", "+=", "-=", "*=", "/=", "%=", "**=", "<<=", ">>=", "&=", "|=", "^="])
ONLY_3 = CLASSICAL.union(
    MODIFIERS,
    [
        "qubit",
        "const",
        "input",
        "output",
        "let",
        "for",
        "while",
        "def",
        "extern",
        "return",
        "gphase",
    ],
)
STATEMENTS = frozenset(
    [
        *("include", "qubit", "qreg", "creg", "const", "input", "output", "let", "gate"),
        *("opaque", "def", "extern", "if", "for", "while", "return", "measure", "reset"),
        *("barrier", "gphase"),
    ]
)
UNSUPPORTED = {
    "defcalgrammar": "calibration grammars are not supported",
    "defcal": "calibrations are not supported",
    "cal": "calibration blocks are not supported",
    "delay": "delays are not supported: qjax circuits have no time",
    "box": "boxes are not supported: qjax circuits have no time",
    "durationof": "durations are not supported: qjax circuits have no time",
    "switch": "switch is not supported",
    "pragma": "pragmas are not supported",
    "break": "break is not supported",
    "continue": "continue is not supported",
    "end": "end is not supported",
    "nop": "nop is not supported",
    "readonly": "array parameters are not supported",
    "mutable": "array parameters are not supported",
}
HINTS = {
    "switch": "use if and else",
    "delay": "remove it, or put noise into the simulator",
    "box": "remove the box and its braces",
}
CONSTANTS = frozenset(["pi", "tau", "euler", "π", "τ", "ℇ"])
FUNCTIONS = frozenset(
    [
        *("arccos", "arcsin", "arctan", "ceiling", "cos", "exp", "floor", "log", "mod"),
        *("popcount", "pow", "rotl", "rotr", "sin", "sizeof", "sqrt", "tan", "ln", "acos"),
        *("asin", "atan", "real", "imag"),
    ]
)
STANDARD_GATES = frozenset(
    [
        *("U", "CX", "p", "x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "rx", "ry"),
        *("rz", "cx", "cy", "cz", "cp", "crx", "cry", "crz", "ch", "swap", "ccx", "cswap"),
        *("cu", "phase", "cphase", "id", "u1", "u2", "u3"),
    ]
)
OTHER_GATES = frozenset(
    [
        *("u", "u0", "cu1", "cu3", "sxdg", "cs", "csdg", "csx", "ccz", "rzz", "rxx", "ryy"),
        *("rzx", "iswap", "iswapdg", "ecr", "xx_plus_yy", "fsim", "qjax_u2", "qjax_u3"),
        *("qjax_u3phase", "qjax_phase0", "qjax_phase1", "cnot", "i", "v", "vi", "si", "ti"),
        *("r", "xx", "yy", "zz"),
    ]
)
RESERVED = KEYWORDS_2 | KEYWORDS_3 | CONSTANTS | FUNCTIONS | STANDARD_GATES | OTHER_GATES

_PYTHON = frozenset(
    [
        *("and", "as", "assert", "async", "await", "class", "del", "elif", "except"),
        *("finally", "from", "global"),
    ]
)


def file_names(names: tuple[str, ...]) -> dict[str, str]:
    """A valid, distinct identifier for each name: itself wherever that is possible.

    Example:
        >>> from qjax.qasm.words import file_names
        >>> file_names(("theta", "t", "w[0]"))
        {'theta': 'theta', 't': 't_', 'w[0]': 'w_0_'}
    """
    out: dict[str, str] = {}
    taken = {"q", "c"} | RESERVED | _PYTHON
    plain = {n for n in names if re.fullmatch(r"[a-z][A-Za-z0-9_]*", n) and n not in taken}
    for name in names:
        text = name
        if name not in plain:
            text = re.sub(r"[^A-Za-z0-9_]", "_", name)
            text = text if re.match(r"[a-z]", text) else f"p_{text}"
            while text in taken or text in plain or re.fullmatch(r"[qc]\d*", text):
                text += "_"
        taken.add(text)
        out[name] = text
    return out
