"""The one-qubit data re-uploading circuits of an activation, each described once, as a table.

The Bloch-vector simulation, the exported circuit and the parameter shapes all read this table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from qjax.errors import UnsupportedError

Axis = Literal["X", "Y", "Z"]

DATA = "data"
"""Angle of the gate that encodes the input: ``w[l] * x + b[l]``."""

HALF_TURN = "half turn"
"""Angle of a Pauli gate: a rotation by pi, which changes no more than two signs."""


@dataclass(frozen=True)
class Rotation:
    """A rotation about one axis; ``angle`` is a column of theta, `DATA` or `HALF_TURN`."""

    axis: Axis
    angle: int | str


@dataclass(frozen=True)
class Ansatz:
    """A one-qubit circuit whose ``<Z>`` is an activation function of the input.

    Args:
        name: the name in the table `ANSATZE`.
        block: the gates of one repetition in the order of application; the last one encodes data.
        final: the gates after the last repetition.
        columns: number of angles per row of theta.
        start: the state before the first gate, ``"plus"`` for ``H|0>`` or ``"zero"`` for ``|0>``.
        encoding: ``"linear"`` encodes the angle ``u = w x + b``, ``"arccos"`` encodes ``arccos u``.
        always_bias: whether the bias b is part of the circuit even where the frequencies are fixed.

    Source: arXiv:2509.14026 (``pz``); the other names are those of the ``qkan`` package.
    """

    name: str
    block: tuple[Rotation, ...]
    final: tuple[Rotation, ...]
    columns: int
    start: Literal["plus", "zero"] = "plus"
    encoding: Literal["linear", "arccos"] = "linear"
    always_bias: bool = False

    @property
    def encoding_axis(self) -> Axis:
        """The axis of the gate that encodes the input."""
        return self.block[-1].axis

    @property
    def constants(self) -> tuple[Rotation, ...]:
        """The gates of a repetition that do not depend on the input."""
        return self.block[:-1]

    def rows(self, reps: int) -> int:
        """Number of rows of theta: one per repetition and one for the final gates."""
        return reps + (1 if self.final else 0)

    def theta_shape(self, reps: int) -> tuple[int, int]:
        """Shape of theta for one edge: ``(rows, columns)``."""
        return self.rows(reps), self.columns

    def gates(self, reps: int) -> Iterator[tuple[Rotation, int]]:
        """Every gate after the start, in order, with the repetition (row of theta) it is in."""
        for rep in range(reps):
            for gate in self.block:
                yield gate, rep
        for gate in self.final:
            yield gate, reps


def _encode(axis: Axis) -> Rotation:
    return Rotation(axis, DATA)


ANSATZE: dict[str, Ansatz] = {
    ansatz.name: ansatz
    for ansatz in (
        Ansatz(
            "pz",
            block=(Rotation("Z", 0), Rotation("Y", 1), _encode("Z")),
            final=(Rotation("Z", 0), Rotation("Y", 1)),
            columns=2,
        ),
        Ansatz(
            "rpz",
            block=(Rotation("Y", 0), _encode("Z")),
            final=(Rotation("Y", 0),),
            columns=1,
            always_bias=True,
        ),
        Ansatz(
            "px",
            block=(Rotation("Z", 0), _encode("X")),
            final=(Rotation("Z", 0),),
            columns=1,
            encoding="arccos",
        ),
        # A planar rotation: the whole circuit is one cosine of the summed angles.
        Ansatz(
            "real",
            block=(
                Rotation("X", HALF_TURN),
                Rotation("Y", 0),
                Rotation("Z", HALF_TURN),
                _encode("Y"),
            ),
            final=(),
            columns=1,
        ),
        Ansatz(
            "mix",
            block=(Rotation("Z", 0), Rotation("X", 1), _encode("Y")),
            final=(Rotation("Z", 0), Rotation("X", 1)),
            columns=2,
        ),
        # Without the redundant angles of pz (an RZ next to the encoding RZ, the azimuth of the
        # first state): 3r + 1 numbers with trainable frequencies, which is the Jacobian's rank.
        Ansatz(
            "minimal",
            block=(Rotation("Y", 0), _encode("Z")),
            final=(Rotation("Y", 0),),
            columns=1,
            start="zero",
            always_bias=True,
        ),
    )
}


def get_ansatz(ansatz: str | Ansatz) -> Ansatz:
    """The ansatz of this name, or the ansatz itself.

    Raises:
        UnsupportedError: no ansatz has this name.

    Example:
        >>> get_ansatz("pz").theta_shape(3)
        (4, 2)
    """
    if isinstance(ansatz, Ansatz):
        return ansatz
    if ansatz not in ANSATZE:
        raise UnsupportedError(
            "ansatz: no such ansatz",
            expected=", ".join(ANSATZE),
            got=repr(ansatz),
            fix="pass one of these names, or an Ansatz or CircuitAnsatz object",
        )
    return ANSATZE[ansatz]
