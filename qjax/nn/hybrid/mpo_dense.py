"""Dense layers whose weights are a matrix product operator."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from qjax.errors import DataError, ParameterError
from qjax.nn.hybrid.factors import balanced_factors, check_factors
from qjax.nn.hybrid.layer import count_parameters


def mpo_shapes(
    in_factors: Sequence[int], out_factors: Sequence[int], max_bond: int
) -> list[tuple[int, int, int, int]]:
    """Shapes (left bond, input, output, right bond) of the cores, no bond larger than needed.

    Example:
        >>> mpo_shapes((4, 4), (2, 5), 3)
        [(1, 4, 2, 3), (3, 4, 5, 1)]
    """
    sizes = [i * o for i, o in zip(in_factors, out_factors, strict=True)]
    left = [prod(sizes[:k]) for k in range(len(sizes) + 1)]
    bonds = [min(max_bond, a, left[-1] // a) for a in left]
    ends = pairwise(bonds)
    return [(a, i, o, b) for (a, b), i, o in zip(ends, in_factors, out_factors, strict=True)]


def mpo_from_matrix(
    matrix: Any, in_factors: Sequence[int], out_factors: Sequence[int], max_bond: int
) -> list[np.ndarray]:
    """The cores of a matrix, by singular value decompositions from left to right.

    Args:
        matrix: concrete, shape (inputs, outputs), as the kernel of `flax.nnx.Linear`.
        in_factors: dimensions of the inputs, whose product is the number of inputs.
        out_factors: dimensions of the outputs, as many.
        max_bond: singular values kept at each cut.

    Returns:
        Cores of shape (left bond, input, output, right bond), of the matrix's dtype.

    Raises:
        ParameterError: factors that do not fit.

    Source: TT-SVD, Oseledets, SIAM J. Sci. Comput. 33, 2295 (2011).

    Example:
        >>> [core.shape for core in mpo_from_matrix(np.eye(4), (2, 2), (2, 2), 4)]
        [(1, 2, 2, 4), (4, 2, 2, 1)]
    """
    matrix = np.asarray(matrix)
    i, o, n = tuple(in_factors), tuple(out_factors), len(in_factors)
    check_factors("in_factors", i, matrix.shape[0], n)
    check_factors("out_factors", o, matrix.shape[1], n)
    order = [axis for k in range(n) for axis in (k, n + k)]
    rest = matrix.astype(np.float64).reshape(*i, *o).transpose(order).reshape(1, -1)
    cores, bond = [], 1
    for k in range(n - 1):
        u, s, v = np.linalg.svd(rest.reshape(bond * i[k] * o[k], -1), full_matrices=False)
        kept = min(max_bond, len(s))
        cores.append(u[:, :kept].reshape(bond, i[k], o[k], kept))
        rest, bond = s[:kept, None] * v[:kept], kept
    cores.append(rest.reshape(bond, i[-1], o[-1], 1))
    return [core.astype(matrix.dtype) for core in cores]


def mpo_apply(cores: Sequence[jax.Array], x: jax.Array) -> jax.Array:
    """``x @ matrix`` core by core, without the matrix: (..., inputs) to (..., outputs)."""
    y = x.reshape(-1, 1, 1, x.shape[-1])
    for core in cores:
        batch, done, bond, rest = y.shape
        y = y.reshape(batch, done, bond, core.shape[1], rest // core.shape[1])
        y = jnp.einsum("boliq,liur->bourq", y, core)
        y = y.reshape(batch, done * core.shape[2], core.shape[3], -1)
    return y.reshape(*x.shape[:-1], -1)


def mpo_to_matrix(cores: Sequence[jax.Array]) -> jax.Array:
    """The dense matrix, shape (inputs, outputs)."""
    inputs = prod(core.shape[1] for core in cores)
    return mpo_apply(cores, jnp.eye(inputs, dtype=cores[0].dtype))


class MPODense(nnx.Module):
    """A dense layer with a matrix product operator for its weights.

    Args:
        in_features: number of inputs.
        out_features: number of outputs.
        max_bond: largest bond dimension.
        sites: number of cores.
        in_factors: dimensions of the inputs; nearly equal ones if not given.
        out_factors: dimensions of the outputs.
        dtype: floating-point type of the parameters.
        rngs: NNX random streams.

    Raises:
        ParameterError: factors that do not fit, or a bond dimension below one.

    Source: Novikov, Podoprikhin, Osokin, Vetrov, arXiv:1509.06569; compression of trained layers
    as in CompactifAI, Tomut et al., arXiv:2401.14109.

    Example:
        >>> layer = MPODense(64, 64, max_bond=4, sites=3, rngs=nnx.Rngs(0))
        >>> layer(jnp.ones((5, 64))).shape, layer.num_parameters
        ((5, 64), 448)
    """

    def __init__(
        self, in_features: int, out_features: int, max_bond: int = 8, *, sites: int = 2,
        in_factors: tuple[int, ...] | None = None, out_factors: tuple[int, ...] | None = None,
        dtype: Any = jnp.float32, rngs: nnx.Rngs,
    ) -> None:  # fmt: skip
        if max_bond < 1:
            raise ParameterError("max_bond: at least one is needed", expected=">= 1", got=max_bond)
        i = balanced_factors(in_features, sites) if in_factors is None else in_factors
        o = balanced_factors(out_features, sites) if out_factors is None else out_factors
        check_factors("in_factors", i, in_features, len(i))
        check_factors("out_factors", o, out_features, len(i))
        shapes = mpo_shapes(i, o, max_bond)
        paths = prod(shape[3] for shape in shapes)
        scale = (in_features * paths) ** (-0.5 / len(shapes))  # outputs of unit variance
        self.cores = nnx.List(
            nnx.Param(scale * jax.random.normal(rngs.params(), shape, dtype)) for shape in shapes
        )
        self.bias = nnx.Param(jnp.zeros((out_features,), dtype))
        self.in_features = in_features

    @classmethod
    def from_kernel(
        cls, kernel: Any, bias: Any = None, *, max_bond: int = 8, sites: int = 2,
        in_factors: tuple[int, ...] | None = None, out_factors: tuple[int, ...] | None = None,
    ) -> MPODense:  # fmt: skip
        """A trained layer, truncated.

        Args:
            kernel: weights, shape (inputs, outputs), as in `flax.nnx.Linear`.
            bias: shape (outputs,); zeros if not given.
            max_bond: largest bond dimension; ``sites`` and factors as for a new layer.
        """
        kernel = np.asarray(kernel)
        layer = cls(
            kernel.shape[0], kernel.shape[1], max_bond,
            sites=sites, in_factors=in_factors, out_factors=out_factors,
            dtype=kernel.dtype, rngs=nnx.Rngs(0),
        )  # fmt: skip
        factors = [core[...].shape[1:3] for core in layer.cores]
        i, o = zip(*factors, strict=True)
        for param, core in zip(layer.cores, mpo_from_matrix(kernel, i, o, max_bond), strict=True):
            param[...] = jnp.asarray(core)
        if bias is not None:
            layer.bias[...] = jnp.asarray(bias)
        return layer

    @property
    def num_parameters(self) -> int:
        """Number of trained numbers, the bias included."""
        return count_parameters(self)

    def matrix(self) -> jax.Array:
        """The weights as a dense matrix, shape (inputs, outputs)."""
        return mpo_to_matrix([core[...] for core in self.cores])

    def __call__(self, x: Any) -> jax.Array:
        """(..., inputs) to (..., outputs)."""
        if x.ndim < 1 or x.shape[-1] != self.in_features:
            raise DataError("x: other features", expected=self.in_features, got=x.shape)
        bias = self.bias[...]
        out = mpo_apply([core[...] for core in self.cores], jnp.asarray(x).astype(bias.dtype))
        return out + jnp.broadcast_to(bias, out.shape)
