"""Covariant kernels: data that are group elements act on a fiducial state."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import jax.numpy as jnp

from ..circuit import Circuit
from ..circuit.constructors import CZ, RY, U3


def covariant_encoding(
    fiducial: Circuit, representation: Callable[[Any], Any] | None = None
) -> Callable[[Any], Circuit]:
    """``x -> D_x |psi>``: an encoding for `FidelityKernel`, ``K = |<psi| D_x^+ D_z |psi>|**2``.

    Such a kernel is invariant: ``K(g x, g z) = K(x, z)`` for every group element g.

    Args:
        fiducial: the circuit that prepares ``|psi>``; its parameters are what is learnt.
        representation: group element to operations; by default x has shape ``(n, 3)`` and holds the
            angles (theta, phi, lam) of a `U3` on every qubit: an element of SU(2)^n.

    Source: Glick et al., arXiv:2105.03406.

    Example:
        >>> import numpy as np, qjax as qj
        >>> from qjax.kernels import FidelityKernel, covariant_encoding, graph_fiducial
        >>> encoding = covariant_encoding(graph_fiducial(np.pi / 2, 2, [(0, 1)]))
        >>> x_z = np.array([[[0.0, 0, 0], [0, 0, 0]], [[np.pi, 0, np.pi], [0, np.pi, 0]]])
        >>> FidelityKernel(encoding)(x_z).round(3).tolist()  # X Z stabilises the graph state
        [[1.0, 1.0], [1.0, 1.0]]
    """
    act = representation or _su2

    def encoding(x: Any) -> Circuit:
        return Circuit(fiducial.n, [fiducial, act(x)])

    return encoding


def _su2(x: Any) -> list:
    return [U3(x[q, 0], x[q, 1], x[q, 2], q) for q in range(x.shape[0])]


def graph_fiducial(angle: Any, n: int, edges: Iterable[tuple[int, int]]) -> Circuit:
    """``RY(angle)`` on every qubit and CZ along the edges; a graph state at ``angle = pi / 2``.

    Args:
        angle: radians, a scalar or one for each qubit, shape ``(n,)``.
        n: qubits.
        edges: pairs of qubits.
    """
    angles = jnp.broadcast_to(jnp.asarray(angle, float), (n,))
    return Circuit(n, [[RY(angles[q], q) for q in range(n)], [CZ(a, b) for a, b in edges]])
