"""Refusing to differentiate what has no derivative, instead of returning a silent zero."""

from __future__ import annotations

from typing import Any

import jax

from ..errors import QjaxError


def refuse_derivative(values: Any, error: QjaxError) -> Any:
    """``values`` (a pytree), unchanged; differentiating them raises the error."""

    @jax.custom_jvp
    def guard(values: Any) -> Any:
        return values

    @guard.defjvp
    def _(primals: Any, tangents: Any) -> Any:
        raise error.with_traceback(None)

    return guard(values)
