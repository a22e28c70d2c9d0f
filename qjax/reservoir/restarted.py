"""Reservoirs that begin every step in ``|0...0>``: what memory they have is classical."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..circuit import Circuit
from ..circuit.constructors import CX, RX, RY, RZ
from ..errors import ParameterError
from ..measure import expval
from ..measure.checks import as_key
from ..simulators import Statevector
from .circuits import CircuitReservoir, Seen, _as_list, _real, static_observables
from .engine import Engine


@dataclass(frozen=True)
class RestartEngine(Engine):
    """Expectation values of one circuit per step, of any simulator; the state is the features.

    Features leak: ``f <- (1 - leak) f + leak <O>``.
    """

    sim: Any

    @property
    def random(self) -> bool:  # type: ignore[override]
        return bool(self.sim.random)

    def prepare(self, reservoir: Any) -> Any:
        return reservoir

    def start(self, params: Any) -> Any:
        return jnp.zeros(params.n_features, self.sim.resolved().real_dtype())

    def advance(self, params: Any, state: Any, u: Any, key: Any) -> tuple[Any, Any]:
        (circuit,) = params.circuits(u.astype(state.dtype), (), state)
        seen = expval(circuit, list(params.observables()), sim=self.sim, key=key)
        leak = jnp.asarray(params.leak).astype(state.dtype)
        new = (1 - leak) * state + leak * jnp.stack(seen).astype(state.dtype)
        return new, new


class Restarted(CircuitReservoir):
    """A reservoir whose qubits are reset in every step."""

    linear = False
    leak: Any

    def engine(self, sim: Any = None) -> Engine:
        return RestartEngine(Statevector() if sim is None else sim)


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class FeedbackReservoir(Restarted):
    """All qubits are measured in every step, and their mean values fed back as angles.

    On ``|0...0>``: layers of ``RY(input_scale u + weight @ z)`` with z the last features, a ring
    of CX, and fixed random rotations. A statevector suffices, and shot noise does not accumulate
    in quantum states.

    Args:
        weights: feedback, shape (n, n), in radians per unit of ``<Z>``. A leaf.
        scales: input to angles, shape (n,), in radians. A leaf.
        angles: fixed rotations about X and Z, shape (layers, n, 2), in radians. A leaf.
        leak: within (0, 1]; 1 for no leak. A leaf.

    Source: Kobayashi, Fujii, Yamamoto, arXiv:2406.15783.

    Example:
        >>> import jax, qjax as qj
        >>> reservoir = qj.reservoir.FeedbackReservoir.random(jax.random.key(0), 3)
        >>> reservoir.features([0.2, 0.5]).shape
        (2, 3)
    """

    weights: Any
    scales: Any
    angles: Any
    leak: Any

    @classmethod
    def random(
        cls,
        key: Any,
        n: int,
        *,
        layers: int = 2,
        radius: float | int = 1.0,
        scale: float | int = 1.0,
        leak: float | int = 1.0,
    ) -> FeedbackReservoir:
        """Normal feedback of the given spectral radius, uniform scales and angles.

        Raises:
            KeyRequiredError: no key.
            ParameterError: fewer than two qubits, or no layers.
        """
        if n < 2 or layers < 1:
            raise ParameterError("FeedbackReservoir: n >= 2 and layers >= 1", got=(n, layers))
        keys = jax.random.split(as_key(key, "FeedbackReservoir.random", True), 3)
        w = np.asarray(jax.random.normal(keys[0], (n, n)))
        w = w * radius / np.abs(np.linalg.eigvals(w)).max()
        scales = scale * np.asarray(jax.random.uniform(keys[1], (n,), minval=-1.0))
        angles = np.pi * np.asarray(jax.random.uniform(keys[2], (layers, n, 2), minval=-1.0))
        return cls(*(_real(x) for x in (w, scales, angles, leak)))

    @property
    def n(self) -> int:  # type: ignore[override]
        return int(self.scales.shape[-1])

    @property
    def seen(self) -> Seen:  # type: ignore[override]
        return static_observables(None, self.n, "FeedbackReservoir")

    def circuits(self, u: Any, fixed: Any, previous: Any) -> list[Circuit]:
        back = jnp.matmul(self.weights.astype(u.dtype), previous.astype(u.dtype))
        turn, n = self.scales.astype(u.dtype) * u + back, self.n
        ops: list[Any] = []
        for layer in range(self.angles.shape[0]):
            ops += [RY(turn[q], q) for q in range(n)]
            ops += [CX(q, (q + 1) % n) for q in range(n if n > 2 else 1)]
            for q in range(n):
                ops += [RX(self.angles[layer, q, 0], q), RZ(self.angles[layer, q, 1], q)]
        return [Circuit(n, ops)]


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class ExtremeLearning(Restarted):
    """A fixed circuit as a nonlinear map of each input: no recurrence but a leak.

    Args:
        params: pytree that ``circuit`` takes. A leaf.
        leak: within (0, 1]; ``f <- (1 - leak) f + leak <O>``. A leaf.
        circuit: ``(params, u) -> Circuit``; u is a scalar, or has shape (inputs,).
        n, inputs, seen: made by `of`, which is the way to build one.

    Source: Ahmed, Tennie and Magri, arXiv:2409.01394 (leaky, recurrence-free reservoirs).

    Example:
        >>> import jax.numpy as jnp, qjax as qj
        >>> def encode(w, u):
        ...     return qj.Circuit(2, [qj.RY(u[0], 0), qj.RY(u[1], 1), qj.CNOT(0, 1), qj.RX(w, 1)])
        >>> machine = qj.reservoir.ExtremeLearning.of(encode, 0.4, inputs=2)
        >>> machine.features(jnp.ones((5, 2))).shape
        (5, 2)
    """

    params: Any
    leak: Any
    circuit: Callable[..., Any] = field(metadata={"static": True})
    n: int = field(metadata={"static": True})
    inputs: int = field(metadata={"static": True})
    seen: Any = field(metadata={"static": True})

    @classmethod
    def of(
        cls,
        circuit: Callable[..., Any],
        params: Any = (),
        *,
        observables: Any = None,
        inputs: int = 1,
        leak: float | int = 1.0,
    ) -> ExtremeLearning:
        """From the function of a step; arguments as for `GateReservoir.of`."""
        params = jax.tree.map(_real, params)
        (found,) = _as_list(circuit(params, jnp.zeros(() if inputs == 1 else (inputs,)) + 0.5))
        seen = static_observables(observables, found.n, "ExtremeLearning")
        return cls(params, _real(leak), circuit, found.n, inputs, seen)

    def circuits(self, u: Any, fixed: Any, previous: Any) -> list[Circuit]:
        return _as_list(self.circuit(self.params, u))
