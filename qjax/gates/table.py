"""The gate table: one entry describes a gate once.

Simulators, gradients, drawing and OpenQASM all read this table; adding a gate is one entry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from . import matrices as m

Split = tuple[tuple[str, tuple], ...]


@dataclass(frozen=True, eq=False)
class GateSpec:
    """What qjax knows of one gate.

    Attributes:
        name: the qjax name, as in ``qj.RX``.
        num_qubits: how many qubits it acts on (None: as many as are given).
        num_params: how many parameters it takes.
        matrix: ``(params, static, dtype) -> (2**k, 2**k)`` complex.
        doc: one line for the docstring.
        param_names: names of the parameters, for signatures, errors and drawing.
        controlled: ``(base, k)`` where the gate is ``base`` under ``k`` leading controls.
        diagonal: ``(const, linear)`` where the matrix is ``diag(exp(i(const + linear @ params)))``.
        permutation: where basis state ``j`` goes, for gates that only permute.
        real: whether the matrix is real for every parameter.
        inverse: ``params -> (name, params)``; None where the inverse has no name.
        exponents: for each parameter ``t``, the set of ``a`` such that the matrix elements are sums
            of ``exp(i a t)``; their differences are the frequencies of an expectation value. None
            where a parameter has no finite spectrum (matrices, SU2, SU4, Evolution).
        split: ``params -> ((name, params), ...)`` in order of application: the same gate as
            phases and real rotations, which the planner merges.
        qasm: name in OpenQASM 3 (``stdgates.inc`` or built in); None where there is none.
    """

    name: str
    num_qubits: int | None
    num_params: int
    matrix: m.MatrixFunction
    doc: str
    param_names: tuple[str, ...] = ()
    controlled: tuple[str, int] | None = None
    diagonal: tuple[np.ndarray, np.ndarray] | None = None
    permutation: tuple[int, ...] | None = None
    real: bool = False
    inverse: Callable[[tuple], tuple[str, tuple]] | None = None
    exponents: tuple[tuple[float, ...] | None, ...] = ()
    split: Callable[[tuple], Split] | None = None
    qasm: str | None = None


TABLE: dict[str, GateSpec] = {}

_HALF = (-0.5, 0.5)


def _add(spec: GateSpec) -> None:
    TABLE[spec.name] = spec


def _self_inverse(name: str) -> Callable[[tuple], tuple[str, tuple]]:
    return lambda params: (name, params)


def _negated(name: str) -> Callable[[tuple], tuple[str, tuple]]:
    return lambda params: (name, tuple(-p for p in params))


def _fixed(name: str, matrix: Any, doc: str, inverse: str | None = None, **facts: Any) -> None:
    matrix = np.asarray(matrix, complex)
    _add(
        GateSpec(
            name,
            int(np.log2(len(matrix))),
            0,
            m.constant(matrix),
            doc,
            real=bool(np.all(matrix.imag == 0)),
            inverse=None if inverse is None else _self_inverse(inverse),
            **facts,
        )
    )


def _phases(
    name: str, const: list, linear: list | None, doc: str, inverse: Any, **facts: Any
) -> None:
    """A diagonal gate with phases ``const + linear * params``."""
    c = np.asarray(const, float)
    k = 0 if linear is None else 1
    lin = np.zeros((len(c), 0)) if linear is None else np.asarray(linear, float)[:, None]
    values = m.exact_phases(c)
    _add(
        GateSpec(
            name,
            int(np.log2(len(c))),
            k,
            m.diagonal_affine(c, lin),
            doc,
            param_names=("theta",)[:k],
            diagonal=(c, lin),
            real=k == 0 and bool(np.all(np.imag(values) == 0)),
            inverse=inverse,
            exponents=() if linear is None else (tuple(dict.fromkeys(linear)),),
            **facts,
        )
    )


def _rotation(name: str, word: str, doc: str, **facts: Any) -> None:
    _add(
        GateSpec(
            name,
            len(word),
            1,
            m.rotation(word),
            doc,
            param_names=("theta",),
            real=bool(np.all((1j * m.pauli_matrix(word)).imag == 0)),
            inverse=_negated(name),
            exponents=(_HALF,),
            **facts,
        )
    )


def _controlled(
    name: str, base: str, controls: int, doc: str, inverse: Any = None, **facts: Any
) -> None:
    spec = TABLE[base]
    assert spec.num_qubits is not None
    pad = 2 ** (spec.num_qubits + controls) - 2**spec.num_qubits

    def matrix(params: tuple, static: Any, dtype: Any) -> Any:
        inner = spec.matrix(params, static, dtype)
        return jnp.eye(pad + inner.shape[-1], dtype=dtype).at[pad:, pad:].set(inner)

    diagonal = permutation = None
    if spec.diagonal is not None:
        const, linear = spec.diagonal
        diagonal = (
            np.concatenate([np.zeros(pad), const]),
            np.concatenate([np.zeros((pad, linear.shape[1])), linear]),
        )
    if spec.permutation is not None:
        permutation = (*range(pad), *(pad + j for j in spec.permutation))
    exponents = tuple(
        None if e is None else tuple(dict.fromkeys((0.0, *e))) for e in spec.exponents
    )
    _add(
        GateSpec(
            name,
            spec.num_qubits + controls,
            spec.num_params,
            matrix,
            doc,
            param_names=spec.param_names,
            controlled=(base, controls),
            diagonal=diagonal,
            permutation=permutation,
            real=spec.real,
            inverse=inverse,
            exponents=exponents,
            **facts,
        )
    )


_PI = np.pi
_INV_SQRT2 = 1 / np.sqrt(2)

# --- one qubit, fixed -------------------------------------------------------------------------
_phases("I", [0, 0], None, "The identity.", _self_inverse("I"), qasm="id")
_fixed("X", m.PAULI["X"], "Pauli X.", "X", permutation=(1, 0), qasm="x")
_fixed(
    "Y",
    m.PAULI["Y"],
    "Pauli Y.",
    "Y",
    qasm="y",
    split=lambda p: (("Z", ()), ("X", ()), ("GlobalPhase", (_PI / 2,))),
)
_phases("Z", [0, _PI], None, "Pauli Z.", _self_inverse("Z"), qasm="z")
_fixed(
    "H",
    [[_INV_SQRT2, _INV_SQRT2], [_INV_SQRT2, -_INV_SQRT2]],
    "Hadamard gate.",
    "H",
    qasm="h",
)
_phases(
    "S", [0, _PI / 2], None, "Phase gate, the square root of Z.", _self_inverse("Sdg"), qasm="s"
)
_phases("Sdg", [0, -_PI / 2], None, "Inverse of S.", _self_inverse("S"), qasm="sdg")
_phases("T", [0, _PI / 4], None, "The square root of S.", _self_inverse("Tdg"), qasm="t")
_phases("Tdg", [0, -_PI / 4], None, "Inverse of T.", _self_inverse("T"), qasm="tdg")


def _half_turn_x(sign: int) -> Callable[[tuple], Split]:
    return lambda p: (
        ("RZ", (_PI / 2,)),
        ("RY", (sign * _PI / 2,)),
        ("RZ", (-_PI / 2,)),
        ("GlobalPhase", (sign * _PI / 4,)),
    )


_fixed(
    "SX",
    np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2,
    "The square root of X.",
    "SXdg",
    qasm="sx",
    split=_half_turn_x(1),
)
_fixed(
    "SXdg",
    np.array([[1 - 1j, 1 + 1j], [1 + 1j, 1 - 1j]]) / 2,
    "Inverse of SX.",
    "SX",
    split=_half_turn_x(-1),
)

# --- one qubit, rotations ---------------------------------------------------------------------
_rotation(
    "RX",
    "X",
    "Rotation about X, ``exp(-i theta X / 2)``.",
    qasm="rx",
    split=lambda p: (("RZ", (_PI / 2,)), ("RY", p), ("RZ", (-_PI / 2,))),
)
_rotation("RY", "Y", "Rotation about Y, ``exp(-i theta Y / 2)``.", qasm="ry")
_phases(
    "RZ",
    [0, 0],
    [-0.5, 0.5],
    "Rotation about Z, ``exp(-i theta Z / 2)``.",
    _negated("RZ"),
    qasm="rz",
)
_phases("P", [0, 0], [0.0, 1.0], "Phase gate ``diag(1, exp(i theta))``.", _negated("P"), qasm="p")
_phases(
    "GlobalPhase", [0], [1.0], "The phase ``exp(i theta)``.", _negated("GlobalPhase"), qasm="gphase"
)
_add(
    GateSpec(
        "U3",
        1,
        3,
        m.u3,
        "General one-qubit gate ``RZ(phi) RY(theta) RZ(lam)`` with (0, 0) element real.",
        param_names=("theta", "phi", "lam"),
        inverse=lambda p: ("U3", (-p[0], -p[2], -p[1])),
        exponents=(_HALF, (0.0, 1.0), (0.0, 1.0)),
        split=lambda p: (("P", (p[2],)), ("RY", (p[0],)), ("P", (p[1],))),
        qasm="U",
    )
)
_add(
    GateSpec(
        "U2",
        1,
        2,
        m.u2,
        "``U3(pi/2, phi, lam)``.",
        param_names=("phi", "lam"),
        inverse=lambda p: ("U3", (-_PI / 2, -p[1], -p[0])),
        exponents=((0.0, 1.0), (0.0, 1.0)),
        split=lambda p: (("P", (p[1],)), ("RY", (_PI / 2,)), ("P", (p[0],))),
        qasm="u2",
    )
)
_add(
    GateSpec(
        "U3Phase",
        1,
        4,
        m.u3_phase,
        "``exp(i gamma) U3(theta, phi, lam)``.",
        param_names=("theta", "phi", "lam", "gamma"),
        inverse=lambda p: ("U3Phase", (-p[0], -p[2], -p[1], -p[3])),
        exponents=(_HALF, (0.0, 1.0), (0.0, 1.0), (1.0,)),
        split=lambda p: (
            ("P", (p[2],)),
            ("RY", (p[0],)),
            ("P", (p[1],)),
            ("GlobalPhase", (p[3],)),
        ),
    )
)

# --- two qubits, not controlled ---------------------------------------------------------------
_SWAP = (0, 2, 1, 3)
_fixed(
    "SWAP",
    m.permutation_matrix(_SWAP),
    "Swap of two qubits.",
    "SWAP",
    permutation=_SWAP,
    qasm="swap",
)
_fixed(
    "ISWAP",
    [[1, 0, 0, 0], [0, 0, 1j, 0], [0, 1j, 0, 0], [0, 0, 0, 1]],
    "Swap of two qubits with a factor i on the swapped states.",
)
_fixed(
    "ECR",
    (np.kron(m.PAULI["X"], m.PAULI["I"]) - np.kron(m.PAULI["Y"], m.PAULI["X"])) * _INV_SQRT2,
    "Echoed cross resonance, ``(X I - Y X) / sqrt(2)``.",
    "ECR",
)
for _axes in ("XX", "YY", "ZX"):
    _rotation(f"R{_axes}", _axes, f"``exp(-i theta/2 {_axes[0]} {_axes[1]})``.")
_phases(
    "RZZ",
    [0, 0, 0, 0],
    [-0.5, 0.5, 0.5, -0.5],
    "``exp(-i theta/2 Z Z)``.",
    _negated("RZZ"),
)
_add(
    GateSpec(
        "XXPlusYY",
        2,
        2,
        m.xx_plus_yy,
        "``exp(-i theta/4 (XX + YY))`` between ``RZ(-beta)`` and ``RZ(beta)`` on the first qubit.",
        param_names=("theta", "beta"),
        inverse=lambda p: ("XXPlusYY", (-p[0], p[1])),
        exponents=((0.0, -0.5, 0.5), (0.0, -1.0, 1.0)),
    )
)
_add(
    GateSpec(
        "fSim",
        2,
        2,
        m.fsim,
        "Fermionic simulation gate: exchange by ``theta``, then phase ``-phi`` on ``|11>``.",
        param_names=("theta", "phi"),
        inverse=_negated("fSim"),
        exponents=((0.0, -1.0, 1.0), (0.0, -1.0)),
    )
)

# --- controlled -------------------------------------------------------------------------------
_controlled("CX", "X", 1, "Controlled X (control, target).", _self_inverse("CX"), qasm="cx")
_controlled("CY", "Y", 1, "Controlled Y (control, target).", _self_inverse("CY"), qasm="cy")
_controlled("CZ", "Z", 1, "Controlled Z.", _self_inverse("CZ"), qasm="cz")
_controlled("CH", "H", 1, "Controlled Hadamard (control, target).", _self_inverse("CH"), qasm="ch")
_controlled("CS", "S", 1, "Controlled S.")
_controlled("CSX", "SX", 1, "Controlled square root of X (control, target).")
_controlled("CP", "P", 1, "Controlled phase.", _negated("CP"), qasm="cp")
for _base in ("RX", "RY", "RZ"):
    _controlled(
        f"C{_base}",
        _base,
        1,
        f"Controlled {_base} (control, target).",
        _negated(f"C{_base}"),
        qasm=f"c{_base.lower()}",
    )
_controlled(
    "CU",
    "U3Phase",
    1,
    "Controlled ``exp(i gamma) U3(theta, phi, lam)`` (control, target).",
    lambda p: ("CU", (-p[0], -p[2], -p[1], -p[3])),
    qasm="cu",
)
_controlled(
    "CCX", "X", 2, "Toffoli gate (control, control, target).", _self_inverse("CCX"), qasm="ccx"
)
_controlled("CCZ", "Z", 2, "Doubly controlled Z.", _self_inverse("CCZ"))
_controlled(
    "CSWAP",
    "SWAP",
    1,
    "Fredkin gate (control, target, target).",
    _self_inverse("CSWAP"),
    qasm="cswap",
)

# --- any number of qubits ---------------------------------------------------------------------
_add(
    GateSpec(
        "PauliRotation",
        None,
        1,
        m.pauli_rotation,
        "``exp(-i theta/2 P)`` for a Pauli word P.",
        param_names=("theta",),
        inverse=_negated("PauliRotation"),
        exponents=(_HALF,),
    )
)
_add(
    GateSpec(
        "Diagonal",
        None,
        1,
        m.diagonal,
        "``diag(exp(i phases))``.",
        param_names=("phases",),
        inverse=_negated("Diagonal"),
        exponents=((0.0, 1.0),),
    )
)
_add(
    GateSpec(
        "Permutation", None, 0, m.permutation, "Basis state ``j`` goes to ``perm[j]``.", real=True
    )
)
_add(
    GateSpec(
        "Unitary",
        None,
        1,
        m.unitary,
        "Any unitary matrix.",
        param_names=("matrix",),
        exponents=(None,),
    )
)
_add(
    GateSpec(
        "SU2",
        1,
        1,
        m.su2,
        "``exp(i (a X + b Y + c Z))``.",
        param_names=("params",),
        inverse=_negated("SU2"),
        exponents=(None,),
    )
)
_add(
    GateSpec(
        "SU4",
        2,
        1,
        m.su4,
        "``exp(i sum_k params[k] P_k)`` over the 15 two-qubit Pauli words.",
        param_names=("params",),
        inverse=_negated("SU4"),
        exponents=(None,),
    )
)
_add(
    GateSpec(
        "Evolution",
        None,
        2,
        m.evolve,
        "``exp(-i t H)``.",
        param_names=("hamiltonian", "t"),
        inverse=lambda p: ("Evolution", (*p[:-1], -p[-1])),
        exponents=(None, None),
    )
)
_add(
    GateSpec(
        "StatePrep",
        None,
        1,
        m.unitary,
        "Preparation of a state on qubits in ``|0...0>``.",
        param_names=("vector",),
        exponents=(None,),
    )
)
