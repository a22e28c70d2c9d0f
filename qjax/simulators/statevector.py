"""The statevector simulator: a plan's steps applied to two real arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import CapacityError, UnsupportedError
from . import answers
from .kernels import Pair, Precision, apply_matrix, complex_pair
from .plan import Plan, make_plan
from .precision import check_dtype, check_precision, real_dtype, resolve_dtype
from .protocol import Program, Query, Structure
from .steps import Step
from .steps.local import reorder

Evolve = Callable[[Sequence[Step], Pair, list[Any]], Pair]


@dataclass(frozen=True)
class Statevector:
    """Exact simulation of a pure state.

    Args:
        dtype: ``"complex64"`` or ``"complex128"`` (also ``"float32"`` and ``"float64"``, which
            demand a circuit of real gates). Default: complex128 where JAX's x64 mode is on,
            complex64 otherwise. Circuits whose gates are all real run in real arithmetic by
            themselves; `qjax.run` returns complex amplitudes in any case.

        precision: of the products of matrices with the state: ``"highest"`` (default; what the
            dtype holds), ``"high"`` (three passes of bfloat16 on a TPU or TF32 on a GPU, about
            1e-5 in a product) or ``"default"`` (one pass, about 1e-3). Only TPUs and GPUs have
            less to offer, and only for complex64.

    Raises:
        ParameterError: another dtype or precision.

    Example:
        >>> import qjax as qj
        >>> qj.run(qj.Circuit(1, [qj.X(0)]), sim=qj.Statevector("complex64")).dtype
        dtype('complex64')
    """

    dtype: Any = None
    precision: str = "highest"

    def __post_init__(self) -> None:
        object.__setattr__(self, "dtype", check_dtype(self.dtype, "Statevector", real=True))
        check_precision(self.precision, "Statevector")

    def __repr__(self) -> str:
        rest = "" if self.precision == "highest" else f", precision={self.precision!r}"
        return f"Statevector(dtype={self.dtype!r}{rest})"

    @property
    def random(self) -> bool:
        return False

    def resolved(self) -> Statevector:
        """The same simulator with its dtype made explicit.

        Raises:
            UnsupportedError: double precision without JAX's x64 mode, or on a TPU.
        """
        return Statevector(resolve_dtype(self.dtype, "Statevector"), self.precision)

    def real_dtype(self) -> Any:
        """The dtype of the two real arrays."""
        return real_dtype(self.dtype, "Statevector")

    def plan(
        self, structure: Structure, query: Query | None = None, batch_last: bool = False
    ) -> Plan:
        """The steps that a circuit of this structure runs as (to answer the query, if given)."""
        seen = answers.qubits_seen(query) if query is not None else None
        precision = Precision[self.precision.upper()]
        return make_plan(structure.treedef, structure.complex_leaves, batch_last, seen, precision)

    def memory(self, structure: Structure) -> float:
        """Bytes of three states: the least that one run needs."""
        return 3 * 2 * self.real_dtype().itemsize * 2.0**structure.n

    def check(self, structure: Structure, available: float) -> None:
        """Refuse at once what cannot fit.

        Raises:
            CapacityError: the states need more memory than the device has.
        """
        need = self.memory(structure)
        if need > available or structure.n > 33:
            raise CapacityError(
                f"a statevector of {structure.n} qubits does not fit",
                expected=f"at most {available / 2**30:.0f} GiB",
                got=f"{need / 2**30:.4g} GiB for three states of 2**{structure.n} amplitudes "
                f"({self.resolved().dtype})",
                fix="simulate fewer qubits, or use sim=qjax.Statevector('complex64') if this is "
                "double precision",
            )

    def compile_lanes(self, structure: Structure, query: Query, evolve: Evolve) -> Program:
        """`compile` for many circuits at once, with the batch as the last axis of everything.

        The program takes leaves of shape ``(..., lanes)`` and returns ``(lanes,)``; the query's
        own leaves are shared. Small states run fastest so: every inner loop is over the lanes.
        """
        plan = self.plan(structure, query, batch_last=True)
        dtype = self.real_dtype()
        answer = answers.answer_for(query, structure.n)

        def program(leaves: Sequence[Any], query_leaves: Sequence[Any], key: Any) -> Any:
            coefficients = jax.vmap(lambda x: prepared(plan.steps, x, dtype), -1, -1)(leaves)
            start = jax.vmap(lambda x: initial_state(plan, x, dtype), -1, -1)(leaves)
            return answer(evolve(plan.steps, start, coefficients), query_leaves, key)

        return program

    def compile(self, structure: Structure, query: Query, evolve: Evolve | None = None) -> Program:
        """The pure function of (circuit leaves, query leaves, key) that answers the query."""
        plan = self.plan(structure, query)
        dtype = self.real_dtype()
        if np.dtype(self.resolved().dtype).kind == "f" and not plan.real:
            raise UnsupportedError(
                "Statevector: a real dtype needs a circuit of real gates",
                got=f"dtype {self.dtype} and a complex gate",
                fix="use complex64 or complex128; real circuits run in real arithmetic anyway",
            )
        answer = answers.answer_for(query, structure.n)

        def program(leaves: Sequence[Any], query_leaves: Sequence[Any], key: Any) -> Any:
            state = final_state(plan, leaves, dtype, evolve or run_steps)
            return answer(state, query_leaves, key)

        return program


def run_steps(steps: Sequence[Step], state: Pair, coefficients: list[Any]) -> Pair:
    """The steps in order."""
    for step, c in zip(steps, coefficients, strict=True):
        state = step.apply(state, c)
    return state


def final_state(
    plan: Plan, leaves: Sequence[Any], dtype: Any, evolve: Evolve, start: Any = 0
) -> Pair:
    """The state after the plan's steps, from the basis state ``start``."""
    coefficients = prepared(plan.steps, leaves, dtype)
    return evolve(plan.steps, initial_state(plan, leaves, dtype, start), coefficients)


