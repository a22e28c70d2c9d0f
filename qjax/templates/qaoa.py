"""The quantum approximate optimisation ansatz."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from ..circuit import Circuit, Layers
from ..circuit.constructors import RX, RZ, RZZ, H, PauliRotation
from ..errors import ObservableError, ParameterError
from ..observables import maxcut
from ..pauli import PauliSum, as_pauli_sum
from .arrays import as_parameters, of_one_kind


def qaoa(problem: Any, gammas: Any, betas: Any, n: int | None = None) -> Circuit:
    """Start in ``|+...+>``, then ``exp(-i gamma C)`` and ``exp(-i beta sum_q X_q)`` in turn.

    The constant of C, a global phase, is left out.

    Args:
        problem: a diagonal `PauliSum` C (letters I and Z), or the edges of a graph, which stand
            for `qjax.maxcut` of them.
        gammas: times of the cost, shape ``(layers,)``; ``gamma * coefficient`` is in radians.
        betas: times of the mixer in radians, shape ``(layers,)``.
        n: number of qubits; default as many as the problem names.

    Returns:
        A circuit on n qubits.

    Raises:
        ObservableError: a cost that is not diagonal or not real.
        ParameterError: gammas and betas of different or wrong shape, an n too small.

    Source: Farhi, Goldstone and Gutmann, arXiv:1411.4028.

    Example:
        >>> import qjax as qj
        >>> qj.templates.qaoa([(0, 1), (1, 2), (2, 0)], [0.4, 0.7], [0.6, 0.3]).counts()
        {'H': 3, 'RZZ': 6, 'RX': 6}
    """
    cost = _cost(problem)
    shape_fix = "one gamma and one beta per layer"
    gammas = as_parameters(gammas, ("layers",), "qaoa: gammas", shape_fix)
    betas = as_parameters(betas, (gammas.shape[0],), "qaoa: betas", shape_fix)
    least = max(cost.num_qubits, 1)
    size = least if n is None else n
    if size < least:
        raise ParameterError(
            "qaoa: n is smaller than the problem needs", expected=f"at least {least}", got=n
        )
    coeffs = cost.coeffs
    terms = [(k, word) for k, word in enumerate(cost.words) if word]

    def layer(angles: Any) -> list:
        gamma, beta = angles
        (weights,) = (
            (coeffs.tolist(),) if isinstance(coeffs, np.ndarray) else (coeffs.astype(gamma.dtype),)
        )
        phases = [
            _z_rotation(2 * gamma * weights[k], tuple(q for q, _ in word)) for k, word in terms
        ]
        return [*phases, *(RX(2 * beta, q) for q in range(size))]

    start = [H(q) for q in range(size)]
    return Circuit(size, [*start, Layers(layer, of_one_kind(gammas, betas))])


def _z_rotation(theta: Any, qubits: tuple[int, ...]) -> Any:
    if len(qubits) == 1:
        return RZ(theta, qubits[0])
    if len(qubits) == 2:
        return RZZ(theta, *qubits)
    return PauliRotation(theta, "Z" * len(qubits), qubits)


def _cost(problem: Any) -> PauliSum:
    if isinstance(problem, list | tuple | set | frozenset | np.ndarray):
        return maxcut(problem)
    cost = as_pauli_sum(problem)
    if not cost.is_diagonal:
        raise ObservableError(
            "qaoa: the cost must be diagonal",
            expected="a PauliSum of I and Z only",
            got=repr(cost),
            fix="for other Hamiltonians write the layers out with qjax.PauliRotation",
        )
    if jax.numpy.issubdtype(cost.coeffs.dtype, jax.numpy.complexfloating):
        raise ObservableError("qaoa: the cost must have real coefficients", got=repr(cost))
    return cost
