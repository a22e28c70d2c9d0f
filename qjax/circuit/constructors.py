"""The gates as users write them: ``RX(theta, qubit)``, ``CNOT(control, target)``, ..."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..errors import ArityError, MatrixError, ParameterError
from ..gates import TABLE, Eigensystem, GateSpec
from ..pauli import make_word
from .operations import (
    Gate,
    Operation,
    as_array,
    as_qubits,
    as_values,
    check_distinct,
    is_concrete,
)

_QUBIT_NAMES = {1: ("qubit",), 2: ("qubit0", "qubit1"), 3: ("qubit0", "qubit1", "qubit2")}


def _constructor(spec: GateSpec) -> Callable[..., Gate]:
    """The function that builds the gate of one table entry."""
    k = spec.controlled[1] if spec.controlled else 0
    targets = ("target",) if (spec.num_qubits or 0) - k == 1 else ("target0", "target1")
    controls = ("control",) if k == 1 else tuple(f"control{i}" for i in range(k))
    qubit_names = controls + targets if k else _QUBIT_NAMES.get(spec.num_qubits or 0, ())
    names = spec.param_names + qubit_names
    signature = inspect.Signature(
        [inspect.Parameter(n, inspect.Parameter.POSITIONAL_OR_KEYWORD) for n in names],
        return_annotation=Gate,
    )

    def build(*args: Any, **kwargs: Any) -> Gate:
        if kwargs or len(args) != len(names):
            try:
                args = signature.bind(*args, **kwargs).args
            except TypeError as error:
                raise ArityError(
                    f"{spec.name} takes {len(spec.param_names)} parameter(s) and "
                    f"{len(qubit_names)} qubit(s)",
                    expected=f"{spec.name}({', '.join(names)})",
                    got=f"{len(args) + len(kwargs)} argument(s): {error}",
                ) from None
        params = [
            as_array(a, (), f"{spec.name}: {n}")
            for a, n in zip(args[: spec.num_params], spec.param_names, strict=True)
        ]
        qubits: list[int] = []
        for q in args[spec.num_params :]:
            (index,) = as_qubits((q,), f"{spec.name}: ")
            qubits.append(index)
        return Gate(spec.name, params, qubits)

    build.__name__ = build.__qualname__ = spec.name
    build.__signature__ = signature  # type: ignore[attr-defined]
    angles = "".join(f"\n    {n}: angle in radians, a scalar." for n in spec.param_names)
    places = "".join(f"\n    {n}: qubit index." for n in qubit_names)
    build.__doc__ = (
        f"{spec.doc}\n\nArgs:{angles}{places}\n\nRaises:\n"
        "    ArityError, ParameterError, QubitError: see `qjax.errors`."
    )
    build.__module__ = __name__
    return build


I = _constructor(TABLE["I"])  # noqa: E741 - the field's name
X, Y, Z, H = (_constructor(TABLE[n]) for n in "XYZH")
S, Sdg, T, Tdg = (_constructor(TABLE[n]) for n in ("S", "Sdg", "T", "Tdg"))
SX, SXdg = (_constructor(TABLE[n]) for n in ("SX", "SXdg"))
RX, RY, RZ, P = (_constructor(TABLE[n]) for n in ("RX", "RY", "RZ", "P"))
U2, U3 = (_constructor(TABLE[n]) for n in ("U2", "U3"))
U = U3
GlobalPhase = _constructor(TABLE["GlobalPhase"])
SWAP, ISWAP, ECR = (_constructor(TABLE[n]) for n in ("SWAP", "ISWAP", "ECR"))
RXX, RYY, RZZ, RZX = (_constructor(TABLE[n]) for n in ("RXX", "RYY", "RZZ", "RZX"))
XXPlusYY, fSim = (_constructor(TABLE[n]) for n in ("XXPlusYY", "fSim"))
CX, CY, CZ, CH = (_constructor(TABLE[n]) for n in ("CX", "CY", "CZ", "CH"))
CS, CSX, CP, CU = (_constructor(TABLE[n]) for n in ("CS", "CSX", "CP", "CU"))
CRX, CRY, CRZ = (_constructor(TABLE[n]) for n in ("CRX", "CRY", "CRZ"))
CCX, CCZ, CSWAP = (_constructor(TABLE[n]) for n in ("CCX", "CCZ", "CSWAP"))
CNOT, Toffoli, Fredkin = CX, CCX, CSWAP


def PauliRotation(theta: Any, word: str, qubits: Iterable[int]) -> Gate:
    """``exp(-i theta/2 P)`` for a Pauli word on several qubits.

    Args:
        theta: angle in radians, a scalar.
        word: letters ``I X Y Z``, one per qubit.
        qubits: as many qubits as letters.

    Raises:
        ObservableError: a word that is not one.
        ArityError: another number of qubits than letters.

    Example:
        >>> import qjax as qj
        >>> qj.PauliRotation(0.3, "XZY", (0, 2, 1))
        PauliRotation(0.3, 'XZY', 0, 2, 1)
    """
    places = as_qubits(qubits, "PauliRotation: ")
    make_word(word)
    if len(word) != len(places):
        raise ArityError(
            "PauliRotation needs one qubit per letter",
            expected=f"{len(word)} qubit(s) for {word!r}",
            got=places,
        )
    return Gate(
        "PauliRotation", [as_array(theta, (), "PauliRotation: theta")], places, static=str(word)
    )


def Diagonal(phases: Any, qubits: Iterable[int] | int) -> Gate:
    """``diag(exp(i phases))``.

    Args:
        phases: real, radians, shape ``(2**k,)``.
        qubits: k qubits, the first the most significant.

    Example:
        >>> import numpy as np, qjax as qj
        >>> qj.Diagonal(np.zeros(4), (0, 1))
        Diagonal(<4>, 0, 1)
    """
    places = as_qubits(qubits, "Diagonal: ")
    return Gate("Diagonal", [as_array(phases, (2 ** len(places),), "Diagonal: phases")], places)


def Permutation(permutation: Iterable[int], qubits: Iterable[int] | int) -> Gate:
    """Sends basis state ``j`` of the named qubits to ``permutation[j]``.

    Args:
        permutation: the numbers 0 to ``2**k - 1`` in any order (static).
        qubits: k qubits, the first the most significant.

    Example:
        >>> import qjax as qj
        >>> qj.Permutation([1, 2, 3, 0], (0, 1))
        Permutation((1, 2, 3, 0), 0, 1)
    """
    places = as_qubits(qubits, "Permutation: ")
    table = tuple(as_qubits(permutation, "Permutation: permutation: "))
    if sorted(table) != list(range(2 ** len(places))):
        raise ParameterError(
            "Permutation: permutation must hold every basis state once",
            expected=f"the numbers 0 to {2 ** len(places) - 1} in any order",
            got=table if len(table) <= 16 else f"{len(table)} numbers",
        )
    return Gate("Permutation", [], places, static=table)


def Unitary(matrix: Any, qubits: Iterable[int] | int) -> Gate:
    """Any unitary matrix.

    Args:
        matrix: shape ``(2**k, 2**k)``, real or complex; checked when its numbers are known.
        qubits: k qubits, the first the most significant.

    Raises:
        MatrixError: not unitary (to 1e-6, or 1e-3 in single precision).

    Example:
        >>> import numpy as np, qjax as qj
        >>> qj.Unitary(np.eye(2), 0)
        Unitary(<2x2>, 0)
    """
    places = as_qubits(qubits, "Unitary: ")
    d = 2 ** len(places)
    matrix = as_array(matrix, (d, d), "Unitary: matrix", complex_ok=True)
    fix = "orthonormalise it (QR, polar decomposition), or use a Kraus channel"
    _check_unitary(matrix, "Unitary: matrix", fix)
    return Gate("Unitary", [matrix], places)


def _check_unitary(matrix: Any, name: str, fix: str) -> None:
    """Raise `MatrixError` where a concrete matrix is not unitary."""
    if is_concrete(matrix):
        a = np.asarray(matrix)
        error = float(np.max(np.abs(a.conj().T @ a - np.eye(len(a)))))
        if error > (1e-3 if a.dtype in (np.float32, np.complex64) else 1e-6):
            raise MatrixError(
                f"{name} is not unitary",
                expected="U^dagger U = 1",
                got=f"largest deviation {error:.2e}",
                fix=fix,
            )


def SU2(params: Any, qubit: int) -> Gate:
    """``exp(i (a X + b Y + c Z))``, a general one-qubit gate up to phase.

    Args:
        params: ``(a, b, c)`` in radians, shape ``(3,)``.
        qubit: qubit index.
    """
    return Gate("SU2", [as_array(params, (3,), "SU2: params")], as_qubits(qubit, "SU2: "))


def SU4(params: Any, qubit0: int, qubit1: int) -> Gate:
    """``exp(i sum_k params[k] P_k)``, a general two-qubit gate up to phase.

    Args:
        params: radians, shape ``(15,)``, for the Pauli words IX IY IZ XI XX ... ZZ in that order.
        qubit0: the qubit of the first letter.
        qubit1: the qubit of the second letter.
    """
    places = as_qubits((qubit0, qubit1), "SU4: ")
    return Gate("SU4", [as_array(params, (15,), "SU4: params")], places)


def Evolution(hamiltonian: Any, t: Any, qubits: Iterable[int] | int) -> Gate:
    """``exp(-i t H)`` for a Hermitian H that may depend on data.

    Args:
        hamiltonian: shape ``(2**k, 2**k)``, or the `eigensystem` of such a matrix when one
            generator drives many gates; checked to be Hermitian when its numbers are known.
        t: time (so that ``t H`` is in radians), a scalar.
        qubits: k qubits, the first the most significant.

    Raises:
        MatrixError: not Hermitian.
        ParameterError: wrong shapes.

    Example:
        >>> import numpy as np, qjax as qj
        >>> qj.Evolution(np.diag([0.0, 1.0]), 0.5, 0)
        Evolution(<2x2>, 0.5, 0)
    """
    places = as_qubits(qubits, "Evolution: ")
    d = 2 ** len(places)
    t = as_array(t, (), "Evolution: t")
    if isinstance(hamiltonian, Eigensystem):
        values = as_array(hamiltonian.values, (d,), "Evolution: eigenvalues")
        vectors = as_array(hamiltonian.vectors, (d, d), "Evolution: eigenvectors", complex_ok=True)
        fix = "pass the result of qjax.eigensystem, or the Hermitian matrix itself"
        _check_unitary(vectors, "Evolution: the matrix of eigenvectors", fix)
        return Gate("Evolution", [values, vectors, t], places)
    h = as_array(hamiltonian, (d, d), "Evolution: hamiltonian", complex_ok=True)
    check_hermitian(h, "Evolution: hamiltonian")
    return Gate("Evolution", [h, t], places)


def check_hermitian(matrix: Any, name: str) -> None:
    """Raise `MatrixError` where a concrete matrix is not Hermitian."""
    if is_concrete(matrix):
        a = np.asarray(matrix)
        error = float(np.max(np.abs(a - a.conj().T), initial=0.0))
        scale = max(1.0, float(np.max(np.abs(a), initial=0.0)))
        if error > scale * (1e-4 if a.dtype in (np.float32, np.complex64) else 1e-8):
            raise MatrixError(
                f"{name} is not Hermitian",
                expected="H equal to its conjugate transpose",
                got=f"largest difference {error:.2e}",
                fix="symmetrise it: (H + H.conj().T) / 2",
            )


def StatePrep(vector: Any, qubits: Iterable[int] | int) -> Gate:
    """Prepares a state on qubits that nothing has acted on yet; differentiable in the amplitudes.

    Args:
        vector: normalised amplitudes, shape ``(2**k,)``, real or complex; for padding and
            normalisation see `qjax.templates.amplitude_encoding`.
        qubits: k qubits, the first the most significant.

    Raises:
        ParameterError: wrong shape, or concrete amplitudes that are not normalised (to 1e-4).
        CircuitError: (from `Circuit`) when an earlier gate acts on one of the qubits.

    Example:
        >>> import numpy as np, qjax as qj
        >>> qj.StatePrep(np.array([0.6, 0.8]), 0)
        StatePrep(<2>, 0)
    """
    places = as_qubits(qubits, "StatePrep: ")
    vector = as_array(vector, (2 ** len(places),), "StatePrep: vector", complex_ok=True)
    if is_concrete(vector):
        norm = float(np.sum(np.abs(np.asarray(vector)) ** 2))
        if abs(norm - 1) > 1e-4:
            raise ParameterError(
                "StatePrep: vector is not normalised",
                expected="squared amplitudes that sum to 1",
                got=f"{norm:.6g}",
                fix="divide by the norm, or use qjax.templates.amplitude_encoding",
            )
    return Gate("StatePrep", [vector], places)


def BasisState(bits: str | Iterable[int], qubits: Iterable[int] | int | None = None) -> list[Gate]:
    """X on every qubit whose bit is 1: from ``|0...0>`` this is the basis state ``|bits>``.

    Args:
        bits: such as ``"0110"`` or ``(0, 1, 1, 0)``.
        qubits: as many qubits as bits (default 0, 1, 2, ...).

    Returns:
        A list of gates (a circuit takes lists among its operations).

    Example:
        >>> import qjax as qj
        >>> qj.BasisState("101")
        [X(0), X(2)]
    """
    listed = list(bits) if np.iterable(bits) else [bits]
    if not np.iterable(bits) or any(b not in ("0", "1", 0, 1) for b in listed):
        raise ParameterError(
            "BasisState: bits must be 0 or 1", expected='such as "0110" or (0, 1, 1, 0)', got=bits
        )
    values = [int(b) for b in listed]
    places = as_qubits(range(len(values)) if qubits is None else qubits, "BasisState: ")
    if len(places) != len(values):
        raise ArityError(
            "BasisState needs one qubit per bit", expected=f"{len(values)} qubit(s)", got=places
        )
    check_distinct(places, "BasisState: ")
    return [X(q) for q, v in zip(places, values, strict=True) if v]


def Controlled(operation: Any, controls: Any, values: Any = None) -> Operation:
    """``operation`` under more controls.

    Args:
        operation: a gate, a block (`Layers`, `Repeat`) or a `Circuit`.
        controls: one qubit or several.
        values: the value that each control must have, default all 1.

    Example:
        >>> import qjax as qj
        >>> qj.Controlled(qj.X(0), 1), qj.Controlled(qj.RX(0.1, 0), (1, 2), (0, 1))
        (CX(1, 0), Controlled(CRX(0.1, 2, 0), (1,), (0,)))
    """
    _check_operation(operation, "Controlled")
    controls = as_qubits(controls, "Controlled: controls: ")
    if not controls:
        raise ArityError("Controlled needs at least one control qubit", got=controls)
    check_distinct(controls + tuple(operation.qubits), "Controlled: ")
    return operation.control(controls, as_values(values, controls))


def Inverse(operation: Any) -> Operation:
    """``operation`` undone: a gate, a block or a `Circuit`.

    Example:
        >>> import qjax as qj
        >>> qj.Inverse(qj.S(0)), qj.Inverse(qj.RX(0.5, 0))
        (Sdg(0), RX(-0.5, 0))
    """
    _check_operation(operation, "Inverse")
    return operation.inverse()


def _check_operation(operation: Any, name: str) -> None:
    if not isinstance(operation, Operation):
        raise ArityError(
            f"{name} takes an operation",
            expected="a gate, a block or a Circuit",
            got=f"{type(operation).__name__}: {operation!r:.60}",
            fix="wrap a list of operations in qjax.Circuit(n, [...]) first",
        )
