"""What happens to one trajectory: a pure state, a record of bits, and what its path counts for.

The probability of the path is kept with its derivative, by the probability that it was drawn with,
which is what makes gradients of averages over trajectories unbiased. Steps act on
``(state, History)``; they offer `prepare` and `apply` like those of a plan, so that `LoopStep`
repeats them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_derivatives import SymbolicZero

from ...circuit import Condition
from ...gates.channels import CHANNELS, pauli_basis
from ..kernels import Pair, apply_matrix, gram
from ..steps.local import reorder
from ..steps.step import Item, Step, complex_of, fetch


class History(NamedTuple):
    """What a trajectory remembers beside its state.

    Attributes:
        bits: the classical record, int32 ``(bits,)``.
        ratio: the probability of the path by the one that it was drawn with (which has no
            derivative): 1, except at the ends of strengths that are differentiated.
        weight: the probability that the projections on the path succeed.
        key: the key for what is still to come.
        u: a uniform random number for the step that is about to run.
    """

    bits: Any
    ratio: Any
    weight: Any
    key: Any
    u: Any


Trajectory = tuple[Pair, History]


class Jump(Step):
    """A step of a trajectory; ``draws`` says whether it consumes a random number."""

    real = False
    draws = False

    def __init__(self, n: int, leaves: frozenset[int] = frozenset()) -> None:
        self.n, self.leaves, self.qubits = n, leaves, frozenset(range(n))

    def prepare(self, leaves: Sequence[Any], dtype: Any) -> Any:
        return ()

    def cost(self) -> tuple[float, float]:
        return 0.0, 1.0

    def describe(self) -> str:
        return type(self).__name__


class Body(Jump):
    """Steps in order; the random numbers of all of them are drawn at once, which compiles fast."""

    def __init__(self, n: int, steps: Sequence[Step]) -> None:
        super().__init__(n, frozenset(i for s in steps for i in s.leaves))
        self.steps = tuple(steps)
        self.count = sum(getattr(s, "draws", False) for s in steps)

    def prepare(self, leaves: Sequence[Any], dtype: Any) -> Any:
        return [s.prepare(leaves, dtype) for s in self.steps]

    def apply(self, state: Trajectory, coefficients: Any) -> Trajectory:
        psi, history = state
        numbers: Any = iter(())
        if self.count:
            key, mine = jax.random.split(history.key)
            state = (psi, history._replace(key=key))
            numbers = iter(jax.random.uniform(mine, (self.count,), psi[0].dtype))
        for step, c in zip(self.steps, coefficients, strict=True):
            if getattr(step, "draws", False):
                state = (state[0], state[1]._replace(u=next(numbers)))
            state = step.apply(state, c)
        return state


class Unitary(Jump):
    """Steps of a pure state's plan."""

    def __init__(self, n: int, steps: Sequence[Step]) -> None:
        super().__init__(n, frozenset(i for s in steps for i in s.leaves))
        self.steps = tuple(steps)

    def prepare(self, leaves: Sequence[Any], dtype: Any) -> Any:
        return [s.prepare(leaves, dtype) for s in self.steps]

    def apply(self, state: Trajectory, coefficients: Any) -> Trajectory:
        psi, history = state
        for step, c in zip(self.steps, coefficients, strict=True):
            psi = step.apply(psi, c)
        return psi, history


@dataclass
class Count:
    """How many channels a circuit has; known when all of it has been scheduled."""

    channels: int = 0


@jax.custom_jvp
def drawn_with(x: Any, inside: Any, edge: Any) -> Any:
    """The strength that outcomes are drawn with: ``x``, without its derivative.

    At an edge, such as a probability of exactly 0, an outcome whose probability has a slope is
    never drawn, and an average over trajectories cannot know the derivative. Where somebody
    differentiates with respect to ``x`` it is ``inside`` there; the ratio of the path makes up for
    that.
    """
    return x


def _drawn_rule(primals: Any, tangents: Any) -> Any:
    x, inside, edge = primals
    if not isinstance(tangents[0], SymbolicZero):
        x = jnp.where(edge, inside, x)
    return x, jnp.zeros_like(x)


drawn_with.defjvp(_drawn_rule, symbolic_zeros=True)


