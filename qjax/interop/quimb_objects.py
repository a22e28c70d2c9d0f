"""Objects of quimb: matrix product states, operators and circuits, there and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..circuit import Circuit, Gate
from ..circuit.constructors import Unitary
from ..circuit.synthesis import elementary
from ..errors import UnsupportedError
from ..simulators.mps import MatrixProductState
from ..tensor import MatrixProductOperator
from .chains import as_operator, as_state, operator_sites, state_sites
from .needs import require
from .plain import plain_gates, whole_matrix

# Labels of quimb -> gates of qjax with the same parameters, qubits and phase.
LABELS = {
    **{name: name for name in ("H", "X", "Y", "Z", "S", "T", "SX", "SWAP", "ISWAP")},
    **{name: name for name in ("RX", "RY", "RZ", "RXX", "RYY", "RZZ", "CRX", "CRY", "CRZ")},
    **{name: name for name in ("CX", "CY", "CZ", "CCX", "CCZ", "CSWAP")},
    "SDG": "Sdg",
    "TDG": "Tdg",
    "SXDG": "SXdg",
    "PHASE": "P",
    "CPHASE": "CP",
    "CNOT": "CX",
    "U1": "P",
    "CU1": "CP",
    "CCNOT": "CCX",
    "TOFFOLI": "CCX",
    "FREDKIN": "CSWAP",
    "IDEN": "I",
}
_NAMES = {name: label for label, name in reversed(LABELS.items()) if name != "I"}
_MATRIX = 5  # qubits of a gate that goes over as a matrix; larger ones are taken apart


def to_quimb(value: Any) -> Any:
    """A state, an operator or a circuit as an object of quimb.

    Args:
        value: a `MatrixProductState` (becomes a ``quimb.tensor.MatrixProductState``), a
            `MatrixProductOperator` (a ``MatrixProductOperator``; upper indices are rows) or a
            circuit of gates with known numbers (a ``Circuit``, global phase included).

    Raises:
        UnsupportedError: quimb is not installed, another kind of object, a parameter without a
            value, or an operation that is no gate.
    """
    qtn = require("quimb.tensor", "to_quimb")
    if isinstance(value, Circuit):
        return _circuit(qtn, value)
    if isinstance(value, MatrixProductState):
        return qtn.MatrixProductState(_ends(state_sites(value)), shape="lpr")
    if isinstance(value, MatrixProductOperator):
        return qtn.MatrixProductOperator(_ends(operator_sites(value)), shape="ludr")
    raise UnsupportedError(
        "to_quimb: there is no conversion for this object",
        expected="a MatrixProductState, a MatrixProductOperator or a Circuit",
        got=type(value).__name__,
    )


def from_quimb(value: Any) -> MatrixProductState | MatrixProductOperator | Circuit:
    """A matrix product state or operator of qubits, or a circuit, from quimb.

    Args:
        value: a ``quimb.tensor.MatrixProductState`` or ``MatrixProductOperator`` with open ends, or
            any of quimb's circuits; gates that qjax has no name for become a `qjax.Unitary`.

    Raises:
        UnsupportedError: quimb is not installed, or another kind of object.
        DataError: a chain of other things than qubits, or a periodic one.
    """
    qtn = require("quimb.tensor", "from_quimb")
    # Its simulators of circuits have different bases from version to version.
    if hasattr(value, "gates") and hasattr(value, "N"):
        return Circuit(value.N, [g for gate in value.gates for g in _gate(gate)])
    if isinstance(value, qtn.MatrixProductState):
        return as_state(_sites(value, "lpr"), "from_quimb")
    if isinstance(value, qtn.MatrixProductOperator):
        return as_operator(_sites(value, "ludr"), "from_quimb")
    raise UnsupportedError(
        "from_quimb: there is no conversion for this object",
        expected="a MatrixProductState, a MatrixProductOperator or a Circuit of quimb.tensor",
        got=type(value).__name__,
    )


def _ends(sites: list[Any]) -> list[Any]:
    """The outer bonds left out, as quimb has it."""
    sites[0] = sites[0][0]
    sites[-1] = sites[-1][..., 0]
    return sites


def _sites(chain: Any, letters: str) -> list[np.ndarray]:
    """The tensors with their axes in the order of ``letters``, the outer bonds of dimension 1."""
    out = []
    for k in range(chain.L):
        tensor = chain[k]
        names = {
            "p": getattr(chain, "site_ind", str)(k) if "p" in letters else None,
            "u": chain.upper_ind(k) if "u" in letters else None,
            "d": chain.lower_ind(k) if "d" in letters else None,
            "l": chain.bond(k - 1, k) if k else None,
            "r": chain.bond(k, k + 1) if k + 1 < chain.L else None,
        }
        order = [names[c] for c in letters if names[c] is not None]
        rest = [i for i in tensor.inds if i not in order]
        array = np.asarray(tensor.transpose(*order, *rest).data)
        if k == 0:
            array = array[None]
        out.append(array[..., None] if k + 1 == chain.L else array)
    return out


def _circuit(qtn: Any, circuit: Circuit) -> Any:
    out = qtn.Circuit(circuit.n)
    for gate in plain_gates(circuit, "to_quimb"):
        _append(out, gate)
    return out


def _append(out: Any, gate: Gate) -> None:
    gate = gate.named()
    if gate.name in _NAMES and not gate.controls and not gate.inverted:
        params = [float(np.asarray(p)) for p in gate.params]
        out.apply_gate(_NAMES[gate.name], *params, *gate.targets)
    elif len(gate.qubits) > _MATRIX:
        for part in elementary(gate):
            _append(out, part)
    elif gate.qubits:
        out.apply_gate_raw(whole_matrix(gate), gate.qubits)
    elif gate.name == "GlobalPhase":  # which quimb has no word for: a multiple of the identity
        out.apply_gate_raw(whole_matrix(gate) * np.eye(2), (0,))


def _gate(gate: Any) -> list[Gate]:
    controls = tuple(gate.controls or ())
    if gate.label in LABELS:
        params = [np.asarray(float(np.asarray(p))) for p in gate.params]
        found = Gate(LABELS[gate.label], params, gate.qubits)
    else:
        size = 2 ** len(gate.qubits)
        found = Unitary(np.asarray(gate.array).reshape(size, size), gate.qubits)
    return [found.control(controls) if controls else found]
