"""A layer's activations arranged for evaluation: input-major, batch-minor.

On a CPU the batch must be the last axis, with the edges broadcast against it; one tile is then
(O, B) and the loop over inputs walks through contiguous memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from qjax.nn.qkan.ansatz import Ansatz
from qjax.nn.qkan.bloch import Evaluation, Measure, edge_program, evaluate, measured
from qjax.nn.qkan.circuit_ansatz import CircuitAnsatz
from qjax.nn.qkan.parameters import QKANParams

Base = Callable[[jax.Array], jax.Array]


class Layer(NamedTuple):
    """What the methods need of a layer, besides its parameters (all static)."""

    ansatz: Ansatz | CircuitAnsatz
    reps: int
    frequencies: tuple[float, ...]
    measure: Measure
    in_features: int
    out_features: int


class Prepared(NamedTuple):
    """Edge constants with the inputs as the leading axis, and how to evaluate a slice of them.

    Args:
        arrays: pytree of arrays with leading axis I.
        activations: ``(slice of arrays, x of shape (..., B)) -> (..., O or 1, B)``; the slice
            has the leading axes of x.
    """

    arrays: Any
    activations: Callable[[Any, jax.Array], jax.Array]


def prepare(layer: Layer, params: QKANParams) -> Prepared:
    """Work out everything that does not depend on the inputs."""
    if isinstance(layer.ansatz, CircuitAnsatz):
        return _prepare_circuit(layer, params, layer.ansatz)
    ansatz, reps, dtype = layer.ansatz, layer.reps, params.theta.dtype
    theta = _cycle(params.theta.transpose(2, 3, 1, 0), layer.in_features)
    weight = bias = None
    if params.weight is not None:
        weight = _cycle(params.weight.transpose(2, 1, 0), layer.in_features)
    if params.bias is not None:
        bias = _cycle(params.bias.transpose(2, 1, 0), layer.in_features)
        bias = jnp.broadcast_to(bias, (reps, *theta.shape[2:]))
    shared = theta.shape[-1] > 1 and (weight is None or weight.shape[-1] == 1)
    how = Evaluation(ansatz, reps, layer.measure, shared, spread)
    program = edge_program(how, theta, bias)
    fixed = np.asarray(layer.frequencies, dtype)

    def slices(array: jax.Array) -> jax.Array:
        return jnp.moveaxis(array, -2, 0)

    per_input = jax.tree.map(slices, (program, weight))

    def activations(arrays: Any, x: jax.Array) -> jax.Array:
        # Own axes first, then the axes of x with the outputs before the batch.
        lead = x.ndim - 1

        def arrange(array: jax.Array) -> jax.Array:
            own = array.ndim - lead - 1
            return jnp.moveaxis(array, range(lead, lead + own), range(own))[..., None]

        program, w = jax.tree.map(arrange, arrays)
        if w is None:
            w = jnp.asarray(fixed.reshape(reps, *(1,) * (x.ndim + 1)))
        return evaluate(how, program, w, x[..., None, :])

    return Prepared(per_input, activations)


def spread(array: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Repeat the last two axes, where their length is 1, up to those of ``shape``.

    Written as products with a row or a column of ones: their transposes, the sums over the batch
    and over the outputs, are then matrix-vector products. Broadcasting would transpose to sums
    that XLA fuses with all that precedes them and runs, on a CPU, as scalar loops, ten times
    slower.
    """
    outputs, batch = shape[-2:]
    if array.shape[-1] == 1 and batch > 1:
        array = jnp.matmul(array, jnp.ones((1, batch), array.dtype))
    if array.shape[-2] == 1 and outputs > 1:
        array = jnp.matmul(jnp.ones((outputs, 1), array.dtype), array)
    return array


def _cycle(array: jax.Array, inputs: int) -> jax.Array:
    """Repeat the input axis (the last but one) cyclically up to ``inputs`` entries."""
    if array.shape[-2] == inputs:
        return array
    return jnp.take(array, np.arange(inputs) % array.shape[-2], axis=-2)


def _prepare_circuit(layer: Layer, params: QKANParams, ansatz: CircuitAnsatz) -> Prepared:
    outputs, inputs = params.theta.shape[0], layer.in_features
    cycle = np.arange(inputs) % params.theta.shape[1]
    theta = jnp.swapaxes(params.theta[:, cycle], 0, 1)

    def expanded(array: jax.Array | None, absent: np.ndarray) -> jax.Array:
        if array is None:
            return jnp.broadcast_to(absent.astype(theta.dtype), (inputs, outputs, layer.reps))
        array = jnp.swapaxes(array[:, np.arange(inputs) % array.shape[1]], 0, 1)
        return jnp.broadcast_to(array, (inputs, outputs, layer.reps))

    weight = expanded(params.weight, np.reshape(layer.frequencies, (1, 1, -1)))
    bias = expanded(params.bias, np.zeros((1, 1, layer.reps)))

    def one_input(arrays: Any, x: jax.Array) -> jax.Array:
        theta, weight, bias = arrays
        angles = weight[:, None] * x[None, :, None] + bias[:, None]
        each = jax.vmap(jax.vmap(ansatz.evaluate, (None, 0)))(theta, angles)
        return measured(each, layer.measure)

    def activations(arrays: Any, x: jax.Array) -> jax.Array:
        function = one_input
        for _ in range(x.ndim - 1):
            function = jax.vmap(function)
        return function(arrays, x)

    return Prepared((theta, weight, bias), activations)
