"""Randomisation tests: how many random labels a model can learn by heart."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..errors import DataError


class Memorisation(NamedTuple):
    """Training accuracies by the size of the training set.

    Attributes:
        sizes: shape ``(s,)``.
        real: accuracy on the training set with its labels, shape ``(s, repeats)``.
        random: the same with labels drawn at random.
    """

    sizes: np.ndarray
    real: np.ndarray
    random: np.ndarray


def memorisation_curve(
    fit: Callable[[Any, Any, Array], Any],
    x: Any,
    y: Any,
    sizes: Iterable[int],
    key: Array,
    *,
    classes: int,
    repeats: int = 4,
) -> Memorisation:
    """Fit the true and as many random labels; a model that learns both is bounded by neither.

    Args:
        fit: ``(x, labels, key) -> accuracy on these``, pure; it is vmapped over repeats.
        x: inputs, a pytree with a leading axis of N points.
        y: labels, integers ``(N,)``.
        sizes: of training sets, each at most N.
        key: a PRNG key.
        classes: random labels are uniform in 0 .. classes - 1.
        repeats: training sets of each size, drawn without replacement.

    Raises:
        DataError: a size outside 1 .. N.

    Source: Zhang et al., arXiv:1611.03530; for quantum models Gil-Fuster, Eisert and Bravo-Prieto,
        arXiv:2306.13461.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from qjax.diagnostics import memorisation_curve
        >>> majority = lambda x, labels, key: jnp.maximum(jnp.mean(labels), 1 - jnp.mean(labels))
        >>> x, y = jnp.arange(8.0), jnp.ones(8, int)
        >>> found = memorisation_curve(majority, x, y, [4], jax.random.key(0), classes=2)
        >>> found.real.tolist()
        [[1.0, 1.0, 1.0, 1.0]]
    """
    y = jnp.asarray(y)
    sizes = list(sizes)
    count = y.shape[0]
    if not sizes or min(sizes) < 1 or max(sizes) > count:
        raise DataError(
            "memorisation_curve: sizes must fit into the data",
            expected=f"from 1 to {count}",
            got=sizes,
        )
    real, random = [], []
    for k, size in enumerate(sizes):

        def once(one: Array, size: int = size) -> tuple[Any, Any]:
            for_points, for_labels, first, second = jax.random.split(one, 4)
            some = jax.random.permutation(for_points, count)[:size]
            points = jax.tree.map(lambda leaf: leaf[some], x)
            drawn = jax.random.randint(for_labels, (size,), 0, classes, y.dtype)
            return fit(points, y[some], first), fit(points, drawn, second)

        keys = jax.random.split(jax.random.fold_in(key, k), repeats)
        found = jax.jit(jax.vmap(once))(keys)
        real.append(np.asarray(found[0]))
        random.append(np.asarray(found[1]))
    return Memorisation(np.array(sizes), np.stack(real), np.stack(random))
