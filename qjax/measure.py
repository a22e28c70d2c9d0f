"""The verbs: what can be asked of a circuit. Each compiles itself, keyed on structure."""

from __future__ import annotations

import numbers
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, UInt8

from .circuit import Circuit, Param, as_circuit
from .circuit.operations import as_qubits, check_distinct
from .errors import (
    KeyRequiredError,
    ObservableError,
    ParameterError,
    QubitError,
    ShotsError,
    UnsupportedError,
)
from .gradients import Backprop, Gradient, refuse_derivative
from .observables import Hermitian, Projector
from .pauli import PauliSum, as_pauli_sum
from .simulators import Plan, Simulator, Statevector, Structure
from .simulators import protocol as ask
from .simulators.answers import is_observable
from .simulators.plan import complex_leaves
from .simulators.statevector import final_state, run_steps

_DEFAULT_SIM = Statevector()
_DEFAULT_GRADIENT = Backprop()


@dataclass(frozen=True)
class Info:
    """What is known of a result besides its value.

    Attributes:
        plan: the steps that ran.
        truncation_error: accumulated weight that a simulator discarded; 0 where it is exact.
        standard_error: of a random result, shaped like the value; None where it is exact.
    """

    plan: Plan | None = None
    truncation_error: Any = 0.0
    standard_error: Any = None


# --- the verbs -----------------------------------------------------------------------------------


def run(circuit: Circuit, *, sim: Simulator = _DEFAULT_SIM) -> Complex[Array, " amplitudes"]:
    """The final state.

    Args:
        circuit: what is run, from ``|0...0>``.
        sim: how it is simulated.

    Returns:
        Amplitudes, complex, shape ``(2**n,)``; qubit 0 is the most significant bit of the index.

    Raises:
        CapacityError: a state that cannot fit, before anything is allocated.

    Example:
        >>> import qjax as qj
        >>> abs(qj.run(qj.Circuit(1, [qj.H(0)]))).round(3).tolist()
        [0.7070000171661377, 0.7070000171661377]
    """
    return _ask(circuit, "run", sim, ask.RunQuery())


