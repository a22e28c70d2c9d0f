"""A fast-weight programmer as a Flax module: a slow network writes the weights of a fast one."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from qjax.errors import DataError, ParameterError
from qjax.nn.fast_weights.circuit import FastCircuit
from qjax.nn.fast_weights.recurrence import Entries, Form, fast_weights, next_weights
from qjax.nn.fast_weights.updates import Additive, Update
from qjax.nn.linear import uniform_linear


class FastWeightProgrammer(nnx.Module):
    """A sequence model whose memory is the weights of a circuit, written by a classical network.

    At every step the slow network reads the input and linear heads turn what it says into an entry,
    the outer product of a row and a column vector; the update rule merges it into the fast weights;
    the fast part computes its outputs from the input and the weights; a linear layer reads them.

    The circuit is not in the loop: all weights are found first (see `fast_weights`), then all
    circuits run side by side, or only that of the last step where only it is read.

    Args:
        slow: encoder, a module from (..., F) to (..., latent); None: linear, 8 features.
        fast: what has fast weights, a `FastCircuit` or a `FastQKAN`; None: the published circuit
            of 8 qubits and 2 layers.
        update: `Additive`, `Gated`, `SelfModulated` or `Bounded`.
        in_features: number of inputs F.
        out_features: number of outputs O of the readout.
        latent: features of the slow network, where it has no attribute ``out_features``.
        activation: applied to the slow network's features before the heads.
        dtype: floating-point type of the parameters.
        rngs: NNX random streams.

    Raises:
        ParameterError: a slow network of unknown width.

    Source: Chen, arXiv:2402.17760; gated, arXiv:2605.06734.

    Example:
        >>> from qjax.nn.fast_weights import Gated
        >>> model = FastWeightProgrammer(update=Gated(), rngs=nnx.Rngs(0))
        >>> model(jnp.zeros((3, 5, 1))).shape
        (3, 1)
        >>> model(jnp.zeros((3, 5, 1)), every=True).shape
        (3, 5, 1)
    """

    def __init__(
        self,
        slow: Any = None,
        fast: Any = None,
        update: Update = Additive(),  # noqa: B008  (frozen)
        *,
        in_features: int = 1,
        out_features: int = 1,
        latent: int | None = None,
        activation: Any = None,
        dtype: Any = jnp.float32,
        rngs: nnx.Rngs,
    ) -> None:
        options: dict[str, Any] = {"dtype": dtype, "rngs": rngs}
        self.slow = uniform_linear(in_features, latent or 8, **options) if slow is None else slow
        self.fast = FastCircuit() if fast is None else fast
        self.update, self.activation = update, activation
        latent = latent or getattr(self.slow, "out_features", None)
        if latent is None:
            raise ParameterError(
                "latent: the slow network does not say how many features it has",
                fix="pass latent=, the size of its last axis",
            )
        rows, columns = self.fast.shape
        self.rows = uniform_linear(latent, rows, **options)
        self.columns = uniform_linear(latent, columns, **options)
        bias = update.bias((rows, columns))
        gates = uniform_linear(latent, len(bias), bias=bias, **options) if len(bias) else None
        self.gates = nnx.data(gates)
        self.readout = uniform_linear(self.fast.out_features, out_features, **options)

    def entries(self, x: jax.Array) -> Entries:
        """What the slow network says about inputs (..., F)."""
        latent = self.slow(x)
        if self.activation is not None:
            latent = self.activation(latent)
        none = jnp.zeros((*latent.shape[:-1], 0), latent.dtype)
        gates = none if self.gates is None else self.gates(latent)
        return Entries(self.rows(latent), self.columns(latent), gates)

    def __call__(
        self,
        x: jax.Array,
        start: jax.Array | None = None,
        *,
        every: bool = False,
        form: Form = "auto",
    ) -> jax.Array:
        """Outputs of the last step, or of every step.

        Args:
            x: inputs, shape (..., T, F).
            start: fast weights before the first step, (..., R, C). None: zeros.
            every: whether outputs of every step are wanted.
            form: how the fast weights are found, see `fast_weights`; ``"scan"`` also runs the
                circuits one step after another.

        Returns:
            Shape (..., O), or (..., T, O).

        Raises:
            DataError: inputs without axes of time and features.
        """
        if x.ndim < 2:
            raise DataError(
                "x: a series has axes of time and features", expected="(..., T, F)", got=x.shape
            )
        x = x.astype(self.rows.kernel.dtype)
        entries = self.entries(x)
        weights = fast_weights(entries, self.update, start, every=every, form=form)
        if not every:
            return self.readout(self.evaluate(x[..., -1, :], weights))
        if form != "scan":
            return self.readout(self.evaluate(x, weights))
        steps = (jnp.moveaxis(x, -2, 0), jnp.moveaxis(weights, -3, 0))
        outputs = jax.lax.map(lambda step: self.evaluate(*step), steps)
        return self.readout(jnp.moveaxis(outputs, 0, -2))

    def evaluate(self, x: jax.Array, weights: jax.Array) -> jax.Array:
        """The fast part before the readout, for inputs (..., F) and weights (..., R, C)."""
        lead = x.shape[:-1]
        if not lead:
            return self.fast(x, weights).astype(weights.dtype)
        flat = weights.reshape(-1, *self.fast.shape)
        outputs = jax.vmap(self.fast)(x.reshape(-1, x.shape[-1]), flat)
        return outputs.reshape(*lead, -1).astype(weights.dtype)

    def step(self, weights: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """One step: weights (..., R, C) and inputs (..., F) to new weights and outputs (..., O)."""
        x = x.astype(self.rows.kernel.dtype)
        weights = next_weights(weights, self.entries(x), self.update)
        return weights, self.readout(self.evaluate(x, weights))

    def initial_weights(self, batch: tuple[int, ...] = ()) -> jax.Array:
        """Weights before the first step: zeros (*batch, R, C)."""
        return jnp.zeros((*batch, *self.fast.shape), self.rows.kernel.dtype)
