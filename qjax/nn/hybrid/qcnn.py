"""Quantum convolutional neural networks: convolutions and poolings that halve the qubits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax

import qjax as qj
from qjax.errors import ParameterError
from qjax.nn.hybrid.layer import QuantumLayer
from qjax.nn.hybrid.readout import Probabilities


def convolution_gate(params: jax.Array, a: int, b: int) -> list[Any]:
    """``(R x R) exp(i t ZZ) (R x R)`` with general rotations R: 13 parameters.

    Args:
        params: radians, shape (13,).
        a: a qubit.
        b: another.

    Example:
        >>> import jax.numpy as jnp
        >>> len(convolution_gate(jnp.zeros(13), 0, 1))
        5
    """
    return [
        qj.SU2(params[0:3], a), qj.SU2(params[3:6], b), qj.RZZ(-2 * params[6], a, b),
        qj.SU2(params[7:10], a), qj.SU2(params[10:13], b),
    ]  # fmt: skip


@dataclass(frozen=True)
class QCNNCircuit:
    """The circuit of a `QCNN`: an encoding, then convolutions and poolings in turn.

    A convolution is one gate on all neighbours of a ring, first the even pairs, then the odd ones.
    A pooling rotates the first of two qubits if the second one is 1, and the second plays no part
    afterwards. All gates of a layer share their parameters.
    """

    encode: Callable[[jax.Array], qj.Circuit]

    def __call__(self, x: jax.Array, params: dict[str, jax.Array]) -> qj.Circuit:
        """The circuit for one input; ``conv`` (stages, 13) and ``pool`` (stages - 1, 3)."""
        start = self.encode(x)
        alive, ops = list(range(start.n)), [*start.ops]
        for stage, weights in enumerate(params["conv"]):
            pairs = list(zip(alive[::2], alive[1::2], strict=True))
            odd = list(zip(alive[1::2], [*alive[2::2], alive[0]], strict=True))
            for a, b in pairs + (odd if len(alive) > 2 else []):
                ops += convolution_gate(weights, a, b)
            if len(alive) > 2:
                ops += [
                    qj.Controlled(qj.SU2(params["pool"][stage], kept), dropped)
                    for kept, dropped in pairs
                ]
                alive = alive[::2]
        return qj.Circuit(start.n, ops)


class QCNN(QuantumLayer):
    """A quantum convolutional neural network on ``2**s`` qubits, read out on the last two.

    Args:
        qubits: a power of two, at least 2.
        encode: one input to a circuit on these qubits; `qjax.templates.angle_encoding` if not
            given, `qjax.templates.amplitude_encoding` for vectors of 2**qubits numbers.
        observables: what is measured; the four outcome probabilities of the two qubits that are
            left if not given.
        options: ``event``, ``dtype``, ``init``, ``sim``, ``gradient``, ``rngs`` of `QuantumLayer`.

    Parameters are counted as by the source: 13 for each convolution and 3 for each pooling, so 45
    on eight qubits.

    Raises:
        ParameterError: a number of qubits that is no power of two.

    Source: Cong, Choi, Lukin, arXiv:1810.03787; gates as in Gil-Fuster, Eisert, Bravo-Prieto,
    arXiv:2306.13461.

    Example:
        >>> import jax.numpy as jnp
        >>> from flax import nnx
        >>> from qjax.nn.hybrid import QCNN
        >>> layer = QCNN(4, rngs=nnx.Rngs(0))
        >>> layer(jnp.zeros((5, 4))).shape, layer.num_parameters
        ((5, 4), 29)
    """

    def __init__(
        self, qubits: int = 8, encode: Any = None, observables: Any = None, **options: Any
    ) -> None:
        stages = qubits.bit_length() - 1
        if qubits < 2 or 2**stages != qubits:
            raise ParameterError("qubits: a power of two is needed", expected="2, 4, 8", got=qubits)
        shapes = {"conv": (stages, 13), "pool": (stages - 1, 3)}
        observables = Probabilities((0, qubits // 2)) if observables is None else observables
        encode = qj.templates.angle_encoding if encode is None else encode
        super().__init__(QCNNCircuit(encode), observables, shapes, **options)
