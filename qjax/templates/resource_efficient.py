"""A feature map of several features per qubit and a number of entanglers that grows linearly."""

from __future__ import annotations

from typing import Any

from ..circuit import Circuit
from ..circuit.constructors import CX, RX, RY, RZ, H
from ..errors import ParameterError
from .arrays import as_parameters


def resource_efficient_map(x: Any, n: int, layers: int = 1) -> Circuit:
    """Several features per qubit by rotations about changing axes; one chain of CX per round.

    H on every qubit; then rounds of n features, one rotation per qubit about Z, Y and X in turn,
    each round followed by a chain of CX. For m features that is ``ceil(m / n) (n - 1)`` CX, about
    m, where the ZZ map takes m qubits and ``m (m - 1)`` CX in a repetition.

    Args:
        x: features as angles in radians, shape ``(m,)``.
        n: qubits, at least 1.
        layers: how often all is repeated, at least 1.

    Returns:
        A circuit on n qubits.

    Raises:
        ParameterError: x of another shape, n or layers below 1.

    Source: the principle of Singh, Laprade, Goldberg and Heshami, arXiv:2507.03689 (many features
        per qubit, linearly many entanglers); the order of gates is qjax's own.

    Example:
        >>> import qjax as qj
        >>> qj.templates.resource_efficient_map([0.1, 0.2, 0.3, 0.4], 2).counts()
        {'H': 2, 'RZ': 2, 'CX': 2, 'RY': 2}
    """
    x = as_parameters(
        x, ("m",), "resource_efficient_map: x", "pass one sample; batch with jax.vmap"
    )
    for name, value in (("n", n), ("layers", layers)):
        if value < 1:
            raise ParameterError(f"resource_efficient_map: {name} must be at least 1", got=value)
    ops: list = []
    for _ in range(layers):
        ops.append([H(q) for q in range(n)])
        for first in range(0, x.shape[0], n):
            gate = (RZ, RY, RX)[first // n % 3]
            ops.append([gate(x[first + q], q) for q in range(min(n, x.shape[0] - first))])
            ops.append([CX(q, q + 1) for q in range(n - 1)])
    return Circuit(n, ops)
