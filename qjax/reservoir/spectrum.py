"""The channel that a reservoir applies for one input: superoperator, spectrum, memory time."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..errors import CapacityError, UnsupportedError

LARGEST = 2048  # rows of a superoperator whose eigenvalues are computed


def superoperator(reservoir: Any, u: Any, *, sim: Any = None) -> np.ndarray:
    """The linear map that one step applies to the state, for a fixed input.

    For gate reservoirs (and Ising reservoirs with ``sim=qjax.DensityMatrix()``) the real
    ``(4**n, 4**n)`` matrix on Pauli components; for Ising reservoirs the reduced one, with the
    same eigenvalues but for zeros (and, for mixed inputs, those of odd parity).

    Args:
        reservoir: with one linear step for each input; its arrays are concrete.
        u: the input.
        sim: as for `Reservoir.features`; None takes `Affine` for Ising reservoirs.

    Raises:
        UnsupportedError: a reservoir whose step is not linear, or a random simulator.
        CapacityError: more than 2048 rows.

    Example:
        >>> import jax, qjax as qj
        >>> from qjax.reservoir import IsingReservoir, superoperator
        >>> superoperator(IsingReservoir.random(jax.random.key(0), 3), 0.5).shape
        (16, 16)
    """
    from .execution import Affine
    from .ising import IsingReservoir

    if sim is None and isinstance(reservoir, IsingReservoir):
        sim = Affine()
    engine = reservoir.engine(sim)
    if engine.random or not reservoir.linear:
        raise UnsupportedError(
            "superoperator: the step must be linear and not random",
            got=f"{type(reservoir).__name__} with {type(engine).__name__}",
        )

    @jax.jit
    def columns(reservoir: Any, u: Any) -> Any:
        params = engine.prepare(reservoir)
        start = engine.start(params)
        vector, back = ravel_pytree(start)
        if vector.size > LARGEST:
            raise CapacityError(
                f"a superoperator of {vector.size} rows", expected=f"at most {LARGEST}"
            )

        def image(x: Any) -> Any:
            new, _ = engine.advance(params, back(x), u, None)
            return ravel_pytree(new)[0]

        return jax.vmap(image)(jnp.eye(vector.size, dtype=vector.dtype)).T

    matrix = np.asarray(columns(reservoir, jnp.asarray(u, jnp.zeros((), float).dtype)))
    size = engine.memory or len(matrix)
    return matrix[:size, :size]


def spectrum(reservoir: Any, u: Any, *, sim: Any = None) -> np.ndarray:
    """Eigenvalues of the channel of one step, complex, by falling modulus; the first is 1.

    Args: as for `superoperator`.
    """
    values = np.linalg.eigvals(superoperator(reservoir, u, sim=sim))
    return values[np.argsort(-np.abs(values), kind="stable")]


def second_eigenvalue(reservoir: Any, u: Any, *, sim: Any = None) -> float:
    """The modulus of the second largest eigenvalue: what is left of the past after each step.

    Args: as for `superoperator`.

    Example:
        >>> import jax, qjax as qj
        >>> from qjax.reservoir import IsingReservoir, second_eigenvalue
        >>> second_eigenvalue(IsingReservoir.random(jax.random.key(0), 3), 0.5) < 1
        True
    """
    if hasattr(reservoir, "parts"):
        return max(second_eigenvalue(part, u, sim=sim) for part in reservoir.parts())
    return float(np.abs(spectrum(reservoir, u, sim=sim)[1]))


def memory_time(reservoir: Any, u: Any, *, sim: Any = None) -> float:
    """Steps after which the past has faded to 1/e: ``-1 / log |second eigenvalue|``.

    Args: as for `superoperator`.
    """
    rate = second_eigenvalue(reservoir, u, sim=sim)
    return float(np.inf) if rate >= 1 else float(-1 / np.log(rate)) if rate > 0 else 0.0
