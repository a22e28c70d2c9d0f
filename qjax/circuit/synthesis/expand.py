"""Gates that carry matrices, words or tables, as gates with names and scalar angles."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from ...errors import UnsupportedError
from ..operations import Gate
from . import one_qubit
from .one_qubit import make

_HALF_PI = float(np.pi / 2)


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
    ladder = [make("CX", (), pair) for pair in itertools.pairwise(qubits)]
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


_RULES: dict[str, Callable[[Gate], list[Gate]]] = {
    "PauliRotation": _pauli_rotation,
    "SU2": _su2,
}
