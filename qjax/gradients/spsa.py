"""Simultaneous perturbation: a gradient estimate from two evaluations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from ..errors import ParameterError, UnsupportedError
from ..simulators.protocol import ExpvalQuery, Program, Query, Simulator, Structure


@dataclass(frozen=True)
class SPSA:
    """Stochastic gradients of expectation values from random simultaneous shifts.

    Needs a key. The estimate's mean is the gradient up to terms of order ``c**2``; it holds for
    any simulator and any gate. Differentiate in reverse or forward mode, once.

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

        def program(leaves: Sequence[Any], query_leaves: Sequence[Any], key: Any) -> Any:
            key_value, key_slope = jax.random.split(key)

            @jax.custom_jvp
            def value(leaves: list[Any]) -> Any:
                return inner(leaves, query_leaves, key_value)

            @value.defjvp
            def _(primals: Any, tangents: Any) -> Any:
                (leaves,), (moved,) = primals, tangents
                keys = jax.random.split(key_slope, self.samples)
                slopes = jax.vmap(lambda k: self._slope(inner, leaves, query_leaves, moved, k))(
                    keys
                )
                return value(leaves), jax.tree.map(lambda s: jnp.mean(s, axis=0), slopes)

            return value([jnp.asarray(x) for x in leaves])

        return program

    def _slope(
        self, inner: Program, leaves: list[Any], asked: Sequence[Any], moved: list[Any], key: Any
    ) -> Any:
        key_run, key = jax.random.split(key)
        keys = jax.random.split(key, max(len(leaves), 1))
        real = [jnp.issubdtype(x.dtype, jnp.floating) for x in leaves]
        signs = [
            jax.random.rademacher(k, x.shape, x.dtype) if r else jnp.zeros_like(x)
            for k, x, r in zip(keys, leaves, real, strict=False)
        ]
        ahead = inner([x + self.c * s for x, s in zip(leaves, signs, strict=True)], asked, key_run)
        behind = inner([x - self.c * s for x, s in zip(leaves, signs, strict=True)], asked, key_run)
        along = [jnp.sum(s * t) for s, t, r in zip(signs, moved, real, strict=True) if r]
        if not along:
            return jax.tree.map(jnp.zeros_like, ahead)
        total = sum(along[1:], along[0])
        return jax.tree.map(
            lambda a, b: (a - b) / (2 * self.c) * total.astype(a.dtype), ahead, behind
        )
