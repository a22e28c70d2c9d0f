"""The transverse-field Ising reservoir of Fujii and Nakajima."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..circuit import Circuit
from ..circuit.channels import Prepare
from ..circuit.constructors import Unitary
from ..errors import ParameterError, UnsupportedError
from ..gates.exponential import exp_i
from ..gates.matrices import pauli_matrix
from ..measure.checks import as_key
from ..pauli import PauliSum, make_word
from .affine import AffineEngine
from .base import Reservoir
from .eigenbasis import EigenbasisEngine
from .engine import Engine
from .execution import Affine, Eigenbasis, Kraus
from .input import LETTERS, input_matrix
from .kraus import PURE, KrausEngine
from .stepwise import step_engine

SMALL, AFFINE_QUBITS, DENSE_QUBITS = 4, 5, 8
"""Up to which number of qubits `Affine` is the fastest for any input, and for a mixed one; up to
which one step as matrices on the whole density matrix beats its gates."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class IsingReservoir(Reservoir):
    """All qubits coupled, fed through qubit 0, observed at several times within each step.

    ``H = - sum_(i<j) J_ij X_i X_j - sum_i h_i Z_i``. Every step replaces the state of qubit 0 by
    one that carries the input, then evolves for a time tau; after each of ``nodes`` equal parts of
    it (virtual nodes) the observables are read. F = nodes * observables, the node outermost.

    Args:
        couplings: J, shape (n, n); only the part above the diagonal counts. A leaf.
        fields: h, shape (n,). A leaf.
        tau: time of a step (so that tau J is in radians), shape (). A leaf.
        nodes: number of virtual nodes V.
        input: how u within [0, 1] enters: ``"pure"``, ``sqrt(1-u) |0> + sqrt(u) |1>``; ``"mixed"``,
            ``(1-u) |0><0| + u |1><1|``; ``"phase"``, ``(|0> + exp(2 pi i u) |1>) / sqrt(2)``;
            ``"angle"``, ``RY(pi u) |0>``. Values outside [0, 1] are clipped.
        pairs: whether all ``Z_i Z_j`` are observed beside the ``Z_i``.

    Raises:
        ParameterError: shapes that do not fit, a kind of input that is not known, no nodes.

    Source: Fujii and Nakajima, arXiv:1602.08159; conventions as in Tran and Nakajima,
        arXiv:2006.08999.

    Example:
        >>> import jax, qjax as qj
        >>> reservoir = qj.reservoir.IsingReservoir.random(jax.random.key(0), 3, nodes=4)
        >>> reservoir.features([0.1, 0.9, 0.4]).shape
        (3, 12)
    """

    couplings: Any
    fields: Any
    tau: Any
    nodes: int = field(default=10, metadata={"static": True})
    input: str = field(default="pure", metadata={"static": True})
    pairs: bool = field(default=False, metadata={"static": True})

    def __post_init__(self) -> None:
        if self.input not in LETTERS:
            raise ParameterError(
                "IsingReservoir: input is not known", expected=", ".join(LETTERS), got=self.input
            )
        if not isinstance(self.nodes, int) or self.nodes < 1:
            raise ParameterError("IsingReservoir: nodes must be positive", got=self.nodes)

    @classmethod
    def of(
        cls, couplings: Any, fields: Any, tau: Any, *, nodes: int = 10, **options: Any
    ) -> IsingReservoir:
        """From arrays or numbers, with their shapes checked; options are ``input`` and ``pairs``.

        Raises:
            ParameterError: couplings that are not (n, n) with n >= 2, or fields that are not (n,).
        """
        kind = jnp.zeros((), float).dtype

        def real(x: Any) -> Any:
            x = x if isinstance(x, jax.Array) else jnp.asarray(np.asarray(x, np.float64))
            return x if jnp.issubdtype(x.dtype, jnp.floating) else x.astype(kind)

        j, h, t = (real(x) for x in (couplings, fields, tau))
        if j.ndim != 2 or j.shape[0] != j.shape[1] or j.shape[0] < 2 or h.shape != j.shape[:1]:
            raise ParameterError(
                "IsingReservoir: couplings and fields do not fit",
                expected="(n, n) with n >= 2, and (n,)",
                got=f"{j.shape} and {h.shape}",
            )
        if t.shape != ():
            raise ParameterError("IsingReservoir: tau must be a scalar", got=t.shape)
        return cls(j, h, t, nodes, **options)

    @classmethod
    def random(
        cls,
        key: Any,
        n: int,
        *,
        tau: Any = 1.0,
        nodes: int = 10,
        coupling: Any = 1.0,
        field: Any = 0.5,
        spread: Any = 0.0,
        **options: Any,
    ) -> IsingReservoir:
        """Random couplings, uniform on ``[-J/2, J/2]``, and fields ``field + spread * [-1, 1]``.

        Args:
            key: PRNG key.
            n: number of qubits, at least 2.
            tau: time of a step.
            nodes: virtual nodes.
            coupling: J.
            field: mean of the fields. With ``spread = J`` and field 0 this is the fully random
                Hamiltonian, with spread 0 the one across the phase transition.
            spread: half-width of the fields.
            options: ``input`` and ``pairs``.

        Raises:
            KeyRequiredError: no key.
            ParameterError: fewer than two qubits.
        """
        first, second = jax.random.split(as_key(key, "IsingReservoir.random", True))
        j = jax.random.uniform(first, (n, n), minval=-0.5, maxval=0.5)
        h = jax.random.uniform(second, (n,), minval=-1.0, maxval=1.0)
        scale, shift, width = (jnp.asarray(x, j.dtype) for x in (coupling, field, spread))
        return cls.of(scale * j, shift + width * h, tau, nodes=nodes, **options)

    @property
    def n(self) -> int:
        """The number of qubits."""
        return int(self.fields.shape[-1])

    @property
    def words(self) -> tuple[str, ...]:
        """The observed Pauli words."""
        return observed(self.n, self.pairs)

    @property
    def n_features(self) -> int:
        return self.nodes * len(self.words)

    def hamiltonian(self, dtype: Any = None) -> Any:
        """H, real symmetric, shape (2**n, 2**n)."""
        j, h = (jnp.asarray(x).astype(dtype or x.dtype) for x in (self.couplings, self.fields))
        flips, signs = _terms(self.n)
        rows, columns = np.triu_indices(self.n, 1)
        twice = jnp.tensordot(j[rows, columns], jnp.asarray(flips, j.dtype), 1)
        return -twice - jnp.diag(jnp.matmul(h, jnp.asarray(signs, h.dtype)))

    def step_time(self, dtype: Any) -> Any:
        """The time between two virtual nodes."""
        return jnp.asarray(self.tau).astype(dtype) / np.asarray(self.nodes, dtype)

    def engine(self, sim: Any = None) -> Engine:
        pure = self.input in PURE
        if sim is None and self.n <= DENSE_QUBITS:
            affine = self.n <= (SMALL if pure else AFFINE_QUBITS)
            sim = Affine() if affine else Kraus() if pure else Eigenbasis()
        if isinstance(sim, Kraus) and not pure:
            raise UnsupportedError(
                "Kraus() runs inputs that are pure states",
                expected=", ".join(PURE),
                got=self.input,
                fix="use sim=Affine() or Eigenbasis()",
            )
        engines = {Affine: AffineEngine, Kraus: KrausEngine, Eigenbasis: EigenbasisEngine}
        kind = engines.get(type(sim))  # type: ignore[arg-type]
        if kind is not None:
            return kind(self.n, self.nodes, self.input, self.words, sim.real_dtype())  # type: ignore[union-attr]
        return step_engine(self, sim)

    def fixed(self, dtype: Any) -> Any:
        """The unitary of one virtual node, complex (2**n, 2**n)."""
        return exp_i(-self.hamiltonian(dtype) * self.step_time(dtype))

    def circuits(self, u: Any, fixed: Any, previous: Any) -> list[Circuit]:
        """One step as circuits, after each of which the observables are read."""
        qubits = range(self.n)
        part = Unitary(fixed, qubits)
        fresh = Prepare(input_matrix(self.input, u), 0)
        return [Circuit(self.n, [fresh, part]), *[Circuit(self.n, [part])] * (self.nodes - 1)]

    def observables(self) -> tuple[PauliSum, ...]:
        """What is read at every virtual node."""
        return tuple(PauliSum([make_word(w)], np.ones(1)) for w in self.words)


@lru_cache(maxsize=32)
def observed(n: int, pairs: bool) -> tuple[str, ...]:
    """The words Z on every qubit, and on every pair."""
    places = [(q,) for q in range(n)]
    if pairs:
        places += list(combinations(range(n), 2))
    return tuple("".join("Z" if q in p else "I" for q in range(n)) for p in places)


@lru_cache(maxsize=16)
def _terms(n: int) -> tuple[np.ndarray, np.ndarray]:
    """All ``X_i X_j`` (pairs, 2**n, 2**n), and the diagonals of all ``Z_i`` (n, 2**n)."""
    rows, columns = np.triu_indices(n, 1)
    words = [
        "".join("X" if q in p else "I" for q in range(n)) for p in zip(rows, columns, strict=True)
    ]
    index = np.arange(2**n)
    signs = np.stack([1.0 - 2 * (index >> (n - 1 - q) & 1) for q in range(n)])
    return np.stack([np.real(pauli_matrix(w)) for w in words]), signs
