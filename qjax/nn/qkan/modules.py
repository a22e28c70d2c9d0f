"""Flax NNX modules around the pure functions: one activation per feature, a layer, networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from qjax.errors import ParameterError
from qjax.nn.qkan.activation import daruan
from qjax.nn.qkan.ansatz import Ansatz, get_ansatz
from qjax.nn.qkan.bloch import Measure
from qjax.nn.qkan.circuit_ansatz import CircuitAnsatz
from qjax.nn.qkan.circuits import edge_circuit
from qjax.nn.qkan.layer import qkan_layer
from qjax.nn.qkan.methods import Method
from qjax.nn.qkan.parameters import Preact, QKANParams, init_qkan, spread_frequencies


class Mask(nnx.Variable):
    """Which edges are kept (1) and which were pruned (0); never trained."""


class DARUAN(nnx.Module):
    """One trainable quantum activation per feature, in place of a ReLU or GELU.

    Args:
        features: number of features F; inputs have shape (..., F).
        reps: number of repetitions r.
        ansatz: the circuit of the activations.
        measure: ``"expval"`` or ``"amplitude"``.
        rngs: NNX random streams; ``params`` is used.

    Source: Jiang, Huang, Chen, Goan, arXiv:2509.14026.

    Example:
        >>> activation = DARUAN(8, rngs=nnx.Rngs(0))
        >>> activation(jnp.zeros((4, 8))).shape
        (4, 8)
    """

    def __init__(
        self,
        features: int,
        reps: int = 3,
        *,
        ansatz: str | Ansatz | CircuitAnsatz = "pz",
        measure: Measure = "expval",
        rngs: nnx.Rngs,
    ) -> None:
        params = init_qkan(rngs.params(), features, 1, reps, ansatz=ansatz)
        self.ansatz = ansatz
        self.measure: Measure = measure
        self.theta, self.weight = nnx.Param(params.theta[0]), nnx.Param(_first(params.weight))
        self.bias = nnx.Param(_first(params.bias))

    def __call__(self, x: jax.Array) -> jax.Array:
        """The activations, of the shape of x (..., F)."""
        theta, weight, bias = self.theta[...], self.weight[...], self.bias[...]
        return daruan(x, theta, weight, bias, ansatz=self.ansatz, measure=self.measure)


def _first(array: jax.Array | None) -> jax.Array:
    assert array is not None
    return array[0]


class QKANLayer(nnx.Module):
    """A layer of learned quantum activations; arguments as `init_qkan` and `qkan_layer`.

    Args:
        in_features: number of inputs I.
        out_features: number of outputs O.
        reps: number of repetitions r.
        preact: ``"trainable"``, ``"shared"``, ``"fixed"`` or ``"integer"`` frequencies.
        frequencies: initial frequencies, or the integers themselves; None: 1, or powers of 3.
        rngs: NNX random streams; ``params`` is used.
        init: further arguments of `init_qkan`: ``postact``, ``base``, ``group``, ``theta_init``.

    Example:
        >>> QKANLayer(2, 5, rngs=nnx.Rngs(0))(jnp.zeros((4, 2))).shape
        (4, 5)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        reps: int = 3,
        *,
        ansatz: str | Ansatz | CircuitAnsatz = "pz",
        preact: Preact = "trainable",
        frequencies: Sequence[float | int] | None = None,
        measure: Measure = "expval",
        base_function: Callable[[jax.Array], jax.Array] = jax.nn.silu,
        method: str | Method = "auto",
        rngs: nnx.Rngs,
        **init: Any,
    ) -> None:
        if preact == "integer" and frequencies is None:
            frequencies = spread_frequencies(reps)
        self.in_features, self.out_features, self.reps = in_features, out_features, reps
        self.ansatz = ansatz if isinstance(ansatz, CircuitAnsatz) else get_ansatz(ansatz)
        self.frequencies = tuple(frequencies) if frequencies and preact == "integer" else None
        self.measure, self.base_function, self.method = measure, base_function, method
        init = {"ansatz": ansatz, "preact": preact, "frequencies": frequencies, **init}
        self.set_params(init_qkan(rngs.params(), in_features, out_features, reps, **init))

    def params(self) -> QKANParams:
        """The parameters as the pure functions take them."""
        stored: dict[str, Any] = {name: getattr(self, name) for name in QKANParams._fields}
        stored = {name: None if v is None else v[...] for name, v in stored.items()}
        return QKANParams(**stored)

    def set_params(self, params: QKANParams) -> None:
        """Take over parameters; those that are None stay absent."""
        for name, array in params._asdict().items():
            kind = Mask if name == "mask" else nnx.Param
            setattr(self, name, nnx.data(None if array is None else kind(jnp.asarray(array))))

    def __call__(self, x: jax.Array) -> jax.Array:
        """Outputs of shape (..., O) for x of shape (..., I)."""
        return qkan_layer(x, self.params(), base=self.base_function, method=self.method, **self.how)

    @property
    def how(self) -> dict[str, Any]:
        """Ansatz, fixed frequencies and measure, as keyword arguments of the pure functions."""
        return {
            "ansatz": self.ansatz,
            "frequencies": self.frequencies,
            "measure": self.measure,
        }

    def edge_circuit(self, output: int, source: int, x: jax.Array | float) -> Any:
        """The activation of one edge at the scalar x, as a `qjax.Circuit`."""
        how = {"ansatz": self.ansatz, "frequencies": self.frequencies}
        return edge_circuit(self.params(), output, source, x, **how)