def prepared(steps: Sequence[Step], leaves: Sequence[Any], dtype: Any) -> list[Any]:
    """The coefficients of every step.

    Parameters given in double precision are prepared in double precision, also for a
    single-precision state: rounding an angle first would cost more than rounding its cosine.
    """
    given = {np.dtype(x.dtype) for x in leaves}
    double = {np.dtype(np.float64), np.dtype(np.complex128)} & given
    wide = np.dtype(np.float64) if double and jax.config.read("jax_enable_x64") else dtype
    coefficients = [step.prepare(leaves, wide) for step in steps]
    return jax.tree.map(lambda x: x.astype(dtype), coefficients)


def initial_state(plan: Plan, leaves: Sequence[Any], dtype: Any, start: Any = 0) -> Pair:
    """The basis state ``start`` with the circuit's state preparations done."""
    n = plan.n
    re = jnp.zeros(2**n, dtype).at[start].set(1)
    state: Pair = (re, None if plan.real else jnp.zeros(2**n, dtype))
    for item in plan.preparations:
        (leaf,) = item.params
        vector = jnp.asarray(leaves[leaf.index])  # type: ignore[union-attr]
        re, im = complex_pair(vector)
        order = tuple(sorted(range(len(item.targets)), key=lambda i: item.targets[i]))
        # As a matrix with the vector in its first column, on qubits that are still |0...0>.
        columns = tuple(
            None if x is None else jnp.zeros((x.shape[0],) * 2, dtype).at[:, 0].set(x.astype(dtype))
            for x in (re, im)
        )
        state = apply_matrix(
            state,
            reorder(columns, order),  # type: ignore[arg-type]
            tuple(item.targets[i] for i in order),
            n,
        )
    if not plan.real and state[1] is None:
        state = (state[0], jnp.zeros_like(state[0]))
    return state
