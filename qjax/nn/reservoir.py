"""Flax NNX modules around quantum reservoirs, and recurrent cells as reservoirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from qjax.errors import DataError
from qjax.reservoir import FrozenCell, ridge, ridge_path
from qjax.reservoir.base import Reservoir


class ReservoirLayer(nnx.Module):
    """Any reservoir as a layer: its physical parameters are `nnx.Param` and can be trained.

    Args:
        reservoir: an `IsingReservoir`, `GateReservoir`, `Onion`, or any other.
        sim: how it is run; None chooses.

    Example:
        >>> import qjax as qj
        >>> reservoir = qj.reservoir.IsingReservoir.random(jax.random.key(0), 2, nodes=3)
        >>> ReservoirLayer(reservoir)(jnp.ones((4, 10))).shape
        (4, 10, 6)
    """

    def __init__(self, reservoir: Reservoir, *, sim: Any = None) -> None:
        leaves, self.treedef = jax.tree.flatten(reservoir)
        self.physical = nnx.List(nnx.Param(jnp.asarray(leaf)) for leaf in leaves)
        self.sim = sim

    @property
    def reservoir(self) -> Any:
        """The reservoir with the parameters as they are now."""
        return jax.tree.unflatten(self.treedef, [p[...] for p in self.physical])

    def __call__(self, u: jax.Array) -> jax.Array:
        """Features (..., T, F) of series (..., T), or (..., T, k) where a step takes k numbers."""
        reservoir = self.reservoir
        own = 1 if reservoir.inputs == 1 else 2
        batch = u.shape[:-own]
        flat = u.reshape(-1, *u.shape[len(batch) :])
        out = jax.vmap(lambda x: reservoir.features(x, sim=self.sim))(flat)
        return out.reshape(*batch, *out.shape[1:])


class ReservoirRegressor(nnx.Module):
    """A reservoir and a linear readout, which `fit` solves for in closed form.

    Args:
        reservoir: any reservoir.
        outputs: number of targets K.
        washout: steps at the beginning of the training series that do not count.
        sim: how the reservoir is run; None chooses.

    Example:
        >>> import qjax as qj
        >>> u = 0.5 + 0.4 * jnp.sin(0.5 * jnp.arange(120.0))
        >>> model = ReservoirRegressor(qj.reservoir.IsingReservoir.random(jax.random.key(0), 2))
        >>> model.fit(u[:-1], u[1:], 1e-3)
        >>> model(u).shape
        (120, 1)
    """

    def __init__(
        self, reservoir: Reservoir, outputs: int = 1, *, washout: int = 20, sim: Any = None
    ) -> None:
        self.layer, self.washout = ReservoirLayer(reservoir, sim=sim), washout
        self.readout = nnx.Linear(reservoir.n_features, outputs, rngs=nnx.Rngs(0))

    def fit(self, u: jax.Array, y: jax.Array, alpha: float | Sequence[float]) -> None:
        """Set the readout to the ridge solution; of several penalties the best left-out one.

        Args:
            u: the series, shape (T,) or (T, k).
            y: targets, shape (T,) or (T, K).
            alpha: penalty, or several.

        Raises:
            DataError: a series that is not longer than the washout.
        """
        if len(u) <= self.washout + 1:
            raise DataError("the series is shorter than the washout", got=(len(u), self.washout))
        x = self.layer(u)[self.washout :]
        y = y.reshape(len(y), -1)[self.washout :]
        one = isinstance(alpha, float | int)
        found = ridge(x, y, alpha) if one else ridge_path(x, y, alpha).best()
        self.readout.kernel = nnx.Param(found.weight)
        self.readout.bias = nnx.Param(found.bias)

    def __call__(self, u: jax.Array) -> jax.Array:
        """Predictions (..., T, K) after every input of series (..., T) or (..., T, k)."""
        return self.readout(self.layer(u))


@dataclass(frozen=True)
class CellStep:
    """The step of an NNX cell as a pure function; cells of one structure share a program."""

    graph: Any

    def __call__(self, state: Any, carry: Any, x: Any) -> tuple[Any, Any]:
        return nnx.merge(self.graph, state)(carry, x)


def freeze(cell: nnx.RNNCellBase, inputs: int = 1) -> FrozenCell:
    """A recurrent cell, quantum or not, as a reservoir whose parameters stay as they are.

    Args:
        cell: with ``(carry, x) -> (carry, output)``, as `flax.nnx.RNN` takes it.
        inputs: numbers per step.

    Source: quantum recurrent networks as reservoirs, Chen et al., arXiv:2211.02612.

    Example:
        >>> cell = nnx.GRUCell(1, 4, rngs=nnx.Rngs(0))
        >>> freeze(cell).features(jnp.ones(7)).shape
        (7, 4)
    """
    graph, state = nnx.split(cell)
    carry = cell.initialize_carry((inputs,), nnx.Rngs(0))  # type: ignore[call-arg]
    return FrozenCell.of(CellStep(graph), state, carry, inputs)
