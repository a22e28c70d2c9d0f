"""Simultaneous perturbation: a gradient estimate from two evaluations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero

from ..errors import ParameterError, UnsupportedError
from ..simulators.protocol import ExpvalQuery, Program, Query, Simulator, Structure


@dataclass(frozen=True)
class SPSA:
    """Stochastic gradients of expectation values from random simultaneous shifts.

    Needs a key. The estimate's mean is the gradient up to terms of order ``c**2``; it holds for
    any simulator and any gate. Differentiate in reverse or forward mode, once. Value and gradient
    are one batch of ``2 samples + 1`` runs, so one job of a `qjax.hardware.Device`.

    Args:
        c: size of the perturbation (radians), positive.
        samples: how many random directions are averaged.

    Raises:
        ParameterError: c or samples not positive.

    Source: Spall, IEEE Trans. Automat. Control 37, 332 (1992), equation (2.2).
    """

    c: float = 0.01
    samples: int = 1

    def __post_init__(self) -> None:
        if not self.c > 0:
            raise ParameterError("SPSA: c must be positive", got=self.c)
        if isinstance(self.samples, bool) or not isinstance(self.samples, int) or self.samples < 1:
            raise ParameterError("SPSA: samples must be a positive integer", got=self.samples)

    @property
    def random(self) -> bool:
        return True

    def program(self, sim: Simulator, structure: Structure, query: Query) -> Program:
        if not isinstance(query, ExpvalQuery):
            raise UnsupportedError(
                f"SPSA differentiates expectation values, not a {type(query).__name__}",
                fix="use gradient=qjax.Backprop()",
            )
        inner = sim.compile(structure, query)

        # Everything traced is an argument: a derivative rule must not close over tracers.
        @jax.custom_jvp
        def value(leaves: list[Any], asked: list[Any], key: Any) -> Any:
            return inner(leaves, asked, jax.random.split(key)[0])

        def rule(primals: Any, tangents: Any) -> Any:
            (leaves, asked, key), (moved, asked_moved, _) = primals, tangents
            key_value, key_slope = jax.random.split(key)
            signs, run_keys = _directions(leaves, jax.random.split(key_slope, self.samples))
            stacked = [
                _shifted(x, s, self.c, self.samples) for x, s in zip(leaves, signs, strict=True)
            ]
            keys = jnp.concatenate([key_value[None], run_keys, run_keys])

            def results(asked: Any) -> Any:
                return jax.vmap(inner, (0, None, 0))(stacked, asked, keys)

            if all(isinstance(t, SymbolicZero) for t in asked_moved):
                found = results(asked)
                exact = jax.tree.map(jnp.zeros_like, found)
            else:
                dense = [
                    jnp.zeros_like(a) if isinstance(t, SymbolicZero) else t
                    for a, t in zip(asked, asked_moved, strict=True)
                ]
                found, exact = jax.jvp(results, (asked,), (dense,))
            along = _along(signs, moved, self.samples) / (2 * self.c * self.samples)

            def slope(x: Any, e: Any) -> Any:
                ahead, behind = x[1 : 1 + self.samples], x[1 + self.samples :]
                return e[0] + jnp.tensordot(along.astype(x.dtype), ahead - behind, 1)

            return jax.tree.map(lambda x: x[0], found), jax.tree.map(slope, found, exact)

        value.defjvp(rule, symbolic_zeros=True)

        def program(leaves: Sequence[Any], query_leaves: Sequence[Any], key: Any) -> Any:
            arrays = [[jnp.asarray(x) for x in part] for part in (leaves, query_leaves)]
            return value(*arrays, key)

        return program


def _directions(leaves: list[Any], keys: Any) -> tuple[list[Any], Any]:
    """Random signs for every real leaf, ``(samples, ...)``; a key for each direction's runs."""
    both = jax.vmap(jax.random.split)(keys)
    each = jax.vmap(lambda k: jax.random.split(k, max(len(leaves), 1)))(both[:, 1])
    signs = [
        jax.vmap(lambda k, x=x: jax.random.rademacher(k, x.shape, x.dtype))(each[:, i])
        if jnp.issubdtype(x.dtype, jnp.floating)
        else None
        for i, x in enumerate(leaves)
    ]
    return signs, both[:, 0]


def _shifted(x: Any, signs: Any, c: float, samples: int) -> Any:
    """The point itself, then a step along every direction, then a step back."""
    if signs is None:
        return jnp.broadcast_to(x[None], (2 * samples + 1, *x.shape))
    return x[None] + c * jnp.concatenate([jnp.zeros_like(x)[None], signs, -signs])


def _along(signs: list[Any], moved: Sequence[Any], samples: int) -> Any:
    """The component of a tangent along every direction, ``(samples,)``."""
    total = jnp.zeros(samples)
    for s, t in zip(signs, moved, strict=True):
        if s is not None and not isinstance(t, SymbolicZero):
            total = total + jnp.sum(s * t[None], axis=tuple(range(1, s.ndim))).astype(total.dtype)
    return total
