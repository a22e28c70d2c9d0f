"""A trained dense layer that stays as it is, and a small tensor network beside it that learns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from qjax.nn.hybrid.factors import balanced_factors
from qjax.nn.hybrid.layer import count_parameters
from qjax.nn.hybrid.mpo_dense import mpo_shapes, mpo_to_matrix

Arrays = dict[str, jax.Array]


class Frozen(nnx.Variable):
    """A number that no optimiser of `flax.nnx.Param` sees."""


@dataclass(frozen=True)
class LoRA:
    """``A B`` with A (inputs, rank) and B (rank, outputs), which begins as zero.

    Source: Hu et al., arXiv:2106.09685.
    """

    rank: int = 2

    def init(self, key: jax.Array, shape: tuple[int, int], dtype: Any) -> tuple[Arrays, Arrays]:
        """Trained and frozen arrays."""
        a = jax.random.normal(key, (shape[0], self.rank), dtype) * shape[0] ** -0.5
        return {"a": a, "b": jnp.zeros((self.rank, shape[1]), dtype)}, {}

    def update(self, trained: Arrays, frozen: Arrays, shape: tuple[int, int]) -> jax.Array:
        """The change of the weights, of this shape."""
        del frozen, shape
        return trained["a"] @ trained["b"]


@dataclass(frozen=True)
class MPO:
    """A matrix product operator, whose last core begins as zero.

    Source: the "MPS adaptation" of Chen et al., arXiv:2601.06788.
    """

    max_bond: int = 2
    sites: int = 3

    def init(self, key: jax.Array, shape: tuple[int, int], dtype: Any) -> tuple[Arrays, Arrays]:
        """Trained and frozen arrays."""
        inputs, outputs = (balanced_factors(size, self.sites) for size in shape)
        shapes = mpo_shapes(inputs, outputs, self.max_bond)
        cores = {}
        for k, (own, size) in enumerate(
            zip(jax.random.split(key, self.sites), shapes, strict=True)
        ):
            scale = (size[0] * size[1]) ** -0.5 if k < self.sites - 1 else 0.0
            cores[f"core{k}"] = scale * jax.random.normal(own, size, dtype)
        return cores, {}

    def update(self, trained: Arrays, frozen: Arrays, shape: tuple[int, int]) -> jax.Array:
        """The change of the weights, of this shape."""
        del frozen, shape
        return mpo_to_matrix([trained[f"core{k}"] for k in range(self.sites)])


@dataclass(frozen=True)
class TeRA:
    """A Tucker network of frozen random factors with trained vectors between factors and core.

    With the weights as a tensor of 2 ``sites`` axes: ``sum_r G[r1, r2, ...] prod_k d_k[r_k]
    A_k[i_k, r_k]``. Only the d_k are trained: as many numbers as the axes are long together, of
    any rank. The first vector begins as zero.

    Source: Gu, Zhou, Iacovides, Mandic, arXiv:2509.03234.
    """

    sites: int = 2

    def _axes(self, shape: tuple[int, int]) -> tuple[int, ...]:
        return tuple(d for size in shape for d in balanced_factors(size, self.sites))

    def init(self, key: jax.Array, shape: tuple[int, int], dtype: Any) -> tuple[Arrays, Arrays]:
        """Trained and frozen arrays."""
        axes = self._axes(shape)
        keys = jax.random.split(key, len(axes) + 1)
        frozen = {
            f"factor{k}": jax.random.normal(keys[k], (d, d), dtype) * d**-0.5
            for k, d in enumerate(axes)
        }
        frozen["core"] = jax.random.normal(keys[-1], axes, dtype) * shape[0] ** -0.5
        trained = {
            f"vector{k}": jnp.ones((d,), dtype) if k else jnp.zeros((d,), dtype)
            for k, d in enumerate(axes)
        }
        return trained, frozen

    def update(self, trained: Arrays, frozen: Arrays, shape: tuple[int, int]) -> jax.Array:
        """The change of the weights, of this shape."""
        out = frozen["core"]
        for k in range(out.ndim):  # the first axis is contracted, its image becomes the last
            factor = frozen[f"factor{k}"] * trained[f"vector{k}"][None, :]
            out = jnp.tensordot(out, factor, axes=((0,), (1,)))
        return out.reshape(shape)


AdapterForm = LoRA | MPO | TeRA


class TensorAdapter(nnx.Module):
    """``x (W + D) + b``: a dense layer with frozen weights and a trained change D of them.

    Only the change is made of `flax.nnx.Param`; it begins as zero, so that the layer begins as the
    one it was made of.

    Args:
        kernel: frozen weights W, shape (inputs, outputs).
        bias: frozen bias, shape (outputs,); zeros if not given.
        form: `LoRA`, `MPO` or `TeRA`.
        rngs: NNX random streams.

    Example:
        >>> layer = TensorAdapter(jnp.ones((16, 8)), form=LoRA(2), rngs=nnx.Rngs(0))
        >>> layer(jnp.ones((3, 16))).shape, layer.num_parameters
        ((3, 8), 48)
    """

    def __init__(
        self, kernel: Any, bias: Any = None, form: AdapterForm | None = None, *, rngs: nnx.Rngs
    ) -> None:
        kernel = jnp.asarray(kernel)
        self.form, self.shape = LoRA() if form is None else form, kernel.shape
        self.kernel = Frozen(kernel)
        bias = jnp.zeros(kernel.shape[1:], kernel.dtype) if bias is None else jnp.asarray(bias)
        self.bias = Frozen(bias)
        trained, frozen = self.form.init(rngs.params(), self.shape, kernel.dtype)
        self.trained = nnx.Dict({name: nnx.Param(array) for name, array in trained.items()})
        self.frozen = nnx.Dict({name: Frozen(array) for name, array in frozen.items()})

    @property
    def num_parameters(self) -> int:
        """Number of trained numbers."""
        return count_parameters(self)

    def update(self) -> jax.Array:
        """The change D, shape (inputs, outputs)."""
        trained = {name: param[...] for name, param in self.trained.items()}
        frozen = {name: fixed[...] for name, fixed in self.frozen.items()}
        return self.form.update(trained, frozen, self.shape)

    def __call__(self, x: Any) -> jax.Array:
        """(..., inputs) to (..., outputs)."""
        out = x @ (self.kernel[...] + self.update())
        return out + jnp.broadcast_to(self.bias[...], out.shape)
