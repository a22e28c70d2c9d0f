"""What users call: `dumps`, `dump`, and the side-car of parameterised files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..circuit import Circuit, as_circuit
from . import sidecar as _sidecar
from . import writer2, writer3
from .error import QasmError

DIALECTS = ("qasm3", "qasm3-selfcontained", "qasm2")


def dumps(circuit: Circuit, dialect: str = "qasm3", *, inputs: bool = False) -> str:
    """A circuit as OpenQASM text.

    Qubit k is ``q[k]``, classical bit k is ``c[k]``. Every number is written so that it reads back
    with the same bits. `Layers` and `Repeat` are unrolled, gates that carry matrices or vectors
    are synthesised exactly, a gate outside the dialect's library is defined in the file.

    Args:
        circuit: what to write. A `qjax.Param` becomes ``input float[64] name;``.
        dialect: ``"qasm3"`` (includes stdgates.inc), ``"qasm3-selfcontained"`` (includes nothing:
            every gate is defined from ``U``) or ``"qasm2"`` (a global phase is dropped, as that
            version cannot say it).
        inputs: write every rotation angle as an input of its own, to be bound elsewhere; `sidecar`
            says which number of the circuit each of them is.

    Raises:
        QasmError: an unknown dialect, an operation without an OpenQASM form, traced or infinite
            values, unbound parameters in OpenQASM 2.

    Example:
        >>> import qjax as qj
        >>> from qjax import qasm
        >>> print(qasm.dumps(qj.Circuit(2, [qj.H(0), qj.CNOT(0, 1), qj.RZ(0.1, 1)])), end="")
        OPENQASM 3.0;
        include "stdgates.inc";
        qubit[2] q;
        h q[0];
        cx q[0], q[1];
        rz(0.1) q[1];
    """
    circuit = as_circuit(circuit, "dumps")
    if dialect not in DIALECTS:
        raise QasmError(
            "dumps: there is no such dialect",
            expected=" or ".join(repr(d) for d in DIALECTS),
            got=repr(dialect),
        )
    if inputs:
        circuit, _ = _sidecar.with_inputs(circuit)
    if dialect == "qasm2":
        return writer2.write(circuit)
    return writer3.write(circuit, dialect)


def dump(circuit: Circuit, path: Any, dialect: str = "qasm3", *, inputs: bool = False) -> None:
    """Write a circuit to a file; a file with inputs gets its side-car beside it, ``path.json``.

    Args:
        circuit, dialect, inputs: see `dumps`.
        path: the file.

    Raises:
        QasmError: see `dumps`.
    """
    path = Path(path)
    text = dumps(circuit, dialect, inputs=inputs)
    path.write_text(text, encoding="utf-8")
    if inputs or circuit.params():
        side = json.dumps(sidecar(circuit, inputs=inputs), indent=1)
        path.with_name(path.name + ".json").write_text(side + "\n", encoding="utf-8")


def sidecar(circuit: Circuit, *, inputs: bool = False) -> dict[str, Any]:
    """What each input of a parameterised file stands for, ready for JSON.

    Args:
        circuit, inputs: as given to `dumps`.

    Returns:
        ``{"format": 1, "inputs": [...]}``, one entry per input in the order of the file: its
        ``name`` there, and either the ``parameter`` (the name of the `qjax.Param`) or, with
        ``inputs=True``, the ``path`` of the number in the circuit's pytree, the ``index`` within
        that leaf, the ``value``, and the ``gate`` and ``qubits`` that it belongs to.

    Example:
        >>> import qjax as qj
        >>> from qjax import qasm
        >>> qasm.sidecar(qj.Circuit(1, [qj.RX(0.5, 0)]), inputs=True)["inputs"][0]["path"]
        '.ops[0][0]'
    """
    return _sidecar.describe(as_circuit(circuit, "sidecar"), inputs)
