"""Imaginary time: a state cooled towards the ground state of a Hamiltonian."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from ..circuit import Circuit, as_circuit
from ..errors import ParameterError, UnsupportedError
from ..pauli import word_masks
from ..simulators import Simulator, Statevector
from .checks import as_observables
from .program import DEFAULT_SIM
from .verbs import run


def imaginary_time(
    circuit: Circuit,
    hamiltonian: Any,
    time: Any,
    *,
    steps: int = 100,
    sim: Simulator = DEFAULT_SIM,
) -> tuple[Complex[Array, " amplitudes"], Float[Array, " steps"]]:
    """``exp(-time H)|circuit>``, normalised, by a product formula of second order.

    The state is not that of a circuit any more: every word acts as ``cosh - sinh * word``. The
    error is of order ``time**3 / steps**2``.

    Args:
        circuit: prepares the state to start from.
        hamiltonian: a real `PauliSum`; its coefficients may be traced.
        time: imaginary time, a real scalar, in units of one over the Hamiltonian's.
        steps: how many, a positive integer; one is compiled.
        sim: a `Statevector`.

    Returns:
        ``(state, energies)``: amplitudes ``(2**n,)``, and the energy during every step, shape
        ``(steps,)``, from the norm that the step loses; it tends to the ground state's from above.
        Differentiable.

    Raises:
        ParameterError: steps that are not positive.
        UnsupportedError: another simulator than a `Statevector`.

    Example:
        >>> import qjax as qj
        >>> state, _ = qj.imaginary_time(qj.Circuit(1, [qj.H(0)]), qj.Z(0), 10.0)
        >>> abs(state).round(3).tolist()
        [0.0, 1.0]
    """
    circuit = as_circuit(circuit, "imaginary_time")
    if not isinstance(sim, Statevector):
        raise UnsupportedError("imaginary_time: sim must be a Statevector", got=repr(sim))
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise ParameterError("imaginary_time: steps must be a positive integer", got=repr(steps))
    total = as_observables(hamiltonian, circuit.n, "imaginary_time")
    if not hasattr(total, "words"):
        raise UnsupportedError("imaginary_time: the Hamiltonian must be a PauliSum")
    n = circuit.n
    start = run(circuit, sim=sim)
    real = start.real.dtype
    masks = np.array([word_masks(w, n) for w in total.words], np.uint32).reshape(-1, 3)
    there = np.concatenate([masks, masks[::-1]])
    dt = jnp.asarray(time, real) / steps
    halves = jnp.asarray(total.coeffs, real) * (dt / 2)
    angles = jnp.concatenate([halves, halves[::-1]])
    index = jnp.arange(2**n, dtype=jnp.uint32)
    phases = jnp.asarray(np.array([1, 1j, -1, -1j])[there[:, 2] % 4], start.dtype)

    def word(state: Array, item: Any) -> tuple[Array, None]:
        x, z, phase, angle = item
        source = index ^ x
        odd = jax.lax.population_count(source & z) & jnp.uint32(1)
        sign = (1 - 2 * odd.astype(jnp.int32)).astype(state.dtype)
        moved = phase * sign * state[source]
        return jnp.cosh(angle).astype(state.dtype) * state - jnp.sinh(angle).astype(
            state.dtype
        ) * moved, None

    def step(state: Array, _: Any) -> tuple[Array, Array]:
        items = (jnp.asarray(there[:, 0]), jnp.asarray(there[:, 1]), phases, angles)
        state, _ = jax.lax.scan(word, state, items)
        norm = jnp.linalg.norm(state)
        return state / norm.astype(state.dtype), norm

    state, norms = jax.lax.scan(step, start, length=steps)
    return state, -jnp.log(norms) / dt
