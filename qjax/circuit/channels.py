"""Noise as users write it: ``BitFlip(p, qubit)``, ``Depolarizing(p, (0, 1))``, ..."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..errors import ArityError, MatrixError, ParameterError
from .channel import Channel
from .operations import as_array, as_qubits, check_distinct, is_concrete


def BitFlip(p: Any, qubit: int) -> Channel:
    """X with probability ``p``.

    Args:
        p: probability, 0 to 1.
        qubit: qubit index.

    Raises:
        ParameterError: a concrete ``p`` outside 0 to 1.

    Example:
        >>> import qjax as qj
        >>> noisy = qj.Circuit(1, [qj.BitFlip(0.25, 0)])
        >>> qj.expval(noisy, qj.Z(0), sim=qj.DensityMatrix()).tolist()
        0.5
    """
    return Channel("BitFlip", [_probability(p, "BitFlip: p")], _places(qubit, "BitFlip", (1,)))


def PhaseFlip(p: Any, qubit: int) -> Channel:
    """Z with probability ``p`` (0 to 1): dephasing."""
    place = _places(qubit, "PhaseFlip", (1,))
    return Channel("PhaseFlip", [_probability(p, "PhaseFlip: p")], place)


def BitPhaseFlip(p: Any, qubit: int) -> Channel:
    """Y with probability ``p`` (0 to 1)."""
    place = _places(qubit, "BitPhaseFlip", (1,))
    return Channel("BitPhaseFlip", [_probability(p, "BitPhaseFlip: p")], place)


def Depolarizing(p: Any, qubits: Iterable[int] | int) -> Channel:
    """One of the Pauli words other than the identity, each as likely, with probability ``p``.

    On one qubit X, Y or Z with ``p/3`` each; on two one of 15 words with ``p/15`` each. In terms of
    ``(1 - l) rho + l I/d`` the strength is ``l = p d**2 / (d**2 - 1)``.

    Args:
        p: probability of an error, 0 to 1; the state is lost at 3/4 (one qubit), 15/16 (two).
        qubits: one qubit, or two.

    Example:
        >>> import qjax as qj
        >>> qj.Depolarizing(0.01, (0, 1))
        Depolarizing(0.01, (0, 1))
    """
    places = _places(qubits, "Depolarizing", (1, 2))
    name = "Depolarizing" if len(places) == 1 else "Depolarizing2"
    return Channel(name, [_probability(p, "Depolarizing: p")], places)


def PauliChannel(probabilities: Any, qubits: Iterable[int] | int) -> Channel:
    """Random Pauli words with the given probabilities, correlated where they say so.

    Args:
        probabilities: real, shape ``(4**k - 1,)``: of X, Y, Z on one qubit, of IX, IY, IZ, XI, ...,
            ZZ on two. The identity has what remains.
        qubits: one to three qubits, the first that of the first letter.

    Raises:
        ParameterError: concrete numbers that are negative or sum to more than 1; a wrong shape.

    Example:
        >>> import qjax as qj
        >>> qj.PauliChannel([0.1, 0.0, 0.2], 0).transfer_matrix().diagonal().round(3).tolist()
        [1.0, 0.6000000238418579, 0.4000000059604645, 0.800000011920929]
    """
    places = _places(qubits, "PauliChannel", (1, 2, 3))
    name = "PauliChannel: probabilities"
    p = as_array(probabilities, (4 ** len(places) - 1,), name)
    if is_concrete(p):
        a = np.asarray(p)
        if np.min(a) < 0 or np.sum(a) > 1 + 1e-6:
            raise ParameterError(
                f"{name} are not the probabilities of errors",
                expected="at least 0 each, at most 1 together",
                got=f"smallest {np.min(a):.6g}, sum {np.sum(a):.6g}",
                fix="leave out the identity: it has what remains",
            )
    return Channel("PauliChannel", [p], places)


def AmplitudeDamping(gamma: Any, qubit: int) -> Channel:
    """Decay from 1 to 0 with probability ``gamma`` (0 to 1).

    Source: Nielsen and Chuang, equations (8.106) to (8.108).
    """
    place = _places(qubit, "AmplitudeDamping", (1,))
    return Channel("AmplitudeDamping", [_probability(gamma, "AmplitudeDamping: gamma")], place)


def GeneralizedAmplitudeDamping(gamma: Any, excited: Any, qubit: int) -> Channel:
    """Relaxation towards a mixture with a fraction ``excited`` in state 1.

    Args:
        gamma: probability of relaxing, 0 to 1.
        excited: population of state 1 in equilibrium, 0 to 1 (0: `AmplitudeDamping`).
        qubit: qubit index.

    Source: Nielsen and Chuang, section 8.3.5, with ``p = 1 - excited``.
    """
    name = "GeneralizedAmplitudeDamping"
    params = [_probability(gamma, f"{name}: gamma"), _probability(excited, f"{name}: excited")]
    return Channel(name, params, _places(qubit, name, (1,)))


def PhaseDamping(lam: Any, qubit: int) -> Channel:
    """Loss of coherence without loss of energy: off-diagonals shrink by ``sqrt(1 - lam)``.

    Args:
        lam: 0 to 1.
        qubit: qubit index.

    Source: Nielsen and Chuang, equations (8.127) and (8.128).
    """
    place = _places(qubit, "PhaseDamping", (1,))
    return Channel("PhaseDamping", [_probability(lam, "PhaseDamping: lam")], place)


def ThermalRelaxation(t1: Any, t2: Any, time: Any, qubit: int, excited: Any = 0.0) -> Channel:
    """What a qubit does by itself for a while: populations relax with T1, coherences with T2.

    Args:
        t1: relaxation time, positive.
        t2: coherence time, positive, at most ``2 t1``; the unit of ``t1``.
        time: how long, at least 0; the unit of ``t1``.
        qubit: qubit index.
        excited: population of state 1 in equilibrium, 0 to 1.

    Raises:
        ParameterError: concrete times that are not positive, or ``t2 > 2 t1``.

    Source: Nielsen and Chuang, section 8.3.5 and box 7.5.

    Example:
        >>> import qjax as qj
        >>> decay = qj.Circuit(1, [qj.X(0), qj.ThermalRelaxation(100.0, 80.0, 69.3147, 0)])
        >>> qj.probs(decay, sim=qj.DensityMatrix()).round(3).tolist()
        [0.5, 0.5]
    """
    name = "ThermalRelaxation"
    params = [
        _positive(t1, f"{name}: t1"),
        _positive(t2, f"{name}: t2"),
        _positive(time, f"{name}: time", zero=True),
        _probability(excited, f"{name}: excited"),
    ]
    if is_concrete(params[0]) and is_concrete(params[1]):
        longest = 2 * float(params[0])
        if float(params[1]) > longest * (1 + 1e-6):
            raise ParameterError(
                f"{name}: t2 is longer than relaxation allows",
                expected=f"at most 2 t1 = {longest:.6g}",
                got=float(params[1]),
                fix="check that t1 and t2 are in one unit and not exchanged",
            )
    return Channel(name, params, _places(qubit, name, (1,)))


def ReadoutError(zero_as_one: Any, one_as_zero: Any, qubit: int) -> Channel:
    """A qubit that is about to be measured in the Z basis and may be read wrongly.

    Populations are exchanged with the given probabilities; coherences, which a measurement destroys
    in any case, are lost.

    Args:
        zero_as_one: probability that 0 is read as 1.
        one_as_zero: probability that 1 is read as 0.
        qubit: qubit index.
    """
    name = "ReadoutError"
    params = [
        _probability(zero_as_one, f"{name}: zero_as_one"),
        _probability(one_as_zero, f"{name}: one_as_zero"),
    ]
    return Channel(name, params, _places(qubit, name, (1,)))


def Prepare(rho: Any, qubits: Iterable[int] | int) -> Channel:
    """Replaces the state of some qubits by ``rho``; what they held is traced out.

    At the start of a circuit this is a mixed initial state; later on it feeds an input in.

    Args:
        rho: density matrix, shape ``(2**k, 2**k)``; checked when its numbers are known.
        qubits: k qubits, the first the most significant.

    Raises:
        MatrixError: a concrete matrix that is not Hermitian, positive, of trace 1.

    Example:
        >>> import numpy as np, qjax as qj
        >>> mixed = qj.Circuit(1, [qj.Prepare(np.diag([0.75, 0.25]), 0)])
        >>> qj.expval(mixed, qj.Z(0), sim=qj.DensityMatrix()).tolist()
        0.5
    """
    places = _places(qubits, "Prepare", tuple(range(1, 15)))
    rho = as_array(rho, (2 ** len(places),) * 2, "Prepare: rho", complex_ok=True)
    check_density_matrix(rho, "Prepare: rho")
    return Channel("Prepare", [rho], places)


def KrausChannel(operators: Any, qubits: Iterable[int] | int) -> Channel:
    """Any channel, from its Kraus operators: rho becomes ``sum K rho K^dagger``.

    Args:
        operators: shape ``(terms, 2**k, 2**k)``, real or complex; checked when known.
        qubits: k qubits, the first the most significant.

    Raises:
        ParameterError: another shape.
        MatrixError: concrete operators that do not preserve the trace.

    Example:
        >>> import numpy as np, qjax as qj
        >>> flip = np.sqrt([[[0.9, 0], [0, 0.9]], [[0, 0.1], [0.1, 0]]])
        >>> qj.Circuit(1, [qj.KrausChannel(flip, 0)])
        Circuit(1, [KrausChannel(<2x2x2>, 0)])
    """
    places = _places(qubits, "KrausChannel", tuple(range(1, 15)))
    d, shape = 2 ** len(places), np.shape(operators)
    if len(shape) != 3 or shape[0] < 1:
        raise ParameterError(
            "KrausChannel: operators has the wrong shape",
            expected=f"(terms, {d}, {d})",
            got=shape,
            fix="stack the operators: jnp.stack([k0, k1, ...])",
        )
    name = "KrausChannel: operators"
    stack = as_array(operators, (shape[0], d, d), name, complex_ok=True)
    check_trace_preserving(stack, name)
    return Channel("KrausChannel", [stack], places)


# --- checks, shared by the constructors ----------------------------------------------------------


def _probability(value: Any, name: str) -> Any:
    value = as_array(value, (), name)
    if is_concrete(value) and not 0 <= float(value) <= 1:
        raise ParameterError(f"{name} must be a probability", expected="0 to 1", got=float(value))
    return value


def _positive(value: Any, name: str, zero: bool = False) -> Any:
    value = as_array(value, (), name)
    if is_concrete(value) and not (float(value) > 0 or (zero and float(value) == 0)):
        raise ParameterError(
            f"{name} must be {'at least 0' if zero else 'positive'}",
            expected="a time, in the same unit as the other times",
            got=float(value),
        )
    return value


def _places(qubits: Any, name: str, allowed: tuple[int, ...]) -> tuple[int, ...]:
    places = as_qubits(qubits, f"{name}: ")
    check_distinct(places, f"{name}: ")
    if len(places) not in allowed:
        raise ArityError(
            f"{name} acts on {' or '.join(map(str, allowed))} qubit(s)",
            got=f"{len(places)}: {places}",
        )
    return places


def _tolerance(array: Any) -> float:
    return 1e-3 if np.asarray(array).dtype in (np.float32, np.complex64) else 1e-6


def check_trace_preserving(operators: Any, name: str) -> None:
    """Raise `MatrixError` where concrete Kraus operators do not preserve the trace."""
    if not is_concrete(operators):
        return
    k = np.asarray(operators)
    total = np.einsum("mba,mbc->ac", k.conj(), k)
    error = float(np.max(np.abs(total - np.eye(len(total)))))
    if error > _tolerance(k):
        raise MatrixError(
            f"{name} do not preserve the trace",
            expected="sum of K^dagger K equal to 1",
            got=f"largest deviation {error:.2e}",
            fix="include every outcome, or multiply all of them by the inverse square root of the "
            "sum; for a single outcome that is kept use Project",
        )


def check_density_matrix(rho: Any, name: str) -> None:
    """Raise `MatrixError` where a concrete matrix is not a state."""
    if not is_concrete(rho):
        return
    a = np.asarray(rho)
    tolerance = _tolerance(a)
    if np.max(np.abs(a - a.conj().T)) > tolerance:
        raise MatrixError(
            f"{name} is not Hermitian",
            got=f"largest difference {np.max(np.abs(a - a.conj().T)):.2e}",
            fix="symmetrise it: (rho + rho.conj().T) / 2",
        )
    if abs(np.trace(a) - 1) > tolerance:
        raise MatrixError(
            f"{name} has the wrong trace",
            expected="1",
            got=f"{np.trace(a).real:.6g}",
            fix="divide it by its trace",
        )
    smallest = float(np.min(np.linalg.eigvalsh(a)))
    if smallest < -tolerance:
        raise MatrixError(
            f"{name} is not positive",
            expected="eigenvalues of at least 0",
            got=f"{smallest:.2e}",
            fix="project it onto states: clip the negative eigenvalues and renormalise",
        )
