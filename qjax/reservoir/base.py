"""What every reservoir offers: features of a series, and the state that it ends with."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from ..errors import DataError, UnsupportedError
from ..measure.checks import as_key
from .drive import parallel as run_parallel
from .drive import serial
from .engine import Engine
from .execution import Fading


class Outcome(NamedTuple):
    """What a run ends with.

    Attributes:
        features: real, shape (T, F).
        state: to go on from; its form belongs to the simulator.
        bound: an upper bound of the features' error by parallel chunks; 0 for a serial run.
    """

    features: Any
    state: Any
    bound: Any


class Reservoir:
    """A machine that turns a series into features with memory; its parameters are its leaves."""

    inputs = 1  # numbers per step; None for any
    linear = True  # whether the step is linear in the state, for every input

    def engine(self, sim: Any = None) -> Engine:
        """The engine for a simulator, or the best one if none is given."""
        raise NotImplementedError

    @property
    def n_features(self) -> int:
        """The number of features F."""
        raise NotImplementedError

    def features(
        self,
        u: Any,
        *,
        sim: Any = None,
        parallel: Fading | None = None,
        state: Any = None,
        key: Any = None,
    ) -> Any:
        """The features after each input, ready for any ridge regression.

        Args:
            u: the series, shape (T,) or (T, k).
            sim: how to run it; None chooses by the number of qubits.
            parallel: `Fading` to run chunks of time in parallel.
            state: from an earlier `run`, to go on from there.
            key: PRNG key, for trajectories.

        Returns:
            Real, shape (T, F).

        Raises:
            DataError: a series of the wrong shape, or not finite.
            UnsupportedError: a simulator that cannot run this reservoir.
        """
        return self.run(u, sim=sim, parallel=parallel, state=state, key=key).features

    def run(
        self,
        u: Any,
        *,
        sim: Any = None,
        parallel: Fading | None = None,
        state: Any = None,
        key: Any = None,
    ) -> Outcome:
        """As `features`, with the final state and the error bound of a parallel run."""
        u = self.check(u)
        engine = self.engine(sim)
        if engine.random or key is not None:
            key = as_key(key, "features", engine.random)
        if parallel is not None:
            if engine.random or not self.linear:
                raise UnsupportedError(
                    "parallel chunks need a channel that forgets at a known rate",
                    got=f"{type(self).__name__} with {type(engine).__name__}",
                    fix="run it without parallel=",
                )
            if parallel.warmup is None:
                from .spectrum import second_eigenvalue

                low, high = float(jnp.min(u)), float(jnp.max(u))
                rate = max(second_eigenvalue(self, x) for x in np.linspace(low, high, 5))
                parallel = parallel.resolved(rate)
        return _run(engine, parallel, prepared(engine, self), u, state, key)

    def stream(
        self, u: Any, block: int = 10_000, *, sim: Any = None, key: Any = None
    ) -> Iterator[Any]:
        """The features of consecutive blocks of a series of any length.

        Args:
            u: the series, shape (T,) or (T, k).
            block: inputs per block.
            sim, key: as for `features`.

        Yields:
            Features, shape (block, F), the last one possibly shorter.
        """
        u, state = self.check(u), None
        for number, first in enumerate(range(0, len(u), block)):
            mine = None if key is None else jax.random.fold_in(key, number)
            done = self.run(u[first : first + block], sim=sim, state=state, key=mine)
            state = done.state
            yield done.features

    def check(self, u: Any) -> Any:
        """The series as an array of shape (T,) or (T, k); raise `DataError` for another shape."""
        if not isinstance(u, Tracer) and not np.isfinite(np.asarray(u)).all():
            raise DataError("u must be finite", got="NaN or infinity")
        u = u if isinstance(u, jax.Array) else jnp.asarray(np.asarray(u))
        if not jnp.issubdtype(u.dtype, jnp.floating):
            u = u.astype(jnp.zeros((), float).dtype)
        if u.ndim == 2 and u.shape[1] == 1 and self.inputs == 1:
            u = u[:, 0]
        right = u.ndim == 1 if self.inputs == 1 else u.ndim in (1, 2)
        if isinstance(self.inputs, int) and self.inputs > 1:
            right = u.ndim == 2 and u.shape[1] == self.inputs
        if not right or u.shape[0] == 0:
            raise DataError(
                f"{type(self).__name__}: u has the wrong shape",
                expected="(T,)" if self.inputs == 1 else f"(T, {self.inputs or 'k'})",
                got=u.shape,
            )
        return u


@partial(jax.jit, static_argnums=0)
def prepared(engine: Engine, reservoir: Any) -> Any:
    """What every step needs. A program of its own: as arguments of the loop's program the matrices
    lie in memory as its products read them."""
    return engine.prepare(reservoir)


@partial(jax.jit, static_argnums=(0, 1))
def _run(
    engine: Engine, parallel: Fading | None, params: Any, u: Any, state: Any, key: Any
) -> Outcome:
    state = engine.start(params) if state is None else state
    if parallel is not None:
        state, features, bound = run_parallel(engine, params, u, state, parallel)
        return Outcome(features, state, bound)
    state, features = serial(engine, params, u, state, key)
    return Outcome(features, state, jnp.zeros((), features.dtype))
