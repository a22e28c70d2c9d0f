"""An activation given by any user circuit, of one qubit or several."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax


@dataclass(frozen=True)
class CircuitAnsatz:
    """An activation ``<observable>`` of a circuit that the user writes.

    Args:
        circuit: function ``(angles, theta) -> Circuit``; ``angles`` has shape (r,) and holds the
            encoded inputs ``w[l] x + b[l]`` in radians, ``theta`` has the shape given next.
        shape: shape of theta for one edge.
        reps: number of encoded angles r.
        observable: what is measured. None: Z on qubit 0.

    Example:
        >>> import qjax as qj
        >>> def two_qubits(angles, theta):
        ...     data = [qj.RX(angles[0], 0), qj.RX(angles[1], 1)]
        ...     return qj.Circuit(2, [*data, qj.CNOT(0, 1), qj.RY(theta[0], 0), qj.CNOT(1, 0)])
        >>> ansatz = CircuitAnsatz(two_qubits, shape=(1,), reps=2)
    """

    circuit: Callable[[jax.Array, jax.Array], Any]
    shape: tuple[int, ...]
    reps: int = 1
    observable: Any = None
    always_bias: bool = False
    start: str = "circuit"

    def theta_shape(self, reps: int) -> tuple[int, ...]:
        """Shape of theta for one edge; ``reps`` is not used."""
        del reps
        return self.shape

    def evaluate(self, theta: jax.Array, angles: jax.Array) -> jax.Array:
        """The activation for one set of angles: a scalar of theta's dtype.

        Args:
            theta: the parameters of this edge, of the ansatz' ``shape``.
            angles: encoded inputs in radians, shape (r,).
        """
        import qjax as qj

        observable = qj.Z(0) if self.observable is None else self.observable
        return qj.expval(self.circuit(angles, theta), observable).astype(theta.dtype)