def expval(
    circuit: Circuit,
    observable: Any,
    *,
    sim: Simulator = _DEFAULT_SIM,
    gradient: Gradient = _DEFAULT_GRADIENT,
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
    observable = _observables(observable, circuit.n, "expval")
    leaves, treedef = jax.tree.flatten(observable)
    value = _ask(circuit, "expval", sim, ask.ExpvalQuery(treedef), leaves, gradient, key)
    if not info:
        return value
    plan = sim.plan(_structure(circuit)[0]) if isinstance(sim, Statevector) else None
    return value, Info(plan=plan)


def probs(
    circuit: Circuit, qubits: Iterable[int] | int | None = None, *, sim: Simulator = _DEFAULT_SIM
) -> Float[Array, " outcomes"]:
    """Probabilities of the outcomes of measuring qubits in the computational basis.

    Args:
        circuit: what is run.
        qubits: which qubits, in the order of the bits of the outcome (default: all).
        sim: how it is simulated.

    Returns:
        Real, shape ``(2**k,)``.

    Example:
        >>> import qjax as qj
        >>> qj.probs(qj.Circuit(2, [qj.X(1)]), 1).tolist()
        [0.0, 1.0]
    """
    circuit = as_circuit(circuit, "probs")
    return _ask(circuit, "probs", sim, ask.ProbsQuery(_some_qubits(qubits, circuit.n, "probs")))


def amplitudes(
    circuit: Circuit, bits: str | Sequence[str], *, sim: Simulator = _DEFAULT_SIM
) -> Complex[Array, "..."]:
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
    out = _ask(circuit, "amplitudes", sim, ask.AmplitudesQuery(index))
    return out[0] if isinstance(bits, str) else out


def sample(
    circuit: Circuit, key: Array, shots: int, *, sim: Simulator = _DEFAULT_SIM
) -> UInt8[Array, "shots n"]:
    """Outcomes of measuring all qubits.

    Args:
        circuit: what is run.
        key: a PRNG key, such as ``jax.random.key(0)``.
        shots: how many outcomes, positive.
        sim: how it is simulated.

    Returns:
        Bits, uint8, shape ``(shots, n)``, qubit 0 first.

    Raises:
        KeyRequiredError, ShotsError: a missing key, a number of shots that is not positive.
        UnsupportedError: when differentiated.

    Example:
        >>> import jax, qjax as qj
        >>> qj.sample(qj.Circuit(2, [qj.X(1)]), jax.random.key(0), 2).tolist()
        [[0, 1], [0, 1]]
    """
    circuit = as_circuit(circuit, "sample")
    query = ask.SampleQuery(_shots(shots, "sample"))
    key = _key(key, "sample", True)
    fix = "differentiate qjax.probs or qjax.expval instead"
    return _ask(_guarded(circuit, "sample", fix), "sample", sim, query, key=key)


def estimate(
    circuit: Circuit, observable: Any, key: Array, shots: int, *, sim: Simulator = _DEFAULT_SIM
) -> tuple[Any, Any]:
    """Expectation values from a finite number of shots.

    Pauli words that commute qubit by qubit share their shots.

    Args:
        circuit: what is run.
        observable: as for `expval`.
        key: a PRNG key.
        shots: shots for each group of commuting words, positive.
        sim: how it is simulated.

    Returns:
        ``(mean, stderr)``, each in the structure of ``observable``; the standard error is infinite
        for a single shot.

    Raises:
        KeyRequiredError, ShotsError, ObservableError: as for `sample` and `expval`.
        UnsupportedError: when differentiated.

    Example:
        >>> import jax, qjax as qj
        >>> mean, error = qj.estimate(qj.Circuit(1, [qj.X(0)]), qj.Z(0), jax.random.key(0), 10)
        >>> float(mean), float(error)
        (-1.0, 0.0)
    """
    circuit = as_circuit(circuit, "estimate")
    observable = _observables(observable, circuit.n, "estimate")
    leaves, treedef = jax.tree.flatten(observable)
    query = ask.EstimateQuery(treedef, _shots(shots, "estimate"))
    key = _key(key, "estimate", True)
    fix = "differentiate qjax.expval; ParameterShift() and SPSA() are what hardware would do"
    guarded = _guarded(circuit, "estimate", fix)
    leaves = refuse_derivative([jnp.asarray(x) for x in leaves], "estimate", fix)
    return _ask(guarded, "estimate", sim, query, leaves, key=key)


def reduced_density_matrix(
    circuit: Circuit, qubits: Iterable[int] | int, *, sim: Simulator = _DEFAULT_SIM
) -> Complex[Array, "d d"]:
    """The state of some qubits, the others traced out.

    Args:
        circuit: what is run.
        qubits: k qubits, the first the most significant.
        sim: how it is simulated.

    Returns:
        Complex, Hermitian, trace 1, shape ``(2**k, 2**k)``.

    Example:
        >>> import qjax as qj
        >>> bell = qj.Circuit(2, [qj.H(0), qj.CNOT(0, 1)])
        >>> qj.reduced_density_matrix(bell, 0).real.round(3).tolist()
        [[0.5, 0.0], [0.0, 0.5]]
    """
    circuit = as_circuit(circuit, "reduced_density_matrix")
    some = _some_qubits(qubits, circuit.n, "reduced_density_matrix")
    if not some:
        raise QubitError("reduced_density_matrix: qubits must name at least one qubit", got=qubits)
    return _ask(circuit, "reduced_density_matrix", sim, ask.DensityQuery(some))


def entropy(
    circuit: Circuit, qubits: Iterable[int] | int, *, sim: Simulator = _DEFAULT_SIM
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
    some = _some_qubits(qubits, circuit.n, "entropy")
    if some is None:
        raise QubitError("entropy: qubits must name at least one qubit", got=qubits)
    rest = tuple(q for q in range(circuit.n) if q not in some)
    if not rest:
        some = some[:1] if not some else some
    smaller = some if len(some) <= len(rest) or not rest else rest
    rho = reduced_density_matrix(circuit, smaller, sim=sim)
    values = jnp.linalg.eigvalsh(rho)
    positive = values > jnp.finfo(values.dtype).eps
    safe = jnp.where(positive, values, 1)
    return -jnp.sum(jnp.where(positive, safe * jnp.log(safe), 0))


def overlap(a: Circuit, b: Circuit, *, sim: Simulator = _DEFAULT_SIM) -> Complex[Array, ""]:
    """The inner product ``<a|b>`` of two circuits' states; its squared magnitude is the fidelity.

    Example:
        >>> import qjax as qj
        >>> qj.overlap(qj.Circuit(1, [qj.X(0)]), qj.Circuit(1, [qj.X(0)])).tolist()
        (1+0j)
    """
    a, b = as_circuit(a, "overlap"), as_circuit(b, "overlap")
    if a.n != b.n:
        raise QubitError(
            "overlap: the circuits need the same number of qubits", got=f"{a.n} and {b.n}"
        )
    return jnp.vdot(run(a, sim=sim), run(b, sim=sim), precision=jax.lax.Precision.HIGHEST)


def unitary(circuit: Circuit, *, sim: Simulator = _DEFAULT_SIM) -> Complex[Array, "d d"]:
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
    structure, leaves = _structure(circuit)
    wide = Structure(structure.treedef, 2 * circuit.n, structure.bits, structure.complex_leaves)
    sim.check(wide, _available_memory())
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


# --- what running it would cost --------------------------------------------------------------------


@dataclass(frozen=True)
class Explanation:
    """What a run would do and cost; print it.

    Attributes:
        n: qubits.
        gates: gates, repeated blocks counted in full.
        plan: the steps (None for simulators without a plan).
        bytes_forward: memory of a run.
        bytes_backprop: memory of a gradient by `Backprop`.
        bytes_adjoint: memory of a gradient by `Adjoint`.
        flops: floating-point operations of a run.
        available: memory of the device, bytes.
    """

    n: int
    gates: int
    simulator: str
    plan: Plan | None
    bytes_forward: float
    bytes_backprop: float
    bytes_adjoint: float
    flops: float
    available: float
    notes: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        lines = [
            f"{self.simulator}: {self.n} qubits, {self.gates} gates",
            f"memory: run {_size(self.bytes_forward)}, gradient {_size(self.bytes_backprop)} "
            f"(Backprop) or {_size(self.bytes_adjoint)} (Adjoint); "
            f"{_size(self.available)} available",
            f"work: {self.flops:.3g} flops a run",
        ]
        if self.plan is not None:
            lines.append(f"plan: {self.plan}")
        return "\n".join([*lines, *self.notes])


def explain(circuit: Circuit, *, sim: Simulator = _DEFAULT_SIM) -> Explanation:
    """What running a circuit would do and cost, without running it.

    Example:
        >>> import qjax as qj
        >>> qj.explain(qj.Circuit(2, [qj.H(0), qj.CNOT(0, 1)])).n
        2
    """
    circuit = as_circuit(circuit, "explain")
    structure, _ = _structure(circuit)
    if not isinstance(sim, Statevector):
        raise UnsupportedError(f"explain does not know {type(sim).__name__}")
    plan = sim.plan(structure)
    flops, passes = plan.cost()
    state = 2 * sim.real_dtype().itemsize * 2.0**circuit.n / (2 if plan.real else 1)
    available = _available_memory()
    backprop, adjoint = state * (3 + passes), state * 9
    notes = []
    if backprop > 0.5 * available >= adjoint:
        notes.append("advice: differentiate with gradient=qjax.Adjoint()")
    if sim.memory(structure) > available:
        notes.append("this does not fit: qjax.run would raise CapacityError")
    return Explanation(
        circuit.n,
        sum(circuit.counts().values()),
        repr(sim.resolved()),
        plan,
        3 * state,
        backprop,
        adjoint,
        flops,
        available,
        tuple(notes),
    )


def _size(count: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if count < 1024 or unit == "TiB":
            return f"{count:.3g} {unit}"
        count /= 1024
    raise AssertionError


# --- shared machinery ------------------------------------------------------------------------------


def _structure(circuit: Circuit) -> tuple[Structure, list[Any]]:
    leaves, treedef = jax.tree.flatten(circuit)
    for leaf in leaves:
        if isinstance(leaf, Param):
            raise ParameterError(
                f"the parameter {leaf.name!r} has no value",
                expected="numbers or JAX arrays in every gate",
                fix=f"put values in with circuit.bind({leaf.name}=...)",
            )
    return Structure(treedef, circuit.n, circuit.bits, complex_leaves(leaves)), leaves


def _ask(
    circuit: Any,
    verb: str,
    sim: Simulator,
    query: ask.Query,
    query_leaves: list[Any] | None = None,
    gradient: Gradient = _DEFAULT_GRADIENT,
    key: Array | None = None,
) -> Any:
    circuit = as_circuit(circuit, verb)
    if isinstance(sim, type) or not isinstance(sim, Simulator):
        raise UnsupportedError(
            f"{verb}: sim must be a simulator",
            expected="an object such as qjax.Statevector()",
            got=repr(sim),
            fix="call it: Statevector()" if isinstance(sim, type) else None,
        )
    if isinstance(gradient, type) or not isinstance(gradient, Gradient):
        raise UnsupportedError(
            f"{verb}: gradient must be a gradient method",
            expected="an object such as qjax.Backprop() or qjax.Adjoint()",
            got=repr(gradient),
            fix="call it: Adjoint()" if isinstance(gradient, type) else None,
        )
    structure, leaves = _structure(circuit)
    if isinstance(sim, Statevector):
        sim = sim.resolved()
        sim.check(structure, _available_memory())
    needs_key = sim.random or gradient.random
    if needs_key or key is not None:
        key = _key(key, verb, needs_key)
    return _execute(sim, gradient, structure, query, leaves, query_leaves or [], key)


@partial(jax.jit, static_argnums=(0, 1, 2, 3))
def _execute(
    sim: Simulator,
    gradient: Gradient,
    structure: Structure,
    query: ask.Query,
    leaves: list[Any],
    query_leaves: list[Any],
    key: Array | None,
) -> Any:
    return gradient.program(sim, structure, query)(leaves, query_leaves, key)


def _guarded(circuit: Circuit, verb: str, fix: str) -> Circuit:
    leaves, treedef = jax.tree.flatten(circuit)
    if any(isinstance(x, Param) for x in leaves):
        return circuit
    return treedef.unflatten(refuse_derivative([jnp.asarray(x) for x in leaves], verb, fix))


def _observables(value: Any, n: int, verb: str) -> Any:
    def one(o: Any) -> Any:
        if isinstance(o, PauliSum):
            _check_coefficients(o, verb)
        elif not isinstance(o, Hermitian | Projector):
            try:
                o = as_pauli_sum(o)
            except ObservableError as error:
                raise error.within(f"{verb}: observable") from None
        if max(o.qubits, default=-1) >= n:
            raise ObservableError(
                f"{verb}: observable acts on qubit {max(o.qubits)}, which the circuit lacks",
                expected=f"qubits 0 to {n - 1}",
                got=repr(o),
            )
        return o

    out = jax.tree.map(one, value, is_leaf=lambda x: is_observable(x) or hasattr(x, "qubits"))
    if not jax.tree.leaves(out, is_leaf=is_observable):
        raise ObservableError(f"{verb}: observable holds nothing to measure", got=repr(value))
    return out


def _check_coefficients(o: PauliSum, verb: str) -> None:
    if jnp.issubdtype(o.coeffs.dtype, jnp.complexfloating):
        raise ObservableError(
            f"{verb}: observable is not Hermitian: its coefficients are complex",
            expected="real coefficients",
            got=repr(o),
            fix="measure the Hermitian and the anti-Hermitian part apart",
        )


def _some_qubits(qubits: Any, n: int, verb: str) -> tuple[int, ...] | None:
    if qubits is None:
        return None
    some = as_qubits(qubits, f"{verb}: qubits: ")
    check_distinct(some, f"{verb}: qubits: ")
    if any(q >= n for q in some):
        raise QubitError(
            f"{verb}: qubits: qubit {max(some)} is outside the circuit",
            expected=f"0 to {n - 1}",
            got=some,
        )
    return some


def _shots(shots: Any, verb: str) -> int:
    if isinstance(shots, bool) or not isinstance(shots, numbers.Integral) or int(shots) < 1:
        raise ShotsError(
            f"{verb}: shots must be a positive integer",
            expected="1, 2, 3, ... (static, not traced)",
            got=repr(shots),
        )
    return int(shots)


def _key(key: Any, verb: str, required: bool) -> Array:
    hint = "make one with jax.random.key(0), and split it for every use"
    if key is None and required:
        raise KeyRequiredError(
            f"{verb}: key is missing: the result is random", expected="a PRNG key", fix=hint
        )
    if not isinstance(key, jax.Array):
        raise KeyRequiredError(
            f"{verb}: key must be a JAX PRNG key",
            expected="jax.random.key(seed)",
            got=f"{type(key).__name__}: {key!r:.40}",
            fix=hint,
        )
    typed = jax.dtypes.issubdtype(key.dtype, jax.dtypes.prng_key)
    if key.shape != () if typed else (key.shape != (2,) or key.dtype != jnp.uint32):
        raise KeyRequiredError(
            f"{verb}: key must be one PRNG key",
            expected="a single key (use jax.vmap for many)",
            got=f"shape {key.shape}, dtype {key.dtype}",
            fix=hint,
        )
    return key


def _available_memory() -> float:
    """Bytes of the default device: what its allocator may use, or the machine's memory."""
    device = jax.devices()[0]
    stats = device.memory_stats() if device.platform != "cpu" else None
    if stats and "bytes_limit" in stats:
        return float(stats["bytes_limit"])
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
