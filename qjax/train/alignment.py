"""Training a kernel before anything is fitted with it: gradient ascent on its alignment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from ..errors import ExperimentError
from ..kernels import kernel_target_alignment
from .step import descend


class Aligned(NamedTuple):
    """What `align` ends with.

    Attributes:
        params: the trained parameters.
        alignment: before every step, shape ``(steps,)``; of the batch, where there are batches.
        path: the parameters before every step, with a leading axis of steps.
    """

    params: Any
    alignment: Float[Array, " steps"]
    path: Any


def align(
    make: Callable[[Any], Callable[[Any], Any]],
    params: Any,
    x: Any,
    y: Any,
    *,
    optimiser: optax.GradientTransformation,
    steps: int,
    batch: int | None = None,
    key: Array | None = None,
    centre: bool = False,
) -> Aligned:
    """Maximise the kernel-target alignment by its gradient, as one compiled scan.

    Args:
        make: parameters to a kernel, such as ``lambda w: FidelityKernel(lambda x: encode(x, w))``.
        params: a pytree of floating-point arrays to start from.
        x: points, shape ``(n, features)``.
        y: labels as ±1, shape ``(n,)``, or one-hot rows; see `kernel_target_alignment`.
        optimiser: from optax.
        steps: how many updates, at least 1.
        batch: points drawn anew for every step; all of them if not given.
        key: a PRNG key, required with ``batch``.
        centre: see `kernel_target_alignment`.

    Raises:
        ExperimentError: steps below 1, or a batch without a key or larger than the data.

    Example:
        >>> import jax.numpy as jnp, optax, qjax as qj
        >>> from qjax.kernels import FidelityKernel
        >>> from qjax.train import align
        >>> x, y = jnp.array([[0.0], [0.1], [1.0], [1.1]]), jnp.array([1.0, 1.0, -1.0, -1.0])
        >>> make = lambda w: FidelityKernel(lambda p: qj.templates.angle_encoding(w * p))
        >>> found = align(make, jnp.array(1.0), x, y, optimiser=optax.adam(0.1), steps=40)
        >>> bool(found.alignment[-1] > found.alignment[0])
        True
    """
    x, y = jnp.asarray(x), jnp.asarray(y)
    if steps < 1:
        raise ExperimentError("align: steps must be at least 1", got=steps)
    if batch is not None and (key is None or not 2 <= batch <= x.shape[0]):
        raise ExperimentError(
            "align: batch takes a key and fits into the data",
            expected=f"batch from 2 to {x.shape[0]} and a PRNG key",
            got=f"batch {batch}, {'no key' if key is None else 'a key'}",
        )

    def loss(w: Any, points: Any, labels: Any) -> Any:
        return -kernel_target_alignment(make(w)(points), labels, centre=centre)

    def step(carry: tuple, k: Any) -> tuple:
        w, state = carry
        points, labels = x, y
        if batch is not None and key is not None:  # checked before
            some = jax.random.choice(jax.random.fold_in(key, k), x.shape[0], (batch,), False)
            points, labels = x[some], y[some]
        value, gradient = jax.value_and_grad(loss)(w, points, labels)
        return descend(optimiser, gradient, state, w), (-value, w)

    params = jax.tree.map(lambda p: jax.lax.convert_element_type(p, jnp.result_type(p)), params)
    scan = jax.jit(lambda carry: jax.lax.scan(step, carry, jnp.arange(steps)))
    (last, _), (values, path) = scan((params, optimiser.init(params)))
    return Aligned(last, values, path)
