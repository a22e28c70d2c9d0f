"""How templates take their parameters: real arrays of a shape that is written down as text."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..circuit.operations import is_concrete
from ..errors import ParameterError


def as_parameters(
    value: Any, shape: tuple[str | int, ...], name: str, fix: str, least: int = 1
) -> Any:
    """``value`` as a real array of that shape: NumPy float64, or JAX as it is.

    Args:
        value: anything array-like.
        shape: sizes that must be met (integers), and names of sizes that are free.
        name: template and argument, for the message.
        fix: how to get the shape right.
        least: the least that free sizes may be.

    Raises:
        ParameterError: not real, not finite, or of another shape.
    """
    if not isinstance(value, jax.Array):
        try:
            value = np.asarray(value)
        except ValueError:  # ragged lists
            value = np.asarray(None)
    if not (jnp.issubdtype(value.dtype, jnp.floating) or jnp.issubdtype(value.dtype, jnp.integer)):
        raise ParameterError(f"{name} must be an array of real numbers", got=f"{value!r:.60}")
    fits = len(value.shape) == len(shape) and all(
        got >= least if isinstance(want, str) else got == want
        for got, want in zip(value.shape, shape, strict=True)
    )
    if not fits:
        text = f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
        raise ParameterError(
            f"{name} has the wrong shape",
            expected=f"shape {text}",
            got=f"shape {tuple(value.shape)}",
            fix=fix,
        )
    if is_concrete(value) and not np.all(np.isfinite(np.asarray(value))):
        raise ParameterError(f"{name} must be finite", got="NaN or infinity")
    if isinstance(value, np.ndarray):
        return value.astype(np.float64)
    return value if jnp.issubdtype(value.dtype, jnp.floating) else value.astype(float)


def of_one_kind(*arrays: Any) -> tuple[Any, ...]:
    """The arrays in one dtype: NumPy ones follow the JAX ones, narrow ones the widest."""
    traced = [a.dtype for a in arrays if isinstance(a, jax.Array)]
    if not traced:
        return arrays
    dtype = np.result_type(*traced)
    return tuple(jnp.asarray(a, dtype) for a in arrays)
