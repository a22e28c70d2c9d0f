"""Exact evaluation of a layer as one matrix product over Fourier features.

With the encoding angle ``phi = w x``, the expectation value is a trigonometric polynomial. Its
coefficients come from the circuit's angles at a cost that does not depend on the batch, and the
activations are then features times coefficients. The parameters stay the circuit's angles, so the
gradient is the circuit's and so is the exported circuit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from qjax.errors import UnsupportedError
from qjax.nn.qkan.ansatz import Ansatz
from qjax.nn.qkan.bloch import Evaluation, edge_program, evaluate
from qjax.nn.qkan.methods import post_factors
from qjax.nn.qkan.parameters import QKANParams
from qjax.nn.qkan.prepared import Layer, prepare


def degree(frequencies: tuple[float, ...]) -> int:
    """Highest frequency of the activation: the sum of the encoding frequencies' moduli."""
    return int(sum(abs(frequency) for frequency in frequencies))


@partial(jax.jit, static_argnums=0, inline=True)
def integer_coefficients(layer: Layer, params: QKANParams) -> jax.Array:
    """Real Fourier coefficients of every activation, for fixed integer frequencies.

    Returns:
        Shape (2K + 1, I, O or 1) with K the `degree`: the mean, then the coefficients of
        ``cos x .. cos K x``, then those of ``sin x .. sin K x``.

    Source: Schuld, Sweke, Meyer, arXiv:2008.08605.
    """
    highest = degree(layer.frequencies)
    nodes = 2 * highest + 1
    times = 2.0 * np.pi * np.arange(nodes) / nodes
    prepared = prepare(layer, params)
    x = jnp.broadcast_to(
        jnp.asarray(times, params.theta.dtype)[None, :], (layer.in_features, nodes)
    )
    values = prepared.activations(prepared.arrays, x)
    phases = np.arange(1, highest + 1)[:, None] * times[None, :]
    transform = np.concatenate([np.ones((1, nodes)), 2.0 * np.cos(phases), 2.0 * np.sin(phases)])
    transform = jnp.asarray(transform / nodes, values.dtype)
    return jnp.einsum("kn,ion->kio", transform, values)


def harmonics(x: jax.Array, highest: int) -> jax.Array:
    """Features ``1, cos x .. cos K x, sin x .. sin K x``, stacked on a new leading axis.

    By the angle-addition recurrence, from one sine and one cosine per input.
    """
    cos, sin = jnp.cos(x), jnp.sin(x)
    cosines, sines = [cos], [sin]
    for _ in range(highest - 1):
        c, s = cosines[-1], sines[-1]
        cosines.append(c * cos - s * sin)
        sines.append(s * cos + c * sin)
    return jnp.stack([jnp.ones_like(x), *cosines[:highest], *sines[:highest]])


@partial(jax.jit, static_argnums=(0, 1), inline=True)
def product_coefficients(layer: Layer, ansatz: Ansatz, params: QKANParams) -> jax.Array:
    """Coefficients of every activation in products of ``1, cos phi_l, sin phi_l`` over l.

    The activation is linear in each triple, whatever the (real) frequencies. Three evaluations
    per repetition, at ``phi = 0, pi/2, pi``, determine it.

    Returns:
        Shape (3**r, I, O), first repetition slowest.
    """
    reps, dtype = layer.reps, params.theta.dtype
    theta = params.theta.transpose(2, 3, 1, 0)
    bias = None
    if params.bias is not None:
        bias = jnp.broadcast_to(params.bias.transpose(2, 1, 0), (reps, *theta.shape[2:]))
    how = Evaluation(ansatz, reps, shared_encoding=True)
    program = edge_program(how, theta, bias)
    program = jax.tree.map(lambda array: array[..., None], program)
    grid = np.indices((3,) * reps).reshape(reps, 1, 1, -1) * (np.pi / 2)
    # The encoding angles themselves play the part of frequencies, at x = 1.
    angles = jnp.asarray(grid, dtype)
    values = evaluate(how, program, angles, jnp.ones((1, 1, 1), dtype))
    values = values.reshape(*values.shape[:2], *(3,) * reps)
    # f(0), f(pi/2), f(pi) to the mean and the coefficients of cosine and sine.
    transform = jnp.asarray([[0.5, 0.0, 0.5], [0.5, 0.0, -0.5], [-0.5, 1.0, -0.5]], dtype)
    for rep in range(reps):
        values = jnp.moveaxis(jnp.tensordot(transform, values, axes=(1, 2 + rep)), 0, 2 + rep)
    return jnp.moveaxis(values.reshape(*values.shape[:2], -1), -1, 0)


