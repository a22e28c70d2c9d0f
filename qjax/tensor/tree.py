"""Binary tree circuits on product states, node by node.

Every node acts on two qubits, keeps the first and forgets the second, until one is left. Whatever
reaches a node comes from qubits that never met before: a product of two one-qubit states. So a node
is a bilinear map of two Bloch vectors, and the tree costs a few multiplications for each.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from ..circuit import Circuit
from ..circuit.constructors import Unitary
from ..errors import ParameterError
from ..gates.matrices import PAULI
from .two_site import einsum

_FULL, _REAL = "IXYZ", "IXZ"


def orthogonal_nodes(quaternions: Any) -> Any:
    """Rotations of four dimensions from pairs of quaternions; every rotation is one.

    Args:
        quaternions: real, ``(..., 2, 4)``, of any length but zero.

    Returns:
        Orthogonal matrices of determinant one, ``(..., 4, 4)``.

    Source: van Elfrinkhof's formula, as in Mebius, arXiv:math/0501249.

    Example:
        >>> import jax.numpy as jnp
        >>> from qjax.tensor import orthogonal_nodes
        >>> q = jnp.array([[1.0, 0, 0, 0], [1.0, 0, 0, 0]])
        >>> orthogonal_nodes(q).tolist() == jnp.eye(4).tolist()
        True
    """
    q = quaternions / jnp.linalg.norm(quaternions, axis=-1, keepdims=True)
    left = einsum("...q,qij->...ij", q[..., 0, :], jnp.asarray(_LEFT, q.dtype))
    right = einsum("...q,qij->...ij", q[..., 1, :], jnp.asarray(_RIGHT, q.dtype))
    return einsum("...ij,...jk->...ik", left, right)


def _multiplications() -> tuple[np.ndarray, np.ndarray]:
    """The matrices of ``x -> q x`` and ``x -> x q`` for the four units."""
    table = [  # (unit, sign) of the products 1, i, j, k
        [(0, 1), (1, 1), (2, 1), (3, 1)],
        [(1, 1), (0, -1), (3, 1), (2, -1)],
        [(2, 1), (3, -1), (0, -1), (1, 1)],
        [(3, 1), (2, 1), (1, -1), (0, -1)],
    ]
    left, right = np.zeros((4, 4, 4)), np.zeros((4, 4, 4))
    for a in range(4):
        for b in range(4):
            unit, sign = table[a][b]
            left[a, unit, b] = sign
            right[b, unit, a] = sign
    return left, right


_LEFT, _RIGHT = _multiplications()


def node_maps(gates: Any) -> Any:
    """What the nodes make of Bloch vectors.

    Args:
        gates: unitary ``(k, 4, 4)``; real ones map the three components (1, x, z) among themselves,
            complex ones all four (1, x, y, z).

    Returns:
        Real ``(k, m, m, m)``: the component that leaves, of the first, of the second qubit.
    """
    letters = _FULL if jnp.iscomplexobj(gates) else _REAL
    m = len(letters)
    paulis = np.stack([PAULI[c] for c in letters])
    pairs = np.stack([np.kron(a, b) for a in paulis for b in paulis])
    kept = np.stack([np.kron(a, PAULI["I"]) for a in paulis])
    if m == 3:
        pairs, kept = np.real(pairs), np.real(kept)
    # tr(kept U pair U^+) / 4
    turned = einsum("kij,pjl->kpil", gates, jnp.asarray(pairs, gates.dtype))
    turned = einsum("kpil,kml->kpim", turned, jnp.conj(gates))
    out = einsum("kpim,cmi->kcp", turned, jnp.asarray(kept, gates.dtype))
    return jnp.real(out).reshape(len(gates), m, m, m) / 4


def tree_bloch(leaves: Any, gates: Any, depolarizing: Any = 0.0) -> Any:
    """The Bloch vector of the qubit at the root of a tree, exactly.

    Args:
        leaves: normalised one-qubit states, ``(..., n, 2)``, n a power of two of at least 2.
        gates: unitary ``(n - 1, 4, 4)``, the level of the leaves first, from left to right. Real
            gates take real leaves.
        depolarizing: l in ``(1 - l) rho + l I/2``, suffered by the qubit that leaves a node.

    Returns:
        ``(..., 3)``: x, y, z.

    Raises:
        ParameterError: shapes that do not fit a tree, or complex leaves with real gates.

    Source: Huggins et al., arXiv:1803.11537.

    Example:
        >>> import jax.numpy as jnp
        >>> from qjax.tensor import tree_bloch
        >>> leaves = jnp.array([[1.0, 0.0], [0.0, 1.0]])
        >>> tree_bloch(leaves, jnp.eye(4)[None]).tolist()
        [0.0, 0.0, 1.0]
    """
    leaves, gates = jnp.asarray(leaves), jnp.asarray(gates)
    n = leaves.shape[-2] if leaves.ndim > 1 else 0
    fits = n >= 2 and n & (n - 1) == 0 and leaves.shape[-1] == 2
    if not fits or gates.shape != (n - 1, 4, 4):
        raise ParameterError(
            "tree_bloch: leaves and gates must fit a binary tree",
            expected="leaves (..., n, 2) with n = 2, 4, 8, ...; gates (n - 1, 4, 4)",
            got=f"{leaves.shape} and {gates.shape}",
        )
    if jnp.iscomplexobj(leaves) and not jnp.iscomplexobj(gates):
        raise ParameterError(
            "tree_bloch: complex leaves need complex gates", fix="pass gates.astype(complex)"
        )
    return root(bloch_vectors(leaves, jnp.iscomplexobj(gates)), node_maps(gates), depolarizing)


def bloch_vectors(leaves: Any, full: bool) -> Any:
    """``(..., 2)`` states as ``(..., m)``: (1, x, z), or with y in the ``full`` form."""
    a, b = leaves[..., 0], leaves[..., 1]
    cross = 2 * jnp.conj(a) * b
    z = jnp.real(a) ** 2 + jnp.imag(a) ** 2 - jnp.real(b) ** 2 - jnp.imag(b) ** 2
    x = jnp.real(cross)
    middle = [x, jnp.imag(cross)] if full else [x]
    return jnp.stack([jnp.ones_like(z), *middle, z], axis=-1)


def root(vectors: Any, maps: Any, depolarizing: Any = 0.0) -> Any:
    """`tree_bloch` from what `bloch_vectors` and `node_maps` give: ``(..., n, m)``."""
    m = maps.shape[-1]
    left = 1 - jnp.asarray(depolarizing).astype(maps.dtype)
    shrink = jnp.ones(m, maps.dtype).at[1:].set(left)
    batch, done = vectors.shape[:-2], 0
    # The node axis in front: one batched product for each level.
    level = jnp.moveaxis(vectors.reshape(-1, *vectors.shape[-2:]), 1, 0).astype(maps.dtype)
    while len(level) > 1:
        pairs = level[0::2, :, :, None] * level[1::2, :, None, :]
        here = maps[done : done + len(pairs)].reshape(len(pairs), m, m * m)
        done += len(pairs)
        level = einsum("ksp,kcp->ksc", pairs.reshape(*pairs.shape[:2], -1), here)
        level = level * shrink[None, None, :]
    out = level[0].reshape(*batch, m)
    if m == 4:
        return out[..., 1:]
    return jnp.stack([out[..., 1], jnp.zeros_like(out[..., 1]), out[..., 2]], axis=-1)


def tree_circuit(gates: Any) -> Circuit:
    """The tree as a circuit on all its qubits; the root is qubit 0.

    Args:
        gates: unitary ``(n - 1, 4, 4)``, n a power of two, ordered as for `tree_bloch`.

    Raises:
        ParameterError: another number of gates.

    Example:
        >>> import jax.numpy as jnp
        >>> from qjax.tensor import tree_circuit
        >>> tree_circuit(jnp.stack([jnp.eye(4)] * 3)).counts()
        {'Unitary': 3}
    """
    n = len(gates) + 1
    if n < 2 or n & (n - 1):
        raise ParameterError(
            "tree_circuit: the number of gates does not fit a binary tree",
            expected="1, 3, 7, 15, ...",
            got=len(gates),
        )
    ops, stride, done = [], 1, 0
    while stride < n:
        for q in range(0, n, 2 * stride):
            ops.append(Unitary(gates[done], (q, q + stride)))
            done += 1
        stride *= 2
    return Circuit(n, ops)
