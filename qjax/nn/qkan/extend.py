"""More repetitions for a trained layer, without changing its function."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from qjax.errors import ParameterError, UnsupportedError
from qjax.nn.qkan.ansatz import Ansatz, get_ansatz
from qjax.nn.qkan.circuit_ansatz import CircuitAnsatz
from qjax.nn.qkan.modules import QKAN
from qjax.nn.qkan.parameters import QKANParams, repetitions


def extend_params(
    params: QKANParams,
    reps: int,
    *,
    ansatz: str | Ansatz | CircuitAnsatz = "pz",
    key: jax.Array | None = None,
    noise: float = 0.0,
) -> QKANParams:
    """Append repetitions that leave every activation as it is; masks and all else are kept.

    Behind the last rotation an encoding about Z does not change ``<Z>``, so for ``pz``, ``rpz``
    and ``minimal`` the new angles are 0 and the new frequencies 1. ``mix`` and ``real`` encode
    about Y: their new frequencies are 0, and trainable.

    Args:
        params: parameters of a layer, without leading batch axes.
        reps: the new number of repetitions, at least the present one.
        ansatz: the circuit of the activations.
        key: PRNG key of the noise; needed where ``noise`` is not 0.
        noise: standard deviation, in radians, of what is added to the new angles. The point of
            exact preservation is a saddle for the new frequencies; a little noise leaves it.

    Returns:
        The parameters of the longer circuits.

    Raises:
        ParameterError: fewer repetitions than now, or noise without a key.
        UnsupportedError: an ansatz that no appended block leaves unchanged.

    Source: layer extension of arXiv:2509.14026.

    Example:
        >>> from qjax.nn.qkan import init_qkan
        >>> extend_params(init_qkan(jax.random.key(0), 2, 5, reps=1), 4).theta.shape
        (5, 2, 5, 2)
    """
    if isinstance(ansatz, CircuitAnsatz):
        raise UnsupportedError("extend: a user's circuit has no repetition to append")
    circuit = get_ansatz(ansatz)
    now = repetitions(circuit, params)
    more = reps - now
    if more < 0 or (noise != 0.0 and key is None):
        raise ParameterError(
            "extend: reps must not shrink, and noise needs a key",
            expected=f"reps >= {now}, and a key where noise is not 0",
            got=f"reps {reps}, noise {noise}, key {key}",
        )
    about_z = circuit.encoding_axis == "Z"
    if circuit.encoding == "arccos" or (
        not about_z and (params.weight is None or params.bias is None)
    ):
        raise UnsupportedError(
            f"extend: no repetition of ansatz {circuit.name!r} leaves these activations unchanged",
            expected='pz, rpz or minimal, or mix and real with preact="trainable"',
            got=f"{circuit.name}, frequencies {'fixed' if params.weight is None else 'trainable'}",
        )

    def append(array: jax.Array | None, axis: int, value: float) -> jax.Array | None:
        if array is None or more == 0:
            return array
        shape = list(array.shape)
        shape[axis] = more
        return jnp.concatenate([array, jnp.full(shape, value, array.dtype)], axis=axis)

    # One block of `real` is a rotation about Y by w x + b - theta + pi.
    theta = append(params.theta, -2, np.pi if circuit.name == "real" else 0.0)
    assert theta is not None
    if key is not None and more:
        shape = (*theta.shape[:-2], more, theta.shape[-1])
        theta = theta.at[..., -more:, :].add(noise * jax.random.normal(key, shape, theta.dtype))
    weight = append(params.weight, -1, 1.0 if about_z else 0.0)
    return params._replace(theta=theta, weight=weight, bias=append(params.bias, -1, 0.0))


def extend(model: QKAN, reps: int, *, key: jax.Array | None = None, noise: float = 0.0) -> None:
    """Extend every layer of a network in place; see `extend_params`.

    Example:
        >>> from flax import nnx
        >>> model = QKAN([2, 5, 1], reps=1, rngs=nnx.Rngs(0))
        >>> extend(model, 5)
        >>> model.layers[0].reps
        5
    """
    keys = [None] * len(model.layers) if key is None else jax.random.split(key, len(model.layers))
    for layer, own in zip(model.layers, keys, strict=True):
        longer = extend_params(layer.params(), reps, ansatz=layer.ansatz, key=own, noise=noise)
        if layer.frequencies is not None:
            layer.frequencies = (*layer.frequencies, *(1.0,) * (reps - layer.reps))
        layer.set_params(longer)
        layer.reps = reps
