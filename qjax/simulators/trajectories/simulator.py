"""Averages over random pure states: noise at the memory of a statevector."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ...errors import CapacityError, ParameterError, UnsupportedError
from .. import protocol as ask
from ..answers import answer_for, as_complex, mean_and_error
from ..kernels import Pair
from ..mps import MPS
from ..precision import check_dtype, real_dtype, resolve_dtype
from ..protocol import Program, Query, Structure
from ..sampling import draw, to_bits
from ..statevector import initial_state, prepared
from .average import average, refuse
from .chain import compile_chain
from .chain_plan import ChainPlan
from .jumps import History
from .plan import RandomPlan, make_random_plan

CHUNK_BYTES = 2.0**26  # states that are held at once, unless a derivative needs all of them


@dataclass(frozen=True)
class Trajectories:
    """Noise and measurements averaged over ``n`` random pure states (Monte-Carlo wave functions).

    Every channel picks one of its Kraus operators with the probability that the state gives it,
    every measurement an outcome; averages over trajectories are unbiased estimates of what
    `DensityMatrix` computes, at the memory of a statevector. All verbs need a ``key``;
    ``qjax.expval(..., info=True)`` tells standard errors. `qjax.sample` and `qjax.estimate` use one
    trajectory per shot; `qjax.run` gives the states, ``(n, 2**qubits)``.

    Derivatives of averages are unbiased: beside the derivative along each path they hold that of
    the path's probability (a score-function term, with the mean of the other trajectories as
    baseline). With respect to a strength that is exactly 0 or 1 too: outcomes are then drawn as if
    it lay a little inside, and weighted, which adds some variance. Circuits with `Project` are
    refused a derivative.

    With ``state=qjax.MPS(max_bond)`` every trajectory is a matrix product state: noise,
    measurements and resets on many more qubits, as long as they are not strongly entangled.

    Args:
        n: number of trajectories, a positive integer.
        dtype: as for `DensityMatrix`.
        state: how a pure state is kept: None for all its amplitudes, or a `qjax.MPS`, which then
            brings its own dtype.

    Source: Dalibard, Castin and Molmer, Phys. Rev. Lett. 68, 580 (1992); the derivative as in
    Foerster et al., arXiv:1802.05098 (DiCE).

    Example:
        >>> import jax, qjax as qj
        >>> noisy = qj.Circuit(1, [qj.BitFlip(0.25, 0)])
        >>> sim = qj.Trajectories(4000)
        >>> value = qj.expval(noisy, qj.Z(0), sim=sim, key=jax.random.key(0))
        >>> abs(float(value) - 0.5) < 0.07
        True
    """

    n: int
    dtype: Any = None
    state: MPS | None = None

    def __post_init__(self) -> None:
        if isinstance(self.n, bool) or not isinstance(self.n, numbers.Integral) or self.n < 1:
            raise ParameterError(
                "Trajectories: n must be a positive integer",
                expected="the number of trajectories",
                got=repr(self.n),
            )
        object.__setattr__(self, "n", int(self.n))
        if self.state is not None:
            if not isinstance(self.state, MPS) or self.dtype is not None:
                raise ParameterError(
                    "Trajectories: state must be a qjax.MPS, which brings the dtype",
                    expected="state=qjax.MPS(32, dtype='complex64') and no dtype beside it",
                    got=f"state={self.state!r}, dtype={self.dtype!r}",
                )
            return
        object.__setattr__(self, "dtype", check_dtype(self.dtype, "Trajectories"))

    @property
    def random(self) -> bool:
        return True

    def resolved(self) -> Trajectories:
        """The same simulator with its dtype made explicit."""
        if self.state is not None:
            return Trajectories(self.n, None, self.state.resolved())
        return Trajectories(self.n, resolve_dtype(self.dtype, "Trajectories"))

    def real_dtype(self) -> Any:
        """The dtype of real and imaginary parts."""
        return real_dtype(self.dtype, "Trajectories")

    def plan(self, structure: Structure) -> RandomPlan:
        """The steps of one trajectory."""
        return make_random_plan(structure.treedef, structure.complex_leaves)

    def memory(self, structure: Structure) -> float:
        """Bytes of three states."""
        if self.state is not None:
            return self.state.memory(structure)
        return 3 * 2 * self.real_dtype().itemsize * 2.0**structure.n

    def check(self, structure: Structure, available: float) -> None:
        """Refuse at once what cannot fit."""
        if self.state is not None:
            self.state.check(structure, available)
            return
        need = self.memory(structure)
        if need > available or structure.n > 33:
            raise CapacityError(
                f"a trajectory of {structure.n} qubits does not fit",
                expected=f"at most {available / 2**30:.3g} GiB",
                got=f"{need / 2**30:.4g} GiB for three states of 2**{structure.n} amplitudes",
                fix="simulate fewer qubits",
            )

    def compile(self, structure: Structure, query: Query) -> Program:
        """The pure function of (circuit leaves, query leaves, key) that answers the query."""
        if self.state is not None:
            count = getattr(query, "shots", None) or self.n
            return compile_chain(self.state, count, structure, query, _combine)
        plan, dtype = self.plan(structure), self.real_dtype()
        one, shots = _one_shot(query, structure.n), getattr(query, "shots", None)
        count = self.n if shots is None else shots
        size = 2 * dtype.itemsize * 2.0**structure.n * 4
        chunk = int(max(1, min(count, CHUNK_BYTES // size)))

        def program(leaves: Sequence[Any], query_leaves: Sequence[Any], key: Any) -> Any:
            if plan.projects:
                leaves = refuse(leaves, "Project on random trajectories gives a biased derivative")
            if isinstance(query, ask.RunQuery):
                leaves = refuse(leaves, "the states of single trajectories have no derivative")
            coefficients = prepared(plan.steps, leaves, dtype)
            re, im = initial_state(plan.start, leaves, dtype)
            psi = (re, jnp.zeros_like(re) if im is None else im)
            start = History(
                jnp.zeros(structure.bits, jnp.int32),
                jnp.ones((), dtype),
                jnp.ones((), dtype),
                key,
                jnp.zeros((), dtype),
            )

            def trajectory(key: Any) -> Any:
                key, last = jax.random.split(key)
                state = (psi, start._replace(key=key))
                for step, c in zip(plan.steps, coefficients, strict=True):
                    state = step.apply(state, c)
                final, history = state
                return one(final, history, query_leaves, last), history.ratio, history.weight

            keys = jax.random.split(key, count)
            if chunk >= count:
                values, ratio, weight = jax.vmap(trajectory)(keys)
            else:
                values, ratio, weight = jax.lax.map(trajectory, keys, batch_size=chunk)
            return _combine(query, plan, values, ratio, weight)

        return program


One = Callable[[Pair, History, Sequence[Any], Any], Any]


def _one_shot(query: Query, n: int) -> One:
    """What a single trajectory contributes to the answer."""
    if isinstance(query, ask.NormQuery):
        return lambda psi, history, leaves, key: history.weight
    if isinstance(query, ask.ProbsQuery) and query.bits is not None:
        bits = query.bits
        return lambda psi, history, leaves, key: _record(history, bits, psi[0].dtype)
    if isinstance(query, ask.SampleQuery):

        def sampled(psi: Pair, history: History, leaves: Sequence[Any], key: Any) -> Any:
            if query.bits is not None:
                return history.bits[np.array(query.bits)].astype(jnp.uint8)
            p = psi[0] * psi[0] + psi[1] * psi[1]
            return to_bits(draw(key, p, n, 1), n)[0]

        return sampled
    if isinstance(query, ask.AmplitudesQuery):
        raise UnsupportedError(
            "trajectories cannot answer for amplitudes: a mixed state has none",
            fix="ask for qjax.probs, or use a circuit without noise and sim=qjax.Statevector()",
        )
    if isinstance(query, ask.EstimateQuery):
        single = answer_for(ask.EstimateQuery(query.observable, 1), n)
        return lambda psi, history, leaves, key: single(psi, leaves, key)[0]
    if isinstance(query, ask.ExpvalQuery):
        plain = answer_for(ask.ExpvalQuery(query.observable), n)
        return lambda psi, history, leaves, key: plain(psi, leaves, key)
    if isinstance(query, ask.RunQuery):
        return lambda psi, history, leaves, key: as_complex(psi)
    answer = answer_for(query, n)
    return lambda psi, history, leaves, key: answer(psi, leaves, key)


def _record(history: History, bits: tuple[int, ...], dtype: Any) -> Any:
    places = 2 ** np.arange(len(bits) - 1, -1, -1, dtype=np.int32)
    index = jnp.sum(history.bits[np.array(bits)] * jnp.asarray(places))
    return jax.nn.one_hot(index, 2 ** len(bits), dtype=dtype)


def _combine(
    query: Query, plan: RandomPlan | ChainPlan, values: Any, ratio: Any, weight: Any
) -> Any:
    """The answer from those of all trajectories."""
    if isinstance(query, ask.RunQuery):
        return values
    if isinstance(query, ask.SampleQuery | ask.EstimateQuery):
        if plan.projects:
            raise UnsupportedError(
                "shots of single trajectories cannot be post-selected by Project",
                fix="measure into a classical bit and select the shots, or use DensityMatrix()",
            )
        if isinstance(query, ask.SampleQuery):
            return values
        pairs = jax.tree.map(lambda v: mean_and_error(v, query.shots), values)
        treedef = jax.tree.structure(values)
        split = treedef.flatten_up_to(pairs)
        return tuple(treedef.unflatten([p[i] for p in split]) for i in (0, 1))
    weights = weight if plan.projects and not isinstance(query, ask.NormQuery) else None
    means, errors = average(values, ratio, weights)
    if isinstance(query, ask.ExpvalQuery) and query.errors:
        return means, errors
    return means
