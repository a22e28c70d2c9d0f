"""Staircases of two-qubit gates and what they make of matrix product states.

A layer is one gate on every pair of neighbours, from the left end to the right. All states are
matrix product states, so the number of qubits may be large. How gates are optimised: `wavefront`.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..simulators.mps import MatrixProductState
from ..simulators.mps.basis import HIGHEST


def analytic_layer(tensors: np.ndarray) -> np.ndarray:
    """The gates that make a state of bond dimension 2 from ``|0...0>``.

    Args:
        tensors: right-canonical and normalised, ``(n, 2, 2, 2)``.

    Returns:
        ``(n - 1, 4, 4)``, in order of application.

    Source: Ran, PRA 101, 032310 (2020), arXiv:1908.07958.
    """
    n = tensors.shape[0]
    gates = np.zeros((n - 1, 4, 4), complex)
    for k in range(n - 1):
        block = np.asarray(tensors[k], complex)  # (l, s, r): the bond goes to the next qubit
        if k == n - 2:
            block = np.einsum("lsr,rt->lst", block, tensors[n - 1][:, :, 0])
        columns = np.zeros((4, 4), complex)
        columns[:, 0] = block[0].reshape(4)
        if k:
            columns[:, 2] = block[1].reshape(4)
        u, _, v = np.linalg.svd(columns)
        gates[k] = u @ v
    return gates


def _einsum(spec: str, *arrays: Any) -> Any:
    return jnp.einsum(spec, *arrays, precision=HIGHEST)


def _to_right_end(tensors: Any) -> Any:
    """Left-canonical, the centre (and the norm) at the last site."""
    chi = tensors.shape[1]

    def one(rest: Any, a: Any) -> Any:
        q, r = jnp.linalg.qr(_einsum("xl,lsr->xsr", rest, a).reshape(2 * chi, chi))
        return r, q.reshape(chi, 2, chi)

    start = jnp.zeros((chi, chi), tensors.dtype).at[0, 0].set(1)
    rest, out = jax.lax.scan(one, start, tensors[:-1])
    return jnp.concatenate([out, _einsum("xl,lsr->xsr", rest, tensors[-1])[None]])


def _to_left_end(tensors: Any) -> Any:
    """Right-canonical, the centre at site 0."""
    mirrored = _to_right_end(tensors[::-1].transpose(0, 3, 2, 1))
    return mirrored[::-1].transpose(0, 3, 2, 1)


def _cut(theta: Any) -> tuple[Any, Any]:
    """``(a, 2, 2, c)`` as centre on the left and isometry on the right; the bond keeps its size."""
    chi = theta.shape[0]
    u, s, v = jnp.linalg.svd(theta.reshape(2 * chi, 2 * chi), full_matrices=False)
    centre = u[:, :chi] * s[None, :chi].astype(u.dtype)
    return centre.reshape(chi, 2, chi), v[:chi].reshape(chi, 2, chi)


def apply_layers(gates: Any, chi: int) -> Any:
    """The state that the layers make of ``|0...0>``: ``(n, chi, 2, chi)``, centre at the right.

    Args:
        gates: ``(layers, n - 1, 4, 4)``; exact for ``chi >= 2**layers``.
    """
    n = gates.shape[1] + 1
    start = jnp.zeros((n, chi, 2, chi), gates.dtype).at[:, 0, 0, 0].set(1)

    def layer(tensors: Any, gates: Any) -> Any:
        tensors = _to_left_end(tensors)

        def one(centre: Any, given: Any) -> Any:
            b, gate = given
            theta = _einsum("asm,mtc->astc", centre, b)
            theta = _einsum("xyst,astc->axyc", gate.reshape(2, 2, 2, 2), theta)
            # Mirrored: the isometry on the left, the centre on the right.
            right, left = _cut(theta.transpose(3, 2, 1, 0))
            return right.transpose(2, 1, 0), left.transpose(2, 1, 0)

        last, out = jax.lax.scan(one, tensors[0], (tensors[1:], gates))
        return jnp.concatenate([out, last[None]]), None

    return jax.lax.scan(layer, start, gates)[0]


def undo(gates: Any, target: Any, bond: int) -> Any:
    """The target with the inverse of all layers applied."""
    room = bond - target.shape[1]
    target = jnp.pad(target, ((0, 0), (0, room), (0, 0), (0, room))).astype(gates.dtype)

    def layer(tensors: Any, gates: Any) -> Any:
        def one(centre: Any, given: Any) -> Any:
            a, gate = given
            theta = _einsum("asm,mtc->astc", a, centre)
            theta = _einsum("xyst,axyc->astc", jnp.conj(gate).reshape(2, 2, 2, 2), theta)
            return _cut(theta)

        first, out = jax.lax.scan(one, tensors[-1], (tensors[:-1], gates), reverse=True)
        return _to_right_end(jnp.concatenate([first[None], out])), None

    return jax.lax.scan(layer, _to_right_end(target), gates, reverse=True)[0]


def residual(undone: Any) -> np.ndarray:
    """The leading part of bond dimension 2 of a state, right-canonical and normalised."""
    two = MatrixProductState(undone).truncated(2).normalised().tensors
    return np.asarray(two)
