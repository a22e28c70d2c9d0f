"""Reservoirs made of circuits, whose qubits carry the memory from step to step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from ..circuit import Circuit, as_circuit
from ..circuit.channels import AmplitudeDamping, Depolarizing, PhaseDamping
from ..circuit.constructors import CX, RX, RZ
from ..errors import ObservableError, ParameterError
from ..measure.checks import as_observables
from ..pauli import PauliSum
from .base import Reservoir
from .engine import Engine
from .stepwise import step_engine

Seen = tuple[tuple[Any, tuple[float, ...]], ...]  # observables as static structure


def static_observables(observables: Any, n: int, owner: str) -> Seen:
    """Observables with concrete coefficients as hashable structure; None: Z on every qubit.

    Raises:
        ObservableError: something other than Pauli sums on the reservoir's qubits.
    """
    if observables is None:
        return tuple(((((q, "Z"),),), (1.0,)) for q in range(n))
    out = []
    for o in as_observables(list(observables), n, owner):
        if not isinstance(o, PauliSum) or isinstance(o.coeffs, Tracer):
            raise ObservableError(
                f"{owner}: observables must be Pauli sums with known coefficients", got=repr(o)
            )
        out.append((tuple(o.words), tuple(np.asarray(o.coeffs).tolist())))
    return tuple(out)


class CircuitReservoir(Reservoir):
    """What reservoirs of circuits share: ``circuits(u, fixed, previous)`` is their step."""

    n: Any
    seen: Any

    def fixed(self, dtype: Any) -> Any:
        """What does not depend on the input, computed once per series."""
        del dtype
        return ()

    def circuits(self, u: Any, fixed: Any, previous: Any) -> list[Circuit]:
        """One step: circuits after each of which the observables are read."""
        raise NotImplementedError

    def observables(self) -> tuple[PauliSum, ...]:
        """What is read after each circuit."""
        return tuple(PauliSum(words, np.asarray(coeffs)) for words, coeffs in self.seen)

    @property
    def n_features(self) -> int:
        return len(self.seen)

    def engine(self, sim: Any = None) -> Engine:
        return step_engine(self, sim)


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class GateReservoir(CircuitReservoir):
    """Any circuit per step: gates, channels, resets, measurements and feed-forward.

    The qubits keep their state from step to step; classical bits start at 0 in every step, and
    what they hold at its end is forgotten (averaged over).

    Args:
        params: pytree that ``circuit`` takes; its leaves are the reservoir's.
        circuit: ``(params, u) -> Circuit``, or a list of circuits (virtual nodes), after each of
            which the observables are read. ``u`` is a scalar, or has shape (inputs,).
        n, inputs, seen, segments: made by `of`, which is the way to build one.

    Example:
        >>> import jax, jax.numpy as jnp, qjax as qj
        >>> def step(w, u):
        ...     gates = [qj.Reset(0), qj.RY(jnp.pi * u, 0), qj.CNOT(0, 1), qj.RX(w, 1)]
        ...     return qj.Circuit(2, [*gates, qj.AmplitudeDamping(0.1, 1)])
        >>> qj.reservoir.GateReservoir.of(step, 0.3).features([0.1, 0.8]).shape
        (2, 2)
    """

    params: Any
    circuit: Callable[..., Any] = field(metadata={"static": True})
    n: int = field(metadata={"static": True})
    inputs: int = field(metadata={"static": True})
    seen: Any = field(metadata={"static": True})
    segments: int = field(metadata={"static": True})

    @classmethod
    def of(
        cls,
        circuit: Callable[..., Any],
        params: Any = (),
        *,
        observables: Any = None,
        inputs: int = 1,
    ) -> GateReservoir:
        """From the function of a step.

        Args:
            circuit: as above; keep one function object, for every new one is compiled anew.
            params: its first argument.
            observables: Pauli sums with known coefficients; Z on every qubit if not given.
            inputs: numbers per step.

        Raises:
            CircuitError: a function that returns no circuit, or circuits of different widths.
            ObservableError: observables that do not fit.
        """
        params = jax.tree.map(_real, params)
        probe = jnp.zeros(() if inputs == 1 else (inputs,)) + 0.5
        found = _as_list(circuit(params, probe))
        n = found[0].n
        seen = static_observables(observables, n, "GateReservoir")
        return cls(params, circuit, n, inputs, seen, len(found))

    def circuits(self, u: Any, fixed: Any, previous: Any) -> list[Circuit]:
        return _as_list(self.circuit(self.params, u))

    @property
    def n_features(self) -> int:
        return self.segments * len(self.seen)


def _real(x: Any) -> Any:
    """A leaf as an array in the dtype of JAX's mode; Python numbers included."""
    if isinstance(x, jax.Array):
        return x
    x = np.asarray(x)
    return jnp.asarray(x, jnp.zeros((), float).dtype if x.dtype.kind in "fiu" else None)


