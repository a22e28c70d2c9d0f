"""Evolutions by product formulas: Pauli rotations in turn, many short steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import ParameterError, UnsupportedError
from ..operations import Gate
from ..synthesis.expand import pauli_terms
from ..synthesis.one_qubit import make
from .values import known

_ORDERS = (1, 2, 4)


def as_trotter(value: Any) -> tuple[int, int] | None:
    """``(order, steps)``, or None.

    Raises:
        ParameterError: another order than 1, 2 or 4, or steps that are no positive integer.
    """
    if value is None:
        return None
    good = isinstance(value, tuple) and len(value) == 2
    if not good or value[0] not in _ORDERS or not isinstance(value[1], int) or value[1] < 1:
        raise ParameterError(
            "decompose: trotter must be an order and a number of steps",
            expected="such as (2, 10), the order 1, 2 or 4",
            got=repr(value),
        )
    return value


def product_formula(gate: Gate, order: int, steps: int) -> list[Gate]:
    """An `Evolution` as rotations about the Pauli words of its Hamiltonian.

    The error falls as ``t**(order + 1) / steps**order``; none where the words commute.

    Args:
        gate: an Evolution, its Hamiltonian known; the time may be traced or a placeholder.
        order: 1 (one word after the other), 2 (there and back) or 4 (Suzuki's recursion).
        steps: how many equal steps the time is cut into.

    Raises:
        UnsupportedError: a Hamiltonian without a value.

    Source: Suzuki, J. Math. Phys. 32, 400 (1991); Childs et al., arXiv:1912.08854, eq. (13) - (15).
    """
    *h, t = gate.params
    if not all(map(known, h)):
        raise UnsupportedError(
            "decompose: the Hamiltonian of an Evolution has no value",
            fix="call decompose outside jit, grad and vmap",
        )
    matrix = np.asarray(h[0], complex)
    if len(h) == 2:
        vectors = np.asarray(h[1])
        matrix = (vectors * np.asarray(h[0])) @ vectors.conj().T
    words, weights = pauli_terms(matrix)
    terms = list(zip(words, weights, strict=True))
    sign = -1 if gate.inverted else 1
    out: list[Gate] = []
    for _ in range(steps):
        for part in _fractions(order):
            half = part / 2 if order > 1 else part
            forward = [(word, weight * half * sign / steps) for word, weight in terms]
            for word, factor in [*forward, *(reversed(forward) if order > 1 else ())]:
                out.append(_factor(word, t, factor, gate.targets))
    if gate.controls:
        out = [g.control(gate.controls, gate.values) for g in out]
    return out


def _fractions(order: int) -> list[float]:
    """The parts of a step that formulas of order 2 take (order 1: all of it)."""
    if order < 4:
        return [1.0]
    p = 1 / (4 - 4 ** (1 / 3))
    return [p, p, 1 - 4 * p, p, p]


def _factor(word: str, t: Any, factor: float, qubits: tuple[int, ...]) -> Gate:
    if set(word) == {"I"}:
        return make("GlobalPhase", (_scaled(t, -factor),), ())
    return Gate("PauliRotation", (_scaled(t, 2 * factor),), qubits, static=word)


def _scaled(t: Any, factor: float) -> Any:
    return np.asarray(float(np.asarray(t)) * factor) if known(t) else t * factor
