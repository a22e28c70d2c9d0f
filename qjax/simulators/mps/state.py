"""Matrix product states as one array ``(n, chi, 2, chi)``: contractions that need no circuit.

The left bond of site 0 and the right bond of the last site have only their first entry in use.
Bonds of lower dimension are padded with zeros. Nothing here assumes a canonical form.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .basis import dag, leading, mm


def product(vectors: Any, chi: int) -> Any:
    """The product of one-site vectors ``(n, 2)``."""
    n = vectors.shape[0]
    return jnp.zeros((n, chi, 2, chi), vectors.dtype).at[:, 0, :, 0].set(vectors)


def step(env: Any, bra: Any, ket: Any) -> Any:
    """One site of ``<bra|ket>`` from the left: ``env`` has axes (bra bond, ket bond)."""
    chi_bra, chi_ket = bra.shape[0], ket.shape[0]
    right = mm(env, ket.reshape(chi_ket, -1)).reshape(2 * chi_bra, -1)
    return mm(dag(bra.reshape(2 * chi_bra, -1)), right)


def first(chi_bra: int, chi_ket: int, dtype: Any) -> Any:
    """The empty environment at the left end."""
    return jnp.zeros((chi_bra, chi_ket), dtype).at[0, 0].set(1)


def overlap(bra: Any, ket: Any) -> Any:
    """``<bra|ket>``."""

    def one(env: Any, pair: Any) -> Any:
        return step(env, *pair), None

    start = first(bra.shape[1], ket.shape[1], ket.dtype)
    return jax.lax.scan(one, start, (bra, ket))[0][0, 0]


def norm_squared(tensors: Any) -> Any:
    """``<psi|psi>``, real."""
    return jnp.real(overlap(tensors, tensors))


def right_environments(tensors: Any) -> Any:
    """What lies right of every site, ``(n, chi, chi)`` with axes (ket, bra)."""
    chi = tensors.shape[1]

    def one(env: Any, a: Any) -> Any:
        up = mm(a.reshape(2 * chi, chi), env).reshape(chi, 2 * chi)
        return mm(up, dag(a.reshape(chi, 2 * chi))), env

    last = jnp.zeros((chi, chi), tensors.dtype).at[0, 0].set(1)
    return jax.lax.scan(one, last, tensors, reverse=True)[1]


def dense(tensors: Any) -> Any:
    """All amplitudes, ``(2**n,)``; site 0 is the most significant bit."""
    chi = tensors.shape[1]
    out = tensors[0][0]
    for a in tensors[1:]:
        out = mm(out, a.reshape(chi, 2 * chi)).reshape(-1, chi)
    return out[:, 0]


def amplitudes(tensors: Any, bits: Any) -> Any:
    """Amplitudes of bit strings ``(k, n)``; ``(k,)``."""
    count, chi = bits.shape[0], tensors.shape[1]

    def one(rows: Any, site: Any) -> Any:
        a, b = site
        both = mm(rows, a.reshape(chi, 2 * chi)).reshape(count, 2, chi)
        return jnp.where(b[:, None] == 1, both[:, 1], both[:, 0]), None

    start = jnp.zeros((count, chi), tensors.dtype).at[:, 0].set(1)
    rows, _ = jax.lax.scan(one, start, (tensors, jnp.asarray(bits).T))
    return rows[:, 0]


def reduced(tensors: Any, sites: tuple[int, ...], diagonal: bool = False) -> Any:
    """The density matrix of ascending sites, ``(2**k, 2**k)``, or its diagonal; not normalised."""
    chi = tensors.shape[1]
    env = first(chi, chi, tensors.dtype)[None]  # (open indices, bra, ket)
    done = 0

    def closed(env: Any, a: Any) -> Any:
        return jax.vmap(lambda e: step(e, a, a))(env), None

    def opened(env: Any, a: Any, bra: int, ket: int) -> Any:
        return mm(dag(a[:, bra])[None], mm(env, a[:, ket]))

    for s in sites:
        if s > done:
            env, _ = jax.lax.scan(closed, env, tensors[done:s])
        if diagonal:
            both = jnp.stack([opened(env, tensors[s], b, b) for b in (0, 1)], axis=1)
            env = both.reshape(-1, chi, chi)
        else:  # open indices are (ket bits, bra bits)
            size = int(np.sqrt(env.shape[0]))
            all_four = [[opened(env, tensors[s], b, c) for b in (0, 1)] for c in (0, 1)]
            four = jnp.stack([jnp.stack(row) for row in all_four])
            four = four.reshape(2, 2, size, size, chi, chi).transpose(2, 0, 3, 1, 4, 5)
            env = four.reshape(-1, chi, chi)
        done = s + 1
    rest = right_environments(tensors)[done - 1]
    out = jnp.sum(env * rest.T[None], axis=(1, 2))
    if diagonal:
        return jnp.real(out)
    size = 2 ** len(sites)
    return out.reshape(size, size)


def canonical(tensors: Any) -> Any:
    """The same state, right-canonical, its centre at site 0 and normalised; no derivative."""
    chi = tensors.shape[1]

    def one(rest: Any, a: Any) -> Any:
        # a rest = r q with orthonormal rows of q
        joint = mm(a.reshape(2 * chi, chi), rest).reshape(chi, 2 * chi)
        q, r = jnp.linalg.qr(dag(joint))
        r = r / jnp.maximum(jnp.linalg.norm(r), jnp.finfo(r.dtype).tiny).astype(r.dtype)
        return dag(r), dag(q).reshape(chi, 2, chi)

    end = jnp.zeros((chi, chi), tensors.dtype).at[0, 0].set(1)
    rest, out = jax.lax.scan(one, end, tensors[1:], reverse=True)
    head = mm(tensors[0].reshape(2 * chi, chi), rest).reshape(chi, 2, chi)
    head = head / jnp.linalg.norm(head[0]).astype(head.dtype)
    return jnp.concatenate([head[None], out])


def sample(tensors: Any, key: Any, shots: int) -> Any:
    """Bits of ``shots`` measurements of all sites, uint8 ``(shots, n)``.

    Source: perfect sampling, Ferris and Vidal, PRB 85, 165146 (2012).
    """
    tensors = canonical(tensors)
    n, chi = tensors.shape[:2]
    real = jnp.finfo(tensors.dtype).dtype

    def one(rows: Any, site: Any) -> Any:
        a, key = site
        both = mm(rows, a.reshape(chi, 2 * chi)).reshape(shots, 2, chi)
        weight = jnp.sum(jnp.real(both) ** 2 + jnp.imag(both) ** 2, axis=2)
        u = jax.random.uniform(key, (shots,), real)
        bit = u * (weight[:, 0] + weight[:, 1]) >= weight[:, 0]
        chosen = jnp.where(bit[:, None], both[:, 1], both[:, 0])
        norm = jnp.sqrt(jnp.where(bit, weight[:, 1], weight[:, 0]))
        return chosen / norm[:, None].astype(chosen.dtype), bit.astype(jnp.uint8)

    start = jnp.zeros((shots, chi), tensors.dtype).at[:, 0].set(1)
    _, bits = jax.lax.scan(one, start, (tensors, jax.random.split(key, n)))
    return bits.T


def schmidt_values(tensors: Any) -> Any:
    """Schmidt values across every bond, descending, ``(n - 1, chi)``, normalised."""
    tensors = canonical(tensors)
    chi = tensors.shape[1]

    def one(centre: Any, a: Any) -> Any:
        _, s, v = jnp.linalg.svd(centre.reshape(2 * chi, chi), full_matrices=False)
        carried = s.astype(a.dtype)[:, None] * v
        return mm(carried, a.reshape(chi, 2 * chi)).reshape(chi, 2, chi), s

    _, values = jax.lax.scan(one, tensors[0], tensors[1:])
    return values / jnp.sqrt(jnp.sum(values**2, axis=1, keepdims=True))


def from_dense(vector: Any, chi: int, cutoff: float = 0.0, method: str = "auto") -> Any:
    """The state with these amplitudes, ``(2**n,)``, as right-canonical tensors of bond at most
    ``chi``, by successive decompositions from the right; the norm stays in the first tensor.

    Source: Oseledets, SIAM J. Sci. Comput. 33, 2295 (2011).
    """
    n = int(np.log2(vector.shape[0]))
    rest, right, tensors = vector.reshape(-1, 1), 1, []
    for k in range(n - 1, 0, -1):
        theta = rest.reshape(2**k, 2 * right)
        width = min(chi, 2 * right, 2**k)
        if 2 * right <= width:
            v = jnp.eye(2 * right, dtype=vector.dtype)
        else:
            rows = max(2 * right - 2**k, 0)
            v = leading(
                jnp.pad(theta, ((0, rows), (0, 0)))[None],
                np.full(1, width, np.int32),
                width,
                method,
            )[0]
        rest = mm(theta, dag(v))
        if cutoff > 0:
            weight = jnp.sum(jnp.abs(rest) ** 2, axis=0)
            some = weight > cutoff * jnp.sum(weight)
            v, rest = jnp.where(some[:, None], v, 0), jnp.where(some[None], rest, 0)
        a = v.reshape(width, 2, right)
        tensors.append(jnp.pad(a, ((0, chi - width), (0, 0), (0, chi - right))))
        right = width
    head = jnp.pad(rest.reshape(1, 2, right), ((0, chi - 1), (0, 0), (0, chi - right)))
    return jnp.stack([head, *tensors[::-1]])
