"""The fidelity kernel: how much the states of two points overlap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh
from jaxtyping import Array, Float

from ..circuit import Circuit, as_circuit
from ..errors import UnsupportedError
from ..measure import matrix_product_state, run
from ..measure.checks import as_key, as_shots
from ..measure.program import DEFAULT_SIM, refused, structure_of
from ..simulators import MPS, DensityMatrix, Simulator, Statevector
from ..simulators.sharded import spread_padded
from .gram import fidelities, of_all_pairs, traces
from .kernel import Kernel

LANES = 2**18
"""Amplitudes that are simulated side by side."""


@dataclass(frozen=True, eq=False)
class FidelityKernel(Kernel):
    """``|<phi(x)|phi(z)>|**2``, and ``tr(rho(x) rho(z))`` for noisy states.

    N points take N simulations and one matrix product. With ``shots`` every entry is what so many
    measurements of its own would give: of the inverted circuit (the share of all-zero outcomes) for
    pure states, of a swap test (the mean of ±1) for a `DensityMatrix`.

    Args:
        encoding: takes one point, shape ``(features,)``, returns a `Circuit`. It may close over
            parameters that are differentiated.
        sim: `Statevector`, `MPS` or `DensityMatrix` (which the encoding's channels need).
        mesh: devices that the points are shared among, such as ``qjax.device_mesh(batch=8)``.

    Raises:
        UnsupportedError: another simulator, or a derivative of a matrix from shots.
        KeyRequiredError, ShotsError: shots without a key, or not a positive integer.

    Source: Havlicek et al., arXiv:1804.11326.

    Example:
        >>> import numpy as np, qjax as qj
        >>> from qjax.kernels import FidelityKernel
        >>> kernel = FidelityKernel(qj.templates.angle_encoding)
        >>> kernel(np.array([[0.0], [np.pi / 2]])).round(3).tolist()
        [[1.0, 0.5], [0.5, 1.0]]
    """

    encoding: Callable[[Any], Circuit]
    sim: Simulator = DEFAULT_SIM
    mesh: Mesh | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.sim, Statevector | MPS | DensityMatrix):
            raise UnsupportedError(
                "FidelityKernel: sim must hold states that can be compared",
                expected="Statevector(), MPS(max_bond) or DensityMatrix()",
                got=repr(self.sim),
                fix="use ProjectedKernel, which needs expectation values alone",
            )

    def embed(self, x: Any) -> Any:
        """The states of points ``(n, features)``: a pytree with a leading axis of points.

        Real arrays ``(n, parts, amplitudes)`` with one part for real circuits and two (real,
        imaginary) for others; matrix product states for `MPS`.
        """
        if self.mesh is not None:
            return spread_padded(self._state, self.mesh, x)
        size = jax.eval_shape(self._state, x[0])
        amplitudes = sum(leaf.size for leaf in jax.tree.leaves(size))
        lanes = max(1, LANES // amplitudes)
        if x.shape[0] <= lanes:
            return jax.vmap(self._state)(x)
        return jax.lax.map(self._state, x, batch_size=lanes)

    def _state(self, point: Any) -> Any:
        circuit = as_circuit(self.encoding(point), "FidelityKernel: what encoding returns")
        if isinstance(self.sim, MPS):
            state = matrix_product_state(circuit, sim=self.sim)
            return jax.tree.map(lambda t: t / state.norm().astype(t.dtype) ** (1 / state.n), state)
        state = run(circuit, sim=self.sim).reshape(-1)
        sim = self.sim
        if isinstance(sim, Statevector) and sim.plan(structure_of(circuit)[0]).real:
            return jnp.real(state)[None]
        return jnp.stack([jnp.real(state), jnp.imag(state)])

    def _check(self, key: Any, shots: int | None) -> None:
        if shots is not None:
            as_shots(shots, "FidelityKernel")
            as_key(key, "FidelityKernel", True)

    def _matrix(self, x: Any, z: Any, key: Any, shots: int | None) -> Float[Array, "n m"]:
        mixed = isinstance(self.sim, DensityMatrix)
        block = _overlaps if isinstance(self.sim, MPS) else traces if mixed else fidelities
        exact = of_all_pairs(block, self.embed(x), None if z is None else self.embed(z))
        if shots is None:
            return exact
        fix = "differentiate the exact kernel, without shots"
        (exact,) = refused([exact], "FidelityKernel: shots", fix)
        found = _sampled(exact, key, shots, mixed)
        return found if z is not None else jnp.triu(found) + jnp.triu(found, 1).T


def _overlaps(a: Any, b: Any) -> Array:
    """``|<a_i|b_j>|**2`` of matrix product states, row by row."""
    row = jax.vmap(lambda left, right: jnp.abs(left.overlap(right)) ** 2, (None, 0))
    return jax.lax.map(lambda left: row(left, b), a)


def _sampled(exact: Array, key: Any, shots: int, mixed: bool) -> Array:
    chance = jnp.clip((1 + exact) / 2 if mixed else exact, 0, 1)
    found = jax.random.binomial(key, jnp.asarray(shots, exact.dtype), chance, dtype=exact.dtype)
    share = found / shots
    return 2 * share - 1 if mixed else share
