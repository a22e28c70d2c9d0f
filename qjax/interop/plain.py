"""Circuits as gates with numbers, for packages without placeholders, blocks and measurements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from jax.core import Tracer

from ..circuit import Circuit, Gate, Layers, Operation, Param, Repeat
from ..circuit.dynamic import Barrier
from ..circuit.synthesis import expand
from ..circuit.synthesis.matrices import unitary
from ..errors import UnsupportedError


def plain_gates(circuit: Circuit, where: str) -> Iterator[Gate]:
    """The gates in order, blocks unrolled, barriers left out, prepared states as gates.

    Raises:
        UnsupportedError: a placeholder, a traced parameter, or an operation that is no gate.
    """
    yield from _plain(circuit.ops, where)


def _plain(ops: Iterable[Operation], where: str) -> Iterator[Gate]:
    for op in ops:
        if isinstance(op, Layers | Repeat):
            for turn in op.unroll():
                yield from _plain(turn, where)
        elif isinstance(op, Gate):
            if any(isinstance(p, Param | Tracer) for p in op.params):
                raise UnsupportedError(
                    f"{where}: {op!r:.60} has a parameter without a value",
                    fix="call circuit.bind first, and convert outside jit, grad and vmap",
                )
            yield from expand(op) if op.name == "StatePrep" else [op]
        elif not isinstance(op, Barrier):
            raise UnsupportedError(
                f"{where}: {type(op).__name__} has no counterpart",
                expected="a circuit of gates",
                got=f"{op!r:.60}",
            )


def whole_matrix(gate: Gate) -> np.ndarray:
    """The matrix on ``gate.qubits``, controls included, complex128 ``(2**k, 2**k)``."""
    qubits = gate.qubits
    near = gate.map_qubits({q: k for k, q in enumerate(qubits)})
    return unitary([near], len(qubits))
