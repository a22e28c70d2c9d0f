"""Levenberg-Marquardt for models of a few hundred parameters, as an update of a run's training.

Source: Levenberg, Quarterly of Applied Mathematics 2, 164 (1944); Marquardt, SIAM J. 11, 431
(1963).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

Carry = tuple[jax.Array, jax.Array]


def levenberg_marquardt(
    predict: Callable[[jax.Array, jax.Array], jax.Array],
) -> Callable[[Carry, Any], tuple[Carry, dict[str, jax.Array]]]:
    """One damped Gauss-Newton step on the mean squared error.

    Args:
        predict: a scalar from the parameters, a vector, and one input, shape (n,).

    Returns:
        ``update((vector, damping), (x, y)) -> ((vector, damping), {"loss": before})`` for inputs
        (B, n) and values (B, 1). A step that does not lower the error is refused; the damping
        falls threefold after a step that was taken and grows fourfold after one that was not.

    Example:
        >>> update = levenberg_marquardt(lambda w, x: jnp.sum(w * x))
        >>> x = jnp.eye(2)
        >>> carry, _ = update((jnp.zeros(2), jnp.asarray(1e-6)), (x, jnp.ones((2, 1))))
        >>> carry[0].round(3).tolist()
        [1.0, 1.0]
    """

    def update(carry: Carry, data: Any) -> tuple[Carry, dict[str, jax.Array]]:
        vector, damping = carry
        x, y = data
        values, jacobian = jax.vmap(jax.value_and_grad(predict), (None, 0))(vector, x)
        residual = y[:, 0] - values
        normal = jacobian.T @ jacobian / len(x)
        shifted = normal + damping * jnp.eye(len(vector), dtype=vector.dtype)
        factor = jax.scipy.linalg.cho_factor(shifted)
        trial = vector + jax.scipy.linalg.cho_solve(factor, jacobian.T @ residual / len(x))
        before = jnp.mean(residual**2)
        after = jnp.mean((y[:, 0] - jax.vmap(predict, (None, 0))(trial, x)) ** 2)
        taken = after < before
        damping = jnp.where(taken, damping / 3, damping * 4)
        return (jnp.where(taken, trial, vector), damping), {"loss": before}

    return update
