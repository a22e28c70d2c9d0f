"""Gates that carry matrices, words or tables, as gates with names and scalar angles."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, pairwise
from typing import Any

import numpy as np

from ...errors import UnsupportedError
from ..operations import Gate
from ..param import Param
from . import matrices, multiplexed, one_qubit, permutation, shannon
from .one_qubit import make


def expand(gate: Gate) -> list[Gate]:
    """A gate without a scalar-angle form as an exact product of gates that have one.

    Controls and inversion carry over to the parts. Named gates come back as they are.

    Raises:
        UnsupportedError: a gate that cannot be expanded.

    Example:
        >>> import qjax as qj
        >>> from qjax.circuit.synthesis import expand
        >>> expand(qj.PauliRotation(0.3, "ZZ", (0, 1)))
        [CX(0, 1), RZ(0.3, 1), CX(0, 1)]
    """
    rule = _RULES.get(gate.name)
    if rule is None:
        raise UnsupportedError(f"{gate.name} has no expansion into simpler gates", got=repr(gate))
    parts = rule(gate)
    if gate.inverted:
        parts = [p.inverse() for p in reversed(parts)]
    if gate.controls:
        parts = [p.control(gate.controls, gate.values) for p in parts]
    return parts


def _pauli_rotation(gate: Gate) -> list[Gate]:
    (theta,) = gate.params
    places = [(q, c) for q, c in zip(gate.targets, gate.static, strict=True) if c != "I"]
    if not places:
        return [make("GlobalPhase", (theta / -2,), ())]
    if len(places) == 1:
        q, letter = places[0]
        return [make(f"R{letter}", (theta,), (q,))]
    before, after = [], []
    for q, letter in places:
        if letter == "X":
            before.append(make("H", (), (q,)))
            after.append(make("H", (), (q,)))
        elif letter == "Y":
            before += [make("Sdg", (), (q,)), make("H", (), (q,))]
            after += [make("H", (), (q,)), make("S", (), (q,))]
    qubits = [q for q, _ in places]
    ladder = [make("CX", (), pair) for pair in pairwise(qubits)]
    return [*before, *ladder, make("RZ", (theta,), (qubits[-1],)), *reversed(ladder), *after]


def _su2(gate: Gate) -> list[Gate]:
    a, b, c = np.asarray(gate.params[0], float)
    r = float(np.sqrt(a * a + b * b + c * c))
    cos, sinc = np.cos(r), np.sinc(r / np.pi)
    u = np.array(
        [
            [cos + 1j * sinc * c, sinc * (1j * a + b)],
            [sinc * (1j * a - b), cos - 1j * sinc * c],
        ]
    )
    return one_qubit.gates(u, gate.targets[0])


def _unitary(gate: Gate) -> list[Gate]:
    return shannon.gates(matrices.base(gate), gate.targets)


def _diagonal(gate: Gate) -> list[Gate]:
    return multiplexed.diagonal(np.asarray(gate.params[0], float), gate.targets)


def _permutation(gate: Gate) -> list[Gate]:
    return permutation.gates(gate.static, gate.targets)


def _state(gate: Gate) -> list[Gate]:
    return multiplexed.state(np.asarray(gate.params[0]), gate.targets)


def _evolution(gate: Gate) -> list[Gate]:
    """Commuting Pauli terms one by one, exactly; anything else as a matrix."""
    *h, t = gate.params
    if len(h) == 1:
        words, weights = pauli_terms(np.asarray(h[0], complex))
        if len(words) <= 4 ** len(gate.targets) // 4 and _commute(words):
            parts: list[Gate] = []
            for word, weight in zip(words, weights, strict=True):
                if set(word) == {"I"}:
                    parts.append(make("GlobalPhase", (t * -weight,), ()))
                else:
                    angle = t * (2 * weight)
                    parts += _pauli_rotation(
                        Gate("PauliRotation", (_leaf(angle),), gate.targets, static=word)
                    )
            return parts
    if isinstance(t, Param):
        raise UnsupportedError(
            "Evolution of terms that do not commute has no gates while its time has no value",
            fix="bind the time first",
        )
    return _unitary(gate)


def pauli_terms(h: np.ndarray) -> tuple[list[str], list[float]]:
    """A Hermitian matrix as Pauli words and real weights, zero weights left out."""
    k = len(h).bit_length() - 1
    terms = {"": h}
    for _ in range(k):  # one qubit at a time
        split = {}
        for word, m in terms.items():
            d = len(m) // 2
            a, b, c, e = m[:d, :d], m[:d, d:], m[d:, :d], m[d:, d:]
            split[word + "I"], split[word + "Z"] = (a + e) / 2, (a - e) / 2
            split[word + "X"], split[word + "Y"] = (b + c) / 2, 1j * (b - c) / 2
        terms = split
    scale = float(np.max(np.abs(h), initial=0.0))
    kept = {w: float(m[0, 0].real) for w, m in terms.items() if abs(m[0, 0]) > 1e-15 * scale}
    return list(kept), list(kept.values())


def _commute(words: list[str]) -> bool:
    return all(
        sum(x != y and "I" not in (x, y) for x, y in zip(a, b, strict=True)) % 2 == 0
        for a, b in combinations(words, 2)
    )


def _leaf(value: Any) -> Any:
    return np.asarray(value) if isinstance(value, np.generic | float) else value


_RULES: dict[str, Callable[[Gate], list[Gate]]] = {
    "PauliRotation": _pauli_rotation,
    "SU2": _su2,
    "SU4": _unitary,
    "Unitary": _unitary,
    "Diagonal": _diagonal,
    "Permutation": _permutation,
    "StatePrep": _state,
    "Evolution": _evolution,
}
