"""Unitary coupled cluster on the determinants of a sector, in real numbers.

``K = T - T'`` of an excitation joins determinants in pairs, so ``exp(t K)`` turns every pair by t:
``psi + (cos t - 1) |K| psi + sin t K psi``, a gather and a sign. Backwards the state is turned back
instead of stored, and the transpose of a gather is a gather.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ..errors import ParameterError
from ..observables import Excitation
from .sector import Sector


class Tables(NamedTuple):
    """``(K psi)[d] = sign[d] psi[partner[d]]`` of every excitation.

    Attributes:
        partner: ``(excitations, size)``; a determinant without a partner has itself.
        sign: ``(excitations, size)``, 1, -1, or 0 where there is no partner.
    """

    partner: Int[Array, "excitations size"]
    sign: Float[Array, "excitations size"]

    @classmethod
    def of(cls, excitations: Sequence[Excitation], sector: Sector, dtype: Any = None) -> Tables:
        """The tables of excitations in a sector.

        Args:
            excitations: that conserve the electrons of either spin.
            sector: on which they act.
            dtype: of the signs; default that of JAX.

        Example:
            >>> from qjax.chemistry import Sector, Tables
            >>> from qjax.observables import Excitation
            >>> Tables.of([Excitation((0,), (2,))], Sector(2, 1, 1)).sign.shape
            (1, 4)
        """
        index, n = sector.indices, sector.modes
        partner = np.tile(np.arange(len(index)), (len(excitations), 1))
        sign = np.zeros((len(excitations), len(index)))
        for k, (out, into) in enumerate(excitations):
            full = sum(1 << (n - 1 - m) for m in out)
            empty = sum(1 << (n - 1 - m) for m in into)
            source = np.flatnonzero(((index & full) == full) & ((index & empty) == 0))
            bits, parity = index[source].copy(), np.zeros(len(source), int)
            # the right-most ladder operator acts first: out in its order, then into backwards
            for mode in (*out, *reversed(into)):
                before = 2**n - 2 ** (n - mode)
                parity += np.bitwise_count(bits & before).astype(int)
                bits = bits ^ (1 << (n - 1 - mode))
            target = np.searchsorted(index, bits)
            value = 1.0 - 2.0 * (parity % 2)
            partner[k, target], sign[k, target] = source, value
            partner[k, source], sign[k, source] = target, -value
        return cls(
            jnp.asarray(partner), jnp.asarray(sign, jnp.zeros(()).dtype if dtype is None else dtype)
        )


def _turn(state: Array, angle: Array, partner: Array, sign: Array) -> Array:
    c, s = jnp.cos(angle), jnp.sin(angle)
    return state * (1 + (c - 1) * sign * sign) + s * sign * state[partner]


@jax.custom_vjp
def _run(tables: Tables, angles: Array, state: Array) -> Array:
    def step(psi: Array, item: Any) -> tuple[Array, None]:
        angle, partner, sign = item
        return _turn(psi, angle, partner, sign), None

    return jax.lax.scan(step, state, (angles, *tables))[0]


def _forward(tables: Tables, angles: Array, state: Array) -> Any:
    out = _run(tables, angles, state)
    return out, (tables, angles, out)


def _backward(saved: Any, cotangent: Array) -> Any:
    tables, angles, out = saved

    def step(pair: Any, item: Any) -> Any:
        psi, bar = pair
        angle, partner, sign = item
        slope = jnp.sum(bar * sign * psi[partner])
        pair = (_turn(psi, -angle, partner, sign), _turn(bar, -angle, partner, sign))
        return pair, slope

    (_, bar), slopes = jax.lax.scan(step, (out, cotangent), (angles, *tables), reverse=True)
    whole: Any = np.zeros(tables.partner.shape, jax.dtypes.float0)  # integers have no cotangent
    none = Tables(whole, jnp.zeros_like(tables.sign))
    return none, slopes, bar


_run.defvjp(_forward, _backward)


def apply_excitations(tables: Tables, angles: Any, state: Any) -> Float[Array, " size"]:
    """``exp(angle (T - T'))`` of every excitation in turn, the first one first.

    Args:
        tables: of the excitations.
        angles: radians, ``(excitations,)``.
        state: ``(size,)``, real.

    Returns:
        A real state, ``(size,)``; differentiable in reverse mode, in angles and state.

    Raises:
        ParameterError: arrays of other shapes.

    The same state as that of `qjax.templates.uccsd`, which is a circuit.
    """
    sign = tables.sign
    angles, state = (jnp.asarray(x).astype(sign.dtype) for x in (angles, state))
    if angles.shape != sign.shape[:1] or state.shape != sign.shape[1:]:
        raise ParameterError(
            "apply_excitations: angles and state do not fit the tables",
            expected=f"shapes {sign.shape[:1]} and {sign.shape[1:]}",
            got=f"{angles.shape} and {state.shape}",
        )
    return _run(tables, angles, state)


def sector_energy(matrix: Any, tables: Tables, angles: Any, state: Any) -> Float[Array, ""]:
    """``<psi|H|psi>`` after excitations.

    Args:
        matrix: of H, as of `Sector.matrix`, ``(size, size)``; may be traced.
        tables: of the excitations.
        angles: radians, ``(excitations,)``.
        state: to start from, ``(size,)``.

    Returns:
        A real scalar.

    Example:
        >>> import numpy as np, qjax as qj
        >>> from qjax.chemistry import Sector, Tables, sector_energy
        >>> h2, sector = qj.molecule("h2"), Sector(2, 1, 1)
        >>> tables = Tables.of(qj.observables.uccsd_excitations(2, 2), sector)
        >>> matrix = sector.matrix(h2.hamiltonian)
        >>> hartree_fock = sector_energy(matrix, tables, np.zeros(3), sector.reference())
        >>> abs(float(hartree_fock) - h2.hf_energy) < 1e-6
        True
    """
    psi = apply_excitations(tables, angles, state)
    h = jnp.asarray(matrix).astype(psi.dtype)
    return jnp.dot(psi, jnp.dot(h, psi, precision="highest"), precision="highest")


def pool_gradients(matrix: Any, pool: Tables, state: Any) -> Float[Array, " excitations"]:
    """The slope of the energy at angle 0 of every excitation of a pool: ``2 <H psi|K psi>``.

    All of them are one gather and one matrix product.

    Args:
        matrix: of H, ``(size, size)``.
        pool: tables of the excitations.
        state: ``(size,)``, real and normalised.

    Returns:
        ``(excitations,)``.

    Source: Grimsley, Economou, Barnes and Mayhall, arXiv:1812.11173.
    """
    psi = jnp.asarray(state).astype(pool.sign.dtype)
    h_psi = jnp.dot(jnp.asarray(matrix).astype(psi.dtype), psi, precision="highest")
    return 2 * jnp.matmul(pool.sign * psi[pool.partner], h_psi, precision="highest")
