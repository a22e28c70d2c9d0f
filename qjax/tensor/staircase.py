"""Circuits of staircases of two-qubit gates, fitted to a matrix product state by sweeps.

A layer is one gate on every pair of neighbours, from the left end to the right. All states are
matrix product states, so the number of qubits may be large.
"""

from __future__ import annotations

from functools import partial
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


@partial(jax.jit, static_argnums=(2, 3, 4))
def optimise(
    gates: Any, target: Any, ket_bond: int, bra_bond: int, sweeps: int
) -> tuple[Any, Any, Any]:
    """Sweeps over all gates, each replaced by the best one given the others.

    From the last gate back to the first: the gate is taken off the circuit's state, its
    environment against the target is formed, the unitary part of that is the best gate, and the
    new gate's inverse goes to the target.

    Args:
        gates: ``(layers, n - 1, 4, 4)``.
        target: ``(n, chi, 2, chi)``, normalised, ``chi <= bra_bond``.
        ket_bond, bra_bond: bond dimensions of the circuit's state and of the undone target.
        sweeps: how many.

    Returns:
        The gates, ``|<target|circuit>|**2`` after every sweep, and the target undone by all gates.

    Source: Rudolph et al., arXiv:2209.00595; Evenbly and Vidal, PRB 79, 144108 (2009).
    """
    room = bra_bond - target.shape[1]
    target = jnp.pad(target, ((0, 0), (0, room), (0, 0), (0, room))).astype(gates.dtype)
    target = _to_right_end(target)

    def sweep(carry: Any, _: Any) -> Any:
        gates, _ = carry
        ket = apply_layers(gates, ket_bond)
        (_, undone), (new, value) = jax.lax.scan(_layer, (ket, target), gates, reverse=True)
        return (new, undone), value[0] ** 2

    (gates, undone), fidelity = jax.lax.scan(sweep, (gates, target), None, length=sweeps)
    return gates, fidelity, undone


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


def _layer(carry: Any, gates: Any) -> Any:
    """One layer from its last gate to its first; both states have their centre at the right."""
    ket, bra = carry
    first = jnp.zeros((bra.shape[1], ket.shape[1]), ket.dtype).at[0, 0].set(1)

    def left(env: Any, pair: Any) -> Any:
        b, k = pair
        new = _einsum("xst,xsl->tl", jnp.conj(b), _einsum("xa,asl->xsl", env, k))
        return new, env

    _, lefts = jax.lax.scan(left, first, (bra[:-1], ket[:-1]))

    def one(carry: Any, given: Any) -> Any:
        k_centre, b_centre, right = carry
        k, b, env, gate = given
        gate = gate.reshape(2, 2, 2, 2)
        below = _einsum("asm,mtc->astc", k, k_centre)
        below = _einsum("xyst,axyc->astc", jnp.conj(gate), below)
        above = _einsum("asm,mtc->astc", b, b_centre)
        seen = _einsum("xa,astc->xstc", env, below)
        seen = _einsum("xstc,zc->xstz", seen, right)
        around = _einsum("xpqz,xstz->pqst", jnp.conj(above), seen).reshape(4, 4)
        u, s, v = jnp.linalg.svd(around)
        best = jnp.conj(jnp.matmul(u, v, precision=HIGHEST))
        above = _einsum("xyst,axyc->astc", jnp.conj(best).reshape(2, 2, 2, 2), above)
        k_new, k_right = _cut(below)
        b_new, b_right = _cut(above)
        right = _einsum("asc,zc->asz", k_right, right)
        right = _einsum("asz,xsz->xa", right, jnp.conj(b_right))
        return (k_new, b_new, right), (best, k_right, b_right, jnp.sum(s))

    last = jnp.zeros((bra.shape[1], ket.shape[1]), ket.dtype).at[0, 0].set(1)
    start = (ket[-1], bra[-1], last)
    (k_first, b_first, _), (new, ks, bs, value) = jax.lax.scan(
        one, start, (ket[:-1], bra[:-1], lefts, gates), reverse=True
    )
    ket = _to_right_end(jnp.concatenate([k_first[None], ks]))
    bra = _to_right_end(jnp.concatenate([b_first[None], bs]))
    return (ket, bra), (new, value[0])


def residual(undone: Any) -> np.ndarray:
    """The leading part of bond dimension 2 of a state, right-canonical and normalised."""
    two = MatrixProductState(undone).truncated(2).normalised().tensors
    return np.asarray(two)
