"""The operations of a circuit one by one, blocks unrolled, as the writers need them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from jax.core import Tracer

from ..circuit import Circuit, Gate, Layers, Operation, Param, Repeat
from ..circuit.dynamic import Assign, Barrier, If, Measure, Reset, While
from .error import QasmError

WRITABLE = (Gate, Measure, Reset, Barrier, Assign, If, While)


def unrolled(ops: Iterable[Operation]) -> Iterator[Operation]:
    """Gates and classical operations in order, `Layers` and `Repeat` written out."""
    for op in ops:
        if isinstance(op, Layers | Repeat):
            for turn in op.unroll():
                yield from unrolled(turn)
        elif isinstance(op, Circuit):
            yield from unrolled(op.ops)
        else:
            yield op


def every(ops: Iterable[Operation]) -> Iterator[Operation]:
    """As `unrolled`, with what stands inside `If` and `While` too."""
    for op in unrolled(ops):
        yield op
        if isinstance(op, If):
            yield from every(op.ops)
            yield from every(op.else_ops)
        elif isinstance(op, While):
            yield from every(op.ops)


def check(circuit: Circuit) -> None:
    """Refuse what no OpenQASM file can say, and classical bits that do not exist.

    Raises:
        QasmError: naming the operation.
    """
    for k, op in enumerate(every(circuit.ops)):
        if not isinstance(op, WRITABLE):
            raise QasmError(
                f"operation {k} ({op!r:.60}) has no OpenQASM form",
                construct=type(op).__name__,
                hint="write gates, Measure, Reset, If and While; noise belongs to the simulator",
            )
        if isinstance(op, Gate):
            _check_values(op, k)
        bits: tuple[int, ...] = ()
        if isinstance(op, Measure | Assign):
            bits = (op.bit,)
        elif isinstance(op, If | While):
            bits = op.condition.bits
        if bits and max(bits) >= circuit.bits:
            raise QasmError(
                f"operation {k} ({op!r:.60}) names classical bit {max(bits)}",
                expected=f"bits below {circuit.bits}",
                hint="give the circuit classical bits: Circuit(n, ops, bits=m)",
            )


def _check_values(gate: Gate, k: int) -> None:
    for value in gate.params:
        if isinstance(value, Param):
            continue
        if isinstance(value, Tracer):
            raise QasmError(
                f"operation {k} ({gate!r:.60}) has a traced parameter",
                construct=gate.name,
                hint="write the circuit outside jit, grad and vmap",
            )
        if not np.all(np.isfinite(np.asarray(value))):
            raise QasmError(
                f"operation {k} ({gate!r:.60}) has a parameter that is not finite",
                construct=gate.name,
                got=np.asarray(value),
            )
