"""Gates under any number of controls, by means of gates with at most two controls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..operations import Gate
from .expand import expand
from .named import CORES, PRODUCTS, conjugated
from .one_qubit import make

_PI = float(np.pi)
_SINGLE = {"X": "CX", "Y": "CY", "H": "CH", "P": "CP", "RX": "CRX", "RY": "CRY", "RZ": "CRZ"}


def elementary(gate: Gate) -> list[Gate]:
    """A gate with controls, or inverted, as gates without such marks; exact, phase included.

    What comes back are gates of the table with at most two controls in their names. Parameters are
    only negated and scaled, so placeholders pass. The number of gates grows with the square of the
    number of controls; no further qubit is needed.

    Source: Barenco et al., arXiv:quant-ph/9503016, lemmas 7.2 to 7.5.

    Example:
        >>> import qjax as qj
        >>> from qjax.circuit.synthesis import elementary
        >>> elementary(qj.Controlled(qj.X(0), (1, 2), (0, 1)))
        [X(1), CCX(1, 2, 0), X(1)]
    """
    if gate.inverted:
        plain = _parts(gate._replace(inverted=False))
        return [part.inverse() for part in reversed(plain)]
    zeros = [q for q, v in zip(gate.controls, gate.values, strict=True) if not v]
    if zeros:
        positive = gate._replace(values=(1,) * len(gate.controls))
        return conjugated([make("X", (), (q,)) for q in zeros], elementary(positive))
    gate = gate.resolve()
    name, controls, q = gate.name, gate.controls, gate.targets
    if not controls:
        return [gate] if name in CORES or name in PRODUCTS or name in _ATOMS else expand(gate)
    if name == "GlobalPhase":
        return phase(gate.params[0], controls)
    if len(controls) == 1 and name in _SINGLE:
        return [make(_SINGLE[name], gate.params, controls + q)]
    if name == "X":
        return flip(controls, q[0], ())
    if name == "P":
        return phase(gate.params[0], controls + q)
    if name == "Z":
        if len(controls) == 1:
            return [make("CZ", (), controls + q)]
        return conjugated([make("H", (), q)], flip(controls, q[0], ()))
    if name == "RZ":
        half = gate.params[0] / 2
        turn = flip(controls, q[0], ())
        return [make("RZ", (half,), q), *turn, make("RZ", (-half,), q), *turn]
    if name in CORES:
        frame, core = CORES[name]
        inner = _under(core(gate.params, q), controls)
        return conjugated(frame(gate.params, q), inner)
    parts = (
        PRODUCTS[name](gate.params, q)
        if name in PRODUCTS
        else expand(gate._replace(controls=(), values=()))
    )
    return _under(parts, controls)


def _parts(gate: Gate) -> list[Gate]:
    """`elementary`, and at least one step even where the gate has no controls."""
    if gate.controls or gate.name not in PRODUCTS:
        return elementary(gate)
    return PRODUCTS[gate.name](gate.params, gate.targets)


_ATOMS = frozenset({"X", "P", "RZ", "GlobalPhase"})


def _under(parts: list[Gate], controls: tuple[int, ...]) -> list[Gate]:
    return [piece for part in parts for piece in elementary(part.control(controls))]


def phase(angle: object, qubits: Sequence[int]) -> list[Gate]:
    """``exp(i angle)`` where all the qubits are 1."""
    qubits = tuple(qubits)
    if len(qubits) == 1:
        return [make("P", (angle,), qubits)]
    if len(qubits) == 2:
        return [make("CP", (angle,), qubits)]
    *rest, pivot, target = qubits
    half = angle / 2  # type: ignore[operator]
    turn = flip(tuple(rest), pivot, (target,))
    return [
        make("CP", (half,), (pivot, target)),
        *turn,
        make("CP", (-half,), (pivot, target)),
        *turn,
        *phase(half, (*rest, target)),
    ]


def flip(controls: tuple[int, ...], target: int, borrowed: tuple[int, ...]) -> list[Gate]:
    """X under the controls; ``borrowed`` qubits may hold anything and are given back unchanged."""
    k = len(controls)
    if k <= 2:
        return [make(("X", "CX", "CCX")[k], (), (*controls, target))]
    if len(borrowed) >= k - 2:
        return _chain(controls, target, borrowed[: k - 2])
    if borrowed:
        half = (k + 1) // 2
        first, last, spare = controls[:half], controls[half:], borrowed[0]
        a = flip(first, spare, (*last, target, *borrowed[1:]))
        b = flip((*last, spare), target, (*first, *borrowed[1:]))
        return [*a, *b, *a, *b]
    return conjugated([make("H", (), (target,))], phase(_PI, (*controls, target)))


def _chain(controls: tuple[int, ...], target: int, spare: tuple[int, ...]) -> list[Gate]:
    top = (*spare, target)
    steps = [
        make("CCX", (), (controls[j + 1], top[j - 1], top[j])) for j in range(len(top) - 1, 0, -1)
    ]
    first = make("CCX", (), (controls[0], controls[1], top[0]))
    whole = [*steps, first, *reversed(steps)]
    return [*whole, *whole[1:-1]]