def _as_list(found: Any) -> list[Circuit]:
    out = list(found) if isinstance(found, list | tuple) else [found]
    out = [as_circuit(c, "GateReservoir") for c in out]
    if not out or len({c.n for c in out}) != 1:
        raise ParameterError(
            "GateReservoir: the circuits of a step must have one number of qubits",
            got=[c.n for c in out],
        )
    return out


NOISES = {
    "amplitude damping": AmplitudeDamping,
    "depolarizing": Depolarizing,
    "phase damping": PhaseDamping,
}


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class NoiseInducedReservoir(CircuitReservoir):
    """A circuit without resets whose noise makes it forget, and so gives it memory to use.

    Each step rotates both qubits of every pair by ``RX(scale u)``, entangles them by CX,
    ``RZ(scale u)`` on the second, CX, and then damps every qubit at its own rate. Without noise,
    or with unital noise alone, features carry no fading memory; equal rates give one time scale.

    Args:
        rates: noise strength of every qubit, shape (n,), within (0, 1). A leaf.
        scale: a of the angles ``a u``, shape (). A leaf.
        pairs: which qubits are entangled, in order.
        channel: ``"amplitude damping"``, ``"depolarizing"`` or ``"phase damping"``.

    Raises:
        ParameterError: an unknown channel.

    Source: Suzuki et al., arXiv:2207.07924; rates as parameters, Fry et al.,
        arXiv:2301.06814.

    Example:
        >>> import jax.numpy as jnp, qjax as qj
        >>> reservoir = qj.reservoir.NoiseInducedReservoir.of([0.1, 0.4, 0.1, 0.4])
        >>> reservoir.features([0.2, 0.5, 0.9]).shape
        (3, 4)
    """

    rates: Any
    scale: Any
    pairs: Any = field(metadata={"static": True})
    channel: str = field(default="amplitude damping", metadata={"static": True})

    @classmethod
    def of(
        cls,
        rates: Any,
        scale: Any = 2.0,
        *,
        pairs: Sequence[tuple[int, int]] | None = None,
        channel: str = "amplitude damping",
    ) -> NoiseInducedReservoir:
        """From rates (n,); pairs are neighbours in a chain if not given.

        Raises:
            ParameterError: fewer than two rates, an unknown channel, a pair outside the qubits.
        """
        rates = _real(rates)
        if rates.ndim != 1 or len(rates) < 2:
            raise ParameterError(
                "NoiseInducedReservoir: rates must be one number per qubit",
                expected="shape (n,), n >= 2",
                got=rates.shape,
            )
        n = len(rates)
        pairs = [(q, q + 1) for q in range(n - 1)] if pairs is None else list(pairs)
        if any(a == b or not (0 <= a < n and 0 <= b < n) for a, b in pairs):
            raise ParameterError("NoiseInducedReservoir: pairs of different qubits", got=pairs)
        if channel not in NOISES:
            raise ParameterError(
                "NoiseInducedReservoir: channel is not known",
                expected=", ".join(NOISES),
                got=channel,
            )
        return cls(rates, _real(scale), tuple(pairs), channel)

    @property
    def n(self) -> int:  # type: ignore[override]
        return int(self.rates.shape[-1])

    @property
    def seen(self) -> Seen:  # type: ignore[override]
        return static_observables(None, self.n, "NoiseInducedReservoir")

    def circuits(self, u: Any, fixed: Any, previous: Any) -> list[Circuit]:
        angle = self.scale.astype(u.dtype) * u
        ops: list[Any] = []
        for a, b in self.pairs:
            ops += [RX(angle, a), RX(angle, b), CX(a, b), RZ(angle, b), CX(a, b)]
        noise = NOISES[self.channel]
        ops += [noise(self.rates[q], q) for q in range(self.n)]
        return [Circuit(self.n, ops)]
