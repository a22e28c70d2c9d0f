"""Refusing to differentiate what has no derivative, instead of returning a silent zero."""

from __future__ import annotations

from typing import Any

import jax

from ..errors import UnsupportedError


def refuse_derivative(leaves: list[Any], verb: str, fix: str) -> list[Any]:
    """``leaves``, unchanged; differentiating with respect to them raises `UnsupportedError`."""

    @jax.custom_jvp
    def guard(leaves: list[Any]) -> list[Any]:
        return leaves

    @guard.defjvp
    def _(primals: Any, tangents: Any) -> Any:
        raise UnsupportedError(
            f"{verb} cannot be differentiated: its result is random and piecewise constant, so "
            "automatic differentiation would return 0",
            fix=fix,
        )

    return guard(leaves)