def product_features(weight: jax.Array, x: jax.Array) -> jax.Array:
    """Products over l of ``1, cos w_l x, sin w_l x``: weight (I, r), x (I, B) to (3**r, I, B)."""
    features = jnp.ones((1, *x.shape), x.dtype)
    for rep in range(weight.shape[1]):
        angle = weight[:, rep, None] * x
        triple = jnp.stack([jnp.ones_like(x), jnp.cos(angle), jnp.sin(angle)])
        features = (features[:, None] * triple[None]).reshape(-1, *x.shape)
    return features


@dataclass(frozen=True)
class Fourier:
    """Exact, as one matrix product; for frequencies that are fixed integers or shared by outputs.

    Integer frequencies need ``2 sum(|w|) + 1`` features per input, shared real ones ``3**r``.
    """

    def apply(self, layer: Layer, params: QKANParams, x: jax.Array) -> jax.Array:
        """The layer without its base function: x (B, I) to y (B, O).

        Raises:
            UnsupportedError: the activations are no trigonometric polynomial of common features.
        """
        reason = fourier_obstacle(layer, params)
        if reason is not None:
            raise UnsupportedError(
                f"method Fourier: {reason}",
                expected="expval, a linear encoding, and frequencies that are fixed integers or "
                "shared by all outputs",
                fix='use method=Scan(), or make the parameters with preact="fixed", "integer" '
                'or "shared"',
            )
        factor, offset = post_factors(layer, params)
        inputs = x.T
        if params.weight is None:
            coefficients = integer_coefficients(layer, params)
            features = harmonics(inputs, degree(layer.frequencies))
        else:
            assert isinstance(layer.ansatz, Ansatz)
            coefficients = product_coefficients(layer, layer.ansatz, params)
            features = product_features(params.weight[0], inputs)
        coefficients = coefficients * factor.T[None]
        # The constant feature needs no column of the product.
        offset = offset + jnp.sum(coefficients[0], axis=0)
        rows = (features.shape[0] - 1) * layer.in_features
        wide = features[1:].reshape(rows, x.shape[0])
        tall = coefficients[1:].reshape(rows, layer.out_features)
        return jnp.matmul(wide.T, tall) + offset[None, :]


def fourier_obstacle(layer: Layer, params: QKANParams) -> str | None:
    """Why the Fourier method cannot evaluate this layer; None where it can."""
    if not isinstance(layer.ansatz, Ansatz):
        return "a user's circuit may encode the input in any way"
    if layer.ansatz.encoding != "linear":
        return f"ansatz {layer.ansatz.name!r} encodes the arccosine of the input"
    if layer.measure != "expval":
        return "|alpha| - |beta| is no trigonometric polynomial"
    if params.weight is None:
        if all(float(frequency).is_integer() for frequency in layer.frequencies):
            return None
        return f"the fixed frequencies {layer.frequencies} are no integers"
    if params.weight.shape[0] != 1:
        return "every edge has its own frequencies"
    if params.weight.shape[1] != layer.in_features or params.theta.shape[1] != layer.in_features:
        return "shared trainable frequencies with grouped activations"
    return None
