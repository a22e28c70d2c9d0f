"""Quantum natural gradient: steepest descent in the geometry of states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import optax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array

from ..errors import ParameterError


def scale_by_metric(
    metric: Callable[[Any], Array], damping: float = 1e-4
) -> optax.GradientTransformation:
    """Multiply gradients by ``(g + damping)**-1``, with ``g = metric(params)``.

    Args:
        metric: from parameters to a symmetric matrix in the order of the flattened parameters, such
            as ``lambda w: qjax.metric_tensor(ansatz, w)``.
        damping: what is added to the diagonal, not negative; it bounds the step where the circuit
            does not feel a parameter.

    Raises:
        ParameterError: a damping below 0; an update without params.

    Example:
        >>> import jax.numpy as jnp, optax
        >>> from qjax.optim import scale_by_metric
        >>> rule = scale_by_metric(lambda w: jnp.eye(2) / 4, damping=0.0)
        >>> w = jnp.ones(2)
        >>> rule.update(w, rule.init(w), w)[0].tolist()
        [4.0, 4.0]
    """
    if not damping >= 0:
        raise ParameterError("scale_by_metric: damping must not be negative", got=damping)

    def init(params: Any) -> optax.EmptyState:
        return optax.EmptyState()

    def update(updates: Any, state: Any, params: Any = None) -> tuple[Any, Any]:
        if params is None:
            raise ParameterError(
                "scale_by_metric needs the parameters", fix="optimiser.update(grad, state, params)"
            )
        flat, unravel = ravel_pytree(updates)
        g = metric(params).astype(flat.dtype)
        if g.shape != (flat.size, flat.size):
            raise ParameterError(
                "scale_by_metric: the metric has the wrong shape",
                expected=f"({flat.size}, {flat.size})",
                got=g.shape,
            )
        g = g + damping * jnp.eye(flat.size, dtype=flat.dtype)
        return unravel(jnp.linalg.solve(g, flat[:, None])[:, 0]), state

    return optax.GradientTransformation(init, update)


def quantum_natural_gradient(
    learning_rate: optax.ScalarOrSchedule, metric: Callable[[Any], Array], damping: float = 1e-4
) -> optax.GradientTransformation:
    """``params - learning_rate * (g + damping)**-1 gradient``.

    With the Fubini-Study metric and a small learning rate it is imaginary-time evolution projected
    on the ansatz: a step is an imaginary time of ``2 * learning_rate``.

    Args:
        learning_rate: the step, or a schedule of it.
        metric: as for `scale_by_metric`.
        damping: as for `scale_by_metric`.

    Source: Stokes, Izaac, Killoran and Carleo, arXiv:1909.02108.

    Example:
        >>> import jax, jax.numpy as jnp, optax, qjax as qj
        >>> ansatz = lambda w: qj.Circuit(1, [qj.RX(w[0], 0), qj.RY(w[1], 0)])
        >>> energy = lambda w: qj.expval(ansatz(w), qj.X(0) + qj.Z(0))
        >>> rule = qj.optim.quantum_natural_gradient(0.1, lambda w: qj.metric_tensor(ansatz, w))
        >>> w = jnp.array([4.0, 3.0]); state = rule.init(w)
        >>> for _ in range(60):
        ...     updates, state = rule.update(jax.grad(energy)(w), state, w)
        ...     w = optax.apply_updates(w, updates)
        >>> round(float(energy(w)), 3)
        -1.414
    """
    return optax.chain(
        scale_by_metric(metric, damping), optax.scale_by_learning_rate(learning_rate)
    )
