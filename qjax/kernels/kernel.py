"""What all kernels share: how points come in, and one compiled program for each kernel."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..errors import DataError


class Kernel:
    """A positive semidefinite function of two points, asked for as a matrix.

    Subclasses give `_matrix(x, z, key, shots)`, pure and traceable.
    """

    def __call__(
        self, x: Any, z: Any = None, *, key: Any = None, shots: int | None = None
    ) -> Float[Array, "n m"]:
        """The kernel matrix.

        Args:
            x: points, shape ``(n, features)``.
            z: other points, shape ``(m, features)``; without them, or with ``x`` itself, the
                matrix is symmetric and only half of it is computed.
            key: a PRNG key, required when shots or the simulator are random.
            shots: measurements per entry (or per feature, see the kernel); None is exact.

        Returns:
            Real, shape ``(n, m)``.

        Raises:
            DataError: points of another shape, or not finite.
        """
        same = z is None or z is x
        x = as_points(x, f"{type(self).__name__}: x")
        z = None if same else as_points(z, f"{type(self).__name__}: z")
        if z is not None and z.shape[1:] != x.shape[1:]:
            raise DataError(
                f"{type(self).__name__}: x and z must have the same features",
                got=f"{x.shape[1:]} and {z.shape[1:]}",
            )
        self._check(key, shots)
        return self._compiled(x, z, key, shots)

    def _check(self, key: Any, shots: int | None) -> None:
        raise NotImplementedError

    def _matrix(self, x: Any, z: Any, key: Any, shots: int | None) -> Any:
        raise NotImplementedError

    @cached_property
    def _compiled(self) -> Any:
        return jax.jit(self._matrix, static_argnums=3)

    # A kernel is immutable. scikit-learn copies what it is given, joblib pickles it; the compiled
    # program can do neither and is made anew.
    def __deepcopy__(self, memo: Any) -> Kernel:
        return self

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if not isinstance(v, type(_A_JITTED))}


_A_JITTED = jax.jit(lambda: None)


def as_points(value: Any, name: str) -> Array:
    """``value`` as a floating-point array with a leading axis of points.

    Raises:
        DataError: not numbers, no axis of points, no points, or not finite.
    """
    if not isinstance(value, jax.Array):
        try:
            value = np.asarray(value)
        except ValueError:
            value = np.asarray(None)
    numeric = value.dtype.kind in "biuf" or jnp.issubdtype(value.dtype, jnp.floating)
    if not numeric or value.ndim < 2 or value.shape[0] == 0:
        raise DataError(
            f"{name} must hold points as rows",
            expected="real numbers of shape (points, features)",
            got=f"{value.dtype} of shape {value.shape}",
            fix="reshape a single point to (1, features)",
        )
    if isinstance(value, np.ndarray):
        if not np.all(np.isfinite(value)):
            raise DataError(f"{name} must be finite", got="NaN or infinity")
        return jnp.asarray(value, float)
    return value if jnp.issubdtype(value.dtype, jnp.floating) else value.astype(float)
