"""Refusing to differentiate what has no derivative, instead of returning a silent zero."""

from __future__ import annotations

from typing import Any

import jax

from ..errors import UnsupportedError


def refuse_derivative(values: Any, why: str, fix: str) -> Any:
    """``values`` (a pytree), unchanged; differentiating them raises `UnsupportedError`."""

    @jax.custom_jvp
    def guard(values: Any) -> Any:
        return values

    @guard.defjvp
    def _(primals: Any, tangents: Any) -> Any:
        raise UnsupportedError(why, fix=fix)

    return guard(values)
