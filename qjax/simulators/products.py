"""Products of many small matrices at once, as a bilinear primitive with its own transposes.

The matrices stand along the trailing axes, ``(d, d, *many)``, and a product is a sum of ``d``
elementwise products, which XLA turns into plain vector loops. Autodiff of either that sum or of a
batched ``matmul`` gives, on a CPU, a program up to ten times slower than the product: a derivative
is therefore written as what it is, another product with one factor transposed.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

products_p = Primitive("qjax_products")


def products(a: Any, b: Any) -> Any:
    """``a[:, :, k] @ b[:, :, k]`` for every ``k`` of the trailing axes."""
    return products_p.bind(a, b, turned=(False, False))


def _products(a: Any, b: Any, turned: tuple[bool, bool]) -> Any:
    columns = a if turned[0] else a.swapaxes(0, 1)
    rows = b.swapaxes(0, 1) if turned[1] else b
    return sum(columns[k][:, None] * rows[k][None] for k in range(len(columns)))


def _shape(a: Any, b: Any, turned: tuple[bool, bool]) -> Any:
    return a.update(shape=(a.shape[turned[0]], b.shape[1 - turned[1]], *a.shape[2:]))


def _left(cotangent: Any, a: Any, b: Any, turned: tuple[bool, bool]) -> Any:
    if turned[0]:
        return products_p.bind(b, cotangent, turned=(turned[1], True))
    return products_p.bind(cotangent, b, turned=(False, not turned[1]))


def _right(cotangent: Any, a: Any, b: Any, turned: tuple[bool, bool]) -> Any:
    if turned[1]:
        return products_p.bind(cotangent, a, turned=(True, turned[0]))
    return products_p.bind(a, cotangent, turned=(not turned[0], False))


def _batch(args: Any, axes: Any, turned: tuple[bool, bool]) -> Any:
    size = next(x.shape[axis] for x, axis in zip(args, axes, strict=True) if axis is not None)
    a, b = (
        jnp.broadcast_to(x[..., None], (*x.shape, size))
        if axis is None
        else jnp.moveaxis(x, axis, -1)
        for x, axis in zip(args, axes, strict=True)
    )
    return products_p.bind(a, b, turned=turned), a.ndim - 1


products_p.def_impl(jax.jit(_products, static_argnames="turned"))
products_p.def_abstract_eval(_shape)
mlir.register_lowering(products_p, mlir.lower_fun(_products, multiple_results=False))
ad.defbilinear(products_p, _left, _right)
batching.primitive_batchers[products_p] = _batch
