"""The layer on which every circuit layer stands: a circuit of inputs and parameters, measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

import qjax as qj
from qjax.errors import DataError
from qjax.nn.hybrid.readout import Expectations, Probabilities

Observables = Sequence[Any] | Expectations | Probabilities | Callable[[jax.Array], Sequence[Any]]
Shapes = tuple[int, ...] | Mapping[str, tuple[int, ...]]


def quantum_layer(
    x: Any,
    params: Any,
    circuit_fn: Callable[[jax.Array, Any], qj.Circuit],
    observables: Observables,
    *,
    event: int = 1,
    sim: Any = None,
    gradient: Any = None,
) -> jax.Array:
    """Measured values of a circuit for every input of a batch.

    Args:
        x: inputs, shape (..., *one input).
        params: pytree of parameters, shared by all inputs.
        circuit_fn: ``(one input, params) -> Circuit``.
        observables: a list, an `Expectations` or `Probabilities`, or a function of one input that
            gives a list (data as observable).
        event: number of axes of one input.
        sim: simulator; the statevector if not given.
        gradient: how it is differentiated; `qjax.Backprop` if not given.

    Returns:
        Real numbers, shape (..., K).

    Raises:
        DataError: inputs with fewer than ``event`` axes.

    Example:
        >>> tilt = lambda x, w: qj.Circuit(1, [qj.RX(x[0], 0), qj.RY(w, 0)])
        >>> quantum_layer(jnp.zeros((5, 1)), jnp.zeros(()), tilt, [qj.Z(0)]).shape
        (5, 1)
    """
    if np.ndim(x) < event:
        raise DataError(
            "x: one input has more axes than this array",
            expected=f"shape (..., {', '.join(['_'] * event)})",
            got=np.shape(x),
        )
    sim = qj.Statevector() if sim is None else sim
    gradient = qj.Backprop() if gradient is None else gradient
    batch = x.shape[: x.ndim - event]
    flat = jnp.reshape(x, (-1, *x.shape[len(batch) :]))

    def one(x: jax.Array) -> jax.Array:
        ask: Any = observables
        if not isinstance(ask, Expectations | Probabilities):
            if callable(ask):  # observables of this very input, which may be traced
                values = qj.expval(circuit_fn(x, params), ask(x), sim=sim, gradient=gradient)
                return jnp.stack(values)
            ask = Expectations(ask)
        return ask(circuit_fn(x, params), sim, gradient)

    out = one(flat[0])[None] if flat.shape[0] == 1 else jax.vmap(one)(flat)
    return out.reshape(*batch, *out.shape[1:])


class QuantumLayer(nnx.Module):
    """A parametrised circuit as a layer of a network.

    Args:
        circuit_fn: ``(one input, params) -> Circuit``; a function or another hashable callable.
        observables: what is measured, see `quantum_layer`.
        shape: shape of the parameters; a mapping from names to shapes for several arrays, which
            the circuit function is then given as a dictionary.
        event: number of axes of one input.
        init: initialiser ``(key, shape, dtype)``; uniform in [0, 2 pi) if not given.
        sim: simulator; the statevector if not given.
        gradient: how it is differentiated; `qjax.Backprop` if not given.
        dtype: floating-point type of the parameters; inputs are cast to it.
        rngs: NNX random streams.

    Example:
        >>> def circuit(x, w):
        ...     return qj.templates.angle_encoding(x) + qj.templates.real_amplitudes(w)
        >>> layer = QuantumLayer(circuit, [qj.Z(0), qj.Z(1)], (3, 2), rngs=nnx.Rngs(0))
        >>> layer(jnp.zeros((7, 2))).shape, layer.num_parameters
        ((7, 2), 6)
    """

    def __init__(
        self,
        circuit_fn: Callable[[jax.Array, Any], qj.Circuit],
        observables: Observables,
        shape: Shapes,
        *,
        event: int = 1,
        init: Any = None,
        sim: Any = None,
        gradient: Any = None,
        dtype: Any = jnp.float32,
        rngs: nnx.Rngs,
    ) -> None:
        ready = callable(observables) or isinstance(observables, Expectations | Probabilities)
        self.circuit_fn, self.event, self.sim, self.gradient = circuit_fn, event, sim, gradient
        self.observables = observables if ready else Expectations(observables)  # type: ignore[arg-type]
        init = jax.nn.initializers.uniform(2 * np.pi) if init is None else init
        if isinstance(shape, tuple):
            self.params = nnx.Param(init(rngs.params(), shape, dtype))
        else:
            self.params = nnx.Dict(
                {name: nnx.Param(init(rngs.params(), s, dtype)) for name, s in shape.items()}
            )

    @property
    def values(self) -> Any:
        """The parameters as the circuit function takes them."""
        if isinstance(self.params, nnx.Param):
            return self.params[...]
        return {name: param[...] for name, param in self.params.items()}

    @property
    def num_parameters(self) -> int:
        """Number of trained numbers, everything that this layer holds."""
        return count_parameters(self)

    def circuit(self, x: Any) -> qj.Circuit:
        """The circuit for one input, with the parameters as they are now."""
        return self.circuit_fn(self._cast(x), self.values)

    def _cast(self, x: Any) -> jax.Array:
        return jnp.asarray(x).astype(jax.tree.leaves(self.values)[0].dtype)

    def __call__(self, x: Any) -> jax.Array:
        """Measured values, (..., *one input) to (..., K)."""
        x = self._cast(x)
        return quantum_layer(
            x, self.values, self.circuit_fn, self.observables,
            event=self.event, sim=self.sim, gradient=self.gradient,
        ).astype(x.dtype)  # fmt: skip


def count_parameters(module: nnx.Module) -> int:
    """How many numbers of a module are `flax.nnx.Param`.

    Example:
        >>> count_parameters(nnx.Linear(3, 2, rngs=nnx.Rngs(0)))
        8
    """
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(module, nnx.Param)))


def z_each(n: int) -> list[Any]:
    """Z on every qubit, the usual readout."""
    return [qj.Z(q) for q in range(n)]