class ChannelJump(Jump):
    """A channel: one of its Kraus operators, at random."""

    draws = True

    def __init__(self, n: int, item: Item, count: Count) -> None:
        super().__init__(n, item.leaves)
        self.item, self.count = item, count
        self.spec = CHANNELS[item.name]
        self.order = tuple(sorted(range(len(item.targets)), key=lambda i: item.targets[i]))
        self.places = tuple(sorted(item.targets))

    def prepare(self, leaves: Sequence[Any], dtype: Any) -> Any:
        values = fetch(self.item.params, leaves, dtype)
        drawn = self._drawn(values)
        if self.spec.mixture is not None:
            return self.spec.mixture(values, dtype), self.spec.mixture(drawn, dtype)
        weights, operators = self.spec.weighted(values, dtype)
        # Only the weights vanish with a strength, so only they have others to be drawn with.
        others, _ = self.spec.weighted(drawn, dtype)
        return weights, others, jnp.real(operators), jnp.imag(operators)

    def terms(self, values: tuple[Any, ...], dtype: Any) -> tuple[Any, Any, Any]:
        """Operators ``(terms, d, d)``, complex; their weights; the weights to draw them with."""
        if self.spec.mixture is not None:
            basis = jnp.asarray(pauli_basis(len(self.places)), complex_of(dtype))
            drawn = self.spec.mixture(self._drawn(values), dtype)
            return basis, self.spec.mixture(values, dtype), drawn
        weights, operators = self.spec.weighted(values, dtype)
        return operators, weights, self.spec.weighted(self._drawn(values), dtype)[0]

    def _drawn(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """The parameters that outcomes are drawn with, edges moved inwards.

        One of many channels moves by little, so that most paths have at most one of the errors
        that cannot occur.
        """
        share = 1 / (1 + self.count.channels)
        named = dict(zip(self.spec.param_names, values, strict=True))
        out = []
        for name, x in named.items():
            still = jax.lax.stop_gradient(x)
            if name in self.spec.probabilities:
                inside = (1 - share) * still + share / (x.size + 1)
                edge = jnp.any((still == 0) | (still == 1)) | (jnp.sum(still) >= 1)
                x = drawn_with(x, inside, edge)
            elif name == "time":
                unit = jax.lax.stop_gradient(jnp.minimum(named["t1"], named["t2"]))
                x = drawn_with(x, unit * share / 2, still == 0)
            out.append(jax.lax.stop_gradient(x))
        return tuple(out)

    def apply(self, state: Trajectory, coefficients: Any) -> Trajectory:
        psi, history = state
        if self.spec.mixture is None:
            weights, drawn, re, im = coefficients
            re, im = jax.vmap(lambda a, b: reorder((a, b), self.order))(re, im)
            return jump(psi, history, (re, im), self.places, self.n, weights, drawn)[:2]
        k, history = choose(history, *coefficients)
        basis, dtype = pauli_basis(len(self.places)), psi[0].dtype
        re, im = (jnp.asarray(part, dtype)[k] for part in (np.real(basis), np.imag(basis)))
        return apply_matrix(psi, reorder((re, im), self.order), self.places, self.n), history


def choose(history: History, p: Any, drawn: Any) -> tuple[Any, History]:
    """An index distributed as ``drawn`` (up to its sum), and the history that goes with it, for
    outcomes of probability ``p`` (up to its sum)."""
    p = p / jnp.sum(p)
    drawn = jax.lax.stop_gradient(drawn / jnp.sum(drawn))
    passed = jnp.cumsum(drawn) <= history.u
    # The last possible outcome, should rounding carry u beyond all of them.
    last = jnp.max(jnp.where(drawn > 0, jnp.arange(p.shape[0]), 0))
    k = jnp.minimum(jnp.sum(passed, dtype=last.dtype), last)
    return k, history._replace(ratio=history.ratio * (p[k] / drawn[k]))


def jump(
    psi: Pair,
    history: History,
    stack: Pair,
    places: tuple[int, ...],
    n: int,
    weights: Any,
    drawn: Any,
) -> tuple[Pair, History, Any]:
    """One of the operators ``(terms, d, d)``, with its own probability; renormalised.

    Outcome k has the probability ``weights[k]`` times the squared norm of what its operator leaves;
    it is drawn with ``drawn`` in place of ``weights``.
    """
    re, im = gram(psi, psi, places, n)
    rho = jax.lax.complex(re, im)
    k = jax.lax.complex(*stack)
    # tr(K rho K^dagger) of every operator.
    moved = jnp.matmul(k, rho[None], precision=jax.lax.Precision.HIGHEST)
    left = jnp.maximum(jnp.real(jnp.sum(moved * k.conj(), axis=(1, 2))), 0)
    index, history = choose(history, weights * left, drawn * left)
    chosen = left[index]
    scale = 1 / jnp.sqrt(jnp.where(chosen > 0, chosen, jnp.ones_like(chosen)))
    matrix = (stack[0][index] * scale, stack[1][index] * scale)
    return apply_matrix(psi, matrix, places, n), history, index


MEASUREMENT = np.array([[[1, 0], [0, 0]], [[0, 0], [0, 1]]], float)
RESET = np.array([[[1, 0], [0, 0]], [[0, 1], [0, 0]]], float)


class RecordJump(Jump):
    """A measurement, whose outcome is written down (or, for a reset, forgotten)."""

    draws = True

    def __init__(self, n: int, qubit: int, bit: int | None) -> None:
        super().__init__(n)
        self.qubit, self.bit = qubit, bit

    def apply(self, state: Trajectory, coefficients: Any) -> Trajectory:
        psi, history = state
        table = jnp.asarray(RESET if self.bit is None else MEASUREMENT, psi[0].dtype)
        stack, even = (table, jnp.zeros_like(table)), jnp.ones(2, table.dtype)
        psi, history, k = jump(psi, history, stack, (self.qubit,), self.n, even, even)
        if self.bit is not None:
            bits = history.bits.at[self.bit].set(k.astype(history.bits.dtype))
            history = history._replace(bits=bits)
        return psi, history


class AssignJump(Jump):
    """A classical bit given a value."""

    def __init__(self, n: int, bit: int, value: int) -> None:
        super().__init__(n)
        self.bit, self.value = bit, value

    def apply(self, state: Trajectory, coefficients: Any) -> Trajectory:
        psi, history = state
        return psi, history._replace(bits=history.bits.at[self.bit].set(self.value))


class ProjectJump(Jump):
    """Post-selection: the trajectory goes on with a smaller weight."""

    def __init__(self, n: int, qubit: int, outcome: int) -> None:
        super().__init__(n)
        self.qubit, self.outcome = qubit, outcome

    def apply(self, state: Trajectory, coefficients: Any) -> Trajectory:
        psi, history = state
        m = jnp.asarray(MEASUREMENT[self.outcome], psi[0].dtype)
        psi = apply_matrix(psi, (m, None), (self.qubit,), self.n)
        p = sum(jnp.sum(x * x) for x in psi if x is not None)
        scale = jnp.where(p > 0, 1 / jnp.sqrt(jnp.where(p > 0, p, 1)), 0)
        psi = (psi[0] * scale, psi[1] * scale)
        return psi, history._replace(weight=history.weight * p)


class BranchJump(Jump):
    """One body or the other, as the record says; with ``turns``, again while it says so."""

    def __init__(
        self,
        n: int,
        condition: Condition,
        bodies: tuple[Sequence[Step], Sequence[Step]],
        turns: int = 1,
    ) -> None:
        steps = [s for body in bodies for s in body]
        super().__init__(n, frozenset(i for s in steps for i in s.leaves))
        self.condition, self.bodies, self.turns = condition, bodies, turns

    def prepare(self, leaves: Sequence[Any], dtype: Any) -> Any:
        return tuple([s.prepare(leaves, dtype) for s in body] for body in self.bodies)

    def apply(self, state: Trajectory, coefficients: Any) -> Trajectory:
        patterns = np.array(self.condition.accepted, np.int32).reshape(-1, len(self.condition.bits))
        where = np.array(self.condition.bits, int)

        def through(k: int) -> Any:
            def body(state: Trajectory) -> Trajectory:
                for step, c in zip(self.bodies[k], coefficients[k], strict=True):
                    state = step.apply(state, c)
                return state

            return body

        def turn(state: Trajectory, _: Any) -> tuple[Trajectory, None]:
            read = state[1].bits[where]
            holds = jnp.any(jnp.all(read[None, :] == jnp.asarray(patterns), axis=1))
            return jax.lax.cond(holds, through(0), through(1), state), None

        if self.turns == 1:
            return turn(state, None)[0]
        return jax.lax.scan(turn, state, None, self.turns)[0]
