"""Models of the PyTorch package ``qkan``, read from their state dict without PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import nnx

from qjax.errors import DataError
from qjax.nn.qkan.ansatz import Ansatz, get_ansatz
from qjax.nn.qkan.bloch import Measure
from qjax.nn.qkan.modules import QKAN
from qjax.nn.qkan.parameters import QKANParams

_NAMES = {
    "theta": "theta",
    "weight": "preacts_weight",
    "bias": "preacts_bias",
    "post_weight": "postact_weights",
    "post_bias": "postact_bias",
    "base_weight": "base_weight",
    "mask": "mask",
}


def from_qkan_state_dict(
    state: Mapping[str, Any],
    *,
    ansatz: str | Ansatz = "pz",
    measure: Measure = "amplitude",
    preact_trainable: bool = True,
    dtype: Any = jnp.float32,
) -> QKAN:
    """A network with the parameters of a ``qkan`` model (release 0.2.3, ``p_dim=4``).

    Args:
        state: ``model.state_dict()``; its values are anything that `numpy.asarray` reads, which
            CPU tensors are.
        ansatz: the model's ansatz.
        measure: ``"amplitude"`` for a model with ``fast_measure=True``, the package's default;
            ``"expval"`` otherwise.
        preact_trainable: the model's option of this name. Where it is False, the package ignores
            frequencies and phases (``rpz`` keeps the phases), and so do we.
        dtype: floating-point type of the parameters.

    Returns:
        The network; parameters that the package had frozen at values without effect are absent.

    Raises:
        DataError: a state dict without QKAN layers.

    Example:
        >>> state = {"layers.0.theta": np.zeros((1, 1, 4, 2))}
        >>> from_qkan_state_dict(state)(jnp.zeros((3, 1))).shape
        (3, 1)
    """
    circuit = get_ansatz(ansatz)
    found = sorted({key.rsplit(".", 1)[0] for key in state if key.endswith(".theta")}, key=_order)
    if not found:
        raise DataError(
            "state: no layer with a theta in it",
            expected='keys such as "layers.0.theta"',
            got=", ".join(list(state)[:5]) or "an empty mapping",
        )
    layers = []
    for prefix in found:
        values = {
            ours: jnp.asarray(np.asarray(state[f"{prefix}.{theirs}"]), dtype)
            for ours, theirs in _NAMES.items()
            if f"{prefix}.{theirs}" in state
        }
        if not preact_trainable:
            values.pop("weight", None)
            if not circuit.always_bias:
                values.pop("bias", None)
        for name, idle in (("mask", 1.0), ("base_weight", 0.0)):
            if name in values and bool((values[name] == idle).all()):
                del values[name]
        if values["theta"].ndim == 3:  # grouped: shared by all outputs
            for name in ("theta", "weight", "bias"):
                if name in values:
                    values[name] = values[name][None]
        layers.append(QKANParams(**values))
    sizes = [_sizes(params) for params in layers]
    width = [sizes[0][1], *(outputs for outputs, _ in sizes)]
    reps = layers[0].theta.shape[-2] - (1 if circuit.final else 0)
    model = QKAN(width, reps, ansatz=circuit, measure=measure, rngs=nnx.Rngs(0))
    for layer, params in zip(model.layers, layers, strict=True):
        layer.set_params(params)
    return model


def _order(prefix: str) -> tuple[int, ...]:
    return tuple(int(part) for part in prefix.split(".") if part.isdigit())


def _sizes(params: QKANParams) -> tuple[int, int]:
    edges = params.theta if params.post_weight is None else params.post_weight
    return edges.shape[0], edges.shape[1]
