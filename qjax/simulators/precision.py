"""The dtype and precision of a simulator: checked when it is made, resolved when it is used."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from ..errors import ParameterError, UnsupportedError

_REAL = {
    "complex64": "float32",
    "complex128": "float64",
    "float32": "float32",
    "float64": "float64",
}


def check_dtype(dtype: Any, owner: str, real: bool = False) -> str | None:
    """The name of a complex dtype (with ``real`` also of a real one); None where none was given.

    Raises:
        ParameterError: another dtype.
    """
    if dtype is None:
        return None
    try:
        name = np.dtype(dtype).name
    except TypeError:
        name = str(dtype)
    if name not in _REAL or not (real or name.startswith("complex")):
        raise ParameterError(
            f"{owner}: dtype is not a state's",
            expected="complex64 or complex128",
            got=repr(dtype),
        )
    return name


def check_precision(name: str, owner: str) -> None:
    """Refuse what is not the name of a precision.

    Raises:
        ParameterError: another precision.
    """
    if name not in ("default", "high", "highest"):
        raise ParameterError(
            f"{owner}: precision is not one that XLA knows",
            expected='"highest", "high" or "default"',
            got=repr(name),
        )


def resolve_dtype(name: str | None, owner: str) -> str:
    """The dtype made explicit: complex128 where JAX's x64 mode is on, else complex64.

    Raises:
        UnsupportedError: double precision without JAX's x64 mode, or on a TPU.
    """
    x64 = bool(jax.config.read("jax_enable_x64"))
    name = name or ("complex128" if x64 else "complex64")
    if _REAL[name] == "float64":
        if not x64:
            raise UnsupportedError(
                f"{owner}: dtype {name} needs JAX's x64 mode",
                fix='call jax.config.update("jax_enable_x64", True) at the start, or use complex64',
            )
        if jax.default_backend() == "tpu":
            raise UnsupportedError(f"{owner}: TPUs have no {name}", fix=f'use {owner}("complex64")')
    return name


def real_dtype(name: str | None, owner: str) -> Any:
    """The dtype of real and imaginary parts."""
    return np.dtype(_REAL[resolve_dtype(name, owner)])
