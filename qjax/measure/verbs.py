"""Amplitudes, probabilities, expectation values, samples: what is asked of a circuit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
from jaxtyping import Array, Complex, Float, UInt8

from ..circuit import Circuit, Project, as_circuit
from ..errors import ParameterError
from ..gradients import Backprop, Gradient
from ..simulators import MPS, DensityMatrix, MixedPlan, Plan, Simulator, Statevector, Trajectories
from ..simulators import protocol as ask
from ..simulators.mps import ReportQuery
from .checks import as_key, as_observables, as_shots, as_some_bits, as_some_qubits
from .program import DEFAULT_GRADIENT, DEFAULT_SIM, answer, guarded, refused, structure_of
from .shots import estimate_with_gradient


@dataclass(frozen=True)
class Info:
    """What is known of a result besides its value.

    Attributes:
        plan: the steps that ran.
        truncation_error: accumulated weight that a simulator discarded; 0 where it is exact. One
            minus it estimates the fidelity of the final state.
        truncation_errors: of every layer or update, where a simulator truncates.
        bond_dimensions: Schmidt values above rounding across every bond of `MPS`, ``(n - 1,)``.
        standard_error: of a random result, shaped like the value, itself without a derivative; None
            where it is exact.
        norm: the probability that every `Project` of the circuit succeeds, or the norm of the final
            state of `MPS` before it is normalised; None elsewhere.
    """

    plan: Plan | MixedPlan | None = None
    truncation_error: Any = 0.0
    standard_error: Any = None
    norm: Any = None
    truncation_errors: Any = None
    bond_dimensions: Any = None


def run(
    circuit: Circuit, *, sim: Simulator = DEFAULT_SIM, key: Array | None = None
) -> Complex[Array, ...]:
    """The final state.

    Args:
        circuit: what is run, from ``|0...0>``.
        sim: how it is simulated.
        key: a PRNG key, required when ``sim`` is random.

    Returns:
        Amplitudes, complex, shape ``(2**n,)``; qubit 0 is the most significant bit of the index. A
        `DensityMatrix` gives the density matrix, complex, ``(2**n, 2**n)``; `Trajectories` gives
        the states of all of them, ``(trajectories, 2**n)``.

    Raises:
        CapacityError: a state that cannot fit, before anything is allocated.

    Example:
        >>> import qjax as qj
        >>> abs(qj.run(qj.Circuit(1, [qj.H(0)]))).round(3).tolist()
        [0.7070000171661377, 0.7070000171661377]
    """
    return answer(circuit, "run", sim, ask.RunQuery(), key=key)


def expval(
    circuit: Circuit,
    observable: Any,
    *,
    sim: Simulator = DEFAULT_SIM,
    gradient: Gradient = DEFAULT_GRADIENT,
    key: Array | None = None,
    info: bool = False,
) -> Any:
    """Expectation values ``<psi|O|psi>``.

    Args:
        circuit: what is run.
        observable: a `PauliSum` (or a single Pauli), `Hermitian`, `Projector`, or any list, tuple
            or dictionary of them.
        sim: how it is simulated.
        gradient: how `jax.grad` differentiates it: `Backprop()`, `Adjoint()`, `ParameterShift()`
            or `SPSA()`.
        key: a PRNG key, required when ``sim`` or ``gradient`` is random.
        info: whether to return ``(value, Info)``.

    Returns:
        Real numbers in the structure of ``observable``.

    Raises:
        ObservableError: not an observable, not Hermitian, or on qubits that the circuit lacks.
        KeyRequiredError: no key where one is needed.

    Example:
        >>> import jax, qjax as qj
        >>> energy = lambda t: qj.expval(qj.Circuit(1, [qj.RX(t, 0)]), qj.Z(0))
        >>> round(float(energy(0.0)), 3), abs(round(float(jax.grad(energy)(0.0)), 3))
        (1.0, 0.0)
    """
    circuit = as_circuit(circuit, "expval")
    observable = as_observables(observable, circuit.n, "expval")
    leaves, treedef = jax.tree.flatten(observable)
    query = ask.ExpvalQuery(treedef, errors=_tells_errors(sim, gradient) and info)
    if info and isinstance(sim, MPS) and isinstance(gradient, Backprop):
        value, report = answer(circuit, "expval", sim, ReportQuery(query), leaves, gradient)
        error, steps, norm, bonds = report
        return value, Info(
            truncation_error=error, truncation_errors=steps, norm=norm, bond_dimensions=bonds
        )
    value = answer(circuit, "expval", sim, query, leaves, gradient, key)
    if not info:
        return value
    error, norm = None, None
    if query.errors:
        value, error = value
    if any(isinstance(op, Project) for op in circuit.ops):
        norm = answer(circuit, "expval", sim, ask.NormQuery(), key=key)
    structure, _ = structure_of(circuit)
    plan = sim.plan(structure, query) if isinstance(sim, Statevector | DensityMatrix) else None
    return value, Info(plan=plan, standard_error=error, norm=norm)


def _tells_errors(sim: Any, gradient: Any) -> bool:
    tells = getattr(sim, "tells_errors", isinstance(sim, Trajectories))
    return tells and isinstance(gradient, Backprop)


def probs(
    circuit: Circuit,
    qubits: Iterable[int] | int | None = None,
    *,
    sim: Simulator = DEFAULT_SIM,
    bits: Iterable[int] | int | None = None,
    key: Array | None = None,
) -> Float[Array, " outcomes"]:
    """Probabilities of the outcomes of measuring qubits in the computational basis.

    Args:
        circuit: what is run.
        qubits: which qubits, in the order of the bits of the outcome (default: all).
        sim: how it is simulated.
        bits: classical bits, whose values at the end are asked for in place of qubits.
        key: a PRNG key, required when ``sim`` is random.

    Returns:
        Real, shape ``(2**k,)``.

    Raises:
        ParameterError: qubits and bits both, or classical bits that the circuit lacks.

    Example:
        >>> import qjax as qj
        >>> qj.probs(qj.Circuit(2, [qj.X(1)]), 1).tolist()
        [0.0, 1.0]
    """
    circuit = as_circuit(circuit, "probs")
    some = as_some_qubits(qubits, circuit.n, "probs")
    query = ask.ProbsQuery(some, as_some_bits(bits, circuit.bits, qubits, "probs", sim))
    return answer(circuit, "probs", sim, query, key=key)


def amplitudes(
    circuit: Circuit, bits: str | Sequence[str], *, sim: Simulator = DEFAULT_SIM
) -> Complex[Array, ...]:
    """Amplitudes of basis states.

    Args:
        circuit: what is run.
        bits: a bitstring such as ``"010"`` (qubit 0 first), or several.
        sim: how it is simulated.

    Returns:
        Complex: a scalar for one bitstring, shape ``(len(bits),)`` for several.

    Example:
        >>> import qjax as qj
        >>> qj.amplitudes(qj.Circuit(2, [qj.X(1)]), "01").tolist()
        (1+0j)
    """
    circuit = as_circuit(circuit, "amplitudes")
    several = list(bits) if isinstance(bits, Iterable) and not isinstance(bits, str) else [bits]
    for b in several:
        if not isinstance(b, str) or len(b) != circuit.n or set(b) - {"0", "1"}:
            raise ParameterError(
                "amplitudes: bits must be bitstrings with one character per qubit",
                expected=f"{circuit.n} characters 0 or 1",
                got=repr(b),
            )
    index = tuple(int(b, 2) for b in several)
    out = answer(circuit, "amplitudes", sim, ask.AmplitudesQuery(index))
    return out[0] if isinstance(bits, str) else out


def sample(
    circuit: Circuit,
    key: Array,
    shots: int,
    *,
    sim: Simulator = DEFAULT_SIM,
    bits: Iterable[int] | int | None = None,
) -> UInt8[Array, "shots n"]:
    """Outcomes of measuring all qubits, or what classical bits hold at the end.

    Args:
        circuit: what is run.
        key: a PRNG key, such as ``jax.random.key(0)``.
        shots: how many outcomes, positive.
        sim: how it is simulated.
        bits: classical bits that are read in place of the qubits.

    Returns:
        Bits, uint8, shape ``(shots, n)``, qubit 0 first; for ``bits`` in their order.

    Raises:
        KeyRequiredError, ShotsError: a missing key, a number of shots that is not positive.
        UnsupportedError: when differentiated.

    Example:
        >>> import jax, qjax as qj
        >>> qj.sample(qj.Circuit(2, [qj.X(1)]), jax.random.key(0), 2).tolist()
        [[0, 1], [0, 1]]
    """
    circuit = as_circuit(circuit, "sample")
    some = as_some_bits(bits, circuit.bits, None, "sample", sim)
    query = ask.SampleQuery(as_shots(shots, "sample"), some)
    key = as_key(key, "sample", True)
    fix = "differentiate qjax.probs or qjax.expval instead"
    return answer(guarded(circuit, "sample", fix), "sample", sim, query, key=key)


def estimate(
    circuit: Circuit,
    observable: Any,
    key: Array,
    shots: int,
    *,
    sim: Simulator = DEFAULT_SIM,
    gradient: Gradient | None = None,
) -> tuple[Any, Any]:
    """Expectation values from a finite number of shots.

    Pauli words that commute qubit by qubit share their shots.

    Args:
        circuit: what is run.
        observable: as for `expval`.
        key: a PRNG key.
        shots: shots for each group of commuting words, positive.
        sim: how it is simulated.
        gradient: how `jax.grad` differentiates the mean: `ParameterShift()` or `SPSA()`, as on
            hardware, every shifted circuit with shots of its own (unbiased). None refuses.

    Returns:
        ``(mean, stderr)``, each in the structure of ``observable``; the standard error is infinite
        for a single shot and has no derivative.

    Raises:
        KeyRequiredError, ShotsError, ObservableError: as for `sample` and `expval`.
        UnsupportedError: when differentiated without ``gradient``, or by another method.

    Example:
        >>> import jax, qjax as qj
        >>> mean, error = qj.estimate(qj.Circuit(1, [qj.X(0)]), qj.Z(0), jax.random.key(0), 10)
        >>> float(mean), float(error)
        (-1.0, 0.0)
    """
    circuit = as_circuit(circuit, "estimate")
    observable = as_observables(observable, circuit.n, "estimate")
    leaves, treedef = jax.tree.flatten(observable)
    query = ask.EstimateQuery(treedef, as_shots(shots, "estimate"))
    key = as_key(key, "estimate", True)
    fix = "pass gradient=qjax.ParameterShift() or SPSA(), or differentiate qjax.expval"
    if gradient is not None:
        return estimate_with_gradient(circuit, query, key, sim, gradient, refused(leaves, "", fix))
    circuit = guarded(circuit, "estimate", fix)
    leaves = refused(leaves, "estimate", fix)
    return answer(circuit, "estimate", sim, query, leaves, key=key)
