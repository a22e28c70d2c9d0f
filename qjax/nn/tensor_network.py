"""Staircase circuits as Flax NNX modules, from tensor networks or from nothing."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from qjax.circuit import Circuit
from qjax.measure import expval, probs
from qjax.templates import staircase_su4, tensor_network_initial


class StaircaseCircuit(nnx.Module):
    """A staircase of SU(4) gates whose angles are trained.

    Args:
        params: angles to start from (radians), ``(layers, n - 1, 15)``.
        sim: how the circuit is run; None chooses.

    Example:
        >>> import jax.numpy as jnp, qjax as qj
        >>> model = StaircaseCircuit.from_tensor_network(qj.tfim(4), max_bond=2, layers=1)
        >>> -4.76 < float(model(qj.tfim(4))) < -4.6  # the ground state's is -4.7588
        True
    """

    def __init__(self, params: jax.Array, *, sim: Any = None) -> None:
        self.angles = nnx.Param(jnp.asarray(params))
        self.sim = sim

    @classmethod
    def from_tensor_network(
        cls, target: Any, *, sim: Any = None, **options: Any
    ) -> StaircaseCircuit:
        """From a Hamiltonian, a data set or a state: see `tensor_network_initial` for options."""
        return cls(tensor_network_initial(target, **options).params, sim=sim)

    @property
    def circuit(self) -> Circuit:
        """The circuit with the angles as they are now."""
        angles = self.angles[...]
        return staircase_su4(angles, angles.shape[1] + 1)

    def __call__(self, observable: Any) -> Any:
        """Expectation value of an observable, or of a pytree of them."""
        return expval(self.circuit, observable, **self._how())

    def negative_log_likelihood(self, bits: jax.Array, floor: float = 1e-10) -> jax.Array:
        """The mean of ``-ln p`` over strings ``(k, n)``; p counts as ``floor`` at least."""
        n = bits.shape[1]
        index = bits.astype(jnp.int32) @ (2 ** jnp.arange(n - 1, -1, -1, dtype=jnp.int32))
        p = probs(self.circuit, **self._how())[index]
        return -jnp.mean(jnp.log(jnp.maximum(p, jnp.asarray(floor, p.dtype))))

    def _how(self) -> dict[str, Any]:
        return {} if self.sim is None else {"sim": self.sim}
