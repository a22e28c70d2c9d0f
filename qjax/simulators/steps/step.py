"""What every step of a plan offers, and the items (gates with leaf numbers) it is made of."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ...gates import TABLE, GateSpec
from ..kernels import Pair


@dataclass(frozen=True)
class Leaf:
    """The place of a parameter among the leaves of a circuit."""

    index: int
    is_complex: bool = False


Parameter = Leaf | float


@dataclass(frozen=True)
class Item:
    """A gate as the planner sees it: parameters are leaf numbers or constants."""

    name: str
    params: tuple[Parameter, ...]
    targets: tuple[int, ...]
    controls: tuple[int, ...] = ()
    values: tuple[int, ...] = ()
    static: Any = None
    inverted: bool = False

    @property
    def spec(self) -> GateSpec:
        return TABLE[self.name]

    @property
    def qubits(self) -> tuple[int, ...]:
        return self.controls + self.targets

    @property
    def leaves(self) -> frozenset[int]:
        return frozenset(p.index for p in self.params if isinstance(p, Leaf))

    @property
    def real(self) -> bool:
        """Whether the matrix is real."""
        if self.name in ("Unitary", "StatePrep"):
            return not any(isinstance(p, Leaf) and p.is_complex for p in self.params)
        return self.spec.real

    def on(self, targets: tuple[int, ...], controls: tuple[int, ...]) -> Item:
        """The same gate on other qubits."""
        return Item(
            self.name, self.params, targets, controls, self.values, self.static, self.inverted
        )


def fetch(params: Iterable[Parameter], leaves: Sequence[Any], dtype: Any) -> tuple[Any, ...]:
    """The values of parameters: real ones in ``dtype``, complex ones in its complex partner."""
    out = []
    for p in params:
        if isinstance(p, Leaf):
            x = jnp.asarray(leaves[p.index])
            out.append(x.astype(complex_of(dtype) if p.is_complex else dtype))
        else:
            out.append(jnp.asarray(p, dtype))
    return tuple(out)


def complex_of(dtype: Any) -> Any:
    """complex64 for float32, complex128 for float64."""
    return np.result_type(dtype, np.complex64)


def target_matrix(item: Item, leaves: Sequence[Any], dtype: Any) -> Any:
    """The complex matrix of an item on its targets."""
    params = fetch(item.params, leaves, dtype)
    matrix = item.spec.matrix(params, item.static, complex_of(dtype))
    return matrix.conj().T if item.inverted else matrix


def as_pair(matrix: Any, real: bool) -> Pair:
    """A complex matrix as (re, im), or (re, None) when it is known to be real."""
    return (jnp.real(matrix), None) if real else (jnp.real(matrix), jnp.imag(matrix))


def apart(function: Any, state: Pair) -> Pair:
    """``function(state)`` in a branch of its own.

    XLA fuses cheap products into whatever uses them, and computes them anew for each use; it
    fuses nothing into or out of a branch. Not for states that may be batched: there both branches
    would be computed.
    """
    return jax.lax.cond(state[0][0] < np.inf, function, lambda x: x, state)


class Step:
    """One big step of a plan: a static description plus three pure functions.

    ``prepare(leaves, dtype)`` turns circuit parameters into small coefficient arrays,
    ``apply(state, coefficients)`` acts on a state, ``undo`` is its inverse. The split lets loops
    prepare the coefficients of all their turns in one vectorised go, outside the scan.
    """

    kind: str
    n: int
    qubits: frozenset[int]
    leaves: frozenset[int]
    real: bool
    slow_undo = False  # whether keeping states pays, as undoing the step is what costs
    looks = False  # whether `draw` is given a state, that before or that after the step
    ordered = False  # whether a reverse pass makes each gradient before it goes on (`order`)
    states_kept: float = math.inf  # by `record`, of its own; infinite where there is no `draw`

    def prepare(self, leaves: Sequence[Any], dtype: Any) -> Any:
        raise NotImplementedError

    def apply(self, state: Pair, coefficients: Any) -> Pair:
        raise NotImplementedError

    def undo(self, state: Pair, coefficients: Any) -> Pair:
        raise NotImplementedError

    def pull(self, state: Pair, coefficients: Any, cotangent: Pair) -> tuple[Pair, Pair, Any]:
        """From after the step to before it: the state, its cotangent, the coefficients' one."""
        before = self.undo(state, coefficients)
        _, pullback = jax.vjp(self.apply, before, coefficients)
        cotangent, gradient = pullback(cotangent)
        return before, cotangent, gradient

    def record(self, state: Pair, coefficients: Any) -> tuple[Pair, Any]:
        """The state after the step, and what `draw` needs besides the state that it looks at."""
        return self.apply(state, coefficients), ()

    def draw(
        self, state: Any, own: Any, coefficients: Any, cotangent: Pair, after: bool
    ) -> tuple[Pair, Any]:
        """`pull` with a state that was kept: the one before the step, or ``after`` it."""
        raise NotImplementedError

    def cost(self) -> tuple[float, float]:
        """(flops, passes over the state)."""
        raise NotImplementedError

    def describe(self) -> str:
        raise NotImplementedError
