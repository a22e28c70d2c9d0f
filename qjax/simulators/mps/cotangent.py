"""Derivatives of energies by a second state that runs backwards through the layers.

``dE = 2 Re <lambda_k| dU_k |psi_{k-1}>`` with ``lambda_K = (H - E) psi_K`` and ``lambda_{k-1} =
U_k^H lambda_k``. Both are matrix product states, each truncated by itself: nothing is asked of the
derivative of a truncation, and what a gate could do need not fit into the bonds of the state.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ...pauli import Word
from . import brick
from . import state as mps
from .basis import HIGHEST, dag, mm
from .bond import grown
from .expectation import LETTERS, automaton, expectation
from .network import MatrixProductState


class Plan(NamedTuple):
    """What is static.

    Attributes:
        words: of every observable, naming sites.
        parity: of the first layer.
        chi, bond: bond dimensions of the state and of the cotangent.
        method: which decomposition.
    """

    words: tuple[tuple[Word, ...], ...]
    parity: int
    chi: int
    bond: int
    method: str


@partial(jax.custom_vjp, nondiff_argnums=(3,))
def energies(vectors: Any, gates: Any, coeffs: list[Any], plan: Plan) -> list[Any]:
    """Expectation values after the layers of a brickwork.

    Args:
        vectors: of the sites at the start, ``(n, 2)``.
        gates: unitary, ``(layers, pairs, 4, 4)``, as `brick.evolve` takes them.
        coeffs: of the words of every observable.
    """
    return _forward(vectors, gates, coeffs, plan)[0]


def _forward(vectors: Any, gates: Any, coeffs: list[Any], plan: Plan) -> Any:
    tensors, _, states = brick.history(vectors, gates, plan.parity, plan.chi, 0.0, plan.method)
    values = [expectation(tensors, w, c) for w, c in zip(plan.words, coeffs, strict=True)]
    return values, (vectors, gates, coeffs, tensors, states, values)


def _backward(plan: Plan, kept: Any, slopes: list[Any]) -> Any:
    vectors, gates, coeffs, tensors, states, values = kept
    layers, n = gates.shape[0], vectors.shape[0]
    dtype = gates.dtype
    words = tuple(w for some in plan.words for w in some)
    scaled = [s * c.astype(s.dtype) for s, c in zip(slopes, coeffs, strict=True)]
    shift = -jnp.sum(jnp.stack(slopes) * jnp.stack(values))
    image = _image(tensors, (*words, ()), jnp.concatenate([*scaled, shift[None]]))
    size = jnp.sqrt(jnp.maximum(mps.norm_squared(image), 0))
    idle = states.shape[1] - n
    image = jnp.concatenate([image, mps.product(jnp.eye(1, 2, dtype=dtype), image.shape[1])[:idle]])
    if layers % 2 == 0:
        image = brick.mirrored(image)
    dual = MatrixProductState(image).truncated(plan.bond).tensors
    short = mps.norm_squared(dual)
    size = size * jnp.sqrt(short)
    dual = dual.at[-1].divide(jnp.sqrt(short).astype(dtype))
    framed = brick.framed(gates, n)
    rooms = brick.rooms(n, layers)

    def back(carry: Any, given: Any) -> Any:
        dual, size = carry
        state, gates, rooms = given
        slope = _layer(dual, state, gates, plan.parity) * size.astype(dtype)
        dual, share = brick.swept(dual, dag(gates), rooms, plan.parity, 0.0, plan.method)
        size = size * jnp.sqrt(jnp.prod(share))
        return (brick.mirrored(dual), size), slope

    (dual, size), slope = jax.lax.scan(back, (dual, size), (states, framed, rooms), reverse=True)
    slope = brick.framed(slope, n)  # its own inverse
    slope = jnp.pad(slope, ((0, 0), (0, gates.shape[1] - slope.shape[1]), (0, 0), (0, 0)))
    first = _product_slope(brick.mirrored(dual), vectors) * size.astype(dtype)
    pulled = [
        jax.vjp(partial(expectation, tensors, w), c)[1](s)[0]
        for w, c, s in zip(plan.words, coeffs, slopes, strict=True)
    ]
    return 2 * first, 2 * slope, pulled


energies.defvjp(_forward, _backward)


def _image(tensors: Any, words: tuple[Word, ...], coeffs: Any) -> Any:
    """The sum of words applied to the state, exactly: ``(n, w chi, 2, w chi)``."""
    n, chi = tensors.shape[:2]
    dtype = tensors.dtype
    table = automaton(words, n)
    values = jnp.where(table.word >= 0, coeffs.astype(dtype)[np.maximum(table.word, 0)], 1)
    values = jnp.where(table.used, values, 0)[:, :, None, None]
    site, w = np.arange(n)[:, None], table.states
    operator = jnp.zeros((n, w, w, 2, 2), dtype)
    operator = operator.at[site, table.source, table.target].add(
        values * jnp.asarray(LETTERS[table.letter], dtype)
    )
    # The chain ends in bond state ``end``: there it is 0, and no other state is in use.
    closed = jnp.zeros_like(operator[-1]).at[:, 0].set(operator[-1][:, table.end])
    operator = operator.at[-1].set(closed)
    joined = jnp.einsum("nwvab,nlbr->nwlavr", operator, tensors, precision=HIGHEST)
    return joined.reshape(n, w * chi, 2, w * chi)


def _pairs(tensors: Any, parity: int) -> tuple[Any, Any]:
    """Pairs as ``(p, 2, a, 2, c)`` and the site that is in none."""
    some = tensors[1:] if parity else tensors[:-1]
    alone = tensors[0] if parity else tensors[-1]
    count, chi = some.shape[0] // 2, some.shape[1]
    some = some.reshape(count, 2, chi, 2, chi)
    eye = jnp.broadcast_to(jnp.eye(4, dtype=some.dtype), (count, 4, 4))
    return grown(eye, some[:, 0], some[:, 1]), alone


def _layer(dual: Any, state: Any, gates: Any, parity: int) -> Any:
    """``<dual| .. E_ij .. |state>`` for every gate of a layer and each of its entries."""
    bras, bra = _pairs(dual, parity)
    kets, ket = _pairs(state, parity)
    count, _, chi = kets.shape[:3]
    bond = bras.shape[2]
    acted = mm(gates, kets.transpose(0, 1, 3, 2, 4).reshape(count, 4, -1))
    acted = acted.reshape(count, 2, 2, chi, chi).transpose(0, 1, 3, 2, 4)
    corner = mps.first(bond, chi, dual.dtype)

    def ahead(env: Any, pair: Any) -> Any:
        bra, ket = pair  # (2, bond, 2, bond), (2, chi, 2, chi)
        new = mm(env[None], ket.reshape(2, chi, 2 * chi)).reshape(2 * bond * 2, chi)
        return mm(dag(bra.reshape(2 * bond * 2, bond)), new), env

    def behind(env: Any, pair: Any) -> Any:
        bra, ket = pair
        new = mm(ket.reshape(2 * chi * 2, chi), env.T).reshape(2, chi, 2 * bond)
        closed = mm(jnp.conj(bra.reshape(2, bond, 2 * bond)), jnp.swapaxes(new, 1, 2))
        return jnp.sum(closed, axis=0), env

    start = mps.step(corner, bra, ket) if parity else corner
    end = corner if parity else _closed(bra, ket, corner)
    _, lefts = jax.lax.scan(ahead, start, (bras, acted))
    _, rights = jax.lax.scan(behind, end, (bras, acted), reverse=True)

    def one(given: Any) -> Any:
        bra, ket, left, right = given
        seen = mm(left[None], ket.reshape(2, chi, 2 * chi)).reshape(2 * bond * 2, chi)
        seen = mm(seen, right.T).reshape(2, bond, 2, bond).transpose(0, 2, 1, 3).reshape(4, -1)
        rows = bra.transpose(0, 2, 1, 3).reshape(4, -1)
        return mm(jnp.conj(rows), seen.T)

    return jax.lax.map(one, (bras, kets, lefts, rights))


def _closed(bra: Any, ket: Any, env: Any) -> Any:
    """One site of the overlap from the right; axes (bra bond, ket bond)."""
    bond, chi = bra.shape[0], ket.shape[0]
    new = mm(ket.reshape(2 * chi, chi), env.T).reshape(chi, 2 * bond)
    return mm(jnp.conj(bra.reshape(bond, 2 * bond)), new.T)


def _product_slope(dual: Any, vectors: Any) -> Any:
    """``<dual| .. e_s .. |product of vectors>`` for every site, ``(n, 2)``."""
    n, bond = vectors.shape[0], dual.shape[1]
    bras = jnp.conj(dual[:n])
    rows = jnp.einsum("nlsr,ns->nlr", bras, vectors, precision=HIGHEST)
    start = jnp.zeros(bond, dual.dtype).at[0].set(1)
    tail = start
    for site in dual[n:]:  # sites that stand idle hold |0>
        tail = jnp.conj(site[:, 0, 0])
    _, lefts = jax.lax.scan(lambda v, a: (mm(v, a), v), start, rows)
    _, rights = jax.lax.scan(lambda v, a: (mm(a, v), v), tail, rows, reverse=True)
    return jnp.einsum("nl,nlsr,nr->ns", lefts, bras, rights, precision=HIGHEST)
