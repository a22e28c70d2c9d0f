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

        # Everything traced is an argument: a derivative rule must not close over tracers.
        @jax.custom_jvp
        def value(leaves: list[Any], asked: list[Any], key: Any) -> Any:
            return inner(leaves, asked, jax.random.split(key)[0])

        @value.defjvp
        def _(primals: Any, tangents: Any) -> Any:
            (leaves, asked, key), (moved, asked_moved, _) = primals, tangents
            key_value, key_slope = jax.random.split(key)
            out, exact = jax.jvp(lambda q: inner(leaves, q, key_value), (asked,), (asked_moved,))
            slopes = jax.vmap(lambda k: self._slope(inner, leaves, asked, moved, k))(
                jax.random.split(key_slope, self.samples)
            )
            return out, jax.tree.map(lambda e, s: e + jnp.mean(s, axis=0), exact, slopes)

        def program(leaves: Sequence[Any], query_leaves: Sequence[Any], key: Any) -> Any:
            arrays = [[jnp.asarray(x) for x in part] for part in (leaves, query_leaves)]
            return value(*arrays, key)

        return program

    def _slope(
        self, inner: Program, leaves: list[Any], asked: Sequence[Any], moved: list[Any], key: Any
    ) -> Any:
        """The derivative along ``moved``, estimated from one random direction."""
        key_run, key = jax.random.split(key)
        signs = [
            jax.random.rademacher(k, x.shape, x.dtype)
            if jnp.issubdtype(x.dtype, jnp.floating)
            else None
            for k, x in zip(jax.random.split(key, max(len(leaves), 1)), leaves, strict=False)
        ]

        def shifted(c: float) -> Any:
            turned = [x if s is None else x + c * s for x, s in zip(leaves, signs, strict=True)]
            return inner(turned, asked, key_run)

        along = [jnp.sum(s * t) for s, t in zip(signs, moved, strict=True) if s is not None]

        def slope(ahead: Any, behind: Any) -> Any:
            total = sum((a.astype(ahead.dtype) for a in along), jnp.zeros((), ahead.dtype))
            return (ahead - behind) / (2 * self.c) * total

        return jax.tree.map(slope, shifted(self.c), shifted(-self.c))
