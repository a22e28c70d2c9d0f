"""The projected kernel: a Gaussian of reduced density matrices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh
from jaxtyping import Array, Float

from ..circuit import Circuit, as_circuit
from ..circuit.constructors import X, Y, Z
from ..errors import ParameterError
from ..measure import estimate, expval
from ..measure.checks import as_key, as_shots
from ..measure.program import DEFAULT_SIM
from ..simulators import Simulator
from ..simulators.sharded import spread_padded
from .gram import of_all_pairs, squared_distances
from .kernel import Kernel


@dataclass(frozen=True, eq=False)
class ProjectedKernel(Kernel):
    """``exp(-gamma sum_q |rho_q(x) - rho_q(z)|**2)`` with the states ``rho_q`` of single qubits.

    The Frobenius distance of two qubits is half the squared distance of their Bloch vectors, so N
    points take N simulations of ``3 n`` expectation values. Any simulator will do, also random ones
    and devices. With ``shots`` the Bloch vectors are estimates; their noise adds about
    ``gamma * 3 n / shots`` to every exponent off the diagonal.

    Args:
        encoding: takes one point, shape ``(features,)``, returns a `Circuit`.
        sim: how it is simulated.
        gamma: inverse width, positive; may be traced.
        mesh: devices that the points are shared among, such as ``qjax.device_mesh(batch=8)``.

    Raises:
        ParameterError: gamma not positive.
        KeyRequiredError, ShotsError: shots or a random simulator without a key.

    Source: Huang et al., arXiv:2011.01938.

    Example:
        >>> import numpy as np, qjax as qj
        >>> from qjax.kernels import ProjectedKernel
        >>> kernel = ProjectedKernel(qj.templates.angle_encoding)
        >>> kernel(np.array([[0.0], [np.pi]])).round(3)
        Array([[1.   , 0.135],
               [0.135, 1.   ]], dtype=float32)
    """

    encoding: Callable[[Any], Circuit]
    sim: Simulator = DEFAULT_SIM
    gamma: Any = 1.0
    mesh: Mesh | None = None

    def __post_init__(self) -> None:
        if isinstance(self.gamma, float | int) and not self.gamma > 0:
            raise ParameterError("ProjectedKernel: gamma must be positive", got=self.gamma)

    def features(self, x: Any, *, key: Any = None, shots: int | None = None) -> Array:
        """Bloch vectors, ``<X>, <Y>, <Z>`` of every qubit in turn, shape ``(n, 3 qubits)``."""
        if key is None:
            return self._lanes(lambda point: self._bloch(point, None, shots), x)
        keys = jax.random.split(key, x.shape[0])
        return self._lanes(lambda point, k: self._bloch(point, k, shots), x, keys)

    def _lanes(self, function: Callable[..., Array], *args: Any) -> Array:
        if self.mesh is None:
            return jax.vmap(function)(*args)
        return spread_padded(function, self.mesh, *args)

    def _bloch(self, point: Any, key: Any, shots: int | None) -> Array:
        circuit = as_circuit(self.encoding(point), "ProjectedKernel: what encoding returns")
        paulis = [pauli(q) for q in range(circuit.n) for pauli in (X, Y, Z)]
        if shots is None:
            return jnp.stack(expval(circuit, paulis, sim=self.sim, key=key))
        return jnp.stack(estimate(circuit, paulis, key, shots, sim=self.sim)[0])

    def _check(self, key: Any, shots: int | None) -> None:
        if shots is not None:
            as_shots(shots, "ProjectedKernel")
        if shots is not None or self.sim.random:
            as_key(key, "ProjectedKernel", True)

    def _matrix(self, x: Any, z: Any, key: Any, shots: int | None) -> Float[Array, "n m"]:
        first, second = (None, None) if key is None else jax.random.split(key)
        a = self.features(x, key=first, shots=shots)
        b = None if z is None else self.features(z, key=second, shots=shots)
        distances = of_all_pairs(squared_distances, a, b)
        return jnp.exp(-jnp.asarray(self.gamma, distances.dtype) / 2 * distances)
