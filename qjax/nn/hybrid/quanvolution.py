"""Convolutions whose filters are circuits; images are (..., height, width, channels)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

import qjax as qj
from qjax.errors import DataError
from qjax.nn.hybrid.layer import QuantumLayer, count_parameters, z_each


def flipped_kernel(theta: jax.Array) -> jax.Array:
    """The 3 x 3 filter that a two-qubit state is: ``Re(conj(psi) psi^T)`` without the last row.

    Args:
        theta: radians, shape (15,): ``psi = exp(i sum_k theta_k P_k) |00>``.

    Returns:
        Real, symmetric and positive semidefinite, shape (3, 3), with a trace of at most one.

    Example:
        >>> flipped_kernel(jnp.zeros(15)).diagonal().tolist()
        [1.0, 0.0, 0.0]
    """
    psi = qj.run(qj.Circuit(2, [qj.SU4(theta, 0, 1)]))
    return (psi.conj()[:, None] * psi[None, :]).real[:3, :3]


class FlippedQuanv(nnx.Module):
    """A 3 x 3 convolution in which the patch is the observable and a trained state is measured.

    A patch p, padded to 4 x 4 and made symmetric, is measured in the states
    ``exp(i sum_k theta_k P_k) |00>``, one for every pair of channels; an output is the mean over
    the input channels, and a bias. As expectation values are linear in the observable, this **is**
    a convolution, whose filter is a density matrix: it is run as one (see `flipped_kernel`), and
    without an activation after it a network of such layers stays linear in its inputs.

    Args:
        in_channels: channels C of the image.
        out_channels: channels O of the result.
        dtype: floating-point type of the parameters.
        rngs: NNX random streams.

    Parameters are counted as by the source: 15 O C angles and O biases.

    Source: Wang, Myers, Hollenberg, Parampalli, arXiv:2409.17583 (FlippedQuanv3x3).

    Example:
        >>> layer = FlippedQuanv(1, 4, rngs=nnx.Rngs(0))
        >>> layer(jnp.ones((2, 8, 8, 1))).shape, layer.num_parameters
        ((2, 6, 6, 4), 64)
    """

    def __init__(
        self, in_channels: int, out_channels: int, *, dtype: Any = jnp.float32, rngs: nnx.Rngs
    ) -> None:
        shape = (out_channels, in_channels, 15)
        self.angles = nnx.Param(jax.random.normal(rngs.params(), shape, dtype))
        self.bias = nnx.Param(jnp.zeros((out_channels,), dtype))

    @property
    def num_parameters(self) -> int:
        """Number of trained numbers."""
        return count_parameters(self)

    @property
    def kernel(self) -> jax.Array:
        """The filters, shape (3, 3, C, O), the mean over C included."""
        angles = self.angles[...]
        filters = jax.vmap(flipped_kernel)(angles.reshape(-1, 15)).astype(angles.dtype)
        filters = filters.reshape(*angles.shape[:2], 3, 3).transpose(2, 3, 1, 0)
        return filters / angles.shape[1]

    def __call__(self, x: Any) -> jax.Array:
        """(..., H, W, C) to (..., H - 2, W - 2, O)."""
        kernel = self.kernel
        if x.ndim < 3 or x.shape[-1] != kernel.shape[2] or min(x.shape[-3:-1]) < 3:
            expected = f"(..., H >= 3, W >= 3, {kernel.shape[2]})"
            raise DataError("x: not such images", expected=expected, got=x.shape)
        flat = jnp.reshape(x, (-1, *x.shape[-3:])).astype(kernel.dtype)
        out = jax.lax.conv_general_dilated(
            flat, kernel, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        out = out + jnp.broadcast_to(self.bias[...], out.shape)
        return out.reshape(*x.shape[:-3], *out.shape[1:])


@dataclass(frozen=True)
class PatchCircuit:
    """``RY(pi x_q)`` on every qubit, then strongly entangling layers of shape (depth, n, 3)."""

    def __call__(self, x: jax.Array, params: jax.Array) -> qj.Circuit:
        """The circuit for one patch, x of shape (n,)."""
        return qj.templates.angle_encoding(np.pi * x) + qj.templates.strongly_entangling(params)


class Quanvolution(QuantumLayer):
    """Square patches without overlap, each measured by one and the same circuit.

    Pixel x in [0, 1] turns its own qubit by ``pi x``; trained layers follow; the channels of the
    result are Z on every qubit.

    Args:
        patch: side p of a patch.
        channels: channels C of the image; a circuit has ``n = p p C`` qubits.
        depth: trained layers; three angles for each qubit and layer.
        options: ``dtype``, ``init``, ``sim``, ``gradient`` and ``rngs`` of `QuantumLayer`.

    Source: Henderson, Shakya, Pradhan, Cook, arXiv:1904.04767 (with fixed random circuits: leave
    the parameters out of the optimiser); trained circuits as in arXiv:2304.09224.

    Example:
        >>> layer = Quanvolution(2, depth=1, rngs=nnx.Rngs(0))
        >>> layer(jnp.ones((3, 8, 8, 1))).shape, layer.num_parameters
        ((3, 4, 4, 4), 12)
    """

    def __init__(
        self, patch: int = 2, channels: int = 1, *, depth: int = 2, **options: Any
    ) -> None:
        n = patch * patch * channels
        super().__init__(PatchCircuit(), z_each(n), (depth, n, 3), **options)
        self.patch, self.channels = patch, channels

    def __call__(self, x: Any) -> jax.Array:
        """(..., H, W, C) to (..., H / p, W / p, p p C)."""
        p = self.patch
        if x.ndim < 3 or x.shape[-1] != self.channels or any(s % p for s in x.shape[-3:-1]):
            expected = f"(..., H, W, {self.channels}), H and W multiples of {p}"
            raise DataError("x: not such images", expected=expected, got=x.shape)
        *lead, h, w, c = x.shape
        cells = jnp.reshape(x, (*lead, h // p, p, w // p, p, c))
        cells = jnp.moveaxis(cells, -4, -3)
        return super().__call__(cells.reshape(*lead, h // p, w // p, p * p * c))