class QKAN(nnx.Module):
    """A network of QKAN layers, with nothing between them.

    Args:
        width: numbers of features, from inputs to outputs.
        reps: number of repetitions r in every layer.
        rngs: NNX random streams; every layer draws its own key.
        options: further arguments of `QKANLayer`.

    Raises:
        ParameterError: fewer than two widths.

    Source: Jiang, Huang, Chen, Goan, arXiv:2509.14026.

    Example:
        >>> QKAN([2, 5, 1], rngs=nnx.Rngs(0))(jnp.zeros((4, 2))).shape
        (4, 1)
    """

    def __init__(
        self, width: Sequence[int], reps: int = 3, *, rngs: nnx.Rngs, **options: Any
    ) -> None:
        if len(width) < 2:
            raise ParameterError("width: inputs and outputs are needed", got=tuple(width))
        self.layers = nnx.List(
            QKANLayer(i, o, reps, rngs=rngs, **options) for i, o in pairwise(width)
        )

    def __call__(self, x: jax.Array) -> jax.Array:
        """Outputs of shape (..., width[-1]) for x of shape (..., width[0])."""
        for layer in self.layers:
            x = layer(x)
        return x


class HQKAN(nnx.Module):
    """Linear encoder, QKAN in a small latent space, linear decoder: in place of an MLP.

    Args:
        in_features: number of inputs.
        latent_in: width of the QKAN's input; None: log2 of the inputs, rounded up.
        latent_out: width of the QKAN's output; None: log2 of the outputs, rounded up.
        out_features: number of outputs.
        reps: number of repetitions r.
        rngs: NNX random streams.
        options: further arguments of `QKANLayer`.

    Source: Jiang, Huang, Chen, Goan, arXiv:2509.14026 (hybrid QKAN).

    Example:
        >>> HQKAN(64, None, None, 10, rngs=nnx.Rngs(0))(jnp.zeros((4, 64))).shape
        (4, 10)
    """

    def __init__(
        self,
        in_features: int,
        latent_in: int | None,
        latent_out: int | None,
        out_features: int,
        reps: int = 3,
        *,
        rngs: nnx.Rngs,
        **options: Any,
    ) -> None:
        latent_in = latent_in or max(1, (in_features - 1).bit_length())
        latent_out = latent_out or max(1, (out_features - 1).bit_length())
        dtype = options.get("dtype", jnp.float32)
        self.encoder = nnx.Linear(in_features, latent_in, rngs=rngs, param_dtype=dtype)
        self.qkan = QKAN([latent_in, latent_out], reps, rngs=rngs, **options)
        self.decoder = nnx.Linear(latent_out, out_features, rngs=rngs, param_dtype=dtype)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Outputs of shape (..., out_features) for x of shape (..., in_features)."""
        return self.decoder(self.qkan(self.encoder(x)))
