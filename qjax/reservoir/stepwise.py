"""Reservoirs whose step is a list of circuits, gate by gate: mixed states, or trajectories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..circuit import Circuit
from ..errors import CapacityError, UnsupportedError
from ..measure.program import structure_of
from ..simulators import DensityMatrix, Trajectories
from ..simulators.density.answers import observe
from ..simulators.density.plan import make_mixed_plan
from ..simulators.density.start import initial
from ..simulators.statevector import prepared, run_steps
from ..simulators.trajectories.average import refuse
from ..simulators.trajectories.jumps import History
from ..simulators.trajectories.plan import make_random_plan
from ..simulators.words import expectation
from .engine import Engine

LARGEST = 10  # qubits of a density matrix that is kept from step to step


def step_engine(reservoir: Any, sim: Any) -> Engine:
    """The engine that runs ``reservoir.circuits(u, fixed, previous)`` gate by gate.

    Raises:
        CapacityError: no simulator was named, and the density matrix would be too large.
        UnsupportedError: a simulator that keeps no mixed state.
    """
    if sim is None and reservoir.n > LARGEST:
        raise CapacityError(
            f"a density matrix of {reservoir.n} qubits at every step",
            expected=f"at most {LARGEST} qubits unless you ask for it",
            fix="use sim=qjax.Trajectories(n) and a key, or sim=qjax.DensityMatrix()",
        )
    sim = DensityMatrix() if sim is None else sim
    if isinstance(sim, DensityMatrix):
        return DensityEngine(reservoir.n, sim.real_dtype())
    if isinstance(sim, Trajectories):
        return TrajectoryEngine(reservoir.n, sim.n, sim.real_dtype())
    raise UnsupportedError(
        f"{type(reservoir).__name__} cannot run on {type(sim).__name__}",
        expected="qjax.DensityMatrix() or qjax.Trajectories(n) (IsingReservoir also Affine(), "
        "Kraus() and Eigenbasis())",
        fix="leave sim= out to have the best one",
    )


@dataclass(frozen=True)
class DensityEngine(Engine):
    """The 4**n Pauli components, gate by gate. The state also holds the last features."""

    n: int
    dtype: Any

    @property
    def memory(self) -> int:  # type: ignore[override]
        return 4**self.n

    def prepare(self, reservoir: Any) -> Any:
        return reservoir, reservoir.fixed(self.dtype)

    def start(self, params: Any) -> Any:
        return initial(self.n, 0, self.dtype), jnp.zeros(params[0].n_features, self.dtype)

    def advance(self, params: Any, state: Any, u: Any, key: Any) -> tuple[Any, Any]:
        reservoir, fixed = params
        x, previous = state
        observables, seen = reservoir.observables(), []
        for circuit in reservoir.circuits(u.astype(self.dtype), fixed, previous):
            x = self._evolve(circuit, x)
            seen += [observe(x, o, self.n) for o in observables]
        features = jnp.stack(seen)
        return (x, features), features

    def _evolve(self, circuit: Circuit, x: Any) -> Any:
        structure, leaves = structure_of(circuit)
        plan = make_mixed_plan(structure.treedef, structure.complex_leaves)
        _refuse_projections(plan.projects)
        records = 2**structure.bits
        coefficients = prepared(plan.steps, [jnp.asarray(a) for a in leaves], self.dtype)
        wide = x[:, None] * jnp.asarray(np.eye(1, records), self.dtype)
        out = run_steps(plan.steps, (wide.reshape(-1), None), coefficients)[0]
        return out.reshape(-1, records).sum(axis=1)

    def distance(self, params: Any, a: Any, b: Any) -> Any:
        return jnp.sqrt(jnp.sum((a[0] - b[0]) ** 2))


@dataclass(frozen=True)
class TrajectoryEngine(Engine):
    """Pure states that every channel and measurement acts on at random; features are means."""

    n: int
    count: int
    dtype: Any
    random = True

    def prepare(self, reservoir: Any) -> Any:
        leaves, treedef = jax.tree.flatten(reservoir)
        why = "features from trajectories have no derivative"
        reservoir = treedef.unflatten(refuse(leaves, why))
        return reservoir, reservoir.fixed(self.dtype)

    def start(self, params: Any) -> Any:
        psi = jnp.zeros((self.count, 2**self.n), self.dtype).at[:, 0].set(1)
        return psi, jnp.zeros_like(psi), jnp.zeros(params[0].n_features, self.dtype)

    def advance(self, params: Any, state: Any, u: Any, key: Any) -> tuple[Any, Any]:
        reservoir, fixed = params
        re, im, previous = state
        observables, seen = reservoir.observables(), []
        circuits = reservoir.circuits(u.astype(self.dtype), fixed, previous)
        keys = jax.random.split(key, (len(circuits), self.count))
        for circuit, mine in zip(circuits, keys, strict=True):
            re, im = self._evolve(circuit, re, im, mine)
            for o in observables:
                values = jax.vmap(lambda a, b, o=o: expectation((a, b), o, self.n))(re, im)
                seen.append(jnp.mean(values))
        features = jnp.stack(seen)
        return (re, im, features), features

    def _evolve(self, circuit: Circuit, re: Any, im: Any, keys: Any) -> tuple[Any, Any]:
        structure, leaves = structure_of(circuit)
        plan = make_random_plan(structure.treedef, structure.complex_leaves)
        _refuse_projections(plan.projects)
        if plan.start.preparations:
            raise UnsupportedError(
                "StatePrep cannot stand within a step of a reservoir",
                fix="use qjax.Prepare, which replaces a state",
            )
        coefficients = prepared(plan.steps, [jnp.asarray(a) for a in leaves], self.dtype)
        zero = jnp.zeros((), self.dtype)

        def one(re: Any, im: Any, key: Any) -> tuple[Any, Any]:
            bits = jnp.zeros(structure.bits, jnp.int32)
            state: Any = ((re, im), History(bits, zero, jnp.ones((), self.dtype), key, zero))
            for step, c in zip(plan.steps, coefficients, strict=True):
                state = step.apply(state, c)
            return state[0]

        return jax.vmap(one)(re, im, keys)


def _refuse_projections(projects: bool) -> None:
    if projects:
        raise UnsupportedError(
            "Project within a step of a reservoir: the step would not be a channel",
            fix="use Measure, Reset, or If(bit, ...)",
        )


__all__ = ["DensityEngine", "TrajectoryEngine", "step_engine"]
