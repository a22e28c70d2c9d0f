"""Runs of one-qubit gates as few gates of a basis: numbers fused, unknown angles kept."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..operations import Gate
from ..synthesis.matrices import base
from ..synthesis.one_qubit import angles, make
from .basis import Basis
from .values import add, known, number

_PI = float(np.pi)
_ZERO = 1e-13  # radians: rotations by less are left out
_AXES = {"RX": "X", "RY": "Y", "RZ": "Z"}
_IDENTITY = np.eye(2, dtype=complex)


class Run:
    """What acts on one qubit between two other operations, in order.

    ``parts`` are matrices of known gates, and pairs ``(axis, angle)`` of rotations by an angle
    that is not known; ``phases`` are angles of global phases that came off.
    """

    def __init__(self, qubit: int) -> None:
        self.qubit = qubit
        self.parts: list[Any] = []
        self.phases: list[Any] = []

    def add(self, gate: Gate) -> None:
        """One more gate without controls."""
        if all(map(known, gate.params)):
            u = base(gate)
            self._matrix(u.conj().T if gate.inverted else u)
            return
        if gate.name in _AXES:
            self._rotation(_AXES[gate.name], gate.params[0])
        elif gate.name == "P":
            self._rotation("Z", gate.params[0])
            self.phases.append(gate.params[0] / 2)
        elif gate.name == "GlobalPhase":
            self.phases.append(gate.params[0])
        else:
            assert gate.spec.split is not None
            for name, params in gate.spec.split(gate.params):
                qubits = () if name == "GlobalPhase" else (self.qubit,)
                self.add(make(name, params, qubits))

    def _matrix(self, u: np.ndarray) -> None:
        if self.parts and isinstance(self.parts[-1], np.ndarray):
            u = u @ self.parts.pop()
        self.parts.append(u)

    def _rotation(self, axis: str, angle: Any) -> None:
        if self.parts and not isinstance(self.parts[-1], np.ndarray):
            before, other = self.parts[-1]
            total = add(other, angle) if before == axis else None
            if total is not None:
                self.parts[-1] = (axis, total)
                return
        self.parts.append((axis, angle))

    def trivial(self) -> bool:
        """Whether nothing but a phase is left; that phase is then taken off."""
        if not self.parts:
            return True
        u = self.parts[0]
        if len(self.parts) > 1 or not isinstance(u, np.ndarray):
            return False
        if abs(u[0, 1]) > _ZERO or abs(u[1, 0]) > _ZERO or abs(u[0, 0] - u[1, 1]) > _ZERO:
            return False
        self.parts = []
        self.phases.append(float(np.angle(u[0, 0])))
        return True

    def gates(self, basis: Basis) -> list[Gate]:
        """The run in the gates of the basis; what phases come off is added to ``phases``."""
        if self.trivial():
            return []
        if basis.one == "u":
            return self._u()
        steps: list[tuple[str, Any]] = []
        for part in self.parts:
            if basis.one == "zsx":
                new = _zsx(part, self.phases)
            else:
                new = (
                    _zyz(part, self.phases)
                    if isinstance(part, np.ndarray)
                    else [(f"R{part[0]}", part[1])]
                )
            for step in new:
                _append(steps, step)
        out = []
        for name, angle in steps:
            if not name.startswith("R"):
                out.append(make(name, (), (self.qubit,)))
                continue
            angle = _reduced(angle, self.phases)
            if not (isinstance(angle, float) and abs(angle) <= _ZERO):
                out.append(make(name, (angle,), (self.qubit,)))
        return out

    def _u(self) -> list[Gate]:
        """As U3 gates; a chain RZ RY RZ of unknown angles is one of them."""
        out: list[Gate] = []
        chain: list[Any] = [0.0, None, 0.0]  # lam, theta, phi of the U3 being gathered

        def close() -> None:
            lam, theta, phi = chain
            if theta is not None or not (known(lam) and lam == 0):
                self.phases.append(_half_sum(lam, phi, self.phases))
                out.append(make("U3", (0.0 if theta is None else theta, phi, lam), (self.qubit,)))
            chain[:] = [0.0, None, 0.0]

        for part in self.parts:
            if isinstance(part, np.ndarray):
                close()
                theta, phi, lam, gamma = angles(part)
                self.phases.append(gamma)
                if max(abs(theta), abs(phi), abs(lam)) > _ZERO:
                    out.append(make("U3", (theta, phi, lam), (self.qubit,)))
                continue
            axis, angle = part
            if axis == "X":
                close()
                out.append(make("U3", (angle, -_PI / 2, _PI / 2), (self.qubit,)))
            elif axis == "Y":
                if chain[1] is not None:
                    close()
                chain[1] = angle
            else:
                place = 0 if chain[1] is None else 2
                total = add(chain[place], angle)
                if total is None:
                    close()
                    place, total = 0, angle
                chain[place] = total
                if place == 2:
                    close()
        close()
        return out


def _half_sum(lam: Any, phi: Any, phases: list[Any]) -> Any:
    """The phase of ``RZ(phi) RY RZ(lam)`` against U3: minus half the sum of the two."""
    phases.append(lam * -0.5)
    return phi * -0.5


def _append(steps: list[tuple[str, Any]], step: tuple[str, Any]) -> None:
    """One more step; rotations about the same axis are added up."""
    if isinstance(step[1], float) and abs(step[1]) <= _ZERO and step[0].startswith("R"):
        return
    if steps and steps[-1][0] == step[0] and step[0].startswith("R"):
        total = add(steps[-1][1], step[1])
        if total is not None:
            steps.pop()
            if not (isinstance(total, float) and abs(total) <= _ZERO):
                steps.append((step[0], total))
            return
    steps.append(step)


def _reduced(angle: Any, phases: list[Any]) -> Any:
    """A known angle in (-pi, pi]; a whole turn is a phase of pi."""
    angle = number(angle)
    if not isinstance(angle, float):
        return angle
    turns = int(np.ceil(angle / (2 * _PI) - 0.5))
    if turns % 2:
        phases.append(_PI)
    return angle - 2 * _PI * turns


def _zsx(part: Any, phases: list[Any]) -> list[tuple[str, Any]]:
    if not isinstance(part, np.ndarray):
        axis, angle = part
        if axis == "Z":
            return [("RZ", angle)]
        phases.append(_PI / 2)
        turned = add(angle, _PI)
        if axis == "Y":
            return [("SX", None), ("RZ", turned), ("SX", None), ("RZ", _PI)]
        return [("RZ", _PI / 2), ("SX", None), ("RZ", turned), ("SX", None), ("RZ", _PI / 2)]
    theta, phi, lam, _ = angles(part)
    if abs(theta) <= _ZERO:
        steps: list[tuple[str, Any]] = [("RZ", phi + lam)]
    elif abs(theta - _PI) <= _ZERO:
        steps = [("X", None), ("RZ", phi - lam + _PI)]
    elif abs(theta - _PI / 2) <= _ZERO:
        steps = [("RZ", lam - _PI / 2), ("SX", None), ("RZ", phi + _PI / 2)]
    else:
        steps = [("RZ", lam), ("SX", None), ("RZ", theta + _PI), ("SX", None), ("RZ", phi + _PI)]
    return _with_phase(steps, part, phases)


def _zyz(u: np.ndarray, phases: list[Any]) -> list[tuple[str, Any]]:
    theta, phi, lam, _ = angles(u)
    if abs(theta) <= _ZERO:
        steps: list[tuple[str, Any]] = [("RZ", phi + lam)]
    elif abs(phi + _PI / 2) <= _ZERO and abs(lam - _PI / 2) <= _ZERO:
        steps = [("RX", theta)]
    elif abs(phi - _PI / 2) <= _ZERO and abs(lam + _PI / 2) <= _ZERO:
        steps = [("RX", -theta)]
    elif abs(theta - _PI) <= _ZERO:
        axis = phi - lam  # a half turn about an axis in the equator, then what is left about Z
        steps = [("RY", _PI), ("RZ", axis)]
    else:
        steps = [("RZ", lam), ("RY", theta), ("RZ", phi)]
    return _with_phase(steps, u, phases)


def _with_phase(
    steps: list[tuple[str, Any]], u: np.ndarray, phases: list[Any]
) -> list[tuple[str, Any]]:
    """The steps, with the phase between them and ``u`` noted."""
    made = _IDENTITY
    for name, angle in steps:
        made = base(make(name, () if angle is None else (angle,), (0,))) @ made
    phases.append(float(np.angle(np.vdot(made, u))))
    return steps
