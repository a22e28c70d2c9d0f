"""The final state of a circuit as a tensor network."""

from __future__ import annotations

from ..circuit import Circuit
from ..errors import UnsupportedError
from ..simulators import MPS, MatrixProductState, Simulator
from ..simulators.mps import StateQuery
from .program import answer

DEFAULT_MPS = MPS()


def matrix_product_state(circuit: Circuit, *, sim: Simulator = DEFAULT_MPS) -> MatrixProductState:
    """The final state as a matrix product state, qubit k at site k.

    Args:
        circuit: what is run.
        sim: how far bonds may grow.

    Raises:
        UnsupportedError: another simulator than `MPS`.

    Example:
        >>> import qjax as qj
        >>> ghz = qj.Circuit(3, [qj.H(0), qj.CNOT(0, 1), qj.CNOT(1, 2)])
        >>> [round(float(s), 4) for s in qj.matrix_product_state(ghz).entropies()]
        [0.6931, 0.6931]
    """
    if not isinstance(sim, MPS):
        raise UnsupportedError(
            "matrix_product_state: sim must be an MPS", got=repr(sim), fix="use sim=qjax.MPS(32)"
        )
    return answer(circuit, "matrix_product_state", sim, StateQuery())
