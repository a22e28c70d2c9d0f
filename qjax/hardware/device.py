"""A quantum computer as a simulator: the same verbs, differentiable by parameter shift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import CapacityError, ParameterError, UnsupportedError
from ..gradients import refuse_derivative
from ..simulators import protocol as ask
from .backend import Backend
from .jobs import Jobs
from .journal import Journal
from .program import Program, Sources, compile_program
from .shift import batched_call
from .words import Words

_MOST_OUTCOMES = 20  # qubits whose outcomes are counted


@dataclass(frozen=True)
class Device:
    """Circuits run on a backend, as ``sim=`` of `expval`, `estimate`, `sample` and `probs`.

    Derivatives of expectation values are taken by the parameter-shift rule: value and
    gradient are one job of ``2 P + 1`` circuits for ``P`` rotation angles that matter, a
    Hessian is one job, and `jax.vmap` widens the job. With ``gradient=qjax.SPSA()`` a gradient
    takes two more circuits, however many parameters there are. Every rotation has
    an angle of its own; gates with several frequencies are written as rotations first.

    With shots a key is required: its bits seed the backend. Standard errors (of `estimate`, and
    of `expval` with ``info=True``) take words as independent unless the backend tells their
    covariances, see `Capabilities`. Under a mesh of devices, every
    shard sends jobs of its own.

    Args:
        backend: where circuits run, see `Backend`.
        shots: for each Pauli word, or for each group of words that the backend measures together
            (None: exact values, where the backend has them).
        journal: a `Journal`, or a path of one: results are looked up there before anything is
            sent, so that neither a retrace nor a crash pays twice.
        retries: how often a failed job is sent again.
        wait: seconds before the first repetition; doubled each time.

    Raises:
        ParameterError: no backend, shots or retries out of range.

    Example:
        >>> import jax, qjax as qj
        >>> from qjax.hardware import Device, ExactBackend
        >>> device = Device(ExactBackend())
        >>> f = lambda t: qj.expval(qj.Circuit(1, [qj.RX(t, 0)]), qj.Z(0), sim=device)
        >>> value, slope = jax.value_and_grad(f)(0.5)
        >>> round(float(value), 4), round(float(slope), 4)
        (0.8776, -0.4794)
    """

    backend: Any
    shots: Any = None
    journal: Any = None
    retries: int = 2
    wait: float = 1.0

    def __post_init__(self) -> None:
        if isinstance(self.backend, type) or not isinstance(self.backend, Backend):
            raise ParameterError(
                "Device: backend must offer expectations, sample and capabilities",
                expected="such as ExactBackend()",
                got=repr(self.backend),
            )
        whole = isinstance(self.shots, int) and not isinstance(self.shots, bool)
        if self.shots is not None and (not whole or self.shots < 1):
            raise ParameterError(
                "Device: shots must be a positive integer or None", got=repr(self.shots)
            )
        if self.retries < 0 or self.wait < 0:
            raise ParameterError(
                "Device: retries and wait must not be negative", got=(self.retries, self.wait)
            )
        if self.journal is not None and not isinstance(self.journal, Journal):
            object.__setattr__(self, "journal", Journal(self.journal))

    @property
    def random(self) -> bool:
        return self.shots is not None

    @property
    def tells_errors(self) -> bool:
        """Whether `expval` has standard errors to tell."""
        return self.shots is not None

    def resolved(self) -> Device:
        """The same device."""
        return self

    def memory(self, structure: ask.Structure) -> float:
        """Nothing is kept here."""
        return 0.0

    def check(self, structure: ask.Structure, available: float) -> None:
        """Refuse circuits that the backend is too small for.

        Raises:
            CapacityError: more qubits than the backend has.
        """
        most = self.backend.capabilities.n_qubits
        if most is not None and structure.n > most:
            raise CapacityError(
                f"the backend has {most} qubits", got=f"a circuit of {structure.n} qubits"
            )

    def compile(self, structure: ask.Structure, query: ask.Query) -> ask.Program:
        """The function of (circuit leaves, query leaves, key) that asks the backend."""
        if getattr(query, "bits", None) is not None:
            raise UnsupportedError(
                "Device: classical bits are not read", fix="ask for qubits, which come last"
            )
        if isinstance(query, ask.ExpvalQuery | ask.EstimateQuery):
            return self._values(structure, query)
        if isinstance(query, ask.SampleQuery):
            return self._samples(structure, query.shots)
        if isinstance(query, ask.ProbsQuery):
            return self._outcomes(structure, query)
        raise UnsupportedError(
            f"a quantum computer cannot answer {type(query).__name__}",
            expected="expval, estimate, sample or probs",
            fix="use sim=qjax.Statevector()",
        )

    def _program(
        self, structure: ask.Structure, leaves: Sequence[Any]
    ) -> tuple[Program, Sources, list[Any], np.ndarray]:
        """The program, its sources, its angles by leaf, and the order of its columns."""
        shapes = tuple(tuple(np.shape(x)) for x in leaves)
        limits = self.backend.capabilities
        basis = limits.basis
        coupling = limits.coupling_map
        frozen = (
            tuple(sorted(basis)) if isinstance(basis, set | frozenset | list) else basis,
            tuple(map(tuple, coupling)) if isinstance(coupling, list | set) else coupling,
        )
        program, sources = _compiled(structure.treedef, shapes, *frozen, limits.directed)
        parts, order = [], []
        dtype = jnp.result_type(float)
        for k in np.unique(sources.leaf):
            (mine,) = np.nonzero(sources.leaf == k)
            flat = jnp.asarray(leaves[k]).reshape(-1).astype(dtype)
            scale, shift = (jnp.asarray(x[mine], dtype) for x in (sources.scale, sources.shift))
            parts.append(flat[sources.entry[mine]] * scale + shift)
            order.append(mine)
        columns = np.argsort(np.concatenate(order)) if order else np.zeros(0, int)
        return program, sources, parts, columns

    @property
    def _jobs(self) -> Jobs:
        return Jobs(self.backend, self.journal, self.retries, self.wait)

    def _values(self, structure: ask.Structure, query: Any) -> ask.Program:
        shots = getattr(query, "shots", self.shots)
        errors = isinstance(query, ask.EstimateQuery) or query.errors

        def program(leaves: Sequence[Any], query_leaves: Sequence[Any], key: Any) -> Any:
            words = Words(query.observable, list(query_leaves), structure.n)
            compiled, _, parts, order = self._program(structure, leaves)
            dtype = jnp.result_type(float)
            if words.words:
                asked = [_moved(w, compiled.places, compiled.circuit.n) for w in words.words]
                host, shape = self._jobs.expectations(compiled, asked, shots, errors)
                found = batched_call(host, order, shape, dtype)(parts, _seed(key))
            else:
                found = jnp.zeros((2, 0), dtype)
            values = words.combine(list(query_leaves), found[0])
            if not errors:
                return values
            # What errors are made of has no derivative.
            fixed = jax.lax.stop_gradient((list(query_leaves), found[1:]))
            return values, words.errors(*fixed)

        return program

    def _outcomes(self, structure: ask.Structure, query: ask.ProbsQuery) -> ask.Program:
        """Relative frequencies; they have no derivative."""
        qubits = tuple(range(structure.n)) if query.qubits is None else query.qubits
        if self.shots is None or len(qubits) > _MOST_OUTCOMES:
            raise UnsupportedError(
                "Device: probs counts outcomes",
                expected=f"Device(backend, shots=...) and at most {_MOST_OUTCOMES} qubits",
                got=f"shots={self.shots}, {len(qubits)} qubits",
            )
        shots, places = self.shots, 2 ** np.arange(len(qubits) - 1, -1, -1)
        samples = self._samples(structure, shots)

        def program(leaves: Sequence[Any], query_leaves: Sequence[Any], key: Any) -> Any:
            error = UnsupportedError(
                "probs cannot be differentiated: its result is random",
                fix="differentiate expectation values of projectors, qjax.Projector",
            )
            fixed = refuse_derivative([jnp.asarray(x) for x in leaves], error)
            bits = samples(fixed, query_leaves, key)[:, np.array(qubits, int)]
            index = bits.astype(jnp.int32) @ jnp.asarray(places, jnp.int32)
            counts = jnp.zeros(2 ** len(qubits), jnp.result_type(float)).at[index].add(1.0)
            return counts / shots

        return program

    def _samples(self, structure: ask.Structure, shots: int) -> ask.Program:
        def program(leaves: Sequence[Any], query_leaves: Sequence[Any], key: Any) -> Any:
            compiled, _, parts, order = self._program(structure, leaves)
            host = self._jobs.samples(compiled, structure.n, shots)
            dtype = jnp.result_type(float)
            call = batched_call(host, order, (shots, structure.n), dtype)
            return call(jax.lax.stop_gradient(parts), _seed(key)).astype(jnp.uint8)

        return program


@lru_cache(maxsize=256)
def _compiled(
    treedef: Any, shapes: Any, basis: Any, coupling: Any, directed: bool
) -> tuple[Program, Sources]:
    return compile_program(treedef, shapes, basis, coupling, directed)


def _seed(key: Any) -> Any:
    """31 random bits of a key; 0 without one."""
    if key is None:
        return jnp.zeros((), jnp.uint32)
    return jax.random.bits(key, (), jnp.uint32) >> 1


def _moved(word: str, places: tuple[int, ...], n: int) -> str:
    """The word on the qubits where the program leaves its own."""
    out = ["I"] * n
    for q, letter in enumerate(word):
        out[places[q]] = letter
    return "".join(out)
