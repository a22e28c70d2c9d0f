"""Gathers with a known inverse, as a primitive whose transpose is the inverse gather.

Autodiff would transpose a gather into a scatter, which XLA runs serially on a CPU and with atomics
on a GPU; a permutation's transpose is simply the gather with the inverse index, and that of a
gather which repeats entries is a sum of gathers.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

permute_p = Primitive("qjax_permute")


def permute(x: Any, index: Any, inverse: Any) -> Any:
    """``out[j] = x[index[j]]`` along the first axis, where ``inverse`` inverts ``index``."""
    return permute_p.bind(x, index, inverse)


def repeat(x: Any, index: Any, inverse: Any) -> Any:
    """``out[j] = sum_s x[index[j, s]]``; an index past the end stands for nothing.

    ``inverse[i]`` names every ``j`` whose row of ``index`` has ``i``, padded past the end of
    ``out``.
    """
    return permute_p.bind(x, index, inverse)


def _gather(x: Any, index: Any, inverse: Any) -> Any:
    if index.ndim == 1:
        return x.at[index].get(unique_indices=True, mode="promise_in_bounds")
    return x.at[index].get(mode="fill", fill_value=0).sum(1)


def _shape(x: Any, index: Any, inverse: Any) -> Any:
    return x.update(shape=(index.shape[0], *x.shape[1:]))


def _transpose(cotangent: Any, x: Any, index: Any, inverse: Any) -> Any:
    if isinstance(cotangent, ad.Zero):
        return ad.Zero(x.aval), None, None
    return permute_p.bind(cotangent, inverse, index), None, None


def _batch(args: Any, axes: Any) -> Any:
    x, index, inverse = args
    axis, *others = axes
    # A `cond` or `while_loop` with a batched condition batches constants too: all copies are equal.
    index, inverse = (
        i if a is None else jax.lax.index_in_dim(i, 0, a, keepdims=False)
        for i, a in zip((index, inverse), others, strict=True)
    )
    if axis is None:
        return permute_p.bind(x, index, inverse), None
    return permute_p.bind(jnp.moveaxis(x, axis, -1), index, inverse), x.ndim - 1


permute_p.def_impl(jax.jit(_gather))
permute_p.def_abstract_eval(_shape)
mlir.register_lowering(permute_p, mlir.lower_fun(_gather, multiple_results=False))
ad.defjvp(permute_p, lambda t, x, index, inverse: permute_p.bind(t, index, inverse), None, None)
ad.primitive_transposes[permute_p] = _transpose
batching.primitive_batchers[permute_p] = _batch
