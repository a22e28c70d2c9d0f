"""Functions of a layer that compile themselves, so that eager calls are fast as well."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import jax

from qjax.nn.qkan.circuit_ansatz import CircuitAnsatz

F = TypeVar("F", bound=Callable[..., Any])


def compiled(*static: str) -> Callable[[F], F]:
    """Decorator: compile the function as a whole, once per shapes and static arguments.

    Called operation by operation, a layer would compile a hundred tiny programs. Within a
    surrounding `jax.jit` the function is inlined and nothing changes. A user's circuit is not
    compiled here: it may close over traced values, and its verbs compile themselves.

    Args:
        static: names of the keyword-only arguments that are part of the program; one of them is
            ``ansatz``.
    """

    def decorate(function: F) -> F:
        program = jax.jit(function, static_argnames=static, inline=True)

        @wraps(function)
        def call(*arrays: Any, **options: Any) -> Any:
            users = isinstance(options["ansatz"], CircuitAnsatz)
            return (function if users else program)(*arrays, **options)

        return call  # pyright: ignore[reportReturnType]

    return decorate
