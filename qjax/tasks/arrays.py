"""Arguments of this package as NumPy float64 arrays, and NumPy generators from JAX keys."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import DataError, KeyRequiredError


def as_series(x: Any, name: str) -> np.ndarray:
    """``x`` as float64 with a leading axis of time.

    Raises:
        DataError: a scalar, an empty series, or values that are not finite.
    """
    out = np.asarray(x, np.float64)
    if out.ndim == 0 or len(out) == 0:
        raise DataError(f"{name} must be a series", expected="shape (time, ...)", got=out.shape)
    if not np.isfinite(out).all():
        raise DataError(f"{name} must be finite", got="NaN or infinity")
    return out


def as_scalars(x: Any, name: str) -> np.ndarray:
    """``x`` as a float64 series of scalars, shape (T,); (T, 1) is accepted.

    Raises:
        DataError: another shape.
    """
    out = as_series(x, name)
    if out.ndim == 2 and out.shape[1] == 1:
        return out[:, 0]
    if out.ndim != 1:
        raise DataError(f"{name} must hold one number per step", expected="(T,)", got=out.shape)
    return out


def positive(value: Any, name: str, least: int = 1) -> int:
    """``value`` as an integer of at least ``least``.

    Raises:
        DataError: anything else.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise DataError(f"{name} must be an integer of at least {least}", got=repr(value))
    return int(value)


def generator(key: Any) -> np.random.Generator:
    """A NumPy generator seeded with the bits of a JAX key: float64 in every mode of JAX.

    Raises:
        KeyRequiredError: not one key.
    """
    dtype = getattr(key, "dtype", None)
    if dtype is None or not jnp.issubdtype(dtype, jax.dtypes.prng_key) or key.shape != ():
        raise KeyRequiredError(
            "key must be one PRNG key", got=repr(key)[:60], fix="pass key=jax.random.key(0)"
        )
    return np.random.default_rng(np.asarray(jax.random.key_data(key)).ravel().tolist())
