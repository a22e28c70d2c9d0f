"""Reduced states, entropies, overlaps and matrices: what is asked of a circuit as a whole."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from ..circuit import Circuit, as_circuit
from ..errors import CapacityError, QubitError, UnsupportedError
from ..simulators import MPS, DensityMatrix, Simulator, Statevector, Structure, Trajectories
from ..simulators import protocol as ask
from ..simulators.memory import available_memory
from ..simulators.statevector import final_state, run_steps
from .checks import as_some_qubits
from .networks import matrix_product_state
from .program import DEFAULT_SIM, answer, structure_of
from .verbs import run


def reduced_density_matrix(
    circuit: Circuit,
    qubits: Iterable[int] | int,
    *,
    sim: Simulator = DEFAULT_SIM,
    key: Array | None = None,
) -> Complex[Array, "d d"]:
    """The state of some qubits, the others traced out.

    Args:
        circuit: what is run.
        qubits: k qubits, the first the most significant.
        sim: how it is simulated.
        key: a PRNG key, required when ``sim`` is random.

    Returns:
        Complex, Hermitian, trace 1, shape ``(2**k, 2**k)``.

    Example:
        >>> import qjax as qj
        >>> bell = qj.Circuit(2, [qj.H(0), qj.CNOT(0, 1)])
        >>> qj.reduced_density_matrix(bell, 0).real.round(3).tolist()
        [[0.5, 0.0], [0.0, 0.5]]
    """
    circuit = as_circuit(circuit, "reduced_density_matrix")
    some = as_some_qubits(qubits, circuit.n, "reduced_density_matrix")
    if not some:
        raise QubitError("reduced_density_matrix: qubits must name at least one qubit", got=qubits)
    return answer(circuit, "reduced_density_matrix", sim, ask.DensityQuery(some), key=key)


def entropy(
    circuit: Circuit, qubits: Iterable[int] | int, *, sim: Simulator = DEFAULT_SIM
) -> Float[Array, ""]:
    """The von Neumann entropy ``-tr(rho ln rho)`` of some qubits: their entanglement entropy.

    Args:
        circuit: what is run.
        qubits: the qubits of one side.
        sim: how it is simulated.

    Returns:
        A real scalar in nats (divide by ``ln 2`` for bits).

    Example:
        >>> import qjax as qj
        >>> round(float(qj.entropy(qj.Circuit(2, [qj.H(0), qj.CNOT(0, 1)]), 0)), 4)
        0.6931
    """
    circuit = as_circuit(circuit, "entropy")
    some = as_some_qubits(qubits, circuit.n, "entropy")
    if isinstance(sim, Trajectories):
        raise UnsupportedError(
            "entropy: the entropy of an average over trajectories is biased",
            fix="use sim=qjax.DensityMatrix()",
        )
    if not some:
        raise QubitError("entropy: qubits must name at least one qubit", got=qubits)
    rest = tuple(q for q in range(circuit.n) if q not in some)
    # A pure state has the same entropy on both sides of a cut, and none as a whole.
    pure = not isinstance(sim, DensityMatrix)
    smaller = some if len(some) <= len(rest) or not pure else rest
    if not smaller:
        return jnp.zeros(())
    side = sorted(some if 0 in some else rest)
    if isinstance(sim, MPS) and side == list(range(len(side))):  # one cut through the chain
        values = matrix_product_state(circuit, sim=sim).schmidt_values()[len(side) - 1] ** 2
    else:
        values = jnp.linalg.eigvalsh(reduced_density_matrix(circuit, smaller, sim=sim))
    positive = values > jnp.finfo(values.dtype).eps
    safe = jnp.where(positive, values, 1)
    return -jnp.sum(jnp.where(positive, safe * jnp.log(safe), 0))


def overlap(a: Circuit, b: Circuit, *, sim: Simulator = DEFAULT_SIM) -> Complex[Array, ""]:
    """The inner product ``<a|b>`` of two circuits' states; its squared magnitude is the fidelity.

    Example:
        >>> import qjax as qj
        >>> qj.overlap(qj.Circuit(1, [qj.X(0)]), qj.Circuit(1, [qj.X(0)])).tolist()
        (1+0j)
    """
    a, b = as_circuit(a, "overlap"), as_circuit(b, "overlap")
    if isinstance(sim, DensityMatrix | Trajectories):
        raise UnsupportedError(
            "overlap: the amplitudes of a mixed state have no inner product",
            fix="compare density matrices: jnp.trace(qjax.run(a, sim=sim) @ qjax.run(b, sim=sim))",
        )
    if a.n != b.n:
        raise QubitError(
            "overlap: the circuits need the same number of qubits", got=f"{a.n} and {b.n}"
        )
    if isinstance(sim, MPS):
        left, right = (matrix_product_state(c, sim=sim) for c in (a, b))
        return left.overlap(right)
    return jnp.vdot(run(a, sim=sim), run(b, sim=sim), precision=jax.lax.Precision.HIGHEST)


def unitary(circuit: Circuit, *, sim: Simulator = DEFAULT_SIM) -> Complex[Array, "d d"]:
    """The circuit's matrix.

    Returns:
        Complex, shape ``(2**n, 2**n)``; column j is the image of basis state j.

    Raises:
        UnsupportedError: the circuit prepares states, or the simulator is not a statevector.

    Example:
        >>> import qjax as qj
        >>> qj.unitary(qj.Circuit(1, [qj.X(0)])).real.tolist()
        [[0.0, 1.0], [1.0, 0.0]]
    """
    circuit = as_circuit(circuit, "unitary")
    if not isinstance(sim, Statevector):
        raise UnsupportedError(
            "unitary: sim must be a Statevector", got=repr(sim), fix="use sim=qjax.Statevector()"
        )
    structure, leaves = structure_of(circuit)
    wide = Structure(structure.treedef, 2 * circuit.n, structure.bits, structure.complex_leaves)
    try:
        sim.check(wide, available_memory())
    except CapacityError as error:
        raise CapacityError(
            f"unitary: the matrix of {circuit.n} qubits does not fit",
            expected=error.expected,
            got=f"{2**circuit.n} columns of 2**{circuit.n} amplitudes",
            fix="ask for single columns: qjax.run of the circuit after qjax.BasisState(bits)",
        ) from None
    if sim.plan(structure).preparations:
        raise UnsupportedError(
            "unitary: a circuit with StatePrep has no matrix", fix="remove the state preparation"
        )
    return _unitary(sim.resolved(), structure, leaves)


@partial(jax.jit, static_argnums=(0, 1))
def _unitary(sim: Statevector, structure: Structure, leaves: list[Any]) -> Array:
    plan, dtype = sim.plan(structure), sim.real_dtype()

    def column(start: Array) -> Array:
        re, im = final_state(plan, leaves, dtype, run_steps, start)
        return jax.lax.complex(re, jnp.zeros_like(re) if im is None else im)

    return jax.vmap(column, out_axes=1)(jnp.arange(2**structure.n))
