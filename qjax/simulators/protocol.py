"""What a simulator is: something that compiles a circuit's structure and a question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

Program = Callable[[Sequence[Any], Sequence[Any], Any], Any]
"""``program(circuit_leaves, query_leaves, key) -> result``: a pure, traceable function."""


@dataclass(frozen=True)
class Structure:
    """What is static about a circuit: its treedef, and which of its leaves are complex."""

    treedef: Any
    n: int
    bits: int
    complex_leaves: tuple[bool, ...]


@dataclass(frozen=True)
class Query:
    """A question to a simulator. Frozen and hashable; traced data travels as query leaves."""


@dataclass(frozen=True)
class RunQuery(Query):
    """The final state."""


@dataclass(frozen=True)
class ExpvalQuery(Query):
    """Expectation values; ``observable`` is the treedef of the observables.

    With ``errors`` a random simulator returns ``(values, standard errors)``.
    """

    observable: Any
    errors: bool = False


@dataclass(frozen=True)
class ProbsQuery(Query):
    """Probabilities of the outcomes on some qubits (None: all), or of some classical bits."""

    qubits: tuple[int, ...] | None
    bits: tuple[int, ...] | None = None


@dataclass(frozen=True)
class AmplitudesQuery(Query):
    """Amplitudes of the given basis states."""

    indices: tuple[int, ...]


@dataclass(frozen=True)
class SampleQuery(Query):
    """Bitstrings: outcomes on all qubits, or what some classical bits hold."""

    shots: int
    bits: tuple[int, ...] | None = None


@dataclass(frozen=True)
class EstimateQuery(Query):
    """Mean and standard error of observables (treedef) from shots."""

    observable: Any
    shots: int


@dataclass(frozen=True)
class DensityQuery(Query):
    """The reduced density matrix of some qubits."""

    qubits: tuple[int, ...]


@dataclass(frozen=True)
class NormQuery(Query):
    """The probability that every `Project` of the circuit succeeds."""


@runtime_checkable
class Simulator(Protocol):
    """Frozen, hashable, without leaves.

    ``compile`` returns a pure function of leaves and a key; ``random`` says whether it needs one.
    """

    @property
    def random(self) -> bool: ...

    def resolved(self) -> Simulator:
        """The same simulator with every default made explicit (it is part of the cache's key)."""
        ...

    def check(self, structure: Structure, available: float) -> None:
        """Refuse, before anything is allocated, what cannot fit in ``available`` bytes."""
        ...

    def compile(self, structure: Structure, query: Query) -> Program: ...

    def memory(self, structure: Structure) -> float:
        """Bytes that one run needs at least."""
        ...
